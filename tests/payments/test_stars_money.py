"""What a bot is asked before money moves and told afterwards: refused, repeated, refunded."""

import secrets
from typing import Any
from uuid import uuid4

from app.kit.clock import utc_now
from app.payments.reconciliation import compare
from app.settings import Settings
from tests.payments.stars_stage import Buyer, buyer, until
from tests.telegram.conftest import Desk, desk, inspect_and_keep, logs
from tests.telegram.stage import Stage, captions, open_stage, stage

__all__ = ["desk", "logs", "stage"]


async def invoice_link(buyer: Buyer, payload: str, amount: int = 105, **more: Any) -> str:
    """An invoice that somebody else made with the bot's token."""
    bot = buyer.talk.project.bot
    assert bot is not None
    answer = await buyer.stage.desk.client.post(
        f"/bot{bot.token.get_secret_value()}/test/createInvoiceLink",
        json={
            "title": "Invoice", "description": "Invoice", "payload": payload, "currency": "XTR",
            "prices": [{"label": "Invoice", "amount": amount}], **more,
        },
    )  # fmt: skip
    link: str = answer.json()["result"]
    return link


async def set_order(stage: Stage, statement: str) -> None:
    async with stage.database.connection() as connection:
        await connection.execute(f"UPDATE orders SET {statement}")  # the tests' own words


async def test_what_must_not_be_paid_is_refused_before_it_is(stage: Stage) -> None:
    """Foreign payloads, another sum, another project, another person, an order that is over or paid."""
    anna, boris = buyer(stage), buyer(stage, user=6, language="en")
    verbena = buyer(stage, user=5, slug="verbena")
    await boris.talk.say("/start")
    await verbena.talk.say("/start")
    invoice = await anna.invoice("105")
    (payment,) = await anna.payments()
    assert payment.url is not None
    unknown = "Такого счёта нет. С вас ничего не списали."
    for link, error in (
        (await invoice_link(anna, "somebody-else"), unknown),
        (await invoice_link(anna, str(uuid4())), unknown),
        (await invoice_link(anna, str(payment.id), amount=1), "Цена этого заказа изменилась."),
        (await invoice_link(verbena, str(payment.id)), unknown),
    ):
        refused = await anna.pay(link=link)
        assert refused["status"] == "failed" and refused["error"].startswith(error), refused
    refused = await boris.pay(link=payment.url)
    assert refused["error"].startswith("This invoice is for somebody else.")
    await set_order(stage, "expires_at = now() - interval '1 second'")
    assert (await anna.pay(invoice))["error"].startswith("Время этого счёта вышло.")
    await set_order(stage, "expires_at = now() + interval '1 hour'")
    async with stage.database.connection() as connection:
        await connection.execute("UPDATE users SET state = 'blocked' WHERE telegram_id = 5")
    assert (await anna.pay(invoice))["error"].startswith("Доступ к этому боту закрыт")
    async with stage.database.connection() as connection:
        await connection.execute("UPDATE users SET state = 'active' WHERE telegram_id = 5")
    assert (await anna.pay(invoice))["status"] == "paid"
    await anna.talk.next()
    assert (await anna.pay(link=payment.url))["error"] == "Этот заказ уже оплачен, второй раз платить не нужно."
    assert await stage.value("SELECT count(*) FROM provider_events WHERE state = 'refused'") == 0
    assert await anna.readings() == 8


async def tell(buyer: Buyer, payload: str, *, amount: int = 105, charge: str | None = None) -> None:
    """Telegram's word that Stars came in, as the bot's webhook hears it."""
    user = {"id": buyer.talk.user, "is_bot": False, "first_name": "Анна", "language_code": "ru"}
    paid = {
        "currency": "XTR", "total_amount": amount, "invoice_payload": payload,
        "telegram_payment_charge_id": charge or f"stx{uuid4().hex}", "provider_payment_charge_id": "",
    }  # fmt: skip
    message = {
        "message_id": 900, "date": int(utc_now().timestamp()), "from": user, "successful_payment": paid,
        "chat": {"id": buyer.talk.user, "type": "private", "first_name": "Анна"},
    }  # fmt: skip
    update = {"update_id": 10**9 + secrets.randbelow(10**9), "message": message}
    async with buyer.stage.database.transaction() as connection:
        await inspect_and_keep(connection, buyer.talk.project.id, buyer.bot_id, update)
    await buyer.stage.idle(wait=30)


