"""A monthly subscription by Stars: begun, renewed, canceled in the bot and in Telegram, taken back, not paid."""

from datetime import timedelta
from typing import Any

import pytest

from app.payments.reconciliation import compare
from tests.payments.stars_stage import Buyer, buyer, until
from tests.telegram.conftest import desk, logs
from tests.telegram.stage import Stage, captions, stage

__all__ = ["desk", "logs", "stage"]

WORDS = {
    "ru": {
        "package": "Лунный месяц",
        "renews": "Действует и продлится",
        "cancel": "Отменить продление",
        "ask": "Больше не продлевать?",
        "keep": "Нет, пусть продлевается",
        "yes": "Да, больше не продлевать",
        "runs": "и сама не продлится",
        "resume": "Вернуть продление",
        "there": "Остался один шаг",
        "goes_on": "снова продлевается сама",
        "stops": "больше не продлевается",
    },
    "en": {
        "package": "Lunar Month",
        "renews": "It runs, and renews on",
        "cancel": "Cancel the renewal",
        "ask": "Not renew any more?",
        "keep": "No, keep renewing",
        "yes": "Yes, don't renew",
        "runs": "does not renew by itself",
        "resume": "Renew after all",
        "there": "One more step",
        "goes_on": "renews by itself again",
        "stops": "does not renew any more",
    },
}


async def renews(person: Buyer, expected: bool) -> bool:
    running = await person.subscription()
    return running is not None and running.renews is expected


@pytest.mark.parametrize(("language", "user"), [("ru", 5), ("en", 6)])
async def test_begun_renewed_canceled_and_taken_back(stage: Stage, language: str, user: int) -> None:
    words, anna = WORDS[language], buyer(stage, user=user, language=language)
    charge = await anna.subscribe()
    begun = await anna.subscription()
    assert begun is not None
    assert (begun.state, begun.renews, begun.reference, begun.price) == ("active", True, charge, 320)
    # A month later Telegram charges by itself; and from then on it is the same agreement.
    renewed = await anna.change(charge, "renew")

    async def is_longer() -> bool:
        running = await anna.subscription()
        return running is not None and running.until == begun.until + timedelta(days=30)

    await until(is_longer)
    running = await anna.subscription()
    assert running is not None and running.reference == charge
    assert [(order.kind, order.state) for order in await anna.orders()] == [("purchase", "paid"), ("renewal", "paid")]
    assert [payment.charge for payment in await anna.payments()] == [charge, renewed["charge_id"]]
    # Telegram's books say the same, and change nothing.
    stars = stage.api.services.payments.registry.get("stars")
    assert stars is not None
    counts = await compare(stage.api.services.payments, stage.database, anna.talk.project, stars)
    assert (counts["lines"], counts["repeated"], counts["missing"]) == (2, 2, 0)
    page = await said(anna, "/subscription", words["renews"])
    await anna.talk.press(page, words["cancel"])
    page = await anna.talk.becomes(page, words["ask"])
    await anna.talk.press(page, words["keep"])
    page = await anna.talk.becomes(page, words["renews"])
    await anna.talk.press(page, words["cancel"])
    await anna.talk.press(page, words["yes"])
    page = await anna.talk.becomes(page, words["runs"])
    await anna.change(charge, "renew", code=409)
    # The bot only allows it; the person goes on in Telegram's settings, and Telegram tells of that.
    await anna.talk.press(page, words["resume"])
    page = await anna.talk.becomes(page, words["there"])
    assert await renews(anna, False)
    await anna.change(charge, "resume")
    await until(lambda: renews(anna, True))
    await said(anna, None, words["goes_on"])
    await anna.change(charge, "cancel")
    await until(lambda: renews(anna, False))
    await said(anna, None, words["stops"])
    await stage.idle()


async def said(person: Buyer, text: str | None, part: str) -> dict[str, Any]:
    """The newest message of the bot that holds this, after saying something; notices may come between."""
    if text is not None:
        await person.talk.tell(text)

    async def look() -> dict[str, Any] | None:
        found = [message for message in await person.talk.all() if part in str(message.get("text"))]
        return found[-1] if found else None

    message: dict[str, Any] = await until(look)
    return message


