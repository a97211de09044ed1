"""Money that went back, or could not."""

from uuid import UUID

from aiogram.types import InlineKeyboardButton

from app.crm.cards.kind import CardKind, Facts
from app.crm.cards.store import Card
from app.crm.order_buttons import order_button
from app.crm.orders import named
from app.kit.database import Connection
from app.locales import html, plain
from app.payments.orders.payments import PaymentRepository
from app.payments.refunds.repository import RefundRepository
from app.payments.sums import show
from app.wallet.balance import UNITS


class RefundCard(CardKind):
    name = "refund"
    topic = "orders"

    async def facts(self, connection: Connection, card: Card) -> Facts | None:
        refund = await RefundRepository(connection, card.project_id).get(UUID(card.subject))
        if refund is None:
            return None
        bill = await PaymentRepository(connection, card.project_id).bill(refund.payment_id)
        return {"refund": refund, "bill": bill} if bill is not None else None

    def text(self, facts: Facts, language: str) -> str:
        refund, order = facts["refund"], facts["bill"].order
        surplus = facts["bill"].payment.state == "surplus"
        key = "card.refund_failed" if refund.state == "failed" else "card.surplus" if surplus else "card.refund"
        told = [
            html(
                language,
                key,
                number=order.number,
                sum=show(refund.amount, refund.currency, language),
                provider=named(language, "provider", facts["bill"].payment.provider),
                by=plain(language, f"refunds.by.{refund.started_by}"),
            )
        ]
        if refund.state == "failed":
            told.append(html(language, "refunds.why", reason=named(language, "refunds.failure", refund.failure or "")))
        elif refund.reason and not surplus:
            told.append(html(language, "refunds.why", reason=refund.reason))
        for name in ("taken", "forgiven", "owed"):
            units = refund.taken.get(name) or {}
            if isinstance(units, dict) and any(units.values()):
                words = ", ".join(
                    plain(language, f"orders.units_{unit}", count=units[unit]) for unit in UNITS if units.get(unit)
                )
                told.append(html(language, f"refunds.{name}", units=words))
        return "\n".join(told)

    def buttons(self, card: Card, facts: Facts, language: str) -> list[list[InlineKeyboardButton]]:
        return [[order_button(facts["bill"].order.id, "open", language)]]

    async def touched(self, connection: Connection, card: Card) -> list[tuple[str, str]]:
        refund = await RefundRepository(connection, card.project_id).get(UUID(card.subject))
        return [("order", str(refund.order_id))] if refund is not None else []
