"""Where a session was begun decides what it may do, whatever the client says later."""

import time
from uuid import UUID

import jwt
import pytest
from httpx import Response

from app.kit.crypto import derive_key
from app.users.login_codes import LoginCodeRepository
from app.users.tokens import Principal, Tokens
from tests.conftest import Api

SECRET = "a secret of these tests alone"


def place_of(api: Api, answer: Response) -> str:
    assert answer.status_code == 200, answer.text
    return api.services.tokens.principal(answer.json()["access_token"]).place


async def refreshed(api: Api, answer: Response) -> Response:
    # What the client claims besides counts for nothing.
    body = {"refresh_token": answer.json()["refresh_token"]}
    return await api.client.post("/api/v1/auth/refresh", json=body, headers={"X-Place": "web"})


async def test_telegrams_data_and_the_bots_code_differ_and_refreshing_keeps_it(api: Api) -> None:
    person = await api.sign_in("luna")
    assert api.services.tokens.principal(person.session["access_token"]).place == "telegram"
    async with api.database.transaction() as connection:
        project_id, user_id = await connection.fetchrow("SELECT project_id, id FROM users")
        code = await LoginCodeRepository(connection, project_id).issue(user_id)
    signed_in = await api.client.post("/api/v1/projects/luna/auth/code", json={"code": code})
    assert place_of(api, signed_in) == "web"
    for _ in range(2):
        signed_in = await refreshed(api, signed_in)
        assert place_of(api, signed_in) == "web"
    body = {"refresh_token": person.session["refresh_token"]}
    assert place_of(api, await api.client.post("/api/v1/auth/refresh", json=body)) == "telegram"


@pytest.mark.parametrize(
    ("claims", "place"), [({}, "telegram"), ({"place": "moon"}, "telegram"), ({"place": "web"}, "web")]
)
def test_a_token_that_does_not_say_is_one_of_telegram(claims: dict[str, str], place: str) -> None:
    tokens = Tokens(SECRET, access_seconds=60)
    token = jwt.encode(
        {"sub": str(UUID(int=1)), "project": 1, "exp": int(time.time()) + 60, **claims},
        derive_key(SECRET, "access-token"),
        "HS256",
    )
    assert tokens.principal(token).place == place


def test_the_place_is_in_the_signed_claims() -> None:
    tokens = Tokens(SECRET, access_seconds=60)
    web = Principal(UUID(int=1), 1, "web")
    assert tokens.principal(tokens.access(web)) == web
