"""Two projects cannot see each other: every route is tried with the other's token and ids."""

from typing import Any
from uuid import UUID

import pytest
from fastapi.routing import APIRoute

from app.main import build_api
from app.settings import Settings
from tests.conftest import Api, Person
from tests.factories import make_order
from tests.readings.test_reading import finished_reading

# Public or guarded by something other than a user's token; tests of their own show that.
NOT_A_USERS = {
    "/api/v1/projects/{slug}/catalogue",
    "/api/v1/projects/{slug}/catalogue/decks/{key}",
    "/api/v1/projects/{slug}/auth/telegram",
    "/api/v1/projects/{slug}/auth/code",
    "/api/v1/schemas/catalogue.json",
    "/api/v1/auth/refresh",
    "/api/v1/auth/logout",
    "/api/v1/dev/init-data",
    "/api/v1/wordpress/pair",
    "/api/v1/wordpress/notices",
    "/api/v1/wordpress/keys",
    "/api/v1/wordpress/refunds",
    # Payment providers; what they may say is checked in tests/payments.
    "/api/v1/payments/{provider}/{slug}",
    "/healthz",
    "/readyz",
    "/metrics",
    "/media/{name}",
    # Managers alone; tests/broadcasts shows that they reach nothing of another project.
    "/api/v1/admin/broadcasts",
    "/api/v1/admin/broadcasts/{broadcast_id}",
    "/api/v1/admin/broadcasts/{broadcast_id}/count",
    "/api/v1/admin/broadcasts/{broadcast_id}/preview",
    "/api/v1/admin/broadcasts/{broadcast_id}/test",
    "/api/v1/admin/broadcasts/{broadcast_id}/start",
    "/api/v1/admin/broadcasts/{broadcast_id}/pause",
    "/api/v1/admin/broadcasts/{broadcast_id}/resume",
    "/api/v1/admin/broadcasts/{broadcast_id}/cancel",
    "/api/v1/admin/broadcasts/{broadcast_id}/edit",
    "/api/v1/admin/broadcasts/{broadcast_id}/delete",
    "/api/v1/admin/broadcasts/{broadcast_id}/recipients",
    # Managers alone as well; tests/admin shows the same of them.
    "/api/v1/admin/orders",
    "/api/v1/admin/orders/{order_id}",
    "/api/v1/admin/orders/{order_id}/refunds",
    "/api/v1/admin/payments",
    "/api/v1/admin/refunds",
    "/api/v1/admin/users/{user_id}/ledger",
    "/api/v1/admin/users/{user_id}/credits",
    "/api/v1/admin/revenue",
    "/api/v1/admin/exports/orders.csv",
    "/api/v1/admin/exports/payments.csv",
    "/api/v1/admin/exports/refunds.csv",
    "/api/v1/admin/exports/ledger.csv",
    "/api/v1/admin/exports/revenue.csv",
}
# They speak of the caller only; no id of anybody else goes in.
OWN = {
    ("GET", "/api/v1/me"),
    ("PATCH", "/api/v1/me"),
    ("DELETE", "/api/v1/me"),
    ("POST", "/api/v1/leads"),
    ("GET", "/api/v1/me/notifications"),
    ("PATCH", "/api/v1/me/notifications"),
    ("GET", "/api/v1/notifications"),
    # Ids go in, and those of others do nothing: `tests/notifications/test_inbox.py`.
    ("POST", "/api/v1/notifications/read"),
    ("GET", "/api/v1/readings"),
    ("GET", "/api/v1/shop"),
    ("GET", "/api/v1/orders"),
    ("POST", "/api/v1/orders"),
    ("GET", "/api/v1/subscription"),
    ("POST", "/api/v1/subscription/cancel"),
    ("POST", "/api/v1/subscription/resume"),
    ("POST", "/api/v1/subscription/portal"),
    ("GET", "/api/v1/gifts"),
}
START = ("POST", "/api/v1/readings")
BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/api/v1/readings/{reading_id}/draw"): {"picks": [0, 1, 2]},
    ("POST", "/api/v1/readings/{reading_id}/questions"): {"text": "Чужое?"},
    ("POST", "/api/v1/readings/{reading_id}/feedback"): {"rating": "bad"},
    ("POST", "/api/v1/orders/{order_id}/pay"): {"provider": "stars"},
}


