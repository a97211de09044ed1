"""Two invoices for a subscription, both paid: one begins, the other's agreement ends and its Stars go back, once."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from app.payments.ledger import rules as ledger
from app.settings import Settings
from tests.conftest import Person, open_worker
from tests.payments.stars_stage import Buyer, buyer, until
from tests.telegram.conftest import Desk, desk, logs
from tests.telegram.stage import Stage, open_stage
from tests.weather import ForkedWorker, running

__all__ = ["desk", "logs"]

MONTH = {"package": "luna-month", "provider": "stars", "expected_total": 320, "currency": "XTR"}


@pytest.fixture
async def stage(stocked_settings: Settings, desk: Desk) -> AsyncIterator[Stage]:
    """The API answers Telegram's question by itself; nobody works on what it tells, until a test has a worker do it."""
    async with open_stage(stocked_settings, desk, workers=0) as stage:
        yield stage
        assert await ledger.check(stage.database) == []


async def order(person: Person) -> str:
    """The link of a new invoice for the monthly subscription."""
    made = await person.post("/api/v1/orders", json=MONTH, headers={"Idempotency-Key": uuid4().hex})
    assert made.status_code == 201, made.text
    url: str = made.json()["payment"]["url"]
    return url


async def pay_two(stage: Stage, *, same: bool) -> tuple[Buyer, list[str]]:
    """Both are open in the Mini App, on a phone and on a desktop, and paid one after the other; the charges."""
    anna = buyer(stage)
    await anna.talk.tell("/start")
    person = await stage.api.sign_in(telegram_id=5)
    first = await order(person)
    second = first if same else await order(person)
    paid = [await anna.pay(link=link) for link in (first, second)]
    assert [one["status"] for one in paid] == ["paid", "paid"], paid
    return anna, [one["charge_id"] for one in paid]


async def subscriptions(stage: Stage) -> dict[str, dict[str, Any]]:
    """What Telegram knows of them, by the charge that began each."""
    payments = (await stage.desk.look("stars", person=5))["payments"]
    return {payment["charge_id"]: payment for payment in payments}


async def settled(anna: Buyer, second: str) -> bool:
    """Whether nothing is left to be done about the second one, here and at Telegram."""
    known = (await subscriptions(anna.stage))[second]
    open_refunds = await anna.stage.value("SELECT count(*) FROM refunds WHERE state <> 'done'")
    refunds = await anna.stage.value("SELECT count(*) FROM refunds")
    jobs = await anna.stage.value("SELECT count(*) FROM pgqueuer WHERE entrypoint = 'subscriptions.let_go'")
    return bool(known["refunded"] and known["subscription"]["canceled_by_bot"] and refunds) and not open_refunds + jobs


async def check_one_is_left(anna: Buyer, charges: list[str]) -> None:
    stage, (first, second) = anna.stage, charges
    known = await subscriptions(stage)
    assert not known[first]["refunded"] and not known[first]["subscription"]["canceled"]
    assert (await stage.desk.look("stars", person=5))["balance"] == 10_000 - 320
    refunds = await stage.desk.calls("refundStarPayment", anna.bot_id)
    assert {call["parameters"]["telegram_payment_charge_id"] for call in refunds} == {second}
    assert [call["outcome"] for call in refunds].count(200) == 1
    running = await anna.subscription()
    assert running is not None and (running.renews, running.reference) == (True, first)
    assert [(payment.state, payment.charge) for payment in await anna.payments()] == [
        ("paid", first), ("surplus", second),
    ]  # fmt: skip
    assert await stage.value("SELECT count(*) FROM refunds WHERE state = 'done' AND reason = 'surplus'") == 1
    # Another month is a renewal of the one that is left.
    renewed = await anna.change(first, "renew")
    await until(lambda: paid_twice(anna))
    assert (await anna.payments())[-1].charge == renewed["charge_id"]
    await anna.change(second, "renew", code=409)


async def paid_twice(anna: Buyer) -> bool:
    return [payment.state for payment in await anna.payments()].count("paid") == 2


@pytest.mark.parametrize("same", [False, True])
async def test_the_second_agreement_ends_and_its_stars_go_back(stage: Stage, same: bool) -> None:
    anna, charges = await pay_two(stage, same=same)
    async with open_worker(stage.settings):
        await until(lambda: settled(anna, charges[1]))
        await check_one_is_left(anna, charges)

        async def told() -> bool:
            return any("вторая не нужна" in str(message.get("text")) for message in await anna.talk.all())

        await until(told)
        states = ["paid"] if same else ["paid", "canceled"]
        assert [found.state for found in await anna.orders() if found.kind == "purchase"] == states
        card = "SELECT count(*) FROM staff_cards WHERE kind = 'refund' AND user_id = $1"
        assert await stage.value(card, await anna.user_id()) == 1


async def test_a_worker_that_dies_in_between_changes_nothing_of_that(stage: Stage, tmp_path: Path) -> None:
    """Killed while Telegram takes its time with both calls, which it then carries out unheard."""
    anna, charges = await pay_two(stage, same=False)
    for method in ("refundStarPayment", "editUserStarSubscription"):
        await stage.desk.fault(method=method, delay=2.0, times=1)

    async def asking() -> bool:
        jobs = "SELECT count(*) FROM pgqueuer WHERE entrypoint = 'subscriptions.let_go' AND status = 'picked'"
        return bool(await stage.value(jobs)) and await stage.value("SELECT max(attempts) FROM refunds") == 1

    async with running(ForkedWorker(stage.settings, tmp_path / "worker.log")) as first:
        await until(asking)
        await first.kill()
    async with stage.database.connection() as connection:
        # As if its time were over: nobody waits a minute here.
        await connection.execute("UPDATE refunds SET next_at = now()")
        await connection.execute("UPDATE pgqueuer SET heartbeat = heartbeat - interval '1 minute'")
    async with open_worker(stage.settings):
        await until(lambda: settled(anna, charges[1]), wait=40)
        await check_one_is_left(anna, charges)
    assert len(await stage.desk.calls("editUserStarSubscription", anna.bot_id)) >= 1


async def test_whoever_has_one_is_not_charged_for_the_next(stage: Stage) -> None:
    """Asked in time, the bot refuses before the money moves."""
    anna = buyer(stage)
    await anna.talk.tell("/start")
    person = await stage.api.sign_in(telegram_id=5)
    first, second = await order(person), await order(person)
    async with open_worker(stage.settings):
        await anna.pay(link=first)
        await until(anna.subscription)
    refused = await anna.pay(link=second)
    assert refused["status"] == "failed"
    assert refused["error"].startswith("Подписка у вас уже есть, и она продлевается сама")
    assert (await stage.desk.look("stars", person=5))["balance"] == 10_000 - 320
