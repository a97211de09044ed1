"""Sign-in with initData: what is forged, old, from the future, doubled or meant for another bot is refused."""

import hashlib
import hmac
import json
import time
from urllib.parse import quote, urlencode

import httpx
import pytest

from app.users import init_data
from app.users.init_data import TelegramPerson
from tests.conftest import Api

PERSON = TelegramPerson(77, "Анна", "К", "anna", "ru")


def signed(token: str, **fields: str) -> str:
    """initData after Telegram's own description, with nothing of the library that checks it."""
    fields = {"auth_date": str(int(time.time())), "query_id": "AAE", **fields}
    fields.setdefault("user", json.dumps({"id": 77, "first_name": "Анна", "language_code": "ru"}))
    check = "\n".join(f"{name}={value}" for name, value in sorted(fields.items()))
    secret = hmac.new(b"WebAppData", token.encode(), hashlib.sha256).digest()
    return urlencode({**fields, "hash": hmac.new(secret, check.encode(), hashlib.sha256).hexdigest()})


async def sign_in(api: Api, raw: str, slug: str = "luna") -> httpx.Response:
    return await api.client.post(f"/api/v1/projects/{slug}/auth/telegram", json={"init_data": raw})


def token_of(api: Api, slug: str = "luna") -> str:
    project = api.services.catalogue.library().project_by_slug(slug)
    assert project is not None and project.bot is not None
    return project.bot.token.get_secret_value()


class TestSignIn:
    async def test_a_newcomer_gets_the_free_readings_once(self, api: Api) -> None:
        raw = signed(token_of(api))
        first = (await sign_in(api, raw)).json()
        assert first["user"]["first_name"] == "Анна"
        assert first["user"]["language"] == "ru"
        headers = {"Authorization": f"Bearer {first['access_token']}"}
        profile = (await api.client.get("/api/v1/me", headers=headers)).json()
        assert profile["wallet"]["readings"] == {
            "balance": 5,
            "held": 0,
            "available": 5,
            "expiring": [],
            "used_first": "lasting",
        }
        again = (await sign_in(api, raw)).json()
        assert again["user"]["id"] == first["user"]["id"]
        profile = (await api.client.get("/api/v1/me", headers=headers)).json()
        assert profile["wallet"]["readings"]["balance"] == 5

    async def test_a_language_the_project_does_not_speak_becomes_its_first(self, api: Api) -> None:
        user = json.dumps({"id": 78, "first_name": "Jean", "language_code": "fr"})
        assert (await sign_in(api, signed(token_of(api), user=user))).json()["user"]["language"] == "ru"

    async def test_23_hours_are_young_enough(self, api: Api) -> None:
        assert (await sign_in(api, signed(token_of(api), auth_date=str(int(time.time()) - 23 * 3600)))).is_success

    async def test_a_field_that_telegram_adds_one_day_does_no_harm(self, api: Api) -> None:
        user = json.dumps({"id": 77, "first_name": "Анна", "something_new": {"a": 1}})
        assert (await sign_in(api, signed(token_of(api), user=user, novelty="1", signature="abc"))).is_success

    async def test_a_name_of_half_a_surrogate_and_a_nul_is_cleaned(self, api: Api) -> None:
        user = '{"id": 79, "first_name": "A\\ud800\\u0000b"}'
        assert (await sign_in(api, signed(token_of(api), user=user))).json()["user"]["first_name"] == "Ab"


