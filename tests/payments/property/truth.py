"""What must be true at rest: worked out from what people were told and from the providers' own books, not from ours."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from app.kit.clock import utc_now
from app.kit.database import Connection
from tests.payments.property.history import History, Placed
from tests.payments.property.town import Person, Town

WELCOME = 5
UNITS = {"luna-three": (3, 0), "luna-ten": (10, 5), "luna-questions": (0, 10), "luna-month": (0, 20)}
LIMITS = {"half": (2, 2), "once": (1, 1), "free": (2, 1)}
SHORTEST, LONGEST, TRIAL = timedelta(days=28), timedelta(days=31), timedelta(days=3)
SLACK = timedelta(hours=1)
# All that a person, or money, of a project is written in.
ROWS = (
    "users", "orders", "payments", "refunds", "disputes", "wallets", "wallet_entries", "wallet_lots", "wallet_holds",
    "subscriptions", "gifts", "book_entries", "readings",
)  # fmt: skip


@dataclass(frozen=True)
class Charge:
    """Money at a provider, as it stands in his books; `payment` is what the order's page was made for."""

    provider: str
    id: str
    amount: int
    currency: str
    payment: UUID | None
    renewal: bool
    returned: int


def charges(town: Town) -> list[Charge]:
    """All that was ever paid to `luna`, wrong or right."""
    project, found = town.project(), []
    for row in town.bank.books.charges.values():
        paid = town.bank.books.payments[row.payment]
        if paid.account == project.key:
            payment = UUID(paid.metadata["payment_id"])
            found.append(Charge("sandbox", row.id, row.amount, row.currency, payment, False, row.refunded))
    for star in town.ledger(project).charges.values():
        payment, amount = UUID(star.invoice.payload), star.invoice.amount
        returned = amount if star.refunded else 0
        found.append(Charge("stars", star.id, amount, "XTR", payment, star.first is not None, returned))
    account = town.account(project)
    for thing in account.all("charge"):
        if not thing["paid"]:
            continue
        intent = account.things[thing["payment_intent"]]
        metadata, renewal = intent["metadata"], False
        bill = next(
            (row for row in account.all("invoice_payment") if row["payment"]["payment_intent"] == intent["id"]), None
        )
        if bill is not None:
            invoice = account.things[bill["invoice"]]
            metadata = invoice["parent"]["subscription_details"]["metadata"]
            renewal = invoice["billing_reason"] != "subscription_create"
        lost = sum(
            row["amount"] for row in account.all("dispute") if row["charge"] == thing["id"] and row["status"] == "lost"
        )
        returned = min(thing["amount"], thing["amount_refunded"] + lost)
        payment = UUID(metadata["payment"])
        found.append(Charge("stripe", intent["id"], thing["amount"], "RUB", payment, renewal, returned))
    return found