def user_routes() -> list[tuple[str, str]]:
    document = build_api(Settings(_env_file=None, demo=True)).openapi()
    return [
        (method.upper(), path)
        for path, methods in document["paths"].items()
        if path not in NOT_A_USERS
        for method in methods
    ]


async def state_of(person: Person, path: str) -> Any:
    return (await person.get(path)).json(), (await person.get("/api/v1/me")).json()


@pytest.mark.usefixtures("worker")
class TestForeignIds:
    @pytest.mark.parametrize("stranger_slug", ["verbena", "luna"])
    async def test_every_route_with_somebody_elses_reading_is_not_found(self, api: Api, stranger_slug: str) -> None:
        """The stranger is first of another project with the same Telegram id, then a neighbour in the same one."""
        owner = await api.sign_in("luna", telegram_id=500)
        stranger = await api.sign_in(stranger_slug, telegram_id=500 if stranger_slug == "verbena" else 501)
        reading = await finished_reading(owner)
        path = f"/api/v1/readings/{reading['id']}"
        asked = await owner.post(f"{path}/questions", json={"text": "Моё"}, headers={"Idempotency-Key": "owner-asks-1"})
        async with api.database.transaction() as connection:
            project_id = await connection.fetchval("SELECT id FROM projects WHERE slug = 'luna'")
            order = await make_order(connection, project_id, UUID(owner.session["user"]["id"]))
        order_before = (await owner.get(f"/api/v1/orders/{order}")).json()
        assert order_before["state"] == "pending"
        before = await state_of(owner, path)
        tried = 0
        for method, template in user_routes():
            if (method, template) in OWN or (method, template) == START:
                continue
            address = template.replace("{reading_id}", reading["id"]).replace("{question_id}", asked.json()["id"])
            address = address.replace("{order_id}", str(order))
            # Gifts of another project are no gifts: `tests/payments/test_gifts.py`.
            address = address.replace("{code}", "a" * 24)
            answer = await stranger.request(
                method,
                address,
                json=BODIES.get((method, template)),
                headers={"Idempotency-Key": "stranger-asks"},
            )
            assert answer.status_code == 404, (method, template, answer.text)
            tried += 1
        assert tried == 13
        assert (await owner.get(f"/api/v1/orders/{order}")).json() == order_before
        after = await state_of(owner, path)
        # The answer to the owner's question may have been finished meanwhile; nothing else moved.
        for state in (before, after):
            state[0].pop("questions")
        assert after == before

    async def test_a_foreign_question_under_an_own_reading_is_not_found(self, api: Api) -> None:
        owner, stranger = await api.sign_in("luna", telegram_id=1), await api.sign_in("luna", telegram_id=2)
        theirs, own = await finished_reading(owner), await finished_reading(stranger)
        asked = await owner.post(
            f"/api/v1/readings/{theirs['id']}/questions",
            json={"text": "Моё"},
            headers={"Idempotency-Key": "owner-asks-2"},
        )
        path = f"/api/v1/readings/{own['id']}"
        answer = await stranger.get(f"{path}/questions/{asked.json()['id']}/answer")
        assert answer.status_code == 404
        rated = await stranger.post(f"{path}/feedback", json={"rating": "bad", "question_id": asked.json()["id"]})
        assert rated.status_code == 404

    async def test_own_lists_hold_nothing_foreign(self, api: Api) -> None:
        luna, verbena = await api.sign_in("luna", telegram_id=7), await api.sign_in("verbena", telegram_id=7)
        assert luna.session["user"]["id"] != verbena.session["user"]["id"]
        await finished_reading(luna)
        assert (await verbena.get("/api/v1/readings")).json()["items"] == []
        assert (await verbena.wallet())["balance"] == 5
        assert (await luna.wallet())["balance"] == 4

    async def test_a_spread_of_the_other_project_cannot_be_started(self, api: Api) -> None:
        verbena = await api.sign_in("verbena")
        refused = await verbena.start("celtic-cross")
        assert (refused.status_code, refused.json()["error"]) == (404, "spread_not_found")


class TestCoverage:
    def test_every_route_of_the_application_is_accounted_for(self) -> None:
        api = build_api(Settings(_env_file=None, demo=True))
        documented = set(api.openapi()["paths"])
        users = {path for _, path in user_routes()}
        assert documented == users | NOT_A_USERS
        assert any(isinstance(route, APIRoute) for route in api.routes)
