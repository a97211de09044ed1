"""Readings in the private chat: drawn there by buttons, and texts on their way there, each sent once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.catalogue.library import Library
from app.errors import Unauthenticated
from app.kit.database import Connection
from app.kit.ids import new_id
from app.readings.errors import ChatClosed, ReadingExpired, ReadingNotFinished
from app.readings.repository import Reading
from app.readings.service import ReadingService
from app.telegram.departures import DepartureRepository
from app.users.repository import UserRepository
from app.users.service import admit
from app.users.tokens import Principal
from app.worker.port import enqueue

JOB = "readings.chat"
# How long a dead worker keeps a text from the others.
LEASE = timedelta(seconds=15)
# Two taps on "send into the chat" within so long are one wish.
SAME_WISH = timedelta(seconds=30)

COLUMNS = (
    "id, project_id, reading_id, question_id, chat_id, state, picks, cards_shown, message_id, parts_sent, failures, "
    "lease"
)


@dataclass(frozen=True, slots=True)
class ReadingChat:
    """A row of `reading_chats`: see its model."""

    id: UUID
    project_id: int
    reading_id: UUID
    question_id: UUID | None
    chat_id: int
    state: str
    picks: list[int]
    cards_shown: bool
    message_id: int | None
    parts_sent: int
    failures: int
    lease: UUID | None


class ReadingChatRepository:
    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection = connection
        self._project_id = project_id

    async def open(self, reading_id: UUID, *, chat_id: int, state: str, question_id: UUID | None = None) -> UUID | None:
        """A new row; None if this reading (or answer) is on its way already."""
        made: UUID | None = await self._connection.fetchval(
            """
            INSERT INTO reading_chats (id, project_id, reading_id, question_id, chat_id, state)
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING id
            """,
            new_id(), self._project_id, reading_id, question_id, chat_id, state,
        )  # fmt: skip
        return made

    async def drawing(self, reading_id: UUID) -> ReadingChat | None:
        """The row in which this reading's cards are picked; locked."""
        row = await self._connection.fetchrow(
            f"""
            SELECT {COLUMNS} FROM reading_chats
            WHERE project_id = $1 AND reading_id = $2 AND question_id IS NULL AND state = 'drawing' FOR UPDATE
            """,  # noqa: S608  # the columns are a constant of this module
            self._project_id, reading_id,
        )  # fmt: skip
        return ReadingChat(*row) if row else None

    async def pick(self, chat_row: UUID, picks: list[int]) -> None:
        await self._connection.execute(
            "UPDATE reading_chats SET picks = $3, updated_at = now() WHERE project_id = $1 AND id = $2",
            self._project_id, chat_row, picks,
        )  # fmt: skip

    async def follow(self, chat_row: UUID) -> bool:
        """From drawing to following; false if that was done before."""
        done = await self._connection.fetchval(
            """
            UPDATE reading_chats SET state = 'following', lease_until = now(), updated_at = now()
            WHERE project_id = $1 AND id = $2 AND state = 'drawing' RETURNING true
            """,
            self._project_id, chat_row,
        )  # fmt: skip
        return bool(done)

    async def sent_lately(self, reading_id: UUID, *, within: timedelta) -> bool:
        """Whether the interpretation reached the chat a moment ago."""
        found = await self._connection.fetchval(
            """
            SELECT true FROM reading_chats WHERE project_id = $1 AND reading_id = $2 AND question_id IS NULL
                AND state = 'sent' AND updated_at > now() - $3::interval LIMIT 1
            """,
            self._project_id, reading_id, within,
        )  # fmt: skip
        return bool(found)

    async def claim(self, chat_row: UUID) -> tuple[ReadingChat, UUID] | None:
        """Takes a text that nobody is sending, with its reader; None if somebody else has it or it is over."""
        row = await self._connection.fetchrow(
            f"""
            UPDATE reading_chats SET lease = $3, lease_until = now() + $4, updated_at = now()
            WHERE project_id = $1 AND id = $2 AND state = 'following' AND lease_until <= now()
            RETURNING {COLUMNS}, (SELECT user_id FROM readings WHERE id = reading_id AND project_id = $1)
            """,  # noqa: S608  # the columns are a constant of this module
            self._project_id, chat_row, new_id(), LEASE,
        )  # fmt: skip
        return (ReadingChat(*row[:-1]), row[-1]) if row else None

    async def renew(self, chat: ReadingChat) -> bool:
        """False if the lease was lost, or the reading is gone."""
        return await self._change(chat, "lease_until = now() + $4", LEASE)

    async def show_cards(self, chat: ReadingChat) -> bool:
        """Committed before the picture is sent, so that it is sent at most once."""
        return await self._change(chat, "cards_shown = true, lease_until = now() + $4", LEASE)

    async def hide_cards(self, chat: ReadingChat) -> bool:
        """Telegram surely has not shown them."""
        return await self._change(chat, "cards_shown = false")

    async def keep_message(self, chat: ReadingChat, message_id: int) -> bool:
        return await self._change(chat, "message_id = $4", message_id)

    async def begin_sending(self, chat: ReadingChat) -> bool:
        """Committed before the first final message: whoever dies after this has perhaps sent it."""
        return await self._change(chat, "state = 'sending', lease_until = now() + $4", timedelta(seconds=60))

    async def part_sent(self, chat: ReadingChat, parts: int) -> None:
        await self._change(chat, "parts_sent = $4, lease_until = now() + interval '60 s'", parts)

    async def end(self, chat: ReadingChat, state: str, *, error: str | None = None) -> None:
        """`sent`, `uncertain`, `failed` or `gone`."""
        await self._change(chat, "state = $4, error = $5, lease = NULL", state, error)

    async def again(self, chat: ReadingChat, *, after: timedelta, failed: bool) -> None:
        """For the next worker, when nothing is in doubt; its time comes after so long."""
        await self._change(
            chat,
            "state = 'following', lease = NULL, lease_until = now() + $4, failures = failures + $5",
            after, int(failed),
        )  # fmt: skip

    async def _change(self, chat: ReadingChat, change: str, *values: object) -> bool:
        # `change` is one of the constants above.
        outcome = await self._connection.execute(
            f"UPDATE reading_chats SET {change}, updated_at = now() WHERE project_id = $1 AND id = $2 AND lease = $3",  # noqa: S608  # a constant, as said above
            self._project_id, chat.id, chat.lease, *values,
        )  # fmt: skip
        return bool(outcome == "UPDATE 1")


