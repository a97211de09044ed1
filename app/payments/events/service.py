"""Provider events: kept when they come, and worked on by a job until they are understood."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from app.catalogue.library import Library
from app.crm.cards.store import announce
from app.errors import Unavailable
from app.kit.database import Connection, Database
from app.kit.telemetry import get_logger
from app.payments.events.repository import EventRepository, Kept
from app.payments.machine import UNKNOWN_AGREEMENT
from app.payments.outcome import CARD, Outcome, Source
from app.payments.port import Event, EventRefused, Fact, ProviderAway, ProviderRefused
from app.payments.service import PaymentService
from app.worker.port import enqueue

log = get_logger("app.payments")

JOB = "payments.event"
LEASE = timedelta(minutes=1)
# 2 s, 6 s, 18 s, …, then every six hours: three days together.
FIRST = timedelta(seconds=2)
SLOWEST = timedelta(hours=6)
MOST_ATTEMPTS = 20


async def keep(
    connection: Connection, project_id: int, provider: str, account: str, events: Sequence[Event]
) -> list[UUID]:
    """Stores what is new, with a job that works on it; the rows of those that were new."""
    added = await EventRepository(connection, project_id).keep(provider, account, events)
    for row_id in added:
        await enqueue(connection, JOB, {"project": project_id, "event": str(row_id)})
    return added


async def work(payments: PaymentService, database: Database, library: Library, project_id: int, row_id: UUID) -> None:
    """Understands one event and applies what it says. What goes wrong is tried again by the beat, for three days."""
    async with database.connection() as connection:
        kept = await EventRepository(connection, project_id).claim(row_id, lease=LEASE)
    if kept is None:
        return
    project, provider = library.project_by_id(project_id), payments.registry.get(kept.provider)
    if project is None or provider is None:
        await _later(database, kept, "no_provider")
        return
    try:
        facts = await provider.understand(project, kept.event)
    except EventRefused as error:
        log.warning("an event was refused", provider=kept.provider, project_id=project_id, row=str(kept.id),
                    **error.facts)  # fmt: skip
        async with database.connection() as connection:
            note = str(error.facts.get("reason", error.code))
            await EventRepository(connection, project_id).finish(kept.id, state="refused", note=note)
        return
    except (ProviderAway, ProviderRefused) as error:
        await _later(database, kept, error.code)
        return
    except Exception:  # an event that we cannot read must not be lost, and must not stop the others
        log.exception("an event could not be understood", provider=kept.provider, project_id=project_id,
                      row=str(kept.id))  # fmt: skip
        await _later(database, kept, "not_understood")
        return
    try:
        waits = await _apply(payments, database, kept, facts, library)
    except Unavailable:
        waits = "unavailable"
    except Exception:  # as above: a defect of ours must not stop the others, and the event is not lost
        log.exception("an event could not be applied", provider=kept.provider, project_id=project_id, row=str(kept.id))
        waits = "not_applied"
    if waits is not None:
        await _later(database, kept, waits)


async def _apply(
    payments: PaymentService, database: Database, kept: Kept, facts: Sequence[Fact], library: Library
) -> str | None:
    """All facts in one transaction; the note of the first that has to wait, and then nothing has happened."""
    try:
        async with database.transaction() as connection:
            project = library.project_by_id(kept.project_id)
            source = Source(kept.project_id, kept.provider, kept.account, project)
            outcomes = []
            for fact in facts:
                outcome = await payments.apply(connection, source, fact)
                if outcome.state == "later":
                    raise _Waits(outcome.note)
                outcomes.append(outcome)
            state, note = _sum_up(outcomes)
            if not await EventRepository(connection, kept.project_id).finish(kept.id, state=state, note=note):
                raise _Waits("finished_elsewhere")
    except _Waits as waits:
        return waits.note
    return None


class _Waits(Exception):
    """Rolls the transaction back."""

    def __init__(self, note: str) -> None:
        self.note = note
        super().__init__(note)


def _sum_up(outcomes: Sequence[Outcome]) -> tuple[str, str]:
    refused = next((outcome for outcome in outcomes if outcome.state == "refused"), None)
    if refused is not None:
        return "refused", refused.note
    if any(outcome.state in ("done", "repeated") for outcome in outcomes):
        return "done", ", ".join(sorted({outcome.note or outcome.state for outcome in outcomes}))
    return "ignored", next((outcome.note for outcome in outcomes), "")


async def _later(database: Database, kept: Kept, note: str) -> None:
    if kept.attempts < MOST_ATTEMPTS:
        wait = min(FIRST * 3 ** min(kept.attempts - 1, 12), SLOWEST)
        async with database.connection() as connection:
            await EventRepository(connection, kept.project_id).put_off(kept.id, wait=wait, note=note)
        return
    if note == UNKNOWN_AGREEMENT:
        # Of an order that was never paid, or of another shop: no money, and nobody's business.
        async with database.connection() as connection:
            await EventRepository(connection, kept.project_id).finish(kept.id, state="ignored", note=note)
        return
    log.error("an event of a provider was given up", provider=kept.provider, project_id=kept.project_id,
              row=str(kept.id), reason=note)  # fmt: skip
    async with database.transaction() as connection:
        if await EventRepository(connection, kept.project_id).finish(kept.id, state="failed", note=note):
            facts = {"provider": kept.provider, "reason": note, "event": kept.event.kind}
            await announce(connection, project_id=kept.project_id, kind=CARD, subject=str(kept.id), facts=facts)
