"""When a broadcast goes out, and what the beat does: begins what is due, gives up what a dead process left, ends."""

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, TypeAdapter

from app.broadcasts import content, notices, recipients
from app.broadcasts.content import Part
from app.broadcasts.recipients import RecipientRepository
from app.broadcasts.repository import BroadcastRepository
from app.errors import InvalidRequest
from app.kit.database import Connection, Database
from app.worker.port import enqueue

# The zones of the earth: +14:00 is where a day begins, -12:00 where it ends last.
EARLIEST, LATEST = timedelta(hours=14), timedelta(hours=12)
FARTHEST = timedelta(days=366)
# Pydantic in strict mode takes no strings for datetimes from JSON that was parsed already.
QuietWait = Annotated[int, Field(ge=0, le=24, description="Longest wait in hours for the end of quiet hours.")]

BEGIN = "broadcasts.begin"


class Now(Part):
    kind: Literal["now"] = "now"
    quiet_wait_hours: QuietWait = 12


class At(Part):
    """`at` carries its offset from UTC."""

    kind: Literal["at"]
    at: Annotated[AwareDatetime, Field(strict=False)]
    quiet_wait_hours: QuietWait = 12


class LocalTime(Part):
    """`YYYY-MM-DDTHH:MM` on every recipient's own clock."""

    kind: Literal["local_time"]
    local_time: Annotated[str, Field(pattern=r"^20\d\d-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d$")]
    quiet_wait_hours: QuietWait = 12


Schedule = Annotated[Now | At | LocalTime, Field(discriminator="kind")]
SCHEDULE: TypeAdapter[Now | At | LocalTime] = TypeAdapter(Schedule)


def begins_at(schedule: Now | At | LocalTime, *, now: datetime) -> datetime:
    """When the recipients are taken down. Raises `InvalidRequest` for a time that is past, too far, or none."""
    if isinstance(schedule, Now):
        return now
    if isinstance(schedule, At):
        begin, over = schedule.at, schedule.at
    else:
        try:
            wall = datetime.fromisoformat(f"{schedule.local_time}+00:00")
        except ValueError:
            raise InvalidRequest("This date is in no calendar.", field="local_time") from None
        begin, over = wall - EARLIEST, wall + LATEST
    if over <= now:
        raise InvalidRequest("This time is past.", field=schedule.kind)
    if begin - now > FARTHEST:
        raise InvalidRequest("This time is more than a year away.", field=schedule.kind)
    return max(begin, now)


async def begin(database: Database, *, project_id: int, broadcast_id: UUID, default_language: str) -> int | None:
    """Takes down the recipients of a broadcast that is to begin, and lets it go; how many, None if it is not to.

    Whose language has no version gets the one of `default_language`, if there is one.
    """
    async with database.transaction() as connection:
        broadcasts = BroadcastRepository(connection, project_id)
        broadcast = await broadcasts.get(broadcast_id, lock=True)
        if broadcast is None or broadcast.state != "counting":
            return None
        run = next(run for run in (await broadcasts.runs([broadcast_id]))[broadcast_id] if run.run == broadcast.run)
        to = RecipientRepository(connection, project_id, broadcast_id, run.run)
        if run.kind == "send":
            fallback = content.read(run.content).fallback(default_language)
            total = await to.take_down(broadcast, bot_id=run.bot_id, fallback=fallback)
        else:
            total = await to.take_over(deleting=run.kind == "delete")
            if run.kind == "delete":
                await notices.take_back(connection, project_id=project_id, broadcast_id=broadcast_id)
            else:
                values = notices.values_of(run.content)
                await notices.correct(connection, project_id=project_id, broadcast_id=broadcast_id, values=values)
        await broadcasts.move(broadcast_id, "sending", allowed=("counting",))
        await broadcasts.finish(broadcast_id, run.run)
        return total


async def begin_due(connection: Connection) -> int:
    """Enqueues a job for each that is due; also for one whose job was lost. Over all projects; how many."""
    rows = await connection.fetch(
        """
        UPDATE broadcasts SET state = 'counting', updated_at = now() WHERE id IN (
            SELECT id FROM broadcasts
            WHERE state = 'scheduled' AND begin_at <= now()
                OR state = 'counting' AND updated_at < now() - interval '30 seconds'
            FOR UPDATE SKIP LOCKED
        )
        RETURNING project_id, id
        """
    )
    for row in rows:
        await enqueue_begin(connection, row["project_id"], row["id"])
    return len(rows)


async def enqueue_begin(connection: Connection, project_id: int, broadcast_id: UUID) -> None:
    payload = {"project": project_id, "broadcast": str(broadcast_id)}
    await enqueue(connection, BEGIN, payload, dedupe_key=f"broadcast:{broadcast_id}")


async def finish_idle(connection: Connection) -> None:
    """Ends what no process has ended. Over all projects."""
    rows = await connection.fetch(
        """
        SELECT b.project_id, b.id, b.run FROM broadcasts b WHERE b.state = 'sending' AND NOT EXISTS (
            SELECT FROM broadcast_recipients r
            WHERE r.broadcast_id = b.id AND r.run = b.run AND r.state IN ('pending', 'sending')
        )
        """
    )
    for row in rows:
        await BroadcastRepository(connection, row["project_id"]).finish(row["id"], row["run"])


async def skip_cancelled(connection: Connection) -> None:
    """Nobody of a cancelled run waits any more, also not who went back because of a 429. Over all projects."""
    rows = await connection.fetch(
        """
        SELECT n.project_id, n.broadcast_id, n.run FROM broadcast_runs n
        WHERE n.outcome = 'cancelled' AND n.ended_at > now() - interval '1 hour' AND EXISTS (
            SELECT FROM broadcast_recipients r
            WHERE r.broadcast_id = n.broadcast_id AND r.run = n.run AND r.state = 'pending'
        )
        """
    )
    for row in rows:
        await RecipientRepository(connection, row[0], row[1], row[2]).skip_pending("cancelled")


async def tick(database: Database) -> None:
    """What the beat does every few seconds."""
    async with database.transaction() as connection:
        await begin_due(connection)
    async with database.transaction() as connection:
        await recipients.declare_uncertain(connection)
    async with database.transaction() as connection:
        await skip_cancelled(connection)
        await finish_idle(connection)
