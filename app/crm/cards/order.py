"""An order that was paid; the card follows it to the end."""

from uuid import UUID

from aiogram.types import InlineKeyboardButton

from app.crm.cards.kind import CardKind, Facts
from app.crm.cards.store import Card
from app.crm.order_buttons import order_button
from app.crm.orders import book_line, lines
from app.kit.database import Connection
from app.locales import html
from app.payments.orders import listing
from app.payments.refunds.repository import OPEN


class OrderCard(CardKind):
    name = "order"
    topic = "orders"

    async def facts(self, connection: Connection, card: Card) -> Facts | None:
        found = await listing.get(connection, project_ids=[card.project_id], order_id=UUID(card.subject))
        if found is None:
            return None
        row = await connection.fetchrow(
            """
            SELECT
                EXISTS (SELECT FROM refunds WHERE project_id = $1 AND order_id = $2 AND state = ANY($3::text[])),
                EXISTS (SELECT FROM disputes WHERE project_id = $1 AND order_id = $2 AND state = 'opened'),
                (SELECT redeemed_at IS NOT NULL FROM gifts WHERE project_id = $1 AND order_id = $2)
            """,
            card.project_id, found.order.id, list(OPEN),
        )  # fmt: skip
        assert row is not None  # noqa: S101  # a row of expressions always answers
        return {"found": found, "refunding": row[0], "disputed": row[1], "redeemed": row[2]}

    def text(self, facts: Facts, language: str) -> str:
        told = lines(facts["found"], language)
        if facts["redeemed"] is not None:
            told.append(html(language, "orders.gift_opened" if facts["redeemed"] else "orders.gift_waits"))
        if facts["refunding"]:
            told.append(html(language, "orders.refunding"))
        if facts["disputed"]:
            told.append(html(language, "orders.disputed"))
        if (book := book_line(facts["found"], language)) is not None and facts["found"].book_url is not None:
            told.append(book)
        return "\n".join(told)

    def buttons(self, card: Card, facts: Facts, language: str) -> list[list[InlineKeyboardButton]]:
        order = facts["found"].order
        row = [order_button(order.id, "open", language)]
        if order.state == "paid" and order.total and not facts["refunding"]:
            row.append(order_button(order.id, "refund", language))
        # Nobody is left to be given anything.
        credit = [order_button(order.id, "credit", language)] if facts["found"].telegram_id is not None else []
        return [row, credit] if credit else [row]

    async def touched(self, connection: Connection, card: Card) -> list[tuple[str, str]]:
        """What a client has paid stands on his own card too."""
        if card.user_id is not None:
            await connection.execute("SELECT contact_card_due($1::smallint, $2)", card.project_id, card.user_id)
        return []
