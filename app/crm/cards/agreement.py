"""An agreement that should have ended at its provider, and goes on there as far as anybody knows."""

from app.crm.cards.kind import Action, CardKind, Facts
from app.crm.cards.store import Card
from app.crm.orders import named
from app.kit.database import Connection
from app.locales import html


class AgreementCard(CardKind):
    name = "agreement"
    topic = "orders"
    actions = (
        Action("take", state="taken", unless=("taken", "done")),
        Action("done", state="done", unless=("done",)),
    )

    async def facts(self, connection: Connection, card: Card) -> Facts | None:
        return card.facts

    def text(self, facts: Facts, language: str) -> str:
        # A bot has no page of its own where that could be done.
        key = "card.agreement_stars" if facts["provider"] == "stars" else "card.agreement"
        return html(
            language,
            key,
            provider=named(language, "provider", facts["provider"]),
            reference=facts["reference"],
            reason=named(language, "card.agreement_failure", facts["failure"]),
        )
