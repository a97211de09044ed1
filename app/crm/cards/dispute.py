"""A client's bank asks the money back: somebody has to answer it at the provider, in time."""

from uuid import UUID

from aiogram.types import InlineKeyboardButton

from app.crm.cards.kind import Action, CardKind, Facts
from app.crm.cards.store import Card
from app.crm.order_buttons import order_button
from app.crm.orders import named
from app.kit.database import Connection
from app.locales import html
from app.payments.sums import show


class DisputeCard(CardKind):
    name = "dispute"
    topic = "orders"
    actions = (Action("take", state="taken", unless=("taken",)),)

    async def facts(self, connection: Connection, card: Card) -> Facts | None:
        row = await connection.fetchrow(
            """
            SELECT d.state, d.amount, d.currency, d.reference, d.order_id, o.number, p.provider, p.charge
            FROM disputes d
            JOIN orders o ON o.project_id = d.project_id AND o.id = d.order_id
            JOIN payments p ON p.project_id = d.project_id AND p.id = d.payment_id
            WHERE d.project_id = $1 AND d.id = $2
            """,
            card.project_id, UUID(card.subject),
        )  # fmt: skip
        return dict(row) if row else None

    def text(self, facts: Facts, language: str) -> str:
        return html(
            language,
            f"card.dispute_{facts['state']}",
            number=facts["number"],
            sum=show(facts["amount"], facts["currency"], language),
            provider=named(language, "provider", facts["provider"]),
            reference=facts["reference"],
        )

    def buttons(self, card: Card, facts: Facts, language: str) -> list[list[InlineKeyboardButton]]:
        return [[order_button(facts["order_id"], "open", language)]]

    async def touched(self, connection: Connection, card: Card) -> list[tuple[str, str]]:
        order_id = await connection.fetchval(
            "SELECT order_id FROM disputes WHERE project_id = $1 AND id = $2", card.project_id, UUID(card.subject)
        )
        return [("order", str(order_id))] if order_id is not None else []
