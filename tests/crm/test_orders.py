"""Orders in the staff's group: their cards follow the money, managers give it back once, staff look."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.crm.cards.store import announce
from app.payments.orders.payments import Payment
from app.payments.orders.repository import Order
from app.payments.orders.service import Wish
from app.payments.outcome import Source
from app.payments.port import Disputed, Fact, Failed, Paid, Refunded
from app.settings import Settings
from app.wallet.service import wallet
from tests.crm.crew import MEMBER, OWNER, Crew, opened
from tests.payments.stage import with_bank
from tests.telegram.conftest import Desk


@pytest.fixture
async def crew(stocked_settings: Settings, desk: Desk) -> AsyncIterator[Crew]:
    async with opened(with_bank(stocked_settings), desk) as crew:
        yield crew


@dataclass
class Till:
    """Sells in one of the projects; nobody answers where the bank should be."""

    crew: Crew
    slug: str = "luna"

    async def begin(self, user_id: UUID, package: str | None = None, **wish: Any) -> tuple[Order, Payment]:
        services, project = self.crew.container.payments, self.crew.project(self.slug)
        values = {"provider": "sandbox", "place": "web", "language": "ru", **wish}
        async with self.crew.container.database.transaction() as connection:
            order = await services.create(
                connection, project, user_id, Wish(package_key=package or f"{self.slug}-three", **values)
            )
            return order, await services.attempt(connection, project, order, provider="sandbox")

    async def tell(self, fact: Fact) -> str:
        project = self.crew.project(self.slug)
        async with self.crew.container.database.transaction() as connection:
            source = Source(project.id, "sandbox", project.key, project)
            return (await self.crew.container.payments.apply(connection, source, fact)).state

    async def buy(self, user_id: UUID, package: str | None = None, **wish: Any) -> tuple[Order, str]:
        """The order, and the provider's name for the money."""
        order, payment = await self.begin(user_id, package, **wish)
        charge = f"ch_{uuid4().hex}"
        assert await self.tell(Paid(charge, payment.amount, payment.currency, payment_id=payment.id)) == "done"
        return order, charge

    async def card(self, words: str) -> dict[str, Any]:
        return await self.crew.says(words, chat=self.crew.groups[self.slug])

    async def until(self, card: dict[str, Any], *words: str) -> dict[str, Any]:
        """The same message, when it says all this."""
        return await self.crew.until(
            lambda one: one["message_id"] == card["message_id"] and all(word in one["text"] for word in words),
            chat=card["chat"]["id"],
        )


def captions(message: dict[str, Any]) -> list[str]:
    rows = (message.get("reply_markup") or {}).get("inline_keyboard") or []
    return [button["text"] for row in rows for button in row]


class TestCards:
    @pytest.mark.parametrize(
        ("slug", "words"),
        [
            ("luna", ["Заказ № 1", "Три ночи", "199\u00a0₽, оплачен", "банк демонстрации", "Анна"]),
            ("verbena", ["Order № 1", "paid", "the bank of the demo", "Анна"]),
        ],
    )
    async def test_a_paid_order_is_told_and_followed_to_its_refund(
        self, crew: Crew, slug: str, words: list[str]
    ) -> None:
        till = Till(crew, slug)
        user_id = await crew.meet(900, "Анна", slug=slug)
        order, charge = await till.buy(user_id)
        card = await till.card(words[0])
        for word in words:
            assert word in card["text"]
        assert any("↩️" in caption for caption in captions(card))
        assert await till.tell(Refunded(charge, "re_1", order.total, order.currency)) == "done"
        shown = await till.until(card, "деньги возвращены" if slug == "luna" else "refunded")
        assert not any("↩️" in caption for caption in captions(shown))
        refund = await till.card("Деньги возвращены" if slug == "luna" else "Refunded")
        assert "платёжная система" in refund["text"] if slug == "luna" else "the payment system" in refund["text"]

    async def test_a_failed_payment_is_told_and_so_is_the_second_try(self, crew: Crew) -> None:
        till = Till(crew)
        _, payment = await till.begin(await crew.meet(900))
        assert await till.tell(Failed("declined", payment_id=payment.id)) == "done"
        card = await till.card("Платёж не прошёл")
        assert "банк отклонил" in card["text"]
        assert any("Открыть заказ" in caption for caption in captions(card))

    async def test_a_dispute_is_taken_once_and_the_card_says_how_it_ended(self, crew: Crew) -> None:
        till = Till(crew)
        order, charge = await till.buy(await crew.meet(900))
        await till.tell(Disputed(charge, "dp_1", order.total, order.currency, "opened"))
        card = await till.card("Банк оспаривает платёж")
        await till.until(await till.card("Заказ № 1"), "Банк оспаривает этот платёж")
        await crew.press(card, "🙋", user=MEMBER)
        await till.until(card, "В работе")
        await till.tell(Disputed(charge, "dp_1", order.total, order.currency, "lost"))
        await till.until(card, "Спор проигран")
        await till.until(await till.card("Заказ № 1"), "деньги возвращены")

    async def test_money_that_fits_nothing_and_money_too_much_are_told(self, crew: Crew) -> None:
        till = Till(crew)
        user_id = await crew.meet(900)
        _, payment = await till.begin(user_id)
        assert await till.tell(Paid("ch_odd", 1, payment.currency, payment_id=payment.id)) == "refused"
        odd = await till.card("ни к чему не подходят")
        assert "другая сумма" in odd["text"]
        assert "ch_odd" in odd["text"]
        await crew.press(odd, "👀", user=MEMBER)
        await till.until(odd, "👀")
        for charge in ("ch_first", "ch_second"):
            await till.tell(Paid(charge, payment.amount, payment.currency, payment_id=payment.id))
        await till.tell(Refunded("ch_second", "re_2", payment.amount, payment.currency))
        assert "заказ № 1" in (await till.card("Лишний платёж возвращён"))["text"]


