"""Refunds from all places end in one: money back once, what it paid for taken back, every ledger summing."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.catalogue.library import Price
from app.crm.cards.strange_money import PaymentRefusedCard
from app.kit.clock import utc_now
from app.kit.ids import new_id
from app.payments.errors import RefundRefused
from app.payments.events.repository import EventRepository
from app.payments.ledger import rules as ledger
from app.payments.orders.repository import Order
from app.payments.outcome import MONEY_IS_BACK
from app.payments.port import Disputed, Refunded, RefundFailed
from app.payments.providers.sandbox import SandboxProvider
from app.payments.refunds import service as refund_rules
from app.payments.refunds.repository import Refund, RefundRepository
from app.payments.states import REFUND
from app.payments.subscriptions.repository import Subscription
from app.wallet.service import wallet
from tests.payments.stage import Buyer, Shop, paid
from tests.wallet.test_lots import pass_time


async def ask(shop: Shop, order: Order, **values: Any) -> Refund:
    async with shop.database.transaction() as connection:
        return await shop.services.payments.refund(
            connection, shop.project, order.id, **{"started_by": "admin", "actor": "77", **values}
        )


async def reason_of(shop: Shop, order: Order, **values: Any) -> dict[str, Any]:
    with pytest.raises(RefundRefused) as refused:
        await ask(shop, order, **values)
    return refused.value.facts


async def use(shop: Shop, buyer: Buyer, amount: int) -> None:
    async with shop.database.transaction() as connection:
        hold_id, _ = await wallet.hold(
            connection, project_id=shop.project.id, user_id=buyer.id, unit="readings", amount=amount
        )
        await wallet.settle(connection, project_id=shop.project.id, hold_id=hold_id, kind="reading", key=f"u:{hold_id}")


async def read_on_subscription(shop: Shop, buyer: Buyer) -> None:
    async with shop.database.transaction() as connection:
        await connection.execute("INSERT INTO deck_copies VALUES ($1, '\\x00', '{}')", shop.project.id)
        await connection.execute(
            """
            INSERT INTO readings (id, project_id, user_id, language, spread, deck_hash, cards, reversals, cost,
                free_follow_ups, paid_by, paid_on, seed, commitment, expires_at)
            VALUES ($1, $2, $3, 'ru', '{}', '\\x00', '{}', 'none', 1, 0, 'subscription',
                current_date, '\\x00', '', now() + interval '1 day')
            """,
            new_id(), shop.project.id, buyer.id,
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO fair_use_days VALUES ($1, $2, current_date, 1)", shop.project.id, buyer.id
        )


async def bought(shop: Shop, package: str = "luna-ten") -> tuple[Buyer, Order, str]:
    """Somebody without any other readings, his paid order, and its charge."""
    buyer = await shop.buyer()
    await use(shop, buyer, 5)
    order, payment = await shop.buy(buyer, package)
    assert payment.charge is not None
    return buyer, order, payment.charge


def done(refund: Refund, charge: str, **changes: Any) -> Refunded:
    values = {"refund": f"re_{refund.id}", "amount": refund.amount, "refund_id": refund.id, **changes}
    return Refunded(charge, currency="RUB", **values)


class TestAsked:
    async def test_reserves_at_once_and_takes_when_the_money_has_gone(self, shop: Shop) -> None:
        buyer, order, charge = await bought(shop)
        refund = await ask(shop, order, reason="changed his mind")
        assert (refund.state, refund.amount, refund.started_by, refund.actor) == ("wanted", 48000, "admin", "77")
        assert await shop.balances(buyer) == (0, 0)
        assert (await shop.read(order)).state == "paid"
        assert (await shop.tell(done(refund, charge))).state == "done"
        order = await shop.read(order)
        assert (order.state, order.refunded_amount) == ("refunded", 48000)
        refund = (await shop.refunds(order))[0]
        assert (refund.state, refund.taken["taken"]) == ("done", {"readings": 10, "follow_ups": 5})
        assert await shop.value("SELECT sum(balance) + sum(held) FROM wallets WHERE user_id = $1", buyer.id) == 0
        assert await shop.value("SELECT count(*) FROM book_entries WHERE refund_id = $1", refund.id) == 1
        notices = await shop.rows("SELECT values ->> 'event' FROM notifications WHERE user_id = $1", buyer.id)
        assert {row[0] for row in notices} == {"paid", "refunded"}

    async def test_again_and_again_is_once(self, shop: Shop) -> None:
        buyer, order, charge = await bought(shop)
        results = await asyncio.gather(*(ask(shop, order) for _ in range(4)), return_exceptions=True)
        refunds = [result for result in results if isinstance(result, Refund)]
        refused = [result.facts["reason"] for result in results if isinstance(result, RefundRefused)]
        assert (len(refunds), refused) == (1, ["under_way"] * 3)
        fact = done(refunds[0], charge)
        outcomes = await asyncio.gather(*(shop.tell(fact) for _ in range(3)))
        assert sorted(outcome.state for outcome in outcomes) == ["done", "repeated", "repeated"]
        assert (await shop.read(order)).refunded_amount == 48000
        assert await reason_of(shop, order) == {"reason": "already"}
        assert await shop.balances(buyer) == (0, 0)

    async def test_parts_come_to_the_whole(self, shop: Shop) -> None:
        buyer, order, charge = await bought(shop)
        taken = []
        for amount in (10000, 10000, 28000):
            refund = await ask(shop, order, amount=amount)
            await shop.tell(done(refund, charge))
            taken.append((await shop.refunds(order))[-1].taken["taken"])
        assert taken == [
            {"readings": 2, "follow_ups": 1},
            {"readings": 2, "follow_ups": 1},
            {"readings": 6, "follow_ups": 3},
        ]
        assert (await shop.read(order)).state == "refunded"
        assert await shop.balances(buyer) == (0, 0)

    async def test_what_cannot_be_refunded(self, shop: Shop) -> None:
        buyer = await shop.buyer()
        pending, _ = await shop.begin(buyer)
        assert await reason_of(shop, pending) == {"reason": "not_paid"}
        free = await shop.order(buyer, coupon="friend100")
        assert await reason_of(shop, free) == {"reason": "not_paid"}
        order, _ = await shop.buy(buyer)
        for amount in (0, -1, 19901):
            assert (await reason_of(shop, order, amount=amount))["reason"] == "too_much"
        assert await shop.value("SELECT count(*) FROM refunds") == 0

    async def test_where_a_provider_gives_back_only_the_whole(self, shop: Shop) -> None:
        _, order, _ = await bought(shop)
        bank = shop.services.payments.registry.get("sandbox")
        assert isinstance(bank, SandboxProvider)
        bank.refunds_in_parts = False
        assert (await reason_of(shop, order, amount=100))["reason"] == "whole_only"
        assert (await ask(shop, order)).state == "wanted"

    async def test_a_sum_that_the_provider_cannot_give_back_exactly(self, shop: Shop) -> None:
        """Stripe counts dinars in three decimals, of which the last has to be zero."""
        shop.change("luna-ten", price=Price(48000, None, "KWD"))
        _, order, _ = await bought(shop)
        stripe = shop.services.payments.registry.get("stripe")

        async def part(amount: int) -> Refund:
            async with shop.database.transaction() as connection:
                return await refund_rules.ask(
                    shop.services.payments.parts, connection, shop.project, order_id=order.id, started_by="admin",
                    amount=amount, provider=stripe,
                )  # fmt: skip

        with pytest.raises(RefundRefused) as refused:
            await part(1005)
        assert refused.value.facts == {"reason": "amount_not_payable", "left": 48000, "currency": "KWD"}
        assert await shop.value("SELECT count(*) FROM refunds") == 0
        assert (await part(1010)).amount == 1010


class TestUsed:
    async def test_rule_refuse(self, shop: Shop) -> None:
        buyer, order, charge = await bought(shop)
        await use(shop, buyer, 3)
        assert await reason_of(shop, order) == {"reason": "used", "used": {"readings": 3}}
        assert await shop.balances(buyer) == (7, 5)
        # What is unused may go back.
        refund = await ask(shop, order, amount=48000 * 7 // 10)
        await shop.tell(done(refund, charge))
        assert await shop.balances(buyer) == (0, 2)

    @pytest.mark.parametrize("renews", [False, True])
    async def test_of_a_subscription_that_was_used_no_more_goes_back_than_the_time_that_is_left(
        self, shop: Shop, renews: bool
    ) -> None:
        buyer = await shop.buyer()
        order, payment = await shop.begin(buyer, "luna-month", renews=renews)
        await shop.tell(paid(payment, charge="ch_1", method="card-1" if renews else None))
        order, payment = await shop.read(order), await shop.read_payment(payment)
        await shop.rows("UPDATE subscriptions SET until = until - interval '15 days'")
        await read_on_subscription(shop, buyer)
        for amount in (None, payment.amount - 1, payment.amount * 6 // 10):
            assert (await reason_of(shop, order, amount=amount))["reason"] == "used"
        part = payment.amount * 4 // 10
        refund = await ask(shop, order, amount=part)
        await shop.tell(done(refund, str(payment.charge)))
        assert (await reason_of(shop, order, amount=part))["reason"] == "used"

    async def test_rule_forgive(self, shop: Shop) -> None:
        shop.project = replace(shop.project, refund_used="forgive")
        buyer, order, charge = await bought(shop)
        await use(shop, buyer, 3)
        refund = await ask(shop, order)
        await shop.tell(done(refund, charge))
        taken = (await shop.refunds(order))[0].taken
        assert (taken["taken"], taken["forgiven"], taken["owed"]) == (
            {"readings": 7, "follow_ups": 5}, {"readings": 3}, {},
        )  # fmt: skip
        assert await shop.balances(buyer) == (0, 0)

    async def test_rule_debt_is_paid_by_the_next_purchase(self, shop: Shop) -> None:
        shop.project = replace(shop.project, refund_used="debt")
        buyer, order, charge = await bought(shop)
        await use(shop, buyer, 3)
        refund = await ask(shop, order)
        await shop.tell(done(refund, charge))
        assert (await shop.refunds(order))[0].taken["owed"] == {"readings": 3}
        await shop.buy(buyer, "luna-ten")
        assert await shop.balances(buyer) == (7, 5)


class TestElsewhere:
    async def test_from_the_providers_own_dashboard(self, shop: Shop) -> None:
        buyer, order, charge = await bought(shop)
        await use(shop, buyer, 3)
        fact = Refunded(charge, "re_dashboard", 48000, "RUB")
        outcomes = await asyncio.gather(*(shop.tell(fact) for _ in range(3)))
        assert sorted(outcome.state for outcome in outcomes) == ["done", "repeated", "repeated"]
        refund = (await shop.refunds(order))[0]
        assert (refund.started_by, refund.state, refund.reference) == ("provider", "done", "re_dashboard")
        # It cannot be refused any more: what was used is owed.
        assert refund.taken["owed"] == {"readings": 3}
        assert (await shop.read(order)).state == "refunded"

    async def test_an_event_before_our_own_answer_is_ours(self, shop: Shop) -> None:
        _, order, charge = await bought(shop)
        refund = await ask(shop, order)
        assert (await shop.tell(Refunded(charge, "re_x", 48000, "RUB"))).state == "done"
        assert [(row.id, row.reference) for row in await shop.refunds(order)] == [(refund.id, "re_x")]

    async def test_the_same_part_on_the_providers_own_page_is_another_refund(self, shop: Shop) -> None:
        _, order, charge = await bought(shop)
        refund = await ask(shop, order, amount=10000)
        assert (await shop.tell(Refunded(charge, "re_dashboard", 10000, "RUB"))).state == "done"
        assert (await shop.tell(done(refund, charge))).state == "done"
        assert {(row.started_by, row.state) for row in await shop.refunds(order)} == {
            ("admin", "done"), ("provider", "done"),
        }  # fmt: skip
        assert (await shop.read(order)).refunded_amount == 20000
        assert await ledger.check(shop.database) == []

    @pytest.mark.parametrize(("changes", "reason"), [
        ({"amount": 48001}, "too_much"), ({"amount": 0}, "too_much"), ({"currency": "USD"}, "wrong_currency"),
    ])  # fmt: skip
    async def test_what_cannot_be_is_refused_and_kept(self, shop: Shop, changes: dict[str, Any], reason: str) -> None:
        buyer, order, charge = await bought(shop)
        fact = replace(Refunded(charge, "re_1", 48000, "RUB"), **changes)
        assert (await shop.tell(fact)).note == reason
        assert (await shop.read(order)).refunded_amount == 0
        assert await shop.balances(buyer) == (10, 5)
        assert await shop.value("SELECT note FROM provider_events") == reason

    async def test_a_dispute_that_is_lost_is_a_refund(self, shop: Shop) -> None:
        buyer, order, charge = await bought(shop)
        for state, balance in (("opened", (10, 5)), ("lost", (0, 0)), ("opened", (0, 0)), ("lost", (0, 0))):
            await shop.tell(Disputed(charge, "dp_1", 48000, "RUB", state))  # type: ignore[arg-type]  # the literals above
            assert await shop.balances(buyer) == balance
        assert await shop.value("SELECT state FROM disputes") == "lost"
        assert [(row.reference, row.state) for row in await shop.refunds(order)] == [("dp_1", "done")]
        assert await shop.value("SELECT count(*) FROM staff_cards WHERE kind = 'dispute'") == 1

    async def test_money_that_is_back_with_us_is_told_with_what_to_do(self, shop: Shop) -> None:
        """The books say that it went: a dispute won after it was lost, a refund that the bank could not pay out."""
        _, order, charge = await bought(shop)
        for state in ("lost", "won", "won"):
            await shop.tell(Disputed(charge, "dp_1", 20000, "RUB", state))  # type: ignore[arg-type]  # the literals above
        refund = await ask(shop, order, amount=10000)
        failed = RefundFailed(charge, f"re_{refund.id}", 10000, "RUB", refund.id)
        # Ours is still under way: it fails when it is asked for again.
        assert (await shop.tell(failed)).state == "ignored"
        await shop.tell(done(refund, charge))
        assert [(await shop.tell(failed)).state for _ in range(2)] == ["refused", "refused"]
        cards = await shop.rows("SELECT facts FROM staff_cards WHERE kind = 'payment_refused' ORDER BY id")
        assert [(row["facts"]["reason"], row["facts"]["amount"]) for row in cards] == [
            ("won_after_lost", 20000), ("refund_failed", 10000),
        ]  # fmt: skip
        assert {row["facts"]["order"] for row in cards} == {str(order.id)}
        text = PaymentRefusedCard().text(cards[0]["facts"], "ru")
        assert "200" in text and "dp_1" in text and "спор выигран" in text
        assert (await shop.read(order)).refunded_amount == 30000
        assert await ledger.check(shop.database) == []
        async with shop.database.connection() as connection:
            count = await EventRepository(connection, shop.project.id).count_refused(
                "sandbox", shop.project.key, notes=MONEY_IS_BACK, since=utc_now() - timedelta(hours=1)
            )
        assert count == 2

    async def test_a_dispute_that_is_won_takes_nothing(self, shop: Shop) -> None:
        buyer, order, charge = await bought(shop)
        await shop.tell(Disputed(charge, "dp_1", 48000, "RUB", "won"))
        assert (await shop.tell(Disputed(charge, "dp_1", 48000, "RUB", "opened"))).state == "repeated"
        assert await shop.balances(buyer) == (10, 5)
        assert (await shop.read(order)).state == "paid"


class TestExpired:
    @pytest.mark.parametrize("rule", ["refuse", "forgive", "debt"])
    async def test_what_has_just_expired_is_forgiven(self, shop: Shop, rule: str) -> None:
        """Also before the beat has written it off."""
        shop.change("luna-ten", expires_days=10)
        shop.project = replace(shop.project, refund_used=rule)
        buyer, order, charge = await bought(shop)
        async with shop.database.transaction() as connection:
            await pass_time(connection, timedelta(days=11))
        refund = await ask(shop, order)
        await shop.tell(done(refund, charge))
        (refund,) = await shop.refunds(order)
        assert refund.taken == {"taken": {}, "forgiven": {"readings": 10, "follow_ups": 5}, "owed": {}}
        assert await shop.balances(buyer) == (0, 0)


class TestGifts:
    async def test_one_that_nobody_opened_cannot_be_opened_any_more(self, shop: Shop) -> None:
        buyer = await shop.buyer()
        order, payment = await shop.buy(buyer, gift=True)
        refund = await ask(shop, order)
        assert await shop.value("SELECT void_at IS NOT NULL FROM gifts") is True
        await shop.tell(done(refund, payment.charge or ""))
        assert (await shop.read(order)).state == "refunded"
        assert await shop.balances(buyer) == (5, 0)

    async def test_one_that_was_paid_back_in_part_gives_the_rest(self, shop: Shop) -> None:
        buyer, friend = await shop.buyer(), await shop.buyer()
        for package, part in (("luna-ten", 47999), ("luna-ten", 9600)):
            _, payment = await shop.buy(buyer, package, gift=True)
            await shop.tell(Refunded(str(payment.charge), f"re_{part}", part, payment.currency))
            await open_gift(shop, friend)
        # Of ten readings and five follow-ups: nothing but what was rounded up, then eight and four.
        assert await shop.balances(friend) == (5 + 1 + 8, 1 + 4)
        assert await ledger.check(shop.database) == []

    async def test_a_month_that_was_paid_back_in_part_is_shorter(self, shop: Shop) -> None:
        buyer, friend = await shop.buyer(), await shop.buyer()
        _, payment = await shop.buy(buyer, "luna-month", gift=True)
        await shop.tell(Refunded(str(payment.charge), "re_1", payment.amount // 2, payment.currency))
        given = await open_gift(shop, friend)
        assert given is not None and timedelta(days=13) < given.until - utc_now() < timedelta(days=16)
        assert await ledger.check(shop.database) == []


async def open_gift(shop: Shop, friend: Buyer) -> Subscription | None:
    """The newest one."""
    code = shop.services.gifts.code(await shop.value("SELECT id FROM gifts ORDER BY id DESC LIMIT 1"))
    async with shop.database.transaction() as connection:
        redeemed = await shop.services.gifts.redeem(
            connection, project_id=shop.project.id, user_id=friend.id, code=code
        )
    return redeemed.subscription


class TestFailed:
    async def test_everything_comes_back_when_the_provider_refuses(self, shop: Shop) -> None:
        """Here its account is gone; `test_bank.py` has a bank that says no."""
        buyer, order, charge = await bought(shop)
        refund = await ask(shop, order)
        await refund_rules.send(shop.services.payments.parts, shop.database, None, shop.project, refund.id)
        refund = (await shop.refunds(order))[0]
        assert (refund.state, refund.failure) == ("failed", "account_changed")
        assert await shop.balances(buyer) == (10, 5)
        assert await shop.value("SELECT kind FROM staff_cards WHERE subject = $1", str(refund.id)) == "refund"
        # It had happened all the same: the provider says so later.
        assert (await shop.tell(done(refund, charge))).state == "done"
        assert await shop.balances(buyer) == (0, 0)
        assert (await shop.read(order)).state == "refunded"

    async def test_the_store_hears_of_one_that_began_there(self, shop: Shop) -> None:
        """It stands in the store's books already: the line takes it out again, and our own books allow for it."""
        _, order, _ = await bought(shop)
        refund = await ask(shop, order, started_by="woocommerce")
        await refund_rules.send(shop.services.payments.parts, shop.database, None, shop.project, refund.id)
        assert await shop.value("SELECT count(*) FROM book_entries WHERE refund_id = $1", refund.id) == 1
        assert await ledger.check(shop.database) == []

    async def test_a_provider_that_is_away_is_asked_again(self, shop: Shop) -> None:
        """Nobody listens where the bank should be."""
        buyer, order, _ = await bought(shop)
        refund = await ask(shop, order)
        bank = shop.services.payments.registry.get("sandbox")
        await refund_rules.send(shop.services.payments.parts, shop.database, bank, shop.project, refund.id)
        waiting = (await shop.refunds(order))[0]
        assert (waiting.state, waiting.failure, waiting.attempts) == ("wanted", "provider_away", 1)
        assert waiting.next_at > refund.next_at
        # Not before its time, and by one process alone.
        await refund_rules.send(shop.services.payments.parts, shop.database, bank, shop.project, refund.id)
        assert (await shop.refunds(order))[0].attempts == 1
        assert await shop.balances(buyer) == (0, 0)


@pytest.mark.impossible
class TestTable:
    async def test_every_cell(self, shop: Shop) -> None:
        buyer = await shop.buyer()
        for source in REFUND:
            for target in ("sent", "done", "failed"):
                order, _ = await shop.buy(buyer)
                refund = await ask(shop, order)
                await shop.rows("UPDATE refunds SET state = $2 WHERE id = $1", refund.id, source)
                async with shop.database.transaction() as connection:
                    rows = RefundRepository(connection, shop.project.id)
                    if target == "sent":
                        await rows.sent(refund.id, reference="r", until=timedelta(hours=1))
                    elif target == "done":
                        await rows.finish(refund.id, reference="r")
                    else:
                        await rows.fail(refund.id, failure="refused")
                possible = target in REFUND[source] or source == target
                assert (await shop.refunds(order))[0].state == (target if possible else source), (source, target)
