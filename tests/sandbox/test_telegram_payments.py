"""Stars in the sandbox: invoices, checkouts, payments, refunds, subscriptions and the bot's account."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, LabeledPrice, PreCheckoutQuery, Update

from tests.sandbox.conftest import BOT, Sandbox, sandbox_of

GOODS: dict[str, Any] = {
    "title": "Три расклада",
    "description": "Три расклада на выбор",
    "payload": "order:1",
    "currency": "XTR",
    "prices": [LabeledPrice(label="Три расклада", amount=50)],
}


@asynccontextmanager
async def asked(
    sandbox: Sandbox, **order: Any
) -> AsyncIterator[tuple[PreCheckoutQuery, "asyncio.Task[dict[str, Any]]"]]:
    """A payment that waits for the bot's word; its outcome is in the task."""
    paying = asyncio.create_task(sandbox.post("pay", **order))
    (update,) = await next_updates(sandbox)
    assert update.pre_checkout_query is not None
    yield update.pre_checkout_query, paying
    await paying


async def next_updates(sandbox: Sandbox) -> list[Update]:
    updates = await sandbox.bot.get_updates(timeout=5)
    await sandbox.bot.get_updates(offset=updates[-1].update_id + 1)
    return updates


async def buy(sandbox: Sandbox, **order: Any) -> dict[str, Any]:
    """A payment that the bot agrees to."""
    await sandbox.updates()
    async with asked(sandbox, **order) as (query, paying):
        await sandbox.bot.answer_pre_checkout_query(query.id, ok=True)
        return await paying