async def abandoned(connection: Connection, *, grace: timedelta, limit: int = 200) -> list[tuple[UUID, int, datetime]]:
    """(row, project, since) of texts that nobody sends though they are due, over all projects."""
    rows = await connection.fetch(
        """
        SELECT id, project_id, lease_until FROM reading_chats
        WHERE state = 'following' AND lease_until < now() - $1::interval ORDER BY lease_until LIMIT $2
        """,
        grace, limit,
    )  # fmt: skip
    return [tuple(row) for row in rows]


async def give_up_doubtful(connection: Connection) -> int:
    """What a dead worker was sending may or may not have arrived: it is not sent again by itself. How many."""
    outcome: str = await connection.execute(
        """
        UPDATE reading_chats SET state = 'uncertain', lease = NULL, updated_at = now(), error = 'the worker died'
        WHERE state = 'sending' AND lease_until < now()
        """
    )
    return int(outcome.removeprefix("UPDATE "))


def job_payload(project_id: int, chat_row: UUID) -> dict[str, object]:
    return {"project": project_id, "chat": str(chat_row)}


async def deliver(
    connection: Connection, *, project_id: int, reading_id: UUID, chat_id: int, question_id: UUID | None = None
) -> bool:
    """Starts the way of a text into the chat, in the caller's transaction; false if it is under way already."""
    chats = ReadingChatRepository(connection, project_id)
    if question_id is None:
        drawing = await chats.drawing(reading_id)
        if drawing is not None:
            if await chats.follow(drawing.id):
                await enqueue(connection, JOB, job_payload(project_id, drawing.id), priority=5)
            return True
    made = await chats.open(reading_id, chat_id=chat_id, state="following", question_id=question_id)
    if made is None:
        return False
    await enqueue(connection, JOB, job_payload(project_id, made), priority=5)
    return True


