"""Shapes of the inbox and its switches."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from app.users.schemas import Input

Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="HH:MM on the person's own clock.")]


class Screen(BaseModel):
    """Where a tap leads: `reading_id` for a reading, `page` for an address below the project's own, `chat` for the
    chat with the bot."""

    name: Literal["home", "inbox", "reading", "packages", "profile", "page", "chat"]
    reading_id: UUID | None
    page: str | None


class Notification(BaseModel):
    """`title` and `text` are plain text in the person's language."""

    id: UUID
    kind: str
    title: str
    text: str
    screen: Screen
    created_at: datetime
    read: bool


class Inbox(BaseModel):
    items: list[Notification]
    next_cursor: UUID | None
    unread: int


class Read(Input):
    """Either: some by their ids, or `up_to` this one and everything older."""

    ids: Annotated[list[Annotated[UUID, Field(strict=False)]], Field(min_length=1, max_length=200)] | None = None
    up_to: Annotated[UUID, Field(strict=False)] | None = None

    @model_validator(mode="after")
    def check_one(self) -> Self:
        if (self.ids is None) == (self.up_to is None):
            raise ValueError("give either ids or up_to")
        return self


class Unread(BaseModel):
    unread: int


class Quiet(BaseModel):
    """The bot is silent from `from` until `until`, over midnight when that is earlier."""

    from_: Clock = Field(alias="from")
    until: Clock


class Switch(BaseModel):
    kind: str
    enabled: bool
    switchable: bool


class Wishes(BaseModel):
    kinds: list[Switch]
    quiet: Quiet | None


class QuietInput(Input):
    from_: Clock = Field(alias="from")
    until: Clock


class WishesChanges(Input):
    """What is left out stays; `quiet: null` means no quiet hours."""

    kinds: Annotated[dict[str, bool], Field(max_length=32, default_factory=dict)]
    quiet: QuietInput | None = None