class TestPayments:
    async def test_from_a_message(self, sandbox: Sandbox) -> None:
        await sandbox.say("hi")
        pay = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Оплатить ⭐ 50", pay=True)]])
        sent = await sandbox.bot.send_invoice(5, **GOODS, reply_markup=pay)
        assert sent.invoice is not None
        assert (sent.invoice.currency, sent.invoice.total_amount) == ("XTR", 50)
        await sandbox.updates()
        order = {"user": 5, "bot": BOT, "message_id": sent.message_id}
        async with asked(sandbox, **order) as (query, paying):
            assert (query.invoice_payload, query.total_amount, query.from_user.id) == ("order:1", 50, 5)
            await sandbox.bot.answer_pre_checkout_query(query.id, ok=True)
            outcome = await paying
        assert outcome["status"] == "paid"
        (update,) = await sandbox.updates()
        assert update.message is not None
        paid = update.message.successful_payment
        assert paid is not None
        assert (paid.telegram_payment_charge_id, paid.total_amount) == (outcome["charge_id"], 50)
        assert (await sandbox.bot.get_my_star_balance()).amount == 50
        stars = await sandbox.get("stars", person=5)
        assert (stars["balance"], stars["payments"][0]["refunded"]) == (9950, False)
        await sandbox.post("pay", **order, code=409)

    async def test_from_a_link_and_twice_told(self, sandbox: Sandbox) -> None:
        await sandbox.say("hi")
        link = await sandbox.bot.create_invoice_link(**GOODS)
        slug = link.removeprefix("https://t.me/$")
        shown = await sandbox.get("invoice", slug=slug)
        assert (shown["bot"], shown["title"], shown["total_amount"]) == (BOT, "Три расклада", 50)
        outcomes = [await buy(sandbox, user=5, link=link) for link in (link, slug)]
        assert len({outcome["charge_id"] for outcome in outcomes}) == 2
        await buy(sandbox, user=5, link=link, twice=True)
        told = [update.message.successful_payment for update in await sandbox.updates() if update.message]
        assert len(told) == 2
        assert told[0] == told[1]
        await sandbox.post("pay", user=5, link="nothing", code=404)

    async def test_the_bot_refuses_and_the_person_thinks_better_of_it(self, sandbox: Sandbox) -> None:
        await sandbox.say("hi")
        link = await sandbox.bot.create_invoice_link(**GOODS)
        await sandbox.updates()
        async with asked(sandbox, user=5, link=link) as (query, paying):
            words = await sandbox.refusal("answerPreCheckoutQuery", pre_checkout_query_id=query.id, ok=False)
            assert words == 'Bad Request: parameter "error_message" is required'
            await sandbox.bot.answer_pre_checkout_query(query.id, ok=False, error_message="Уже куплено")
            assert await paying == {"status": "failed", "error": "Уже куплено"}
            with pytest.raises(TelegramBadRequest, match="query is too old and response timeout expired"):
                await sandbox.bot.answer_pre_checkout_query(query.id, ok=True)
        assert (await buy(sandbox, user=5, link=link, decline=True)) == {"status": "cancelled"}
        await sandbox.post("stars", user=5, balance=49)
        assert (await sandbox.post("pay", user=5, link=link))["error"] == "BALANCE_TOO_LOW"
        assert await sandbox.updates() == []
        assert (await sandbox.bot.get_my_star_balance()).amount == 0

    async def test_a_late_answer_is_too_late(self) -> None:
        async with sandbox_of(checkout_seconds=0.2) as sandbox:
            await sandbox.say("hi")
            link = await sandbox.bot.create_invoice_link(**GOODS)
            await sandbox.updates()
            async with asked(sandbox, user=5, link=link) as (query, paying):
                assert (await paying)["error"] == "BOT_PRECHECKOUT_TIMEOUT"
                with pytest.raises(TelegramBadRequest, match="query is too old"):
                    await sandbox.bot.answer_pre_checkout_query(query.id, ok=True)

    @pytest.mark.parametrize(
        ("change", "refusal"),
        [
            ({"title": ""}, 'parameter "title" is required'),
            ({"title": "x" * 33}, "sandbox: the title of an invoice has at most 32 characters"),
            ({"description": "x" * 256}, "sandbox: the description of an invoice has at most 255 characters"),
            ({"payload": "я" * 65}, "INVOICE_PAYLOAD_INVALID"),
            ({"currency": "RUB"}, "PAYMENT_PROVIDER_INVALID"),
            ({"provider_token": "x"}, "PAYMENT_PROVIDER_INVALID"),
            ({"prices": []}, "sandbox: an invoice in Stars has exactly one price"),
            ({"prices": [{"label": "x", "amount": 0}]}, "CURRENCY_TOTAL_AMOUNT_INVALID"),
            ({"subscription_period": 60}, "SUBSCRIPTION_PERIOD_INVALID"),
            (
                {"subscription_period": 2592000, "prices": [{"label": "x", "amount": 10001}]},
                "STARS_INVOICE_INVALID",
            ),
        ],
    )
    async def test_refused_invoices(self, sandbox: Sandbox, change: dict[str, Any], refusal: str) -> None:
        prices = [{"label": "x", "amount": 50}]
        words = await sandbox.refusal("createInvoiceLink", **{**GOODS, "prices": prices, **change})
        assert words == f"Bad Request: {refusal}"

    async def test_pay_buttons_stand_under_invoices_only(self, sandbox: Sandbox) -> None:
        await sandbox.say("hi")
        pay = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Pay", pay=True)]])
        with pytest.raises(TelegramBadRequest, match="BUTTON_TYPE_INVALID"):
            await sandbox.bot.send_message(5, "x", reply_markup=pay)
        other = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="No", callback_data="no")]])
        with pytest.raises(TelegramBadRequest, match="the first button under an invoice"):
            await sandbox.bot.send_invoice(5, **GOODS, reply_markup=other)