async def test_a_renewal_that_was_never_told_is_found_and_keeps_the_agreement(stage: Stage) -> None:
    """Only Telegram's books know of it; the first charge stays the agreement's name."""
    anna = buyer(stage)
    charge = await anna.subscribe()
    bot = anna.talk.project.bot
    assert bot is not None
    await stage.desk.client.post(f"/bot{bot.token.get_secret_value()}/test/deleteWebhook")
    renewed = await anna.change(charge, "renew")
    assert renewed["charge_id"] != charge
    project, services = anna.talk.project, stage.api.services
    stars = services.payments.registry.get("stars")
    assert stars is not None
    counts = await compare(services.payments, stage.database, project, stars)
    assert (counts["done"], counts["repeated"], counts["refused"]) == (1, 1, 0)
    running = await anna.subscription()
    assert running is not None and running.reference == charge
    assert [order.kind for order in await anna.orders()] == ["purchase", "renewal"]


async def test_not_paid_it_waits_and_whoever_has_one_buys_no_other(stage: Stage) -> None:
    anna = buyer(stage)
    charge = await anna.subscribe()
    page = await anna.open_shop()
    await anna.talk.press(page, "Лунный год")
    page = await anna.talk.becomes(page, "Оплачивается один раз и сама не продлевается.")
    await anna.talk.press(page, "Оформить за")
    page = await anna.talk.becomes(page, "Подписка уже есть: она действует до")
    assert captions(page) == ["✨ Подписка"]
    await anna.change(charge, "fail")

    async def is_told() -> bool:
        running = await anna.subscription()
        return running is not None and (running.state, running.told) == ("active", "failed")

    # The message itself may wait for the morning.
    await until(is_told)
    notices = "SELECT count(*) FROM notifications WHERE kind = 'subscription' AND user_id = $1"
    assert await stage.value(notices, await anna.user_id()) == 1
    assert (await said(anna, "/balance", "Подписка «Лунный месяц» до"))["text"].startswith("Ваш баланс")


async def test_a_year_is_paid_once(stage: Stage) -> None:
    anna = buyer(stage)
    page = await anna.open_shop()
    await anna.talk.press(page, "Лунный год")
    await anna.talk.press(page, "Оформить за")
    (invoice,) = await anna.talk.next()
    assert invoice["invoice"]["total_amount"] == 2660
    await anna.pay(invoice)
    assert "Сама она не продлится." in (await anna.talk.next())[0]["text"]
    running = await anna.subscription()
    assert running is not None and (running.renews, running.reference, running.period) == (False, None, "year")
    (order,) = await anna.orders()
    assert not order.renews


async def paid_messages(anna: Buyer) -> list[dict[str, Any]]:
    """What Telegram said of each payment in the chat, the oldest first."""
    messages = await anna.stage.desk.messages(bot=anna.bot_id, person=anna.talk.user)
    return [message["successful_payment"] for message in messages if "successful_payment" in message]


async def test_a_renewal_is_asked_for_paid_and_told_as_telegram_does_it(stage: Stage) -> None:
    """The question comes before a renewal too: agreed to about when the paid time ends, and not before."""
    anna = buyer(stage)
    charge = await anna.subscribe()
    begun = await anna.subscription()
    assert begun is not None
    (first,) = await paid_messages(anna)
    assert (first["is_recurring"], first["is_first_recurring"]) == (True, True)
    assert first["subscription_expiration_date"] == int(begun.until.timestamp())
    refused = await anna.change(charge, "renew", ask=True)
    assert refused["error"] == "Этот заказ уже оплачен, второй раз платить не нужно."
    assert len(await paid_messages(anna)) == 1
    # A month later.
    async with stage.database.connection() as connection:
        await connection.execute("UPDATE subscriptions SET until = until - interval '30 days'")
    renewed = await anna.change(charge, "renew", ask=True)
    assert renewed["charge_id"] != charge

    async def is_longer() -> bool:
        running = await anna.subscription()
        return running is not None and running.until > begun.until

    await until(is_longer)
    second = (await paid_messages(anna))[1]
    assert second["is_recurring"] and "is_first_recurring" not in second
    running = await anna.subscription()
    assert running is not None
    assert second["subscription_expiration_date"] == int(running.until.timestamp())
    assert (running.id, running.reference, running.renews) == (begun.id, charge, True)
    assert (await stage.desk.look("stars", person=5))["balance"] == 10_000 - 2 * 320
    # Canceled by the person in Telegram's settings: nothing is asked for any more, and what is paid runs on.
    await anna.change(charge, "cancel")
    await until(lambda: renews(anna, False))
    await anna.change(charge, "renew", code=409)
    assert (await anna.subscription()) is not None
    # And taken back there, without the bot.
    await anna.change(charge, "resume")
    await until(lambda: renews(anna, True))
    assert [call["outcome"] for call in await stage.desk.calls("editUserStarSubscription", anna.bot_id)] == []
    await stage.idle()
