"""The machine: every fact once, whatever comes twice, late, out of order, or from two processes."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.kit.clock import utc_now
from app.payments.orders.payments import Bill, PaymentRepository
from app.payments.orders.repository import Order, OrderRepository
from app.payments.outcome import Outcome
from app.payments.port import Disputed, Failed, Refunded, SubscriptionChanged
from app.payments.states import DISPUTE, ORDER, PAYMENT, REFUND
from app.settings import Settings
from app.users.tokens import Principal
from tests.payments.stage import Buyer, Shop, open_shop, paid, with_bank


async def cards(shop: Shop) -> list[tuple[str, str]]:
    return [
        (row[0], row[1]) for row in await shop.rows("SELECT kind, subject FROM staff_cards ORDER BY created_at, id")
    ]


async def set_state(shop: Shop, order: Order, state: str) -> None:
    """As if it had got there; the row's own checks hold."""
    paid_at = utc_now() if state in ("paid", "refunded") else None
    await shop.rows("UPDATE orders SET state = $2, paid_at = $3 WHERE id = $1", order.id, state, paid_at)


@pytest.mark.impossible
class TestTable:
    """Every cell of the tables of states: the moves that exist happen, all others change nothing."""

    async def test_orders(self, shop: Shop) -> None:
        buyer = await shop.buyer()
        for source in ORDER:
            for target in ("expired", "canceled"):
                order = await shop.order(buyer)
                await set_state(shop, order, source)
                async with shop.database.transaction() as connection:
                    moved = await OrderRepository(connection, shop.project.id).move(order.id, target)
                assert (moved is not None) == (target in ORDER[source]), (source, target)
                assert (await shop.read(order)).state == (target if moved else source)
            order, payment = await shop.begin(buyer)
            await set_state(shop, order, source)
            async with shop.database.transaction() as connection:
                payments = PaymentRepository(connection, shop.project.id)
                bill = await payments.bill(payment.id, lock=True)
                assert bill is not None
                moved = await payments.pay(bill, charge=f"c-{source}", payer=None, at=None)
            assert (moved is not None) == ("paid" in ORDER[source]), source

    async def test_payments(self, shop: Shop) -> None:
        buyer = await shop.buyer()
        for source in PAYMENT:
            for target in ("started", "paid", "failed", "surplus"):
                order, payment = await shop.begin(buyer)
                charge = None if source in ("new", "started", "failed") else f"former-{source}-{target}"
                await shop.rows("UPDATE payments SET state = $2, charge = $3 WHERE id = $1", payment.id, source, charge)
                async with shop.database.transaction() as connection:
                    payments = PaymentRepository(connection, shop.project.id)
                    bill = await payments.bill(payment.id, lock=True)
                    assert bill is not None
                    moved: Any = await self.move(payments, bill, target)
                # What was started is started anew with the same answer.
                possible = target in PAYMENT[source] or (source, target) == ("started", "started")
                assert (moved is not None) == possible, (source, target)
                assert (await shop.read_payment(payment)).state == (target if possible else source)
                assert ((await shop.read(order)).state == "paid") == (possible and target == "paid")

    async def move(self, payments: PaymentRepository, bill: Bill, target: str) -> Any:
        if target == "started":
            return await payments.started(bill.payment.id, reference="r", url="u", opens="redirect")
        if target == "failed":
            return await payments.fail(bill.payment.id, failure="declined")
        if target == "surplus":
            return await payments.make_surplus(bill.payment.id, charge=f"new-{bill.payment.id}", payer=None, at=None)
        return await payments.pay(bill, charge=f"new-{bill.payment.id}", payer=None, at=None)

    def test_tables_name_states_that_exist(self) -> None:
        for moves in (ORDER, PAYMENT, REFUND, DISPUTE):
            assert set().union(*moves.values()) <= set(moves)


