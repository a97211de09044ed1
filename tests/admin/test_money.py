"""The admin API of money: who may use it, what it tells, and that no project sees another's."""

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.catalogue.library import Project
from app.crm.groups import GroupRepository
from app.payments.events.repository import EventRepository
from app.payments.orders.repository import Order
from app.payments.orders.service import Wish
from app.payments.outcome import Source
from app.payments.port import Event, Paid, Refunded
from app.settings import Settings
from tests.conftest import Api, Person, open_api
from tests.payments.stage import with_bank
from tests.telegram.conftest import Desk, desk

__all__ = ["desk"]

ADMIN = "/api/v1/admin"
SUPER_ADMIN = 77
ROUTES = [
    ("GET", "/orders"), ("GET", "/orders/{order}"), ("POST", "/orders/{order}/refunds"), ("GET", "/payments"),
    ("GET", "/refunds"),
    ("GET", "/users/{user}/ledger"), ("POST", "/users/{user}/credits"), ("GET", "/revenue"),
    *(("GET", f"/exports/{name}.csv") for name in ("orders", "payments", "refunds", "ledger", "revenue")),
]  # fmt: skip
CREDIT = {"unit": "readings", "amount": 3, "reason": "За терпение"}


@dataclass
class Office:
    api: Api
    desk: Desk

    def project(self, slug: str = "luna") -> Project:
        found = self.api.services.catalogue.library().project_by_slug(slug)
        assert found is not None
        return found

    async def manager(self, slug: str = "luna") -> Person:
        return await self.api.sign_in(slug, telegram_id=SUPER_ADMIN)

    async def buyer(self, telegram_id: int = 500, slug: str = "luna") -> UUID:
        return UUID((await self.api.sign_in(slug, telegram_id=telegram_id)).session["user"]["id"])

    async def buy(self, user_id: UUID, slug: str = "luna", **wish: Any) -> tuple[Order, str]:
        """A paid order of three nights for 199 ₽, and the bank's name for the money."""
        project, charge = self.project(slug), f"ch_{uuid4().hex}"
        values = {"provider": "sandbox", "place": "web", "language": "ru", **wish}
        async with self.api.database.transaction() as connection:
            order = await self.api.services.payments.create(
                connection, project, user_id, Wish(package_key=f"{slug}-three", **values)
            )
            payment = await self.api.services.payments.attempt(connection, project, order, provider="sandbox")
        await self.tell(Paid(charge, order.total, order.currency, payment_id=payment.id), slug)
        return order, charge

    async def tell(self, fact: Paid | Refunded, slug: str = "luna") -> None:
        project = self.project(slug)
        async with self.api.database.transaction() as connection:
            source = Source(project.id, "sandbox", project.key, project)
            outcome = await self.api.services.payments.apply(connection, source, fact)
        assert outcome.state == "done", outcome

    async def value(self, query: str, *values: Any) -> Any:
        async with self.api.database.connection() as connection:
            return await connection.fetchval(query, *values)


@pytest.fixture
async def office(stocked_settings: Settings, desk: Desk) -> AsyncIterator[Office]:
    settings = with_bank(stocked_settings).model_copy(
        update={"telegram_api_url": desk.url, "super_admins": (SUPER_ADMIN,)}
    )
    async with open_api(settings) as api:
        yield Office(api, desk)


def key(name: str = "") -> dict[str, str]:
    return {"Idempotency-Key": name or uuid4().hex}


async def table(person: Person, path: str, **params: Any) -> list[dict[str, str]]:
    answer = await person.get(f"{ADMIN}/exports/{path}.csv", params=params)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


