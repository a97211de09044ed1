"""Gifts and subscriptions in the bot."""

from tests.factories import set_balances
from tests.payments.test_subscription_api import buy_gift, subscribe
from tests.telegram.stage import Stage


async def test_a_gift_is_opened_by_its_link(stage: Stage) -> None:
    buyer = await stage.api.sign_in(telegram_id=1)
    await buy_gift(stage.api, buyer)
    [gift] = (await buyer.get("/api/v1/gifts")).json()["items"]
    code = gift["web_url"].partition("#gift=")[2]
    friend = stage.talk(user=9)
    opened = await friend.say(f"/start gift_{code}")
    assert "Десять раскладов" in opened["text"] and opened["text"].startswith("🎁")
    assert (await friend.say(f"/start gift_{code}"))["text"].startswith("Этот подарок")
    other = stage.talk(user=10)
    assert (await other.say(f"/start gift_{code}"))["text"] == "Этот подарок уже открыли."
    assert (await other.say("/start gift_" + "x" * 24))["text"].startswith("Такого подарка нет")
    assert await stage.value("SELECT source FROM users WHERE telegram_id = 9") == "gift"
    assert await stage.value("SELECT count(*) FROM users WHERE source LIKE 'gift_%'") == 0
    balance = "SELECT balance FROM wallets JOIN users u ON u.id = user_id WHERE telegram_id = 9 AND unit = 'readings'"
    assert await stage.value(balance) == 15


async def test_balance_and_refusals_speak_of_the_subscription(stage: Stage) -> None:
    person = await stage.api.sign_in(telegram_id=5)
    await subscribe(stage.api, person, fair_use=1)
    talk = stage.talk()
    balance = (await talk.say("/balance"))["text"]
    assert "✨ Подписка «Безлимит» до " in balance
    assert "Сегодня по ней ещё 1 расклад." in balance
    async with stage.api.database.transaction() as connection:
        await set_balances(connection, balance=0)
    page = await talk.say("/reading")
    await talk.press(page, "Прошлое")
    await talk.becomes(page, "одним сообщением")
    await stage.value(
        """
        INSERT INTO fair_use_days (project_id, user_id, day, used)
        SELECT project_id, id, (now() AT TIME ZONE timezone)::date, 1 FROM users WHERE telegram_id = 5 RETURNING used
        """
    )
    page = await talk.say("/reading")
    await talk.press(page, "Прошлое")
    refused = await talk.becomes(page, "На сегодня")
    assert "1 расклад в день" in refused["text"] and ", 00:00" in refused["text"]
    assert "на балансе — 0" in refused["text"]
