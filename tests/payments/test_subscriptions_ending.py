"""Agreements that are to end at their provider: asked again until it answers, and told to the staff when it
does not."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from app.kit.clock import utc_now
from app.payments.subscriptions import ending_jobs as ending
from app.payments.subscriptions.ending import JOB, Agreement, end_agreement
from app.settings import Settings
from tests.payments.stage import Buyer, Shop, open_shop
from tests.telegram.conftest import Desk, desk, logs

__all__ = ["desk", "logs"]

CARDS = "SELECT facts ->> 'failure' AS failure, user_id FROM staff_cards WHERE kind = 'agreement'"


@pytest.fixture
async def shop(stocked_settings: Settings, desk: Desk) -> AsyncIterator[Shop]:
    """Telegram is there, and knows of no charge: it refuses to end what it does not know."""
    async with open_shop(stocked_settings.model_copy(update={"telegram_api_url": desk.url})) as shop:
        bot = shop.project.bot
        assert bot is not None
        body = {"token": bot.token.get_secret_value(), "username": bot.username}
        await desk.client.post("/sandbox/bots", json=body)
        yield shop


async def ask(shop: Shop, buyer: Buyer, *, days: int = 30, account: str | None = None) -> dict[str, Any]:
    """Has an agreement ended; what its job is told."""
    assert shop.project.bot is not None
    agreement = Agreement(shop.project.id, "stars", account or str(shop.project.bot.id), "stx-first")
    async with shop.database.transaction() as connection:
        await end_agreement(
            connection, agreement, user_id=buyer.id, telegram_id=buyer.telegram_id,
            paid_until=utc_now() + timedelta(days=days),
        )  # fmt: skip
    (payload,) = await take(shop)
    return payload


async def take(shop: Shop) -> list[dict[str, Any]]:
    """The waiting jobs, off the queue."""
    rows = await shop.rows(
        "DELETE FROM pgqueuer WHERE entrypoint = $1 RETURNING convert_from(payload, 'utf8')::jsonb", JOB
    )
    return [row[0] for row in rows]


async def test_one_that_is_away_is_asked_again_later_and_later(shop: Shop, desk: Desk) -> None:
    payload = await ask(shop, await shop.buyer())
    await desk.fault(method="editUserStarSubscription", status=502, times=2)
    waits = []
    for tries in (1, 2):
        await ending.let_go(shop.services, payload)
        waits.append(await shop.value("SELECT execute_after - now() FROM pgqueuer WHERE entrypoint = $1", JOB))
        (payload,) = await take(shop)
        assert payload["tries"] == tries
    assert timedelta(0) < waits[0] <= timedelta(minutes=1) < waits[1] <= timedelta(minutes=2)
    assert await shop.rows(CARDS) == []


async def test_the_staff_hear_of_one_that_stays_away_once_and_in_the_end_it_is_theirs(shop: Shop, desk: Desk) -> None:
    buyer = await shop.buyer()
    payload = await ask(shop, buyer)
    await desk.fault(method="editUserStarSubscription", status=502, times=None)
    await ending.let_go(shop.services, {**payload, "tries": ending.PATIENCE - 2})
    assert await shop.rows(CARDS) == [] and len(await take(shop)) == 1
    await ending.let_go(shop.services, {**payload, "tries": ending.PATIENCE - 1})
    assert [tuple(row) for row in await shop.rows(CARDS)] == [("away", buyer.id)]
    (again,) = await take(shop)
    assert again["tries"] == ending.PATIENCE
    await ending.let_go(shop.services, {**payload, "tries": ending.LAST_TRY - 1})
    assert len(await shop.rows(CARDS)) == 1
    assert await take(shop) == []


async def test_a_refusal_reaches_the_staff_at_once_and_is_not_repeated(shop: Shop) -> None:
    buyer = await shop.buyer()
    await ending.let_go(shop.services, await ask(shop, buyer))
    assert [tuple(row) for row in await shop.rows(CARDS)] == [("refused", buyer.id)]
    assert await take(shop) == []


async def test_what_has_run_out_by_itself_may_be_refused(shop: Shop) -> None:
    await ending.let_go(shop.services, await ask(shop, await shop.buyer(), days=-1))
    assert await shop.rows(CARDS) == [] and await take(shop) == []


async def test_an_account_that_is_not_there_now_is_waited_for(shop: Shop) -> None:
    """The catalogue has not arrived yet, a project is switched off, a bot has another token: none is for good."""
    buyer = await shop.buyer()
    await ending.let_go(shop.services, await ask(shop, buyer, account="700"))
    (payload,) = await take(shop)
    assert payload["tries"] == 1
    await ending.let_go(shop.services, {**payload, "project": 32_000})
    (payload,) = await take(shop)
    assert payload["tries"] == 2
    assert await shop.rows(CARDS) == []


async def test_nobody_is_named_who_has_erased_himself(shop: Shop) -> None:
    buyer = await shop.buyer()
    payload = await ask(shop, buyer)
    await shop.rows("UPDATE users SET state = 'erased', telegram_id = NULL WHERE id = $1", buyer.id)
    await ending.let_go(shop.services, payload)
    assert [tuple(row) for row in await shop.rows(CARDS)] == [("refused", None)]