class TestWhoMay:
    async def test_clients_and_members_are_refused_and_nothing_changes(self, office: Office, desk: Desk) -> None:
        bot = office.project().bot
        assert bot is not None
        await desk.client.post("/sandbox/bots", json={"token": bot.token.get_secret_value(), "username": bot.username})
        chat_id = await desk.group(bot.id, owner=31)
        await desk.member(chat_id, 33, "member")
        async with office.api.database.transaction() as connection:
            await GroupRepository(connection, office.project().id).connect(
                chat_id, title="Staff", language="ru", connected_by=31, problems=()
            )
        user_id = await office.buyer()
        order, _ = await office.buy(user_id)
        member, client = [await office.api.sign_in(telegram_id=number) for number in (33, 500)]
        for method, template in ROUTES:
            path = ADMIN + template.replace("{order}", str(order.id)).replace("{user}", str(user_id))
            for person in (member, client):
                body = CREDIT if "credits" in path else {} if method == "POST" else None
                refused = await person.request(method, path, json=body, headers=key())
                assert (refused.status_code, refused.json()["error"]) == (403, "managers_only"), path
            assert (await office.api.client.request(method, path)).status_code == 401
        assert await office.value("SELECT count(*) FROM refunds") == 0
        assert await office.value("SELECT count(*) FROM audit_log") == 0
        owner = await office.api.sign_in(telegram_id=31)
        assert (await owner.get(f"{ADMIN}/orders")).status_code == 200

    async def test_another_project_is_not_there(self, office: Office) -> None:
        user_id = await office.buyer()
        order, _ = await office.buy(user_id)
        other = await office.manager("verbena")
        assert (await other.get(f"{ADMIN}/orders")).json()["items"] == []
        assert (await other.get(f"{ADMIN}/revenue")).json()["items"] == []
        for method, path, error in [
            ("GET", f"/orders/{order.id}", "order_not_found"),
            ("POST", f"/orders/{order.id}/refunds", "order_not_found"),
            ("GET", f"/users/{user_id}/ledger", "user_not_found"),
            ("POST", f"/users/{user_id}/credits", "user_not_found"),
        ]:
            body = CREDIT if "credits" in path else {} if method == "POST" else None
            missing = await other.request(method, ADMIN + path, json=body, headers=key())
            assert (missing.status_code, missing.json()["error"]) == (404, error), path
        for name in ("orders", "payments", "refunds", "revenue"):
            assert await table(other, name) == []
        assert all(row["telegram_id"] == str(SUPER_ADMIN) for row in await table(other, "ledger"))


class TestOrders:
    async def test_listed_filtered_and_turned(self, office: Office) -> None:
        manager = await office.manager()
        user_id = await office.buyer()
        paid = [(await office.buy(user_id))[0] for _ in range(3)]
        first = (await manager.get(f"{ADMIN}/orders", params={"limit": 2, "state": "paid"})).json()
        assert [item["number"] for item in first["items"]] == [3, 2]
        rest = (await manager.get(f"{ADMIN}/orders", params={"limit": 2, "cursor": first["next_cursor"]})).json()
        assert [item["id"] for item in rest["items"]] == [str(paid[0].id)]
        assert rest["next_cursor"] is None
        shown = first["items"][0]
        assert (shown["total"], shown["currency"], shown["provider"]) == (paid[0].total, "RUB", "sandbox")
        assert (shown["buyer"]["telegram_id"], shown["book"]["state"]) == (500, "waiting")
        for params, count in [
            ({"state": "refunded"}, 0), ({"state": ["paid", "pending"]}, 3), ({"user": str(user_id)}, 3),
            ({"user": str(uuid4())}, 0), ({"provider": "stripe"}, 0), ({"package": "luna-three"}, 3),
            ({"currency": "XTR"}, 0), ({"not_in_books": "true"}, 3), ({"until": "2020-01-01T00:00:00Z"}, 0),
            ({"since": "2020-01-01T00:00:00+03:00"}, 3),
        ]:  # fmt: skip
            found = await manager.get(f"{ADMIN}/orders", params=params)
            assert len(found.json()["items"]) == count, params

    @pytest.mark.parametrize(
        "params", [{"state": "sold"}, {"since": "2020-01-01T00:00:00"}, {"until": "0001-01-01T00:00:00+14:00"},
                   {"limit": 0}, {"cursor": "x"}, {"provider": "a\x00b"}, {"currency": "rub"}]
    )  # fmt: skip
    async def test_bad_filters_are_refused(self, office: Office, params: dict[str, Any]) -> None:
        assert (await (await office.manager()).get(f"{ADMIN}/orders", params=params)).status_code == 422

    async def test_one_with_everything(self, office: Office) -> None:
        order, charge = await office.buy(await office.buyer())
        project = office.project()
        async with office.api.database.transaction() as connection:
            events = EventRepository(connection, project.id)
            await events.keep("sandbox", project.key, [Event("ev_1", "paid", {"charge": charge})])
            await events.keep("sandbox", project.key, [Event("ev_2", "paid", {"charge": "somebody else's"})])
        await office.tell(Refunded(charge, "re_1", 100, order.currency))
        shown = (await (await office.manager()).get(f"{ADMIN}/orders/{order.id}")).json()
        assert [payment["charge"] for payment in shown["payments"]] == [charge]
        assert [(refund["amount"], refund["started_by"]) for refund in shown["refunds"]] == [(100, "provider")]
        assert [event["kind"] for event in shown["events"]] == ["paid"]
        assert (shown["refunded_amount"], shown["state"], shown["disputes"]) == (100, "paid", [])
        assert shown["unused"] == order.total - 100
        assert "url" not in shown["payments"][0]


