"""Money that nothing of ours explains, and money of ours that the provider's books do not know."""

from typing import Any
from uuid import UUID

from aiogram.types import InlineKeyboardButton

from app.crm.cards.kind import Action, CardKind, Facts
from app.crm.cards.store import Card
from app.crm.order_buttons import order_button
from app.crm.orders import named
from app.kit.database import Connection
from app.locales import html
from app.payments.orders.payments import PaymentRepository
from app.payments.outcome import MONEY_IS_BACK
from app.payments.sums import show


def _sum(facts: Facts, language: str) -> str:
    amount, currency = facts.get("amount"), facts.get("currency")
    if not isinstance(amount, int) or not isinstance(currency, str):
        return "—"
    return show(amount, currency, language)


class PaymentRefusedCard(CardKind):
    """`facts` are the provider's fact as `app.payments.outcome.fact_body` keeps it, or the event that was given up."""

    name = "payment_refused"
    topic = "orders"
    actions = (Action("seen", state="seen", unless=("seen",)),)

    async def facts(self, connection: Connection, card: Card) -> Facts | None:
        return card.facts

    def text(self, facts: Facts, language: str) -> str:
        values: dict[str, Any] = {
            "provider": named(language, "provider", facts.get("provider", "—")),
            "reason": named(language, "card.refused", facts.get("reason", "—")),
        }
        if "fact" not in facts:
            return html(language, "card.event_failed", **values, event=facts.get("event", "—"))
        if facts.get("reason") in MONEY_IS_BACK:
            mark = facts.get("refund") or facts.get("dispute") or "—"
            return html(language, "card.money_is_back", **values, sum=_sum(facts, language), mark=mark)
        mark = next((facts[name] for name in ("refund", "dispute", "charge") if facts.get(name)), "—")
        return html(language, "card.payment_refused", **values, sum=_sum(facts, language), mark=mark)

    def buttons(self, card: Card, facts: Facts, language: str) -> list[list[InlineKeyboardButton]]:
        return [[order_button(UUID(facts["order"]), "open", language)]] if facts.get("order") else []


class PaymentMissingCard(CardKind):
    name = "payment_missing"
    topic = "orders"
    actions = (Action("seen", state="seen", unless=("seen",)),)

    async def facts(self, connection: Connection, card: Card) -> Facts | None:
        bill = await PaymentRepository(connection, card.project_id).bill(UUID(card.subject))
        return {"bill": bill} if bill is not None else None

    def text(self, facts: Facts, language: str) -> str:
        payment, order = facts["bill"].payment, facts["bill"].order
        return html(
            language,
            "card.payment_missing",
            number=order.number,
            sum=show(payment.amount, payment.currency, language),
            provider=named(language, "provider", payment.provider),
            charge=payment.charge or "—",
        )

    def buttons(self, card: Card, facts: Facts, language: str) -> list[list[InlineKeyboardButton]]:
        return [[order_button(facts["bill"].order.id, "open", language)]]
