"""A request that somebody left."""

from uuid import UUID

from app.crm.audit import Actor
from app.crm.cards.kind import Action, CardKind, Facts
from app.crm.cards.store import Card
from app.kit.database import Connection
from app.leads.phones import pretty
from app.leads.repository import LeadRepository
from app.locales import html, plain
from app.notifications.service import notify


async def take(connection: Connection, card: Card, actor: Actor) -> None:
    if await LeadRepository(connection, card.project_id).take(UUID(card.subject), by=actor.telegram_id):
        await _tell(connection, card, "lead_taken", by_bot=True)


async def finish(connection: Connection, card: Card, actor: Actor) -> None:
    if await LeadRepository(connection, card.project_id).finish(UUID(card.subject), by=actor.telegram_id):
        await _tell(connection, card, "lead_done", by_bot=False)


async def _tell(connection: Connection, card: Card, event: str, *, by_bot: bool) -> None:
    """Whoever left the request; that it is closed he need not hear at once."""
    if card.user_id is not None:
        await notify(
            connection,
            project_id=card.project_id,
            user_id=card.user_id,
            kind="replies",
            values={"event": event},
            dedupe=f"{event}:{card.subject}",
            by_bot=by_bot,
        )


class LeadCard(CardKind):
    name = "lead"
    topic = "leads"
    actions = (
        Action("take", state="taken", unless=("taken", "done"), perform=take),
        Action("done", state="done", unless=("done",), perform=finish),
    )

    async def facts(self, connection: Connection, card: Card) -> Facts | None:
        lead = await LeadRepository(connection, card.project_id).get(UUID(card.subject))
        if lead is None:
            return None
        return {"name": lead.name, "phone": lead.phone, "about": lead.about, "source": lead.source}

    def text(self, facts: Facts, language: str) -> str:
        return html(
            language,
            "card.lead",
            name=facts["name"],
            phone=pretty(facts["phone"]),
            about=facts["about"],
            source=plain(language, f"lead.source_{facts['source']}"),
        )