class TestRefunds:
    async def test_once_for_each_key_and_written_down(self, office: Office) -> None:
        manager = await office.manager()
        order, _ = await office.buy(await office.buyer())
        path, once = f"{ADMIN}/orders/{order.id}/refunds", key("the-same-key")
        answers = [await manager.post(path, json={"amount": 5000, "reason": "Просила"}, headers=once) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json() == answers[1].json()
        begun = answers[0].json()
        assert (begun["amount"], begun["state"], begun["started_by"]) == (5000, "wanted", "admin")
        assert begun["actor"] == str(SUPER_ADMIN)
        other = await manager.post(path, json={"amount": 1}, headers=once)
        assert (other.status_code, other.json()["error"]) == (422, "idempotency_key_reused")
        again = await manager.post(path, json={}, headers=key())
        assert (again.status_code, again.json()["reason"]) == (409, "under_way")
        assert await office.value("SELECT count(*) FROM audit_log WHERE action = 'order.refund'") == 1
        listed = (await manager.get(f"{ADMIN}/refunds", params={"state": "wanted"})).json()["items"]
        assert [refund["id"] for refund in listed] == [begun["id"]]

    @pytest.mark.parametrize("body", [{"amount": 0}, {"amount": -1}, {"amount": 1.5}, {"reason": " "}, {"sum": 1}])
    async def test_what_is_no_refund_is_refused(self, office: Office, body: dict[str, Any]) -> None:
        order, _ = await office.buy(await office.buyer())
        path = f"{ADMIN}/orders/{order.id}/refunds"
        assert (await (await office.manager()).post(path, json=body, headers=key())).status_code == 422
        assert await office.value("SELECT count(*) FROM refunds") == 0

    async def test_more_than_was_paid_is_refused(self, office: Office) -> None:
        order, _ = await office.buy(await office.buyer())
        path = f"{ADMIN}/orders/{order.id}/refunds"
        refused = await (await office.manager()).post(path, json={"amount": order.total + 1}, headers=key())
        assert (refused.status_code, refused.json()["reason"]) == (409, "too_much")
        assert refused.json()["left"] == order.total


class TestLedger:
    async def test_entries_follow_on_each_other_and_a_credit_is_one_of_them(self, office: Office) -> None:
        manager, user_id = await office.manager(), await office.buyer()
        await office.buy(user_id)
        path = f"{ADMIN}/users/{user_id}"
        before = (await manager.get(f"{path}/ledger")).json()
        once = key()
        for _ in range(2):
            given = await manager.post(f"{path}/credits", json=CREDIT, headers=once)
            assert given.status_code == 201
        after = (await manager.get(f"{path}/ledger")).json()
        assert after["balances"] == given.json()["balances"]
        assert after["balances"][0]["balance"] == before["balances"][0]["balance"] + 3
        newest = after["entries"][0]
        assert (newest["amount"], newest["reason"], newest["kind"]) == (3, "За терпение", "gift")
        for unit in ("readings", "follow_ups"):
            own = [entry for entry in reversed(after["entries"]) if entry["unit"] == unit]
            total = 0
            for entry in own:
                total += entry["amount"]
                assert entry["balance_after"] == total
            assert sum(lot["remaining"] for lot in after["lots"] if lot["unit"] == unit) == total
        page = (await manager.get(f"{path}/ledger", params={"limit": 1})).json()
        older = (await manager.get(f"{path}/ledger", params={"limit": 100, "cursor": page["next_cursor"]})).json()
        assert page["entries"] + older["entries"] == after["entries"]
        assert await office.value("SELECT details ->> 'reason' FROM audit_log WHERE action = 'user.credit'")

    @pytest.mark.parametrize(
        "change", [{"amount": 0}, {"amount": 1001}, {"unit": "stars"}, {"reason": ""}, {"reason": "\n"}]
    )
    async def test_what_is_no_credit_is_refused(self, office: Office, change: dict[str, Any]) -> None:
        user_id = await office.buyer()
        path = f"{ADMIN}/users/{user_id}/credits"
        refused = await (await office.manager()).post(path, json={**CREDIT, **change}, headers=key())
        assert refused.status_code == 422
        assert await office.value("SELECT count(*) FROM audit_log") == 0


class TestRevenue:
    async def test_stars_and_money_stand_apart_and_refunds_count_when_they_went(self, office: Office) -> None:
        manager, user_id = await office.manager(), await office.buyer()
        order, charge = await office.buy(user_id)
        second, _ = await office.buy(user_id)
        await office.value("UPDATE orders SET currency = 'XTR', total = 50, price = 50 WHERE id = $1", second.id)
        await office.value("UPDATE orders SET paid_at = now() - interval '3 days' WHERE id = $1", order.id)
        await office.tell(Refunded(charge, "re_1", 900, order.currency))
        report = (await manager.get(f"{ADMIN}/revenue")).json()
        today = datetime.now(UTC).date().isoformat()
        rows = {(row["group"], row["currency"]): row for row in report["items"]}
        assert len(rows) == 3
        assert (rows[today, "RUB"]["sales"], rows[today, "RUB"]["net"]) == (0, -900)
        assert (rows[today, "XTR"]["sales"], rows[today, "XTR"]["orders"]) == (50, 1)
        totals = {row["currency"]: row for row in report["totals"]}
        assert (totals["RUB"]["sales"], totals["RUB"]["refunds"]) == (order.total, 900)
        for by, name in (("package", "luna-three"), ("provider", "sandbox")):
            found = (await manager.get(f"{ADMIN}/revenue", params={"by": by})).json()["items"]
            assert {row["group"] for row in found} == {name}
        rows_of_file = await table(manager, "revenue", by="package")
        money = next(row for row in rows_of_file if row["currency"] == "RUB")
        assert (money["refunds_minor"], money["refunds"]) == ("900", "9.00")

    @pytest.mark.parametrize(
        "params", [{"since": "2026-02-30"}, {"since": "1999-01-01"}, {"until": "9999-12-31"}, {"by": "month"},
                   {"since": "2001-01-01", "until": "2003-01-01"}, {"until": "0001-01-01"}]
    )  # fmt: skip
    async def test_bad_periods_are_refused(self, office: Office, params: dict[str, Any]) -> None:
        assert (await (await office.manager()).get(f"{ADMIN}/revenue", params=params)).status_code == 422


class TestExports:
    async def test_orders_hold_both_kinds_of_sums_and_no_formulas(self, office: Office) -> None:
        manager, user_id = await office.manager(), await office.buyer()
        name = '=HYPERLINK("https://evil.example","x")'
        await office.value("UPDATE users SET first_name = $2 WHERE id = $1", user_id, name)
        order, charge = await office.buy(user_id)
        [row] = await table(manager, "orders", state="paid")
        assert (row["total_minor"], row["total"], row["currency"]) == ("19900", "199.00", "RUB")
        assert row["client"] == "'" + name
        assert row["created_at"].endswith("Z")
        assert row["charge"] == charge
        await office.tell(Refunded(charge, "re_1", order.total, order.currency))
        [payment] = await table(manager, "payments")
        assert (payment["refunded"], payment["state"]) == ("199.00", "refunded")
        [refund] = await table(manager, "refunds")
        assert (refund["amount_minor"], refund["order_number"]) == ("19900", "1")
        ledger = [row for row in await table(manager, "ledger") if row["user_id"] == str(user_id)]
        assert {row["kind"] for row in ledger} >= {"purchase", "taken_back"}
        assert any(row["amount"] == "-3" for row in ledger)
        assert await office.value("SELECT count(*) FROM audit_log WHERE action = 'export'") == 4

    async def test_more_than_a_page_is_whole(self, office: Office) -> None:
        office.api.settings.export_page_rows = 2
        user_id = await office.buyer()
        for _ in range(4):
            await office.buy(user_id)
        assert [row["number"] for row in await table(await office.manager(), "orders")] == ["4", "3", "2", "1"]