class TestPaid:
    async def test_credits_with_the_transition_and_tells_everybody(self, shop: Shop) -> None:
        buyer = await shop.buyer()
        order, payment = await shop.begin(buyer, "luna-ten")
        outcome = await shop.tell(paid(payment, charge="ch_1"))
        assert outcome == Outcome("done", "", order.id, payment.id)
        order, payment = await shop.read(order), await shop.read_payment(payment)
        assert (order.state, payment.state, payment.charge, payment.payer) == (
            "paid",
            "paid",
            "ch_1",
            buyer.telegram_id,
        )
        assert await shop.balances(buyer) == (15, 5)
        assert await cards(shop) == [("order", str(order.id))]
        assert await shop.value("SELECT count(*) FROM book_entries WHERE order_id = $1", order.id) == 1
        assert await shop.value("SELECT values ->> 'event' FROM notifications WHERE user_id = $1", buyer.id) == "paid"
        lots = await shop.rows("SELECT unit, amount, order_id FROM wallet_lots WHERE order_id = $1", order.id)
        assert {(row[0], row[1]) for row in lots} == {("readings", 10), ("follow_ups", 5)}

    async def test_the_same_fact_again_changes_nothing(self, shop: Shop) -> None:
        buyer = await shop.buyer()
        _, payment = await shop.begin(buyer)
        fact = paid(payment)
        await shop.tell(fact)
        assert (await shop.tell(fact)).state == "repeated"
        assert await shop.balances(buyer) == (8, 0)
        assert await shop.value("SELECT count(*) FROM refunds") == 0

    async def test_two_processes_at_the_same_moment_give_once(self, shop: Shop, stocked_settings: Settings) -> None:
        buyer = await shop.buyer()
        pairs = [await shop.begin(buyer) for _ in range(4)]
        async with open_shop(with_bank(stocked_settings)) as other:
            facts = [paid(payment) for _, payment in pairs]
            outcomes = await asyncio.gather(*(place.tell(fact) for fact in facts for place in (shop, other, shop)))
        assert sorted(outcome.state for outcome in outcomes) == ["done"] * 4 + ["repeated"] * 8
        assert await shop.balances(buyer) == (5 + 4 * 3, 0)

    async def test_bought_units_expire_when_the_package_says_so(self, shop: Shop) -> None:
        buyer = await shop.buyer()
        await shop.buy(buyer, "luna-questions")
        end = await shop.value("SELECT expires_at FROM wallet_lots WHERE unit = 'follow_ups'")
        assert abs(end - utc_now() - timedelta(days=180)) < timedelta(minutes=1)

    @pytest.mark.parametrize("state", ["expired", "canceled"])
    async def test_late_money_gets_what_was_agreed(self, shop: Shop, state: str) -> None:
        buyer = await shop.buyer()
        order, payment = await shop.begin(buyer)
        await set_state(shop, order, state)
        shop.change(readings=1)
        assert (await shop.tell(paid(payment))).state == "done"
        assert (await shop.read(order)).state == "paid"
        assert await shop.balances(buyer) == (8, 0)

    async def test_money_after_a_decline_counts(self, shop: Shop) -> None:
        buyer = await shop.buyer()
        order, payment = await shop.begin(buyer)
        await shop.tell(Failed("declined", payment_id=payment.id))
        assert (await shop.read(order)).state == "pending"
        assert ("payment_failed", str(payment.id)) in await cards(shop)
        assert (await shop.tell(paid(payment))).state == "done"
        payment = await shop.read_payment(payment)
        assert (payment.state, payment.failure) == ("paid", None)

    async def test_a_decline_after_the_money_changes_nothing(self, shop: Shop) -> None:
        order, payment = await shop.buy(await shop.buyer())
        assert (await shop.tell(Failed("declined", payment_id=payment.id))).state == "repeated"
        assert ((await shop.read(order)).state, (await shop.read_payment(payment)).state) == ("paid", "paid")

    async def test_is_found_by_the_providers_name_for_the_attempt(self, shop: Shop) -> None:
        buyer = await shop.buyer()
        _, payment = await shop.begin(buyer)
        async with shop.database.transaction() as connection:
            await PaymentRepository(connection, shop.project.id).started(
                payment.id, reference="pay_7", url="u", opens="redirect"
            )
        assert (await shop.tell(paid(payment, payment_id=None, reference="pay_7"))).state == "done"


class TestSurplus:
    async def test_a_second_charge_of_a_payment_goes_back_by_itself(self, shop: Shop) -> None:
        buyer = await shop.buyer()
        order, payment = await shop.buy(buyer)
        second = paid(payment, charge="ch_second")
        assert (await shop.tell(second)).note == "surplus"
        assert (await shop.tell(second)).state == "repeated"
        extra = next(row for row in await shop.payments(order) if row.charge == "ch_second")
        assert (extra.state, extra.amount) == ("surplus", 19900)
        refund = (await shop.refunds(order))[0]
        assert (refund.payment_id, refund.amount, refund.started_by, refund.state) == (
            extra.id, 19900, "system", "wanted",
        )  # fmt: skip
        assert await shop.balances(buyer) == (8, 0)
        assert (await shop.tell(Refunded("ch_second", "re_1", 19900, "RUB"))).state == "done"
        assert ((await shop.read(order)).state, (await shop.read(order)).refunded_amount) == ("paid", 0)
        extra = await shop.read_payment(extra)
        assert (extra.state, extra.refunded_amount) == ("surplus", 19900)

    async def test_two_attempts_paid_at_the_same_moment(self, shop: Shop) -> None:
        buyer = await shop.buyer()
        order, first = await shop.begin(buyer)
        await shop.rows("UPDATE payments SET provider = 'other' WHERE id = $1", first.id)
        second = await shop.attempt(order)
        assert second.id != first.id
        outcomes = await asyncio.gather(shop.tell(paid(first), provider="other"), shop.tell(paid(second)))
        assert sorted(outcome.note for outcome in outcomes) == ["", "surplus"]
        assert sorted(row.state for row in await shop.payments(order)) == ["paid", "surplus"]
        assert await shop.balances(buyer) == (8, 0)

    async def test_money_of_somebody_who_left_goes_back(self, shop: Shop) -> None:
        buyer = await shop.buyer()
        order, payment = await shop.begin(buyer)
        await erase(shop, buyer)
        assert (await shop.read(order)).state == "canceled"
        assert (await shop.tell(paid(payment, telegram_id=buyer.telegram_id))).note == "surplus"
        payment = await shop.read_payment(payment)
        assert (payment.state, payment.payer) == ("surplus", buyer.telegram_id)
        assert (await shop.refunds(order))[0].state == "wanted"
        assert (await shop.read(order)).state == "canceled"