class TestRefused:
    async def refused(self, api: Api, raw: str, slug: str = "luna") -> str:
        answer = await sign_in(api, raw, slug)
        assert answer.status_code == 401, answer.text
        async with api.database.connection() as connection:
            assert await connection.fetchval("SELECT count(*) FROM users") == 0
        error: str = answer.json()["error"]
        return error

    async def test_forged(self, api: Api) -> None:
        raw = signed(token_of(api)).replace("77", "78", 1)
        assert await self.refused(api, raw) == "init_data_invalid"

    async def test_of_another_bot(self, api: Api) -> None:
        assert await self.refused(api, signed(token_of(api, "verbena"))) == "init_data_invalid"

    async def test_too_old(self, api: Api) -> None:
        raw = signed(token_of(api), auth_date=str(int(time.time()) - 25 * 3600))
        assert await self.refused(api, raw) == "init_data_expired"

    async def test_from_the_future(self, api: Api) -> None:
        raw = signed(token_of(api), auth_date=str(int(time.time()) + 120))
        assert await self.refused(api, raw) == "init_data_invalid"

    async def test_with_a_doubled_field(self, api: Api) -> None:
        raw = signed(token_of(api)) + "&user=" + quote('{"id": 1, "first_name": "x"}')
        assert await self.refused(api, raw) == "init_data_invalid"

    async def test_without_a_user(self, api: Api) -> None:
        fields = {"auth_date": str(int(time.time()))}
        check = "\n".join(f"{name}={value}" for name, value in sorted(fields.items()))
        secret = hmac.new(b"WebAppData", token_of(api).encode(), hashlib.sha256).digest()
        raw = urlencode({**fields, "hash": hmac.new(secret, check.encode(), hashlib.sha256).hexdigest()})
        assert await self.refused(api, raw) == "init_data_invalid"

    @pytest.mark.parametrize(
        "raw",
        [
            "x",
            "hash=é",
            "user=%ff%fe&hash=00&auth_date=1",
            "auth_date=x&hash=" + "0" * 64,
            "=&=",
            "%00",
            "a" * 8000,
        ],
    )
    async def test_rubbish(self, api: Api, raw: str) -> None:
        assert await self.refused(api, raw) == "init_data_invalid"

    @pytest.mark.parametrize("identity", [-5, 0, 2**53, 2**80, "77", None, True, 1.5])
    async def test_an_id_that_telegram_cannot_have_given(self, api: Api, identity: object) -> None:
        raw = signed(token_of(api), user=json.dumps({"id": identity, "first_name": "x"}))
        assert await self.refused(api, raw) == "init_data_invalid"

    async def test_an_unknown_project_is_not_found(self, api: Api) -> None:
        answer = await sign_in(api, signed(token_of(api)), "nowhere")
        assert (answer.status_code, answer.json()["error"]) == (404, "project_not_found")

    def test_our_own_signature_is_telegrams(self) -> None:
        token = "1:SANDBOX"
        assert init_data.verify(init_data.sign(PERSON, bot_token=token), bot_token=token).id == 77


class TestRefresh:
    async def refresh(self, api: Api, token: str) -> httpx.Response:
        return await api.client.post("/api/v1/auth/refresh", json={"refresh_token": token})

    async def test_a_lost_reply_can_be_asked_for_again(self, api: Api) -> None:
        old = (await api.sign_in()).session["refresh_token"]
        first, second = (await self.refresh(api, old)).json(), (await self.refresh(api, old)).json()
        assert first["refresh_token"] == second["refresh_token"] != old
        assert (await self.refresh(api, first["refresh_token"])).is_success

    async def test_a_late_reuse_ends_the_family(self, api: Api) -> None:
        old = (await api.sign_in()).session["refresh_token"]
        successor = (await self.refresh(api, old)).json()["refresh_token"]
        async with api.database.connection() as connection:
            await connection.execute("UPDATE refresh_tokens SET used_at = used_at - interval '31 seconds'")
        reused = await self.refresh(api, old)
        assert (reused.status_code, reused.json()["error"]) == (401, "refresh_token_reused")
        assert (await self.refresh(api, successor)).json()["error"] == "refresh_token_invalid"

    async def test_an_expired_or_unknown_one_is_refused(self, api: Api) -> None:
        token = (await api.sign_in()).session["refresh_token"]
        async with api.database.connection() as connection:
            await connection.execute("UPDATE refresh_tokens SET expires_at = now()")
        for value in (token, "unknown", "é"):
            assert (await self.refresh(api, value)).json()["error"] == "refresh_token_invalid"

    async def test_logout_ends_the_family_and_may_be_repeated(self, api: Api) -> None:
        old = (await api.sign_in()).session["refresh_token"]
        successor = (await self.refresh(api, old)).json()["refresh_token"]
        for _ in range(2):
            answer = await api.client.post("/api/v1/auth/logout", json={"refresh_token": old})
            assert answer.status_code == 204
        assert (await self.refresh(api, successor)).status_code == 401

    async def test_no_token_is_kept_in_clear(self, api: Api) -> None:
        token = (await api.sign_in()).session["refresh_token"]
        async with api.database.connection() as connection:
            rows = await connection.fetch("SELECT t::text AS row FROM refresh_tokens t")
        assert rows and all(token not in row["row"] for row in rows)
