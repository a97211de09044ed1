"""How subscriptions begin, grow and end."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.kit.clock import utc_now
from app.locales import Words
from app.notifications.kinds import KINDS
from app.payments.port import Paid, SubscriptionChanged
from app.payments.subscriptions.schedule import due, take_step, tick
from app.payments.subscriptions.share import take_share
from app.payments.subscriptions.terms import add_months
from app.users.days import local_date, next_midnight
from app.users.repository import UserRepository
from app.wallet.service import wallet
from tests.payments.subscribing import Subscriber, nearly

DAY = timedelta(days=1)


def in_a_month() -> datetime:
    return add_months(utc_now(), 1)


def same(moment: datetime, other: datetime) -> bool:
    return abs(moment - other) < timedelta(minutes=1)


class TestTime:
    @pytest.mark.parametrize(
        ("start", "months", "end"),
        [
            ((2026, 1, 31), 1, (2026, 2, 28)),
            ((2028, 1, 31), 1, (2028, 2, 29)),
            ((2026, 11, 30), 3, (2027, 2, 28)),
            ((2028, 2, 29), 12, (2029, 2, 28)),
            ((2026, 12, 5), 1, (2027, 1, 5)),
        ],
    )
    def test_months_end_on_days_that_exist(
        self, start: tuple[int, int, int], months: int, end: tuple[int, int, int]
    ) -> None:
        assert add_months(datetime(*start, 13, 5, tzinfo=UTC), months) == datetime(*end, 13, 5, tzinfo=UTC)

    def test_a_day_is_the_persons_own_also_when_clocks_change(self) -> None:
        evening = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)
        assert local_date("Europe/Berlin", evening).isoformat() == "2026-03-29"
        assert next_midnight("Europe/Berlin", evening) == datetime(2026, 3, 29, 22, 0, tzinfo=UTC)
        assert next_midnight("Pacific/Kiritimati", evening) == datetime(2026, 3, 29, 10, 0, tzinfo=UTC)
        assert next_midnight("Nowhere/Else", evening) == datetime(2026, 3, 29, tzinfo=UTC)


class TestExtend:
    async def test_one_that_does_not_renew_lasts_a_period(self, subscriber: Subscriber) -> None:
        given = await subscriber.buy()
        assert (given.state, given.renews, given.grace_until, given.provider) == ("active", False, None, None)
        assert same(given.until, in_a_month())
        year = await subscriber.buy(period="year")
        assert year.id == given.id
        assert year.until == add_months(given.until, 12)

    async def test_an_agreement_lasts_as_long_as_its_provider_says(self, subscriber: Subscriber) -> None:
        given = await subscriber.buy(days=30, renews=True)
        assert (given.renews, given.reference, given.provider, given.account) == (True, "agreement", "stars", "7")
        assert nearly(given.until, days=30) and nearly(given.grace_until, days=33)
        assert given.renew_at is None, "the provider renews, not we"
        await subscriber.wait(29.9 * DAY)
        renewed = await subscriber.buy(days=30.1, kind="renewal", subscription_id=given.id, renews=True)
        assert renewed.id == given.id
        assert nearly(renewed.until, days=30.1)
        assert await subscriber.told() == ["renewed"]

    async def test_a_saved_method_is_kept_sealed_and_charged_at_the_end(self, subscriber: Subscriber) -> None:
        fact = Paid(charge="c", amount=250, currency="RUB", method="pm-123")
        given = await subscriber.buy(fact, renews=True, currency="RUB")
        assert given.renews and given.renew_at == given.until
        assert given.sealed_method is not None and "pm-123" not in given.sealed_method
        assert subscriber.keyring.open(given.sealed_method) == b"pm-123"
        assert (given.price, given.currency) == (250, "RUB")

    async def test_a_renewal_in_the_grace_period_pays_from_the_end_of_the_last(self, subscriber: Subscriber) -> None:
        fact = Paid(charge="c", amount=250, currency="RUB", method="pm-123")
        first = await subscriber.buy(fact, renews=True, currency="RUB")
        await subscriber.wait(first.until - utc_now() + 2 * DAY)
        assert await tick(subscriber.database, subscriber.subscriptions) > 0
        assert (await subscriber.last()).state == "grace"
        ended = (await subscriber.last()).until
        renewed = await subscriber.buy(
            Paid(charge="d", amount=250, currency="RUB"), kind="renewal", subscription_id=first.id, currency="RUB"
        )
        assert (renewed.state, renewed.until) == ("active", add_months(ended, 1))
        assert renewed.sealed_method == first.sealed_method

    async def test_money_that_comes_after_the_end_begins_it_again(self, subscriber: Subscriber) -> None:
        first = await subscriber.buy(days=30, renews=True)
        await subscriber.wait(40 * DAY)
        await tick(subscriber.database, subscriber.subscriptions)
        assert (await subscriber.last()).state == "ended"
        again = await subscriber.buy(days=20, kind="renewal", subscription_id=first.id, renews=True)
        assert (again.id, again.state, again.renews) == (first.id, "active", True)
        assert nearly(again.until, days=20)

    async def test_money_for_a_period_that_is_over_adds_no_time(self, subscriber: Subscriber) -> None:
        first = await subscriber.buy(days=30, renews=True)
        late = await subscriber.buy(days=-5, kind="renewal", subscription_id=first.id, renews=True)
        assert late.until == first.until

    async def test_time_that_was_bought_besides_is_not_lost_to_a_renewal(self, subscriber: Subscriber) -> None:
        first = await subscriber.buy(days=30, renews=True)
        async with subscriber.database.connection() as connection:
            await connection.execute("UPDATE subscriptions SET until = until + interval '60 days'")
        renewed = await subscriber.buy(days=60, kind="renewal", subscription_id=first.id, renews=True)
        assert renewed.until > first.until + 85 * DAY

    async def test_one_that_was_canceled_stays_so_when_a_last_payment_comes(self, subscriber: Subscriber) -> None:
        first = await subscriber.buy(days=30, renews=True)
        await subscriber.change("canceled")
        renewed = await subscriber.buy(days=60, kind="renewal", subscription_id=first.id, renews=True)
        assert (renewed.renews, renewed.grace_until) == (False, None)
        assert nearly(renewed.until, days=60)

    async def test_a_trial_is_short_and_renews_nothing(self, subscriber: Subscriber) -> None:
        given = await subscriber.buy(kind="trial", total=0)
        assert (given.trial, given.renews) == (True, False)
        assert nearly(given.until, days=7)
        bought = await subscriber.buy(days=37, renews=True)
        assert (bought.trial, bought.renews, bought.id) == (False, True, given.id)
        assert nearly(bought.until, days=37)

    @pytest.mark.parametrize("sealed", [False, True])
    @pytest.mark.parametrize("kind", ["gift", "trial", "purchase"])
    async def test_time_alone_leaves_an_agreement_as_it_is(
        self, subscriber: Subscriber, kind: str, sealed: bool
    ) -> None:
        """A gift, a trial, or a year that a coupon paid all of: also one that was ordered before the agreement."""
        fact = Paid(charge="c", amount=250, currency="XTR", method="pm-1") if sealed else None
        first = await subscriber.buy(fact, days=None if sealed else 30, renews=True, total=250)
        more = await subscriber.buy(kind=kind, total=0, period="year", fair_use=1, key="other", trial_days=7)
        until = first.until + 7 * DAY if kind == "trial" else add_months(first.until, 12)
        renew_at = until if sealed else None
        grace = until + 3 * DAY
        assert more == replace(first, until=until, grace_until=grace, renew_at=renew_at)

    async def test_follow_ups_come_with_each_period_and_end_with_it(self, subscriber: Subscriber) -> None:
        given = await subscriber.buy(days=30, renews=True, follow_ups=10)
        async with subscriber.database.connection() as connection:
            owner = {"project_id": subscriber.project_id, "user_id": subscriber.user_id}
            balance = (await wallet.get(connection, **owner))["follow_ups"]
            assert [(lot.amount, lot.expires_at) for lot in balance.expiring] == [(10, given.until)]
        await subscriber.buy(days=60, kind="renewal", subscription_id=given.id, follow_ups=10)
        async with subscriber.database.connection() as connection:
            balance = (await wallet.get(connection, **owner))["follow_ups"]
        assert [lot.amount for lot in balance.expiring] == [10, 10]

    async def test_another_project_knows_nothing_of_it(self, subscriber: Subscriber) -> None:
        await subscriber.buy(days=30, renews=True)
        other = await Subscriber.new(subscriber.database)
        async with subscriber.database.transaction() as connection:
            known = await other.subscriptions.changed(
                connection,
                other.project_id,
                provider="stars",
                account="7",
                fact=SubscriptionChanged("agreement", "canceled"),
            )
        assert known is None
        assert (await subscriber.last()).renews

    async def test_two_orders_at_once_make_one_subscription(self, subscriber: Subscriber) -> None:
        first = await subscriber.buy()
        await asyncio.gather(*(subscriber.buy() for _ in range(5)))
        last = await subscriber.last()
        assert last.id == first.id
        assert last.until == add_months(add_months(add_months(add_months(add_months(first.until, 1), 1), 1), 1), 1)


class TestProvidersWord:
    async def test_canceled_runs_on_and_resumes(self, subscriber: Subscriber) -> None:
        first = await subscriber.buy(days=30, renews=True)
        await subscriber.change("canceled")
        await subscriber.change("canceled")
        canceled = await subscriber.last()
        assert (canceled.state, canceled.renews, canceled.until) == ("active", False, first.until)
        assert canceled.canceled_at is not None
        await subscriber.change("active")
        resumed = await subscriber.last()
        assert (resumed.renews, resumed.canceled_at) == (True, None)
        assert nearly(resumed.grace_until, days=33)

    async def test_a_failure_is_told_once(self, subscriber: Subscriber) -> None:
        await subscriber.buy(days=30, renews=True)
        await subscriber.change("failed")
        await subscriber.change("failed")
        assert await subscriber.told() == ["failed"]


class TestSchedule:
    async def steps(self, subscriber: Subscriber, *days: float) -> list[str]:
        """What is told as so many days pass, one after the other."""
        for wait in days:
            await subscriber.wait(wait * DAY)
            await tick(subscriber.database, subscriber.subscriptions)
        return await subscriber.told()

    async def test_nothing_happens_in_between(self, subscriber: Subscriber) -> None:
        await subscriber.buy(days=30, renews=True)
        assert await self.steps(subscriber, 10, 10, 6.9) == []

    async def test_one_that_renews_is_told_before_and_waits_three_days(self, subscriber: Subscriber) -> None:
        await subscriber.buy(days=30, renews=True)
        assert await self.steps(subscriber, 27.1, 1, 1.8) == ["soon"]
        # The end: providers need some hours, so nothing is said at once.
        assert await self.steps(subscriber, 0.2) == ["soon"]
        assert (await subscriber.last()).state == "grace"
        assert await self.steps(subscriber, 0.3, 0.5) == ["soon", "failed"]
        assert await self.steps(subscriber, 1.3) == ["soon", "failed", "grace_ends"]
        assert await self.steps(subscriber, 0.9) == ["soon", "failed", "grace_ends", "ended"]
        assert (await subscriber.last()).state == "ended"
        assert await self.steps(subscriber, 5) == ["soon", "failed", "grace_ends", "ended"]

    async def test_one_that_does_not_renew_is_told_that_it_ends(self, subscriber: Subscriber) -> None:
        given = await subscriber.buy()
        wait = (given.until - utc_now()) / DAY
        assert await self.steps(subscriber, wait - 2.9, 2.8) == ["ends"]
        assert await self.steps(subscriber, 0.2) == ["ends", "ended"]
        assert await subscriber.running() is None

    async def test_a_trial_is_reminded_of_on_its_last_day(self, subscriber: Subscriber) -> None:
        await subscriber.buy(kind="trial", total=0)
        assert await self.steps(subscriber, 5.5) == []
        assert await self.steps(subscriber, 0.6) == ["ends"]

    async def test_each_renewal_is_told_anew(self, subscriber: Subscriber) -> None:
        first = await subscriber.buy(days=30, renews=True)
        assert await self.steps(subscriber, 27.5) == ["soon"]
        await subscriber.buy(days=32.9, kind="renewal", subscription_id=first.id, renews=True)
        assert await self.steps(subscriber, 30) == ["soon", "renewed", "soon"]

    async def test_after_a_long_pause_only_the_end_is_told(self, subscriber: Subscriber) -> None:
        await subscriber.buy(days=30, renews=True)
        assert await self.steps(subscriber, 60) == ["ended"]

    async def test_two_workers_take_each_step_once(self, subscriber: Subscriber) -> None:
        await subscriber.buy(days=30, renews=True)
        await subscriber.wait(28 * DAY)
        async with subscriber.database.connection() as connection:
            [(project_id, subscription_id)] = await due(connection)

        async def step() -> str | None:
            async with subscriber.database.transaction() as connection:
                return await take_step(connection, subscriber.subscriptions, project_id, subscription_id)

        taken = await asyncio.gather(*(step() for _ in range(8)))
        assert sorted(taken, key=str) == [None] * 7 + ["soon"]
        assert await subscriber.told() == ["soon"]

    async def test_an_agreement_that_waited_in_vain_is_ended_at_its_provider(self, subscriber: Subscriber) -> None:
        await subscriber.buy(days=30, renews=True)
        await self.steps(subscriber, 60)
        async with subscriber.database.connection() as connection:
            jobs = await connection.fetch("SELECT payload FROM pgqueuer WHERE entrypoint = 'subscriptions.let_go'")
        assert len(jobs) == 1
        assert b'"reference":"agreement"' in bytes(jobs[0]["payload"]).replace(b" ", b"")


class TestShare:
    async def take(self, subscriber: Subscriber, now: datetime | None = None) -> Any:
        async with subscriber.database.transaction() as connection:
            user = await UserRepository(connection, subscriber.project_id).get(subscriber.user_id)
            assert user is not None
            return await take_share(connection, user, now=now or utc_now())

    async def test_nobody_without_a_running_one_has_a_share(self, subscriber: Subscriber) -> None:
        assert await self.take(subscriber) is None
        await subscriber.buy()
        assert (await self.take(subscriber)).day == utc_now().date()
        await subscriber.wait(40 * DAY)
        assert await self.take(subscriber) is None, "also before the job has ended it"

    async def test_grace_counts(self, subscriber: Subscriber) -> None:
        await subscriber.buy(days=30, renews=True)
        await subscriber.wait(32 * DAY)
        assert (await self.take(subscriber)).day is not None
        await subscriber.wait(1.1 * DAY)
        assert await self.take(subscriber) is None

    async def test_thirty_at_once_get_the_limit(self, subscriber: Subscriber) -> None:
        await subscriber.buy(fair_use=4)
        shares = await asyncio.gather(*(self.take(subscriber) for _ in range(30)))
        assert sum(share.day is not None for share in shares) == 4
        refused = next(share for share in shares if share.day is None)
        assert (refused.limit, refused.free_at) == (4, next_midnight("UTC", utc_now()))

    async def test_the_next_day_is_the_persons(self, subscriber: Subscriber) -> None:
        await subscriber.buy(fair_use=1)
        async with subscriber.database.connection() as connection:
            await connection.execute("UPDATE users SET timezone = 'Asia/Vladivostok'")
        noon = datetime(utc_now().year, utc_now().month, utc_now().day, 12, tzinfo=UTC)
        assert (await self.take(subscriber, noon)).day is not None
        refused = await self.take(subscriber, noon + timedelta(hours=1))
        assert (refused.day, refused.free_at) == (None, noon + timedelta(hours=2))
        assert (await self.take(subscriber, noon + timedelta(hours=2))).day is not None


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("address", ["informal", "formal"])
@pytest.mark.parametrize("event", ["soon", "ends", "renewed", "failed", "grace_ends", "ended"])
def test_every_notice_reads_well(language: str, address: str, event: str) -> None:
    values = {
        "event": event,
        "name": {"ru": "Безлимит", "en": "Unlimited"},
        "day": "2026-11-05",
        "amount": 250,
        "currency": "XTR",
    }
    said = KINDS["subscription"].render(Words(language, address=address), values)
    assert not {"{", "}", "|"} & set(said.title + said.text)
    assert ("Безлимит" if language == "ru" else "Unlimited") in said.text
    if event == "soon":
        assert ("05.11.2026" if language == "ru" else "5 Nov 2026") in said.text
        assert "250" in said.text
    if language == "ru" and event == "failed":
        assert ("проверь " in said.text) == (address == "informal")