async def send_to_chat(
    connection: Connection, principal: Principal, reading_id: UUID, *, readings: ReadingService, library: Library
) -> bool:
    """A finished reading goes into its owner's chat with the bot; false if it is on its way or just came.

    Raises `ReadingNotFound`, `ReadingNotFinished`, `ChatClosed` when the bot may not write to him.
    """
    user = admit(await UserRepository(connection, principal.project_id).get(principal.user_id, lock="KEY SHARE"))
    reading = await readings.get(connection, principal, reading_id, lock=True)
    if reading.state != "finished":
        raise ReadingNotFinished
    project = library.project_by_id(principal.project_id)
    if project is None or project.bot is None:
        raise ChatClosed
    if user.telegram_id is None:
        raise Unauthenticated
    departures = DepartureRepository(connection, project.id)
    if await departures.reason(project.bot.id, user.telegram_id) is not None:
        raise ChatClosed
    if await ReadingChatRepository(connection, project.id).sent_lately(reading_id, within=SAME_WISH):
        return False
    return await deliver(connection, project_id=project.id, reading_id=reading_id, chat_id=user.telegram_id)


@dataclass(frozen=True, slots=True)
class Fan:
    """A reading whose cards are being picked by buttons, and the places that are picked; `drawn` when all were."""

    reading: Reading
    picks: list[int]

    @property
    def drawn(self) -> bool:
        return self.reading.state != "awaiting_draw"


async def open_fan(
    connection: Connection, principal: Principal, reading_id: UUID, *, chat_id: int, readings: ReadingService
) -> Fan:
    """The fan of a reading that waits for its draw, also of one that was begun in the app. Raises `ReadingNotFound`,
    `ReadingExpired`."""
    reading = await readings.get(connection, principal, reading_id, lock=True)
    if reading.state == "expired":
        raise ReadingExpired
    chats = ReadingChatRepository(connection, principal.project_id)
    if reading.state == "awaiting_draw":
        await chats.open(reading_id, chat_id=chat_id, state="drawing")
    row = await chats.drawing(reading_id)
    return Fan(reading, row.picks if row else reading.picks or [])


async def pick(
    connection: Connection,
    principal: Principal,
    reading_id: UUID,
    places: list[int],
    *,
    chat_id: int,
    readings: ReadingService,
) -> Fan:
    """Takes places of the fan; the last one draws the cards and starts text and delivery.

    Places that are taken already, or are more than are needed, are passed over. Raises as `open_fan`.
    """
    fan = await open_fan(connection, principal, reading_id, chat_id=chat_id, readings=readings)
    row = await ReadingChatRepository(connection, principal.project_id).drawing(reading_id)
    if fan.drawn or row is None:
        return fan
    reading = fan.reading
    needed = len(reading.spread["positions"])
    picks = list(fan.picks)
    for place in places:
        if 0 <= place < len(reading.cards) and place not in picks and len(picks) < needed:
            picks.append(place)
    await ReadingChatRepository(connection, principal.project_id).pick(row.id, picks)
    if len(picks) == needed:
        reading = await readings.draw(connection, principal, reading_id, picks=picks, client_seed="")
        await deliver(connection, project_id=principal.project_id, reading_id=reading_id, chat_id=chat_id)
    return Fan(reading, picks)