class Truth:
    def __init__(self, history: History, connection: Connection) -> None:
        self.history, self.connection = history, connection
        self.project = history.town.project().id
        self.money = charges(history.town)

    async def check(self) -> None:
        """Raises `AssertionError`, and says what is wrong."""
        self.orders = {row["id"]: row for row in await self.rows("SELECT * FROM orders WHERE project_id = $1")}
        self.payments = await self.rows("SELECT * FROM payments WHERE project_id = $1")
        self.refunds = await self.rows("SELECT * FROM refunds WHERE project_id = $1")
        waiting = await self.rows(
            "SELECT kind, note FROM provider_events WHERE project_id = $1 AND state IN ('new', 'failed')"
            " AND note IS DISTINCT FROM 'unknown_agreement'"
        )
        assert waiting == [], f"events were never understood: {waiting}"
        self.each_charge_is_one_payment()
        self.each_paid_order_was_paid_once()
        self.money_is_where_it_was_given_for()
        self.coupons_and_trials()
        await self.what_people_have()
        await self.what_refunds_took()

    async def rows(self, statement: str) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.connection.fetch(statement, self.project)]

    def owner(self, order: dict[str, Any]) -> UUID | None:
        """Who has what an order brought: one person."""
        if order["kind"] != "gift":
            return UUID(str(order["user_id"]))
        holders = self.history.redeemed.get(order["id"], [])
        assert len(holders) <= 1, f"gift {order['number']} was opened by {len(holders)}"
        return holders[0].id if holders else None

    def each_charge_is_one_payment(self) -> None:
        known = Counter((row["provider"], row["charge"]) for row in self.payments if row["charge"])
        for charge in self.money:
            found = [row for row in self.payments if (row["provider"], row["charge"]) == (charge.provider, charge.id)]
            if charge.id in self.history.wrong:
                assert found == [], f"wrong money was taken for good: {charge}"
                continue
            assert len(found) == 1, f"{charge} is in {len(found)} payments"
            row = found[0]
            assert (row["amount"], row["currency"]) == (charge.amount, charge.currency), (charge, row)
            assert row["refunded_amount"] == charge.returned, f"{charge}, but {row}"
            assert row["state"] != "surplus" or charge.returned == charge.amount or self.failed_refund(row), row
            del known[charge.provider, charge.id]
        assert not known, f"money that nobody paid: {known}"

    def failed_refund(self, payment: dict[str, Any]) -> bool:
        """The provider would not do it (the money was disputed, or is back already), and the staff know."""
        return any(row["payment_id"] == payment["id"] and row["state"] == "failed" for row in self.refunds)

    def each_paid_order_was_paid_once(self) -> None:
        good = [charge for charge in self.money if charge.id not in self.history.wrong]
        orders_of = {row["id"]: row["order_id"] for row in self.payments}
        paid = Counter(orders_of.get(charge.payment) for charge in good if not charge.renewal)
        fulfilled = {key for key, row in self.orders.items() if row["state"] in ("paid", "refunded")}
        for order in self.history.orders:
            row = self.orders[order.id]
            assert (row["total"], row["currency"]) == (order.total, order.currency), row
            given, came = order.id in fulfilled, paid[order.id]
            told = f"{self.history.number(order)} is {row['state']}: {came} charges, {self.surplus(order.id)} surplus"
            # Late money takes a coupon's place only while there is one, and begins no second subscription.
            if not (order.coupon and order.lapsed) and not self.has_another_subscription(row):
                assert given == (order.total == 0 or came > 0), told
            assert not given or order.total == 0 or came > 0, told
            assert self.surplus(order.id) == came - (given and order.total > 0), told
        known = {order.id for order in self.history.orders}
        others = [row for key, row in self.orders.items() if key not in known]
        # An order whose answer got lost after its commit is found again under its key, so there are renewals alone.
        assert {row["kind"] for row in others} <= {"renewal"}, others

    def has_another_subscription(self, order: dict[str, Any]) -> bool:
        """Beside one that renews, a second one is not begun, however it is paid."""
        return order["kind"] == "purchase" and order["package_key"] == "luna-month" and any(
            row["id"] != order["id"] and row["user_id"] == order["user_id"] and row["kind"] == "purchase"
            and row["package_key"] == "luna-month" and row["renews"] and row["state"] in ("paid", "refunded")
            for row in self.orders.values()
        )  # fmt: skip

    def surplus(self, order_id: UUID) -> int:
        return sum(row["order_id"] == order_id and row["state"] == "surplus" for row in self.payments)

    def money_is_where_it_was_given_for(self) -> None:
        """Per currency: what providers have of ours is what was sold and not given back."""
        have: Counter[str] = Counter()
        sold: Counter[str] = Counter()
        for charge in self.money:
            if charge.id not in self.history.wrong:
                have[charge.currency] += charge.amount - charge.returned
        for row in self.orders.values():
            if row["state"] in ("paid", "refunded"):
                sold[row["currency"]] += row["total"] - row["refunded_amount"]
        for row in self.payments:
            if row["state"] == "surplus":
                sold[row["currency"]] += row["amount"] - row["refunded_amount"]
        assert +have == +sold, f"the providers have {have}, sold was {sold}"

    def coupons_and_trials(self) -> None:
        """Of those that were paid, and of those that may still be."""
        for coupon, (most, most_each) in LIMITS.items():
            used = [
                order for order in self.history.orders
                if order.coupon == coupon
                and self.orders[order.id]["state"] in ("paid", "refunded", *(() if order.lapsed else ("pending",)))
            ]  # fmt: skip
            each = Counter(order.buyer.id for order in used)
            assert len(used) <= most, f"{coupon} was used {len(used)} times"
            assert max(each.values(), default=0) <= most_each, f"{coupon} was used too often by one person"
        trials = Counter(order.buyer.id for order in self.history.orders if order.kind == "trial")
        assert max(trials.values(), default=0) <= 1, "two trials"

    async def what_people_have(self) -> None:
        for person in self.history.people:
            bought = [
                row for row in self.orders.values()
                if row["state"] in ("paid", "refunded") and self.owner(row) == person.id
            ]  # fmt: skip
            for place, unit in enumerate(("readings", "follow_ups")):
                await self.units(person, unit, bought, place)
            await self.subscription(person, [row for row in bought if row["package_key"] == "luna-month"])

    async def units(self, person: Person, unit: str, bought: list[dict[str, Any]], place: int) -> None:
        """Given = used + held + left + taken back + lapsed + paid for what was owed."""
        name = f"{unit} of {self.history.name(person)}"
        entries = await self.connection.fetch(
            "SELECT kind, sum(amount)::bigint AS amount FROM wallet_entries WHERE user_id = $1 AND unit = $2"
            " GROUP BY kind", person.id, unit,
        )  # fmt: skip
        by_kind = {row["kind"]: row["amount"] for row in entries}
        given = sum(UNITS[row["package_key"]][place] for row in bought)
        # Money for a period that is over by now brings nothing.
        late = sum(UNITS[row["package_key"]][place] for row in bought if row["kind"] == "renewal")
        credited = sum(amount for amount in by_kind.values() if amount > 0) - (WELCOME if unit == "readings" else 0)
        assert given - late <= credited <= given, f"{name}: {credited} were given for {given}"
        mine = [row for row in self.history.readings if row.reader is person and row.paid_by == "wallet"]
        used = sum(row.cost for row in mine if row.state == "written") if unit == "readings" else 0
        assert -by_kind.get("reading", 0) == used, f"{name}: {by_kind} for {used} used"
        wallet = await self.connection.fetchrow(
            "SELECT balance, held FROM wallets WHERE user_id = $1 AND unit = $2", person.id, unit
        )
        assert wallet is not None
        held = sum(row.cost for row in mine if row.state == "open") if unit == "readings" else 0
        assert wallet["held"] == held, f"{name}: {wallet['held']} are held, and {held} are to be read"
        assert 0 <= wallet["held"] <= wallet["balance"] == sum(by_kind.values()), name
        gone = -sum(by_kind.get(kind, 0) for kind in ("taken_back", "expired", "debt"))
        first = WELCOME if unit == "readings" else 0
        assert first + credited == used + wallet["balance"] + gone, f"{name}: {by_kind}"

    async def subscription(self, person: Person, bought: list[dict[str, Any]]) -> None:
        """At least a month for each that was paid and not given back, and at most as much as all of them brought."""
        name = f"the subscription of {self.history.name(person)}"
        until = await self.connection.fetchval(
            "SELECT until FROM subscriptions WHERE user_id = $1 AND state <> 'ended'", person.id
        )
        trial = sum(row["kind"] == "trial" for row in bought)
        full = [row for row in bought if row["kind"] != "trial"]
        kept = [row for row in full if not row["refunded_amount"]]
        have = (until or utc_now()) - utc_now()
        most = LONGEST * len(full) + TRIAL * trial + SLACK
        # What a provider says of its own clock, which does not go on with ours, may be later.
        most += self.history.waited if self.agreements(full) else timedelta(0)
        assert have <= most, f"{name}: {have} for {len(full)} months"
        back = LONGEST * (len(full) - len(kept))
        least = SHORTEST * len(kept) + TRIAL * trial - self.history.waited - back - SLACK
        if not self.agreements(full):
            assert have >= least, f"{name}: {have} for {len(kept)} months, and {least} at the least"

    def agreements(self, bought: list[dict[str, Any]]) -> bool:
        """Whether any of it renews at its provider, whose own word for the end counts."""
        ids = {row["id"] for row in bought}
        return any(row["order_id"] in ids and row["provider"] in ("stars", "stripe") for row in self.payments)

    async def what_refunds_took(self) -> None:
        """Of what was given so much was taken, forgiven or owed as of the money was given back."""
        for row in self.orders.values():
            done = [refund for refund in self.refunds if refund["order_id"] == row["id"] and refund["state"] == "done"]
            surplus = {payment["id"] for payment in self.payments if payment["state"] == "surplus"}
            done = [refund for refund in done if refund["payment_id"] not in surplus]
            if not done or row["kind"] in ("gift", "renewal") or row["total"] == 0:
                continue
            for place, unit in enumerate(("readings", "follow_ups")):
                given = UNITS[row["package_key"]][place]
                due = given * row["refunded_amount"] // row["total"]
                said = [refund["taken"].get(name, {}).get(unit, 0) for refund in done
                        for name in ("taken", "forgiven", "owed")]  # fmt: skip
                assert sum(said) == due, f"№{row['number']}: {sum(said)} of {unit} for {due} that were due"


async def digest(connection: Connection, project_id: int) -> dict[str, str]:
    """Every row of a project, by table."""
    return {
        table: await connection.fetchval(
            f"SELECT COALESCE(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM {table} t"
            f" WHERE {'id' if table == 'projects' else 'project_id'} = $1",
            project_id,
        )
        for table in ROWS
    }


__all__ = ["Charge", "Placed", "Truth", "charges", "digest"]
