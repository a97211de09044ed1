"""Somebody asks for his money back: the staff look at the purchase, decide, and answer him."""

from uuid import UUID

from aiogram.types import InlineKeyboardButton

from app.crm.cards.kind import Action, CardKind, Facts
from app.crm.cards.store import Card
from app.crm.order_buttons import order_button
from app.kit.database import Connection
from app.locales import html, plain
from app.payments.sums import show


class RefundRequestCard(CardKind):
    name = "refund_request"
    topic = "orders"
    actions = (
        Action("take", state="taken", unless=("taken", "done")),
        Action("done", state="done", unless=("done",)),
    )

    async def facts(self, connection: Connection, card: Card) -> Facts | None:
        row = await connection.fetchrow(
            """
            SELECT o.id, o.number, o.package -> 'name' AS name, o.total, o.currency, o.state, o.paid_at,
                (SELECT provider FROM payments p WHERE p.project_id = o.project_id AND p.order_id = o.id
                    AND p.state IN ('paid', 'refunded')) AS provider,
                (SELECT count(*) FROM readings r WHERE r.project_id = o.project_id AND r.user_id = o.user_id
                    AND r.created_at >= o.paid_at) AS readings_since
            FROM orders o WHERE o.project_id = $1 AND o.id = $2
            """,
            card.project_id, UUID(card.subject),
        )  # fmt: skip
        return dict(row) if row else None

    def buttons(self, card: Card, facts: Facts, language: str) -> list[list[InlineKeyboardButton]]:
        row = [order_button(facts["id"], "open", language)]
        if facts["state"] == "paid":
            row.append(order_button(facts["id"], "refund", language))
        return [row]

    def text(self, facts: Facts, language: str) -> str:
        names = facts["name"]
        text = html(
            language,
            "card.refund_request",
            number=facts["number"],
            name=names.get(language) or next(iter(names.values()), ""),
            cost=show(facts["total"], facts["currency"], language),
            provider=plain(language, f"provider.{facts['provider'] or 'none'}"),
            day=f"{facts['paid_at']:%d.%m.%Y}" if facts["paid_at"] else "—",
            used=facts["readings_since"],
        )
        if facts["state"] == "refunded":
            text += "\n" + html(language, "card.refund_request_done")
        return text