class TestRefunds:
    async def test_once(self, sandbox: Sandbox) -> None:
        await sandbox.say("hi")
        charge = (await buy(sandbox, user=5, link=await sandbox.bot.create_invoice_link(**GOODS)))["charge_id"]
        await sandbox.updates()
        await sandbox.bot.refund_star_payment(5, charge)
        with pytest.raises(TelegramBadRequest, match="CHARGE_ALREADY_REFUNDED"):
            await sandbox.bot.refund_star_payment(5, charge)
        with pytest.raises(TelegramBadRequest, match="CHARGE_NOT_FOUND"):
            await sandbox.bot.refund_star_payment(6, charge)
        (update,) = await sandbox.updates()
        assert update.message is not None
        assert update.message.refunded_payment is not None
        assert update.message.refunded_payment.telegram_payment_charge_id == charge
        stars = await sandbox.get("stars", person=5)
        assert (stars["balance"], stars["payments"][0]["refunded"]) == (10_000, True)

    async def test_transactions_are_in_order_of_time(self, sandbox: Sandbox) -> None:
        await sandbox.say("hi")
        link = await sandbox.bot.create_invoice_link(**GOODS)
        charges = [(await buy(sandbox, user=5, link=link))["charge_id"] for _ in range(2)]
        await sandbox.bot.refund_star_payment(5, charges[0])
        found = (await sandbox.bot.get_star_transactions()).transactions
        assert [one.id for one in found] == [*charges, charges[0]]
        assert [(one.source is not None, one.receiver is not None) for one in found] == [
            (True, False),
            (True, False),
            (False, True),
        ]
        assert found[0].source is not None
        assert found[0].source.model_dump()["invoice_payload"] == "order:1"
        page = (await sandbox.bot.get_star_transactions(offset=1, limit=1)).transactions
        assert [one.id for one in page] == [charges[1]]
        assert (await sandbox.bot.get_my_star_balance()).amount == 50


class TestSubscriptions:
    async def test_begun_renewed_cancelled_and_resumed(self, sandbox: Sandbox) -> None:
        await sandbox.say("hi")
        link = await sandbox.bot.create_invoice_link(**GOODS, subscription_period=2592000)
        charge = (await buy(sandbox, user=5, link=link))["charge_id"]
        body = {"user": 5, "bot": BOT, "charge_id": charge}
        await sandbox.post("subscriptions", **body, action="renew")
        first, second = [update.message.successful_payment for update in await sandbox.updates() if update.message]
        assert first is not None
        assert second is not None
        assert (first.is_recurring, first.is_first_recurring) == (True, True)
        assert (second.is_recurring, second.is_first_recurring) == (True, None)
        assert second.subscription_expiration_date is not None
        assert second.subscription_expiration_date - (first.subscription_expiration_date or 0) == 2592000
        assert second.telegram_payment_charge_id != charge
        for action in ("cancel", "resume", "fail"):
            await sandbox.post("subscriptions", **body, action=action)
        states = [update.subscription.state for update in await sandbox.updates() if update.subscription]
        assert states == ["canceled", "active", "failed"]
        await sandbox.post("subscriptions", **body, action="renew", code=409)

    async def test_the_bot_cancels(self, sandbox: Sandbox) -> None:
        await sandbox.say("hi")
        link = await sandbox.bot.create_invoice_link(**GOODS, subscription_period=2592000)
        charge = (await buy(sandbox, user=5, link=link))["charge_id"]
        body = {"user": 5, "bot": BOT, "charge_id": charge}
        await sandbox.bot.edit_user_star_subscription(5, charge, is_canceled=True)
        await sandbox.post("subscriptions", **body, action="renew", code=409)
        await sandbox.post("subscriptions", **body, action="resume", code=409)
        await sandbox.bot.edit_user_star_subscription(5, charge, is_canceled=False)
        # The veto is gone, and the rest is the person's.
        await sandbox.post("subscriptions", **body, action="renew", code=409)
        await sandbox.post("subscriptions", **body, action="resume")
        again = (await sandbox.post("subscriptions", **body, action="renew"))["charge_id"]
        with pytest.raises(TelegramBadRequest, match="CHARGE_NOT_FOUND"):
            await sandbox.bot.edit_user_star_subscription(5, again, is_canceled=True)
        with pytest.raises(TelegramBadRequest, match="CHARGE_NOT_FOUND"):
            await sandbox.bot.edit_user_star_subscription(5, "nothing", is_canceled=True)
