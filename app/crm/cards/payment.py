"""A payment that came to nothing: the staff may help."""

from uuid import UUID

from aiogram.types import InlineKeyboardButton

from app.crm.cards.kind import CardKind, Facts
from app.crm.cards.store import Card
from app.crm.order_buttons import order_button
from app.crm.orders import named, package_name
from app.kit.database import Connection
from app.locales import html
from app.payments.orders.payments import PaymentRepository
from app.payments.sums import show


class PaymentFailedCard(CardKind):
    name = "payment_failed"
    topic = "orders"

    async def facts(self, connection: Connection, card: Card) -> Facts | None:
        bill = await PaymentRepository(connection, card.project_id).bill(UUID(card.subject))
        return {"bill": bill, "failure": card.facts.get("failure")} if bill is not None else None

    def text(self, facts: Facts, language: str) -> str:
        payment, order = facts["bill"].payment, facts["bill"].order
        told = html(
            language,
            "card.payment_failed",
            number=order.number,
            package=package_name(order, language),
            sum=show(payment.amount, payment.currency, language),
            provider=named(language, "provider", payment.provider),
            reason=named(language, "payments.failure", facts["failure"] or payment.failure or "unknown"),
        )
        # It often succeeds on the second try.
        if order.state in ("paid", "refunded"):
            told += "\n" + html(language, "card.payment_failed_paid")
        return told

    def buttons(self, card: Card, facts: Facts, language: str) -> list[list[InlineKeyboardButton]]:
        return [[order_button(facts["bill"].order.id, "open", language)]]
