"""The admin API's list of payments: every attempt, filtered, page by page, and of one's own project alone."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.payments.orders.service import Wish
from app.payments.outcome import Source
from app.payments.port import Failed, Paid
from app.settings import Settings
from tests.conftest import Api, Person, open_api
from tests.payments.stage import with_bank
from tests.telegram.conftest import Desk, desk

__all__ = ["desk"]

PATH = "/api/v1/admin/payments"
SUPER_ADMIN = 77


@pytest.fixture
async def api(stocked_settings: Settings, desk: Desk) -> AsyncIterator[Api]:
    changes = {"telegram_api_url": desk.url, "super_admins": (SUPER_ADMIN,)}
    async with open_api(with_bank(stocked_settings).model_copy(update=changes)) as api:
        yield api


async def attempt(api: Api, user_id: UUID, slug: str = "luna", *, outcome: str | None = None) -> dict[str, Any]:
    """An order of this person with one attempt to pay it, told to be paid or failed."""
    project = api.services.catalogue.library().project_by_slug(slug)
    assert project is not None
    payments, charge = api.services.payments, f"ch_{uuid4().hex}"
    async with api.database.transaction() as connection:
        wish = Wish(package_key=f"{slug}-three", provider="sandbox", place="web", language="ru")
        order = await payments.create(connection, project, user_id, wish)
        payment = await payments.attempt(connection, project, order, provider="sandbox")
        source = Source(project.id, "sandbox", project.key, project)
        if outcome == "paid":
            fact = Paid(charge=charge, amount=payment.amount, currency=payment.currency, payment_id=payment.id)
            await payments.apply(connection, source, fact)
        elif outcome == "failed":
            await payments.apply(connection, source, Failed("declined", payment_id=payment.id))
    return {"order": order, "payment": str(payment.id), "charge": charge}


async def manager(api: Api, slug: str = "luna") -> Person:
    return await api.sign_in(slug, telegram_id=SUPER_ADMIN)


async def buyer(api: Api, telegram_id: int, slug: str = "luna") -> UUID:
    return UUID((await api.sign_in(slug, telegram_id=telegram_id)).session["user"]["id"])


async def ids(person: Person, **query: Any) -> list[str]:
    answer = await person.get(PATH, params=query)
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["items"]]


class TestList:
    async def test_every_attempt_with_its_order(self, api: Api) -> None:
        person = await buyer(api, 500)
        open_, paid, failed = [await attempt(api, person, outcome=outcome) for outcome in (None, "paid", "failed")]
        answer = await (await manager(api)).get(PATH)
        rows = answer.json()["items"]
        assert [row["id"] for row in rows] == [failed["payment"], paid["payment"], open_["payment"]]
        assert [(row["state"], row["failure"]) for row in rows] == [
            ("failed", "declined"), ("paid", None), ("new", None),
        ]  # fmt: skip
        row, order = rows[1], paid["order"]
        assert row.pop("created_at") and row.pop("paid_at")
        assert row == {
            "id": paid["payment"], "provider": "sandbox", "state": "paid", "amount": order.total, "currency": "RUB",
            "refunded_amount": 0, "reference": None, "charge": paid["charge"], "failure": None,
            "order_id": str(order.id), "order_number": order.number, "user_id": str(person),
        }  # fmt: skip

    async def test_filters(self, api: Api) -> None:
        anna, boris = await buyer(api, 500), await buyer(api, 501)
        first = await attempt(api, anna, outcome="paid")
        second = await attempt(api, anna, outcome="failed")
        third = await attempt(api, boris, outcome="paid")
        person = await manager(api)
        everything = [third["payment"], second["payment"], first["payment"]]
        moment = (await person.get(PATH)).json()["items"][1]["created_at"]
        for query, expected in (
            ({}, everything),
            ({"state": ["paid"]}, [third["payment"], first["payment"]]),
            ({"state": ["paid", "failed"]}, everything),
            ({"state": ["surplus"]}, []),
            ({"user": str(anna)}, [second["payment"], first["payment"]]),
            ({"order": str(first["order"].id)}, [first["payment"]]),
            ({"provider": "sandbox"}, everything),
            ({"provider": "stripe"}, []),
            ({"currency": "RUB"}, everything),
            ({"currency": "XTR"}, []),
            ({"reference": third["charge"]}, [third["payment"]]),
            ({"since": moment}, [third["payment"], second["payment"]]),
            ({"until": moment}, [first["payment"]]),
        ):
            assert await ids(person, **query) == expected, query

    async def test_page_by_page(self, api: Api) -> None:
        person = await buyer(api, 500)
        made = [(await attempt(api, person))["payment"] for _ in range(5)]
        found, cursor = [], None
        staff = await manager(api)
        for _ in range(3):
            answer = (await staff.get(PATH, params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
            found += [row["id"] for row in answer["items"]]
            cursor = answer["next_cursor"]
        assert (found, cursor) == (made[::-1], None)

    @pytest.mark.parametrize(
        "query",
        [{"state": "lost"}, {"user": "x"}, {"order": "x"}, {"currency": "rub"}, {"reference": ""}, {"limit": 0},
         {"reference": "\x00"}, {"since": "2026-01-01T00:00:00"}, {"until": "9999-01-01T00:00:00Z"}, {"cursor": "x"}],
    )  # fmt: skip
    async def test_what_makes_no_sense_is_refused(self, api: Api, query: dict[str, Any]) -> None:
        answer = await (await manager(api)).get(PATH, params=query)
        assert 400 <= answer.status_code < 500


class TestWho:
    async def test_nobody_but_managers(self, api: Api) -> None:
        person = await api.sign_in("luna", telegram_id=500)
        assert (await person.get(PATH)).status_code == 403
        assert (await api.client.get(PATH)).status_code == 401

    async def test_of_ones_own_project_alone(self, api: Api) -> None:
        other = next(row.slug for row in api.services.catalogue.library().projects if row.slug != "luna")
        mine = await attempt(api, await buyer(api, 500))
        await attempt(api, await buyer(api, 500, other), other)
        assert await ids(await manager(api)) == [mine["payment"]]
        assert mine["payment"] not in await ids(await manager(api, other))