async def erase(shop: Shop, buyer: Buyer) -> None:
    async with shop.database.transaction() as connection:
        await shop.services.users.erase(connection, Principal(buyer.id, shop.project.id), project=shop.project)


class TestRefused:
    @pytest.mark.parametrize(("changes", "reason"), [
        ({"amount": 19899}, "wrong_amount"),
        ({"amount": 19901}, "wrong_amount"),
        ({"currency": "USD"}, "wrong_currency"),
        ({"telegram_id": 1}, "wrong_person"),
        ({"payment_id": None}, "unknown_payment"),
        ({"payment_id": None, "reference": "nothing"}, "unknown_payment"),
    ])  # fmt: skip
    async def test_gives_nothing_and_is_kept_and_told_once(
        self, shop: Shop, changes: dict[str, Any], reason: str
    ) -> None:
        buyer = await shop.buyer()
        order, payment = await shop.begin(buyer)
        fact = paid(payment, **changes)
        for _ in range(2):
            assert await shop.tell(fact) == Outcome("refused", reason)
        assert ((await shop.read(order)).state, (await shop.read_payment(payment)).state) == ("pending", "new")
        assert await shop.balances(buyer) == (5, 0)
        kept = await shop.rows("SELECT id, state, note, body FROM provider_events")
        assert [(row["state"], row["note"], row["body"]["charge"]) for row in kept] == [
            ("refused", reason, fact.charge)
        ]
        assert await cards(shop) == [("payment_refused", str(kept[0]["id"]))]
        # The right money is still welcome.
        assert (await shop.tell(paid(payment))).state == "done"

    async def test_another_providers_or_accounts_word_counts_nothing(self, shop: Shop) -> None:
        _, payment = await shop.begin(await shop.buyer())
        assert (await shop.tell(paid(payment), provider="stripe")).note == "wrong_account"
        assert (await shop.tell(paid(payment), account="verbena")).note == "wrong_account"
        assert (await shop.tell(Failed("declined", payment_id=payment.id), account="verbena")).state == "ignored"
        assert (await shop.read_payment(payment)).state == "new"

    async def test_another_projects_payment_is_unknown(self, shop: Shop, stocked_settings: Settings) -> None:
        _, payment = await shop.begin(await shop.buyer())
        async with open_shop(with_bank(stocked_settings), "verbena") as other:
            assert (await other.tell(paid(payment))).note == "unknown_payment"
        assert (await shop.read_payment(payment)).state == "new"


class TestOutOfOrder:
    async def test_what_speaks_of_money_that_has_not_come_waits(self, shop: Shop) -> None:
        for fact in (
            Refunded("ch_later", "re", 100, "RUB"),
            Disputed("ch_later", "dp", 100, "RUB", "opened"),
            SubscriptionChanged("sub_later", "canceled"),
        ):
            assert (await shop.tell(fact)).state == "later"

    async def test_a_renewal_before_the_first_payment_pays_for_the_order(self, shop: Shop) -> None:
        buyer = await shop.buyer()
        order, payment = await shop.begin(buyer, "luna-month")
        renewal = paid(payment, charge="second", subscription="sub_1", renewal=True)
        assert (await shop.tell(renewal)).order_id == order.id
        first = paid(payment, charge="first", subscription="sub_1")
        outcome = await shop.tell(first)
        assert outcome.state == "done" and outcome.order_id != order.id
        kinds = await shop.rows("SELECT kind, state FROM orders ORDER BY id")
        assert [tuple(row) for row in kinds] == [("purchase", "paid"), ("renewal", "paid")]
        until = await shop.value("SELECT until FROM subscriptions")
        assert until - utc_now() > timedelta(days=57)
        for fact in (first, renewal):
            assert (await shop.tell(fact)).state == "repeated"