async def test_money_that_fits_nothing_is_kept_and_told_and_gives_nothing(stage: Stage) -> None:
    anna = buyer(stage)
    verbena = buyer(stage, slug="verbena")
    await verbena.talk.say("/start")
    await anna.invoice("105")
    (payment,) = await anna.payments()
    await tell(anna, "somebody-else", charge="one")
    (told,) = await anna.talk.next()
    assert told["text"].startswith("Оплата пришла, но не подошла ни к одному заказу.")
    await tell(anna, str(payment.id), amount=1, charge="two")
    await tell(verbena, str(payment.id), charge="three")
    async with stage.database.connection() as connection:
        rows = await connection.fetch("SELECT project_id, note FROM provider_events ORDER BY event_id")
        cards = await connection.fetchval("SELECT count(*) FROM staff_cards WHERE kind = 'payment_refused'")
    projects = {row["note"]: row["project_id"] for row in rows}
    assert projects["wrong_amount"] == anna.talk.project.id and len(rows) == cards == 3
    assert await anna.readings() == await verbena.readings() == 5
    # Late, and for a person who is shut out by now: the money is there.
    async with stage.database.connection() as connection:
        await connection.execute("UPDATE users SET state = 'blocked' WHERE telegram_id = 5")
        await connection.execute("UPDATE orders SET state = 'expired'")
    await tell(anna, str(payment.id), charge="four")
    await tell(anna, str(payment.id), charge="four")
    assert await anna.readings() == 8
    # And once more by somebody who had the invoice open twice.
    await tell(anna, str(payment.id), charge="five")
    assert [row.state for row in await anna.payments()] == ["paid", "surplus"]
    assert await anna.readings() == 8


async def test_refunds_from_the_bot_and_from_telegram_end_in_the_same_place(stage: Stage) -> None:
    anna, boris = buyer(stage), buyer(stage, user=6, language="en")
    await anna.buy()
    charge = await boris.buy()
    page = await anna.talk.say("/paysupport")
    await anna.talk.press(page, "№ 1 · Три ночи · 105")
    page = await anna.talk.becomes(page, "✅ Оплачен, всё начислено.")
    await anna.talk.press(page, "Попросить возврат")
    page = await anna.talk.becomes(page, "Попросить вернуть деньги за заказ № 1?")
    await anna.talk.press(page, "Да, передать просьбу")
    page = await anna.talk.becomes(page, "Просьба о возврате передана.")
    assert captions(page) == ["‹ К покупкам"]
    card = "SELECT count(*) FROM staff_cards WHERE kind = 'refund_request' AND user_id = $1"
    assert await stage.value(card, await anna.user_id()) == 1
    (order,) = await anna.orders()
    async with stage.database.transaction() as connection:
        await stage.api.services.payments.refund(connection, anna.talk.project, order.id, started_by="bot", actor="1")
    await until(lambda: _is(anna, "refunded"))
    assert await anna.readings() == 5
    assert (await stage.desk.look("stars", person=5))["balance"] == 10_000
    # From Telegram's side: the bot is told by `refunded_payment`.
    bot = boris.talk.project.bot
    assert bot is not None
    for expected in (200, 400):
        answer = await stage.desk.client.post(
            f"/bot{bot.token.get_secret_value()}/test/refundStarPayment",
            json={"user_id": 6, "telegram_payment_charge_id": charge},
        )
        assert answer.status_code == expected
    await until(lambda: _is(boris, "refunded"))
    await stage.idle()
    assert await boris.readings() == 5
    assert await stage.value("SELECT count(*) FROM refunds WHERE state = 'done'") == 2
    assert await stage.value("SELECT count(*) FROM refunds") == 2


async def _is(person: Buyer, state: str) -> bool:
    return [order.state for order in await person.orders()] == [state]


async def test_a_payment_that_the_bot_never_heard_of_is_found_in_telegrams_books(
    stocked_settings: Settings, desk: Desk
) -> None:
    """Bought in the Mini App; the API answers Telegram's question by itself, and nobody works on its word."""
    async with open_stage(stocked_settings, desk, workers=0) as stage:
        anna = buyer(stage)
        await anna.talk.tell("/start")
        person = await stage.api.sign_in(telegram_id=5)
        body = {"package": "luna-three", "provider": "stars", "expected_total": 105, "currency": "XTR"}
        made = await person.post("/api/v1/orders", json=body, headers={"Idempotency-Key": uuid4().hex})
        payment = made.json()["payment"]
        assert (made.status_code, payment["opens"]) == (201, "invoice")
        assert (await anna.pay(link=payment["url"]))["status"] == "paid"
        assert await anna.readings() == 5
        services, project = stage.api.services, anna.talk.project
        stars = services.payments.registry.get("stars")
        assert stars is not None
        assert (await compare(services.payments, stage.database, project, stars))["done"] == 1
        assert await anna.readings() == 8
        counts = await compare(services.payments, stage.database, project, stars)
        assert (counts["lines"], counts["repeated"], counts["missing"]) == (1, 1, 0)
        assert await anna.readings() == 8
