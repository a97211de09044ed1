"""The admin API of money, route by route: each role that may not use it, each action that is written down."""

import csv as reader
import io
import tracemalloc
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.routing import APIRoute

from app.admin import csv, exports, money, orders
from app.admin.roles import role_of
from app.crm.groups import GroupRepository
from app.crm.role import Role, remembered_name
from app.payments.port import Refunded
from app.users.tokens import Principal, Tokens
from tests.admin.test_money import ADMIN, CREDIT, ROUTES, SUPER_ADMIN, Office, desk, key, office, table
from tests.conftest import Person

__all__ = ["desk", "office"]

OWNER, MEMBER, MUTED, KICKED, LEFT, STRANGER = range(31, 37)
STAFF = {MEMBER: "member", MUTED: "restricted", KICKED: "kicked", LEFT: "left"}


async def connect(office: Office) -> int:
    """A staff group of the project, with somebody of each standing in it; the chat."""
    project, desk = office.project(), office.desk
    assert project.bot is not None
    body = {"token": project.bot.token.get_secret_value(), "username": project.bot.username}
    await desk.client.post("/sandbox/bots", json=body)
    chat_id = await desk.group(project.bot.id, owner=OWNER)
    for person, status in STAFF.items():
        await desk.member(chat_id, person)
        if status != "member":
            await desk.member(chat_id, person, status)
    async with office.api.database.transaction() as connection:
        await GroupRepository(connection, project.id).connect(
            chat_id, title="Staff", language="ru", connected_by=OWNER, problems=()
        )
    return chat_id


def calls(order_id: UUID, user_id: UUID) -> list[tuple[str, str, Any]]:
    """Every route of money with a body that would do."""
    made = []
    for method, template in ROUTES:
        path = ADMIN + template.replace("{order}", str(order_id)).replace("{user}", str(user_id))
        made.append((method, path, CREDIT if "credits" in path else {} if method == "POST" else None))
    return made


def test_no_route_is_forgotten_here() -> None:
    served = {
        (method, route.path.removeprefix(ADMIN).replace("{order_id}", "{order}").replace("{user_id}", "{user}"))
        for module in (orders, money, exports)
        for route in module.router.routes
        if isinstance(route, APIRoute)
        for method in route.methods
    }
    assert served == set(ROUTES)


class TestRoles:
    @pytest.mark.parametrize(
        ("member", "expected"),
        [
            ({"status": "creator"}, Role.MANAGER), ({"status": "administrator"}, Role.MANAGER),
            ({"status": "member"}, Role.STAFF), ({"status": "left"}, Role.NONE), ({"status": "kicked"}, Role.NONE),
            ({"status": "restricted", "is_member": True, "can_send_messages": True}, Role.STAFF),
            ({"status": "restricted", "is_member": True, "can_send_messages": False}, Role.NONE),
            ({"status": "overlord"}, Role.NONE), ({"status": None}, Role.NONE), ({}, Role.NONE),
        ],
    )  # fmt: skip
    def test_what_telegram_calls_somebody(self, member: dict[str, object], expected: Role) -> None:
        assert role_of(member) is expected

    async def test_whoever_is_no_manager_is_refused_everywhere_and_nothing_is_done(self, office: Office) -> None:
        chat_id = await connect(office)
        user_id = await office.buyer()
        order, _ = await office.buy(user_id)
        people = {number: await office.api.sign_in(telegram_id=number) for number in (*STAFF, STRANGER, 500)}
        # What nobody of us wrote where answers are remembered makes nobody a manager.
        await office.api.services.redis.set(remembered_name(office.project().id, chat_id, STRANGER), "rubbish")
        await office.api.services.redis.set(remembered_name(office.project().id, chat_id, LEFT), "3")
        for method, path, body in calls(order.id, user_id):
            for number, person in people.items():
                refused = await person.request(method, path, json=body, headers=key())
                assert (refused.status_code, refused.json()["error"]) == (403, "managers_only"), (path, number)
        assert await office.value("SELECT count(*) FROM audit_log") == 0
        assert await office.value("SELECT count(*) FROM refunds") == 0
        assert await office.value("SELECT count(*) FROM wallet_entries WHERE reason IS NOT NULL") == 0
        owner = await office.api.sign_in(telegram_id=OWNER)
        for method, path, body in calls(order.id, user_id):
            answer = await owner.request(method, path, json=body, headers=key())
            assert answer.status_code == (201 if method == "POST" else 200), (path, answer.text)

    async def test_tokens_that_are_none_of_a_living_session_are_refused_everywhere(self, office: Office) -> None:
        user_id = await office.buyer()
        order, _ = await office.buy(user_id)
        manager = await office.manager()
        principal = Principal(UUID(manager.session["user"]["id"]), office.project().id)
        secret = office.api.services.secret
        expired = Tokens(secret, access_seconds=-60).access(principal)
        forged = Tokens("another secret, long enough for it", access_seconds=600).access(principal)
        elsewhere = Tokens(secret, access_seconds=600).access(
            Principal(principal.user_id, office.project("verbena").id)
        )
        for token in (None, "", "Bearer", "Basic eDp5", *(f"Bearer {token}" for token in (expired, forged, elsewhere))):
            person = Person(office.api, {}, {"Authorization": token} if token is not None else {})
            for method, path, body in calls(order.id, user_id):
                refused = await person.request(method, path, json=body, headers=key())
                assert (refused.status_code, refused.json()["error"]) == (401, "unauthenticated"), (path, token)
        assert await office.value("SELECT count(*) FROM audit_log") == 0

    async def test_without_telegrams_word_nobody_is_let_in(self, office: Office) -> None:
        await connect(office)
        user_id = await office.buyer()
        order, _ = await office.buy(user_id)
        owner = await office.api.sign_in(telegram_id=OWNER)
        for fault in ({"status": 500}, {"status": 429}, {"cut": "before"}):
            await office.desk.fault(method="getChatMember", times=None, **fault)
            for method, path, body in calls(order.id, user_id):
                answer = await owner.request(method, path, json=body, headers=key())
                assert answer.status_code == 503, (path, fault)
            await office.desk.end_faults()
        assert await office.value("SELECT count(*) FROM audit_log") == 0

    async def test_a_manager_who_is_blocked_or_no_manager_any_more_is_out(self, office: Office) -> None:
        chat_id = await connect(office)
        owner = await office.api.sign_in(telegram_id=OWNER)
        assert (await owner.get(f"{ADMIN}/orders")).status_code == 200
        await office.value("UPDATE users SET state = 'blocked' WHERE telegram_id = $1", OWNER)
        assert (await owner.get(f"{ADMIN}/orders")).status_code == 403
        await office.value("UPDATE users SET state = 'active' WHERE telegram_id = $1", OWNER)
        await office.desk.member(chat_id, OWNER, "left")
        await office.api.services.redis.delete(remembered_name(office.project().id, chat_id, OWNER))
        assert (await owner.get(f"{ADMIN}/orders")).status_code == 403


