"""Server-sent events of one text (WHATWG HTML, section 9.2), resumable from any process.

Event ids are `attempt-sequence`, where the sequence is the number of characters sent by then.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from uuid import UUID

from app.kit import json
from app.kit.telemetry import OPEN_STREAMS
from app.readings.generations import Snapshot, done_payload
from app.readings.transcripts import Listener, Piece

HEARTBEAT_SECONDS = 15.0
# How long a silence lasts before Postgres is asked whether the text ended unheard.
SILENCE_SECONDS = 2.0

EVENT_ID = re.compile(r"(\d{1,6})-(\d{1,9})")
HEARTBEAT = b": still here\n\n"

ReadSnapshot = Callable[[], Awaitable[Snapshot | None]]


def parse_event_id(value: str | None) -> tuple[int, int] | None:
    """(attempt, sequence) of `Last-Event-ID`; anything that is not ours counts as none."""
    match = EVENT_ID.fullmatch(value or "")
    return (int(match[1]), int(match[2])) if match else None


def render_event(name: str, data: object, *, attempt: int, sequence: int) -> bytes:
    return b"id: %d-%d\nevent: %s\ndata: %s\n\n" % (attempt, sequence, name.encode(), json.dumps(data))


class Follower:
    """Where one client stands in a text, and what it must be sent to catch up."""

    def __init__(self, last: tuple[int, int] | None) -> None:
        self.attempt, self.position = last or (0, 0)

    def catch_up(self, attempt: int, text: str) -> list[bytes]:
        """From the whole text of an attempt."""
        events = self._begin(attempt)
        if attempt == self.attempt and len(text) > self.position:
            events.append(self._delta(text[self.position :]))
        return events

    def take(self, piece: Piece) -> list[bytes] | None:
        """From a live piece; None if something before it is missing."""
        if piece.attempt < self.attempt:
            return []
        if piece.attempt > self.attempt and piece.start > 0:
            return None
        events = self._begin(piece.attempt)
        if piece.start > self.position:
            return None
        if piece.end > self.position:
            events.append(self._delta(piece.text[self.position - piece.start :]))
        return events

    def finish(self, snapshot: Snapshot) -> list[bytes]:
        if snapshot.state == "failed":
            data = {
                "error": "interpretation_failed",
                "detail": "The interpretation failed; nothing was charged.",
            }
            return [render_event("error", data, attempt=snapshot.attempt, sequence=self.position)]
        events = self.catch_up(snapshot.attempt, snapshot.text)
        sequence = len(snapshot.text) + 1
        return [
            *events,
            render_event("done", done_payload(snapshot), attempt=snapshot.attempt, sequence=sequence),
        ]

    def _begin(self, attempt: int) -> list[bytes]:
        if attempt <= self.attempt:
            return []
        is_restart = self.attempt > 0
        self.attempt, self.position = attempt, 0
        return [render_event("reset", {"attempt": attempt}, attempt=attempt, sequence=0)] if is_restart else []

    def _delta(self, text: str) -> bytes:
        self.position += len(text)
        return render_event("delta", {"text": text}, attempt=self.attempt, sequence=self.position)


async def follow(
    listener: Listener,
    read_snapshot: ReadSnapshot,
    *,
    project_id: int,
    generation_id: UUID,
    last: tuple[int, int] | None,
) -> AsyncIterator[bytes]:
    """Events from `last` on until the text has ended; heartbeats in between. Ends quietly if the reading is deleted."""
    OPEN_STREAMS.inc()
    try:
        follower = Follower(last)
        async with listener.listen(project_id, generation_id) as queue:
            spoke_at = time.monotonic()
            look = True
            while True:
                events: list[bytes] = []
                if look:
                    snapshot = await read_snapshot()
                    if snapshot is None:
                        return
                    if snapshot.ended:
                        for event in follower.finish(snapshot):
                            yield event
                        return
                    newest = await listener.latest(project_id, generation_id)
                    attempt, text = max(newest or (0, ""), (snapshot.attempt, snapshot.text))
                    events = follower.catch_up(attempt, text)
                    look = False
                else:
                    piece = await _next(queue)
                    taken = None if piece is None or piece.ended else follower.take(piece)
                    look = taken is None
                    events = taken or []
                now = time.monotonic()
                if events:
                    yield b"".join(events)
                    spoke_at = now
                elif now - spoke_at >= HEARTBEAT_SECONDS:
                    yield HEARTBEAT
                    spoke_at = now
    finally:
        OPEN_STREAMS.dec()


async def _next(queue: "asyncio.Queue[Piece | None]") -> Piece | None:
    with suppress(asyncio.QueueEmpty):
        return queue.get_nowait()
    try:
        async with asyncio.timeout(SILENCE_SECONDS):
            return await queue.get()
    except TimeoutError:
        return None
