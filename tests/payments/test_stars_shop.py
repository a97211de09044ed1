"""`/buy` in the chat: what it shows, coupons, trials, what is free, and the way back to the reading."""

from dataclasses import replace

import pytest

from app.locales import Words
from app.payments.sums import show
from app.payments.telegram.shop import look_page, shop_page
from app.payments.telegram.words import digest
from app.users.repository import UserRepository
from app.wallet.service import wallet
from tests.payments.stage import Shop
from tests.payments.stars_stage import Buyer, buyer, until
from tests.telegram.conftest import desk, logs
from tests.telegram.stage import Stage, captions, stage

__all__ = ["desk", "logs", "stage"]

WORDS = {
    "ru": {
        "shop": ("3 расклада", "320\u00a0⭐ 256\u00a0⭐", "Выгодно", "Первые 3 дня — бесплатно", "/terms"),
        "thanks": ("Спасибо, оплата прошла!", "«Три ночи»: начислено 3 расклада.", "На балансе: 8 раскладов."),
        "pay": "Оплатить 105\u00a0⭐",
        "title": "Три ночи",
    },
    "en": {
        "shop": ("3 readings", "320\u00a0⭐ 256\u00a0⭐", "Best value", "The first 3 days are free", "/terms"),
        "thanks": ("Thank you, the payment went through!", "“Three Nights”: you got 3 readings.", "8 readings."),
        "pay": "Pay 105\u00a0⭐",
        "title": "Three Nights",
    },
}


@pytest.mark.parametrize(("language", "user"), [("ru", 5), ("en", 6)])
async def test_a_package_is_bought_by_an_invoice_in_the_chat(stage: Stage, language: str, user: int) -> None:
    words, anna = WORDS[language], buyer(stage, user=user, language=language)
    page = await anna.open_shop()
    for part in words["shop"]:
        assert part in page["text"]
    assert len([caption for caption in captions(page) if "⭐" in caption]) == 5
    invoice = await anna.invoice("105")
    assert invoice["invoice"]["title"] == words["title"]
    assert (invoice["invoice"]["currency"], invoice["invoice"]["total_amount"]) == ("XTR", 105)
    assert captions(invoice) == [words["pay"]]
    assert await anna.readings() == 5
    # Telegram tells of one payment twice.
    assert (await anna.pay(invoice, twice=True))["status"] == "paid"
    (thanks,) = await anna.talk.next()
    for part in words["thanks"]:
        assert part in thanks["text"]
    await stage.idle()
    assert await anna.readings() == 8
    (order,) = await anna.orders()
    assert (order.state, order.place, order.language, order.total) == ("paid", "telegram", language, 105)
    (payment,) = await anna.payments()
    assert (payment.state, payment.payer, payment.account) == ("paid", user, str(anna.bot_id))
    assert (await anna.pay(invoice, code=409)) is not None


async def test_a_declined_payment_gives_nothing_and_may_be_tried_again(stage: Stage) -> None:
    anna = buyer(stage)
    invoice = await anna.invoice("105")
    assert (await anna.pay(invoice, decline=True))["status"] == "cancelled"
    await stage.desk.order("stars", user=5, balance=100)
    assert await anna.pay(invoice) == {"status": "failed", "error": "BALANCE_TOO_LOW"}
    await stage.idle()
    assert await anna.readings() == 5
    await stage.desk.order("stars", user=5, balance=105)
    assert (await anna.pay(invoice))["status"] == "paid"
    await until(lambda: _has(anna, 8))


async def _has(anna: Buyer, readings: int) -> bool:
    return await anna.readings() == readings


async def test_a_coupon_is_entered_shown_charged_and_dropped(stage: Stage) -> None:
    anna = buyer(stage)
    page = await anna.open_shop()
    await anna.talk.press(page, "Ввести промокод")
    (asked,) = await anna.talk.next()
    assert asked["text"] == "Напишите промокод сообщением."
    page = await anna.talk.say("  MOON20 ")
    assert "Промокод MOON20 учтён в ценах." in page["text"] and "105\u00a0⭐ 84\u00a0⭐" in page["text"]
    invoice = await anna.invoice("84")
    assert invoice["invoice"]["total_amount"] == 84
    assert (await anna.pay(invoice))["status"] == "paid"
    assert "оплата прошла" in (await anna.talk.next())[0]["text"]
    (order,) = await anna.orders()
    assert (order.coupon, order.price, order.discount, order.total) == ("moon20", 105, 21, 84)
    page = await anna.open_shop()
    await anna.talk.press(page, "Убрать промокод")
    page = await anna.talk.becomes(page, "Первые 3 дня")
    await until(lambda: _shows(anna, page, "105\u00a0⭐"))
    page = await anna.open_shop("/buy nonsense")
    assert "Такого промокода нет: NONSENSE" in page["text"]
    assert "105\u00a0⭐" in "".join(captions(page))


async def _shows(anna: Buyer, page: dict[str, object], caption: str) -> bool:
    return any(caption in found for found in captions(await anna.talk.get(page)))


async def test_what_costs_nothing_is_given_at_once_and_once(stage: Stage) -> None:
    anna = buyer(stage)
    page = await anna.open_shop("/buy friend100")
    await anna.talk.press(page, "бесплатно")
    page = await anna.talk.becomes(page, "Готово, платить не нужно.")
    assert "начислено 3 расклада" in page["text"]
    assert await anna.readings() == 8
    (order,) = await anna.orders()
    assert (order.state, order.total, await anna.payments()) == ("paid", 0, [])
    page = await anna.open_shop()
    assert "Промокод FRIEND100 вами уже использован." in page["text"]
    assert not any("бесплатно" in caption for caption in captions(page))