class TestAudit:
    async def test_each_action_is_one_line_and_a_refusal_is_none(self, office: Office) -> None:
        manager, user_id = await office.manager(), await office.buyer()
        order, _ = await office.buy(user_id)

        async def lines() -> list[tuple[Any, ...]]:
            async with office.api.database.connection() as connection:
                rows = await connection.fetch("SELECT action, actor_id, user_id, details FROM audit_log ORDER BY id")
            return [tuple(row) for row in rows]

        credits, refunds = f"{ADMIN}/users/{user_id}/credits", f"{ADMIN}/orders/{order.id}/refunds"
        for path, body in [
            (credits, {**CREDIT, "reason": ""}), (refunds, {"amount": order.total + 1}), (refunds, {"amount": 0}),
            (f"{ADMIN}/users/{uuid4()}/credits", CREDIT), (f"{ADMIN}/orders/{uuid4()}/refunds", {}),
        ]:  # fmt: skip
            assert (await manager.post(path, json=body, headers=key())).status_code in (404, 409, 422)
        assert (await manager.post(credits, json=CREDIT)).status_code == 422, "without a key nothing can be repeated"
        assert (await manager.get(f"{ADMIN}/exports/ledger.csv", params={"since": "x"})).status_code == 422
        for path in ("/orders", "/payments", "/refunds", f"/orders/{order.id}", f"/users/{user_id}/ledger", "/revenue"):
            assert (await manager.get(ADMIN + path)).status_code == 200
        assert await lines() == []
        once = key()
        for _ in range(2):
            assert (await manager.post(credits, json=CREDIT, headers=once)).status_code == 201
            assert (await manager.post(refunds, json={"amount": 100}, headers=once)).status_code == 201
        for name in ("orders", "payments", "refunds", "ledger", "revenue"):
            await table(manager, name)
        found = await lines()
        assert [(line[0], line[1]) for line in found] == [
            (action, SUPER_ADMIN) for action in ("user.credit", "order.refund", *["export"] * 5)
        ]
        assert [line[2] for line in found[:2]] == [user_id, user_id]
        assert (found[0][3]["reason"], found[1][3]["sum"]) == (CREDIT["reason"], "1\u00a0₽")
        assert [line[3]["kind"] for line in found[2:]] == ["orders", "payments", "refunds", "ledger", "revenue"]


