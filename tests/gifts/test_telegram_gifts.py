"""`/start gift_…` in the bot."""

from tests.payments.test_subscription_api import buy_gift
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