class TestButtons:
    async def test_every_card_of_money_opens_its_order_and_leads_to_its_client(self, crew: Crew) -> None:
        till = Till(crew)
        user_id = await crew.meet(900, "Анна")
        _, payment = await till.begin(user_id)
        await till.tell(Failed("declined", payment_id=payment.id))
        order, charge = await till.buy(user_id)
        await till.tell(Disputed(charge, "dp_1", order.total, order.currency, "opened"))
        await till.tell(Refunded(charge, "re_1", 100, order.currency))
        for words, number in (
            (f"Заказ № {order.number}\n", order.number), ("Платёж не прошёл", 1),
            ("Банк оспаривает платёж", order.number), ("Деньги возвращены", order.number),
        ):  # fmt: skip
            card = await till.card(words)
            found = captions(card)
            assert any("Открыть заказ" in caption for caption in found), (words, found)
            assert "Анна" in card["text"] and "900" in card["text"], card["text"]
            rows = card["reply_markup"]["inline_keyboard"]
            write = next(button for row in rows for button in row if "Написать клиенту" in button["text"])
            thread = await crew.thread("Анна")
            assert write["url"].endswith(f"/{thread}"), write
            said = len(await crew.desk.messages(chat=crew.groups["luna"]))
            await crew.press(card, "Открыть заказ", user=MEMBER)

            async def opened_there(said: int = said, number: int = number) -> bool:
                new = (await crew.desk.messages(chat=crew.groups["luna"]))[said:]
                return any(f"Заказ № {number}" in one["text"] and "Оформлен" in one["text"] for one in new)

            async with asyncio.timeout(10):
                while not await opened_there():
                    await asyncio.sleep(0.05)

    @pytest.mark.parametrize(
        ("slug", "provider", "words"),
        [
            ("luna", "stars", ["Подписка могла остаться", "отказала", "Попросите клиента отменить её", "Анна"]),
            ("verbena", "stripe", ["A subscription may go on", "refused", "Cancel it on the provider's page", "Анна"]),
        ],
    )
    async def test_an_agreement_that_could_not_be_ended_is_somebodys_work(
        self, crew: Crew, slug: str, provider: str, words: list[str]
    ) -> None:
        till = Till(crew, slug)
        user_id = await crew.meet(900, "Анна", slug=slug)
        facts = {"provider": provider, "reference": "agreement_1", "failure": "refused"}
        async with crew.container.database.transaction() as connection:
            await announce(
                connection, project_id=crew.project(slug).id, kind="agreement", subject="one", user_id=user_id,
                facts=facts,
            )  # fmt: skip
        card = await till.card(words[0])
        for part in (*words, "agreement_1"):
            assert part in card["text"]
        await crew.press(card, "🙋", user=MEMBER)
        await crew.press(await till.until(card, "🙋"), "✅", user=MEMBER)
        shown = await till.until(card, "✅")
        assert not any("✅" in caption or "🙋" in caption for caption in captions(shown))