async def test_a_subscription_may_be_tried_once(stage: Stage) -> None:
    anna = buyer(stage, user=6, language="en")
    page = await anna.open_shop()
    await anna.talk.press(page, "Lunar Month")
    await anna.talk.press(page, "Try 3 days for free")
    page = await anna.talk.becomes(page, "Done, there is nothing to pay.")
    assert "It does not renew by itself." in page["text"]
    running = await anna.subscription()
    assert running is not None and (running.trial, running.renews) == (True, False)
    state = await anna.talk.say("/subscription")
    assert "A trial until" in state["text"] and "Readings left today: 10 of 10." in state["text"]
    page = await anna.open_shop()
    await anna.talk.press(page, "Lunar Month")
    page = await anna.talk.becomes(page, "Renews by itself every month.")
    assert not any("free" in caption for caption in captions(page))


async def test_a_price_that_has_changed_is_shown_before_it_is_charged(stage: Stage) -> None:
    """The coupon is gone, and an older message still has the button with its price."""
    anna = buyer(stage)
    old = await anna.open_shop("/buy moon20")
    page = await anna.open_shop()
    await anna.talk.press(page, "Убрать")
    await until(lambda: _shows(anna, page, "105\u00a0⭐"))
    await anna.talk.press(old, "84")
    old = await anna.talk.becomes(old, "Что-то изменилось.")
    assert any("105" in caption for caption in captions(old))
    assert await anna.orders() == []


async def test_the_way_back_to_the_reading_that_was_begun(stage: Stage) -> None:
    anna = buyer(stage)
    menu = await anna.talk.say("/reading")
    await anna.talk.press(menu, "принимаю")
    spreads = await anna.talk.becomes(menu, "Какой сделаем расклад")
    async with stage.database.transaction() as connection:
        await wallet.hold(
            connection, project_id=anna.talk.project.id, user_id=await anna.user_id(), unit="readings", amount=5
        )
    spread = next(found for found in captions(spreads) if found.endswith("🔮 1"))
    await anna.talk.press(spreads, spread)
    empty = await anna.talk.becomes(spreads, "не хватает")
    await anna.talk.press(empty, "Магазин")
    (page,) = await anna.talk.next()
    await anna.talk.press(page, "105")
    (invoice,) = await anna.talk.next()
    await anna.pay(invoice)
    (thanks,) = await anna.talk.next()
    await anna.talk.press(thanks, "Вернуться к раскладу")
    asked = await anna.talk.becomes(thanks, spread.partition(" · ")[0])
    assert any("Без вопроса" in caption for caption in captions(asked))


async def test_telegram_that_makes_no_invoice_charges_nothing(stage: Stage) -> None:
    anna = buyer(stage)
    page = await anna.open_shop()
    await stage.desk.fault(method="createInvoiceLink", status=502, times=1)
    await anna.talk.press(page, "105")
    page = await anna.talk.becomes(page, "Сейчас не получилось выставить счёт")
    await anna.talk.press(page, "Магазин")
    (again,) = await anna.talk.next()
    await anna.talk.press(again, "105")
    assert (await anna.talk.next())[0]["invoice"]["total_amount"] == 105


@pytest.mark.parametrize(
    ("allowed", "caption"), [(True, "💳 Другие способы оплаты"), (False, "🛍 Магазин в приложении")]
)
async def test_other_providers_are_in_the_app_where_the_owner_allows_them(
    shop: Shop, allowed: bool, caption: str
) -> None:
    services = shop.services
    settings = services.settings.model_copy(update={"public_url": "https://tarot.example"})
    project = replace(shop.project, other_providers_in_telegram=allowed)
    person = await shop.buyer()
    async with shop.database.connection() as connection:
        user = await UserRepository(connection, project.id).get(person.id)
    assert user is not None
    text, rows = await shop_page(project, user, Words("ru"), settings, shop.database, services.payments, coupon=None)
    assert "Три ночи" in text
    last = rows[-1][0]
    assert last is not None and last.web_app is not None
    assert (last.text, last.web_app.url) == (caption, "https://tarot.example/luna/packages")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("ru", "Скидка по промокоду сохранится: каждое продление тоже будет стоить {cost}."),
        ("en", "The coupon’s discount lasts: each renewal costs {cost} as well."),
    ],
)
async def test_whoever_subscribes_with_a_coupon_reads_what_renewals_cost(shop: Shop, language: str, said: str) -> None:
    shop.coupon(kind="percent", amount=2000)
    person = await shop.buyer()
    pages = []
    async with shop.database.connection() as connection:
        user = await UserRepository(connection, shop.project.id).get(person.id)
        assert user is not None
        for coupon in ("test", None):
            page = await look_page(
                connection, shop.project, user, Words(language), shop.services.payments,
                wanted=digest("luna-month"), coupon=coupon,
            )  # fmt: skip
            assert page is not None
            pages.append(page)
    package = shop.project.package("luna-month")
    assert package is not None and package.stars is not None
    discounted, listed = (show(sum_, "XTR", language) for sum_ in (package.stars * 8 // 10, package.stars))
    assert said.format(cost=discounted) in pages[0][0]
    assert listed in pages[1][0] and said.split(":")[0] not in pages[1][0]
