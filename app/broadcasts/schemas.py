"""Shapes of the admin API of broadcasts: what comes in is checked by them, what goes out is documented by them."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from app.broadcasts.content import Content, Language, Part, Storable
from app.broadcasts.schedule import Schedule
from app.broadcasts.segments import Segment

Title = Annotated[str, Field(max_length=200), Storable]
State = Literal["draft", "counting", "scheduled", "sending", "paused", "done", "cancelled"]
RecipientState = Literal["pending", "sending", "sent", "gone", "failed", "uncertain", "skipped"]


class NewBroadcast(Part):
    """A draft; everything can be added later."""

    title: Title = ""
    content: Content = Content({})
    segment: Segment = Segment()


class BroadcastChanges(Part):
    title: Title | None = None
    content: Content | None = None
    segment: Segment | None = None


class BroadcastQuestion(Part):
    """Without a segment the broadcast's own is counted."""

    segment: Segment | None = None


class BroadcastStart(Part):
    schedule: Schedule


class BroadcastTest(Part):
    """Which versions; all of them without a list."""

    languages: Annotated[list[Language], Field(min_length=1, max_length=10)] | None = None


class BroadcastEdit(Part):
    content: Content


class BroadcastPlan(BaseModel):
    """`begin_at` is when the recipients are taken down; `local_time` is on everyone's own clock."""

    kind: Literal["now", "at", "local_time"]
    begin_at: datetime | None
    local_time: str | None
    quiet_wait_hours: int


class BroadcastRun(BaseModel):
    """`pending` includes what is being sent right now."""

    run: int
    kind: Literal["send", "edit", "delete"]
    total: int
    pending: int
    sent: int
    gone: int
    failed: int
    uncertain: int
    skipped: int
    opened: int
    outcome: Literal["done", "cancelled"] | None
    started_at: datetime
    ended_at: datetime | None


class Broadcast(BaseModel):
    """`problem` is why it paused by itself: `no_bot`, `bot_refused`, or `refused: ` and Telegram's words."""

    id: UUID
    title: str
    content: dict[str, Any]
    segment: dict[str, Any]
    state: State
    problem: str | None
    schedule: BroadcastPlan
    created_by: int
    created_at: datetime
    updated_at: datetime
    runs: list[BroadcastRun]


class BroadcastPage(BaseModel):
    items: list[Broadcast]
    next_cursor: str | None


class BroadcastCount(BaseModel):
    """`languages`: how many speak which. `versions`: how many get which; empty while there is no content."""

    total: int
    languages: dict[str, int]
    versions: dict[str, int]


class BroadcastPreview(BroadcastCount):
    """`messages`: each version as recipients see it, and how long its text is in Telegram's characters."""

    messages: dict[str, "PreviewedMessage"]


class PreviewedMessage(BaseModel):
    kind: Literal["text", "photo", "video"]
    html: str
    text: str
    characters: int
    buttons: list[list[dict[str, str]]]


class BroadcastSamples(BaseModel):
    """To whom the test messages go, and how many."""

    telegram_id: int
    messages: int


class BroadcastRecipient(BaseModel):
    user_id: UUID
    telegram_id: int | None
    language: str
    state: RecipientState
    send_at: datetime
    message_id: int | None
    error: str | None
    settled_at: datetime | None
    opened_at: datetime | None


class BroadcastRecipientPage(BaseModel):
    items: list[BroadcastRecipient]
    next_cursor: str | None