class TestRefund:
    async def test_a_manager_confirms_and_the_card_says_who(self, crew: Crew) -> None:
        till = Till(crew)
        order, _ = await till.buy(await crew.meet(900))
        card = await till.card("Заказ № 1")
        refused = await crew.press(card, "Вернуть деньги", user=MEMBER)
        assert refused["show_alert"]
        await crew.press(card, "Вернуть деньги", user=OWNER)
        asked = await till.card("Вернуть деньги за заказ № 1?")
        assert (await crew.press(asked, "Вернуть всё", user=MEMBER))["show_alert"]
        assert await crew.value("SELECT count(*) FROM refunds") == 0
        answers = await asyncio.gather(*(crew.press(asked, "Вернуть всё", user=OWNER) for _ in range(3)))
        assert all(answer["answered"] for answer in answers)
        await till.until(asked, "начат")
        row = await crew.value("SELECT (amount, started_by, actor) FROM refunds")
        assert tuple(row) == (order.total, "bot", str(OWNER))
        await till.until(card, "↩️ Возврат:", "Идёт возврат")
        assert await crew.value("SELECT count(*) FROM audit_log WHERE action = 'order.refund'") == 1

    async def test_only_the_unused_part_goes_back_where_the_rule_says_so(self, crew: Crew) -> None:
        till = Till(crew)
        user_id = await crew.meet(900)
        order, _ = await till.buy(user_id)
        async with crew.container.database.transaction() as connection:
            project_id = crew.project().id
            # What was there before is used up first, and one reading of three.
            first = (await wallet.get(connection, project_id=project_id, user_id=user_id))["readings"].available
            hold, _ = await wallet.hold(
                connection, project_id=project_id, user_id=user_id, unit="readings", amount=first - 2
            )
            await wallet.settle(connection, project_id=project_id, hold_id=hold, kind="reading", key="test:used")
        await till.card("Заказ № 1")
        left = await crew.value("SELECT remaining FROM wallet_lots WHERE order_id = $1 AND unit = 'readings'", order.id)
        asked = await crew.command("/refund 1")
        if crew.project().refund_used == "refuse":
            assert not any("Вернуть всё" in caption for caption in captions(asked))
        await crew.press(asked, "Неиспользованное")
        await till.until(asked, "начат")
        assert left == 2
        assert await crew.value("SELECT amount FROM refunds") == order.total * 2 // 3

    async def test_an_order_that_changed_since_is_looked_at_anew(self, crew: Crew) -> None:
        till = Till(crew)
        order, charge = await till.buy(await crew.meet(900))
        await till.card("Заказ № 1")
        asked = await crew.command("/refund 1")
        await till.tell(Refunded(charge, "re_1", 100, order.currency))
        refused = await crew.press(asked, "Вернуть всё")
        assert "изменился" in refused["text"]
        assert await crew.value("SELECT count(*) FROM refunds") == 1

    @pytest.mark.parametrize(
        "text", ["/refund", "/refund x", "/refund 7", "/refund 99999999999999", "/order", "/order 7"]
    )
    async def test_what_is_no_order_is_answered(self, crew: Crew, text: str) -> None:
        answer = await crew.command(text)
        assert answer["text"].startswith(("Какой заказ?", "Заказа № 7 нет"))


class TestLooking:
    async def test_the_list_is_filtered_turned_and_opened(self, crew: Crew) -> None:
        till = Till(crew)
        anna, vera = await crew.meet(900, "Анна"), await crew.meet(901, "Вера")
        for _ in range(9):
            await till.begin(anna)
        order, _ = await till.buy(vera)
        await till.card(f"Заказ № {order.number}")
        listed = await crew.command("/orders", user=MEMBER)
        assert listed["text"].startswith("🧾 10 заказов")
        assert "Вера" in listed["text"]
        await crew.press(listed, "▶️", user=MEMBER)
        await crew.press(await till.until(listed, "№ 1 "), "Оплаченные", user=MEMBER)
        paid = await till.until(listed, "🧾 1 заказ")
        assert f"№ {order.number}" in paid["text"]
        await crew.press(paid, "1", user=MEMBER)
        opened_ = await till.card("Оформлен в браузере")
        # Staff look and do not refund.
        assert not any("↩️" in caption for caption in captions(opened_))
        assert "🧾 1 заказ" in (await crew.command("/orders 901", user=MEMBER))["text"]
        assert "🧾 9 заказов" in (await crew.command("/orders pending", user=MEMBER))["text"]
        assert "Так: /orders" in (await crew.command("/orders so many words", user=MEMBER))["text"]

    async def test_another_projects_orders_are_out_of_reach(self, crew: Crew) -> None:
        till = Till(crew)
        await till.buy(await crew.meet(900))
        card = await till.card("Заказ № 1")
        assert "no order № 1" in (await crew.command("/order 1", slug="verbena"))["text"]
        assert (await crew.command("/orders", slug="verbena"))["text"].startswith("🧾 0 orders")
        rows = card["reply_markup"]["inline_keyboard"]
        data = next(button["callback_data"] for row in rows for button in row if "↩️" in button["text"])
        bot = crew.project("verbena").bot
        assert bot is not None
        body = {
            "chat_id": crew.groups["verbena"],
            "text": "•",
            "reply_markup": {"inline_keyboard": [[{"text": "•", "callback_data": data}]]},
        }
        posted = await crew.desk.client.post(f"/bot{bot.token.get_secret_value()}/test/sendMessage", json=body)
        pressed = await crew.press(posted.json()["result"], "•", user=OWNER)
        assert pressed["show_alert"]
        assert (await crew.private("/order luna/1"))["text"].startswith("🧾 Заказ № 1")

    async def test_credit_from_under_the_card_once(self, crew: Crew) -> None:
        till = Till(crew)
        user_id = await crew.meet(900)
        await till.buy(user_id)
        card = await till.card("Заказ № 1")
        before = await crew.value("SELECT balance FROM wallets WHERE user_id = $1 AND unit = 'readings'", user_id)
        await crew.press(card, "Начислить")
        asked = await till.card("Сколько раскладов начислить")
        await asyncio.gather(*(crew.press(asked, "+3") for _ in range(2)))
        await till.until(card, "🎁 Начисление:")
        after = await crew.value("SELECT balance FROM wallets WHERE user_id = $1 AND unit = 'readings'", user_id)
        assert after == before + 3
