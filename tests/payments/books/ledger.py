"""Paid orders and refunds in the database, as the rest of the product leaves them, and what stands in the outbox."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.catalogue.library import Library
from app.crm.cards.store import announce
from app.crm.groups import GroupRepository
from app.kit.database import Database
from app.kit.ids import new_id
from app.payments import books
from app.projects.repository import ProjectsRepository, WantedProject

PAID_AT = datetime(2026, 10, 3, 9, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Ledger:
    """One project with one person; `enter` is what the paid transition calls."""

    database: Database
    project_id: int
    user_id: UUID

    @classmethod
    async def open(cls, database: Database, *, key: str = "luna", telegram_id: int | None = 700100200) -> "Ledger":
        async with database.transaction() as connection:
            await ProjectsRepository(connection).sync("store", [WantedProject(key, key, "live", None)])
            project_id = await connection.fetchval("SELECT id FROM projects WHERE key = $1", key)
            user_id = new_id()
            await connection.execute(
                """
                INSERT INTO users (id, project_id, telegram_id, first_name, last_name, username, language)
                VALUES ($1, $2, $3, 'Анна', 'Ковалёва', 'anna_k', 'ru')
                """,
                user_id, project_id, telegram_id,
            )  # fmt: skip
        return cls(database, project_id, user_id)

    async def group(self, chat_id: int) -> None:
        """The staff's group."""
        async with self.database.transaction() as connection:
            await GroupRepository(connection, self.project_id).connect(
                chat_id, title="Луна", language="ru", connected_by=1, problems=[]
            )

    async def topic(self, chat_id: int, thread_id: int) -> None:
        """The person's topic there."""
        async with self.database.transaction() as connection:
            await connection.execute(
                """
                INSERT INTO staff_topics (id, project_id, chat_id, kind, user_id, thread_id)
                VALUES ($1, $2, $3, 'client', $4, $5)
                """,
                new_id(), self.project_id, chat_id, self.user_id, thread_id,
            )  # fmt: skip

    async def card(self, order_id: UUID, *, chat_id: int, message_id: int, thread_id: int | None = None) -> None:
        """The order's card, posted."""
        async with self.database.transaction() as connection:
            await announce(
                connection, project_id=self.project_id, kind="order", subject=str(order_id), user_id=self.user_id
            )
            await connection.execute(
                """
                UPDATE staff_cards SET chat_id = $3, message_id = $4, thread_id = $5, posted_at = now()
                WHERE project_id = $1 AND subject = $2
                """,
                self.project_id, str(order_id), chat_id, message_id, thread_id,
            )  # fmt: skip

    async def order(
        self,
        *,
        package: str = "luna-three",
        currency: str = "RUB",
        price: int = 19900,
        discount: int = 0,
        coupon: str | None = None,
        provider: str = "yookassa",
        kind: str = "purchase",
        product_id: int | None = None,
        number: int | None = None,
    ) -> UUID:
        """A paid order with its payment, if it cost anything, and its line in the outbox."""
        order_id, total = new_id(), price - discount
        async with self.database.transaction() as connection:
            number = number or 1 + await connection.fetchval(
                "SELECT count(*) FROM orders WHERE project_id = $1", self.project_id
            )
            await connection.execute(
                """
                INSERT INTO orders (id, project_id, number, user_id, kind, state, package_key, package, currency,
                    regular, price, discount, total, coupon, place, language, expires_at, paid_at)
                VALUES ($1, $2, $3, $4, $5, 'paid', $6, $7, $8, $9, $9, $10, $11, $12, 'telegram', 'ru', now(), $13)
                """,
                order_id, self.project_id, number, self.user_id, kind, package,
                {"name": {"ru": "Три ночи"}, "kind": "readings", "product_id": product_id}, currency, price, discount,
                total, coupon, PAID_AT,
            )  # fmt: skip
            if total:
                await connection.execute(
                    """
                    INSERT INTO payments (id, project_id, order_id, provider, account, state, amount, currency, charge,
                        paid_at)
                    VALUES ($1, $2, $3, $4, 'account', 'paid', $5, $6, $7, $8)
                    """,
                    new_id(), self.project_id, order_id, provider, total, currency, f"charge-{order_id}", PAID_AT,
                )  # fmt: skip
            await books.enter(connection, project_id=self.project_id, order_id=order_id)
        return order_id

    async def refund(
        self, order_id: UUID, amount: int, *, state: str = "done", started_by: str = "bot", entered: bool = True
    ) -> UUID:
        refund_id = new_id()
        async with self.database.transaction() as connection:
            payment = await connection.fetchrow("SELECT id, currency FROM payments WHERE order_id = $1", order_id)
            assert payment is not None
            await connection.execute(
                """
                INSERT INTO refunds (id, project_id, order_id, payment_id, amount, currency, state, reason, started_by,
                    done_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, 'Передумала', $8, CASE WHEN $7 = 'done' THEN now() END)
                """,
                refund_id, self.project_id, order_id, payment["id"], amount, payment["currency"], state, started_by,
            )  # fmt: skip
            if entered:
                await books.enter(connection, project_id=self.project_id, order_id=order_id, refund_id=refund_id)
        return refund_id

    async def lines(self) -> list[dict[str, Any]]:
        """The outbox, the oldest first."""
        async with self.database.connection() as connection:
            rows = await connection.fetch(
                "SELECT order_id, refund_id, state, problem, remote_id, attempts FROM book_entries ORDER BY id"
            )
        return [dict(row) for row in rows]

    async def due(self) -> None:
        """The pauses are over."""
        async with self.database.connection() as connection:
            await connection.execute("UPDATE book_entries SET next_at = now() WHERE state = 'waiting'")

    async def erase(self) -> None:
        """The person leaves, as far as the books are concerned."""
        async with self.database.transaction() as connection:
            await connection.execute(
                "UPDATE users SET state = 'erased', telegram_id = NULL, first_name = '', last_name = NULL,"
                " username = NULL WHERE id = $1",
                self.user_id,
            )
            await books.reopen_of_person(connection, self.project_id, self.user_id)


def empty_library() -> Library:
    """A catalogue that knows no product: then the order's own copy says which one it was."""
    return Library()
