"""Buying with Stars through the desk: a person, his bot, the API and a worker, over real servers."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from app.payments.orders.payments import Payment, PaymentRepository
from app.payments.orders.repository import Order, OrderRepository
from app.payments.subscriptions.repository import Subscription, SubscriptionRepository
from tests.telegram.stage import Message, Stage, Talk, buttons

MONTH = 2_592_000


async def until(look: Callable[[], Awaitable[Any]], *, wait: float = 20) -> Any:
    """The first answer of `look` that is true."""
    async with asyncio.timeout(wait):
        while not (found := await look()):
            await asyncio.sleep(0.05)
        return found


class Buyer:
    """One person's purchases with one bot. `user` is his Telegram id."""

    def __init__(self, stage: Stage, talk: Talk) -> None:
        self.stage, self.talk = stage, talk

    @property
    def bot_id(self) -> int:
        return self.talk.bot_id

    async def open_shop(self, command: str = "/buy") -> Message:
        return await self.talk.say(command)

    async def invoice(self, caption: str, command: str = "/buy") -> Message:
        """The invoice for the package whose button holds this."""
        await self.talk.press(await self.open_shop(command), caption)
        return (await self.talk.next())[0]

    async def link(self, caption: str) -> str:
        """The link of the invoice for the subscription whose button holds this."""
        page = await self.open_shop()
        await self.talk.press(page, caption)
        await self.talk.press(page, "Оформить" if self.talk.language == "ru" else "Subscribe")
        told = (await self.talk.next())[0]
        return str(buttons(told)[0]["url"])

    async def pay(self, invoice: Message | None = None, **how: Any) -> dict[str, Any]:
        body = {"bot": self.bot_id, "message_id": invoice["message_id"]} if invoice is not None else {}
        return await self.stage.desk.order("pay", user=self.talk.user, **body, **how)

    async def buy(self, caption: str = "105") -> str:
        """Bought and paid; the charge. The thanks were read."""
        paid = await self.pay(await self.invoice(caption))
        assert paid["status"] == "paid", paid
        await self.talk.next()
        return str(paid["charge_id"])

    async def subscribe(self) -> str:
        """The monthly one; the charge. The thanks were read."""
        paid = await self.pay(link=await self.link("320"))
        assert paid["status"] == "paid", paid
        await self.talk.next()
        return str(paid["charge_id"])

    async def change(self, charge: str, action: str, *, ask: bool = False, code: int | None = None) -> dict[str, Any]:
        """In Telegram: renew (`ask`: after the bot was asked), fail, cancel, resume."""
        return await self.stage.desk.order(
            "subscriptions", user=self.talk.user, bot=self.bot_id, charge_id=charge, action=action, ask=ask, code=code
        )

    async def user_id(self) -> UUID:
        found: UUID = await self.stage.value(
            "SELECT id FROM users WHERE project_id = $1 AND telegram_id = $2", self.talk.project.id, self.talk.user
        )
        return found

    async def readings(self) -> int:
        """Of the wallet."""
        balance: int | None = await self.stage.value(
            "SELECT balance FROM wallets WHERE user_id = $1 AND unit = 'readings'", await self.user_id()
        )
        return balance or 0

    async def orders(self) -> list[Order]:
        """All of them, the oldest first."""
        async with self.stage.database.connection() as connection:
            rows = await connection.fetch("SELECT id FROM orders WHERE user_id = $1 ORDER BY id", await self.user_id())
            repository = OrderRepository(connection, self.talk.project.id)
            found = [await repository.get(row["id"]) for row in rows]
        return [order for order in found if order is not None]

    async def payments(self) -> list[Payment]:
        async with self.stage.database.connection() as connection:
            return await PaymentRepository(connection, self.talk.project.id).of_orders(
                [order.id for order in await self.orders()]
            )

    async def subscription(self) -> Subscription | None:
        async with self.stage.database.connection() as connection:
            return await SubscriptionRepository(connection, self.talk.project.id).open_of(await self.user_id())


def buyer(stage: Stage, *, user: int = 5, language: str = "ru", slug: str = "luna") -> Buyer:
    return Buyer(stage, stage.talk(slug, user=user, language=language))