class TestPages:
    async def test_payments_and_refunds_are_filtered_and_turned(self, office: Office) -> None:
        manager, user_id = await office.manager(), await office.buyer()
        bought = [await office.buy(user_id) for _ in range(3)]
        for order, charge in bought[:2]:
            await office.tell(Refunded(charge, f"re_{order.number}", 100, order.currency))
        for name, count in (("payments", 3), ("refunds", 2)):
            seen, cursor = [], None
            while True:
                params = {"limit": 1, **({"cursor": cursor} if cursor else {})}
                page = (await manager.get(f"{ADMIN}/{name}", params=params)).json()
                seen += [item["id"] for item in page["items"]]
                if (cursor := page["next_cursor"]) is None:
                    break
            assert len(seen) == len(set(seen)) == count
            assert seen == sorted(seen, reverse=True)
        for path, params, count in [
            ("payments", {"state": "paid"}, 3), ("payments", {"state": ["failed", "surplus"]}, 0),
            ("payments", {"provider": "stars"}, 0), ("payments", {"reference": bought[0][1]}, 1),
            ("refunds", {"state": "done"}, 2), ("refunds", {"state": "failed"}, 0),
        ]:  # fmt: skip
            found = (await manager.get(f"{ADMIN}/{path}", params=params)).json()["items"]
            assert len(found) == count, (path, params)
        (one,) = (await manager.get(f"{ADMIN}/payments", params={"reference": bought[0][1]})).json()["items"]
        assert (one["order_number"], one["order_id"], one["state"]) == (1, str(bought[0][0].id), "paid")
        assert "url" not in one
        other = await office.manager("verbena")
        for path in ("payments", "refunds"):
            assert (await other.get(f"{ADMIN}/{path}")).json() == {"items": [], "next_cursor": None}
        for path, params in [
            ("payments", {"state": "sold"}), ("payments", {"reference": "a\x00"}), ("refunds", {"state": "x"}),
            ("payments", {"limit": 101}), ("refunds", {"cursor": "1"}),
        ]:  # fmt: skip
            assert (await manager.get(f"{ADMIN}/{path}", params=params)).status_code == 422


class TestCells:
    @pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", " =", "  @"])
    def test_what_a_spreadsheet_would_compute_is_text(self, start: str) -> None:
        assert csv.cell(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"

    def test_what_is_ours_stays_as_it_is(self) -> None:
        moment = datetime(2026, 11, 20, 12, tzinfo=UTC)
        values = [-3, Decimal("-1.50"), None, True, moment, "Анна", "a=b", "x\x00y"]
        assert [csv.cell(value) for value in values] == [
            "-3", "-1.50", "", "true", "2026-11-20T12:00:00Z", "Анна", "a=b", "xy",
        ]  # fmt: skip

    def test_quotes_and_line_ends_stay_in_their_cell(self) -> None:
        row = ['say "hi"', "a,b", "one\ntwo", "three\r\nfour"]
        assert next(reader.reader(io.StringIO(csv.line(row).decode(), newline=""))) == row

    async def test_what_clients_and_managers_wrote_is_never_a_formula(self, office: Office) -> None:
        manager, user_id = await office.manager(), await office.buyer()
        await office.value(
            "UPDATE users SET first_name = '+1', last_name = '2', username = '=x' WHERE id = $1", user_id
        )
        order, charge = await office.buy(user_id)
        await manager.post(
            f"{ADMIN}/users/{user_id}/credits", json={**CREDIT, "reason": "@SUM(1+1)*cmd"}, headers=key()
        )
        await manager.post(f"{ADMIN}/orders/{order.id}/refunds", json={"amount": 100, "reason": "-2+3"}, headers=key())
        (row,) = await table(manager, "orders")
        assert (row["client"], row["username"]) == ("'+1 2", "'=x")
        (refund,) = await table(manager, "refunds")
        assert refund["reason"] == "'-2+3"
        reasons = [row["reason"] for row in await table(manager, "ledger") if row["reason"]]
        assert reasons == ["'@SUM(1+1)*cmd"]
        (payment,) = await table(manager, "payments")
        assert payment["charge"] == charge


class TestBigFiles:
    async def test_memory_does_not_grow_with_the_rows(self) -> None:
        """A million cells leave as they come; what is held is a piece."""

        async def rows() -> AsyncIterator[tuple[Any, ...]]:
            for number in range(100_000):
                yield (number, "Анна Верхнеколымская", "ch_0123456789", Decimal("199.00"))

        tracemalloc.start()
        sent, largest = 0, 0
        async for piece in csv.stream(("number", "client", "charge", "total"), rows()):
            sent, largest = sent + len(piece), max(largest, len(piece))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert sent > 6_000_000
        assert largest < 32_768
        assert peak < 1_000_000

    async def test_it_leaves_while_it_is_read_and_keeps_no_connection(self, office: Office) -> None:
        """Page after page, from a pool of which others take what is free meanwhile."""
        office.api.settings.export_page_rows = 7
        manager, user_id = await office.manager(), await office.buyer()
        for _ in range(15):
            await office.buy(user_id)
        async with office.api.client.stream("GET", f"{ADMIN}/exports/ledger.csv", headers=manager.headers) as answer:
            assert answer.status_code == 200
            assert "content-length" not in answer.headers
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["content-disposition"].startswith('attachment; filename="luna-ledger-')
            body = b"".join([piece async for piece in answer.aiter_bytes()])
        rows = list(reader.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")))
        assert (
            len(rows)
            == len({row["id"] for row in rows})
            == await office.value("SELECT count(*) FROM wallet_entries WHERE project_id = $1", office.project().id)
        )
        assert [row["id"] for row in rows] == sorted((row["id"] for row in rows), reverse=True)
