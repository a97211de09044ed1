"""Tables of the staff's groups: who is connected, their topics, and the messages carried to and fro."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


class StaffGroupRow(Base):
    """The one group of a project; a group serves one project. `problems` are codes of what it still lacks."""

    __tablename__ = "staff_groups"

    project_id: Mapped[int] = mapped_column(
        SmallInteger, ForeignKey("projects.id"), primary_key=True, autoincrement=False
    )
    chat_id: Mapped[int] = mapped_column(unique=True)
    title: Mapped[str]
    # The bots' words in the group, and the Telegram id of whoever connected it.
    language: Mapped[str]
    connected_by: Mapped[int]
    connected_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    problems: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    checked_at: Mapped[datetime | None]


class StaffInvitationRow(Base):
    """A one-time link that lets whoever opens it first connect a group to this project."""

    __tablename__ = "staff_invitations"
    __table_args__ = (Index(None, "project_id", "used_by"),)

    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("projects.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    expires_at: Mapped[datetime]
    used_by: Mapped[int | None]
    used_at: Mapped[datetime | None]


class StaffTopicRow(Base):
    """A topic of a group: one for each client, one for each kind of event.

    `claimed_until`: a process is making it in Telegram right now. `card_due_at`: the pinned card of a client is
    behind the truth; a trigger sets it whenever something that the card shows has changed.
    """

    __tablename__ = "staff_topics"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "user_id"], ["users.project_id", "users.id"]),
        UniqueConstraint("project_id", "chat_id", "kind", "user_id", postgresql_nulls_not_distinct=True),
        CheckConstraint("kind <> 'client' OR user_id IS NOT NULL", name="client"),
        Index(None, "project_id", "user_id"),
        Index(
            "uq_staff_topics_thread",
            "project_id",
            "chat_id",
            "thread_id",
            unique=True,
            postgresql_where=text("thread_id IS NOT NULL"),
        ),
        Index("ix_staff_topics_card_due", "card_due_at", postgresql_where=text("card_due_at IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("projects.id"))
    chat_id: Mapped[int]
    kind: Mapped[str]
    user_id: Mapped[UUID | None]
    thread_id: Mapped[int | None]
    name: Mapped[str | None]
    claimed_until: Mapped[datetime | None]
    is_closed: Mapped[bool] = mapped_column(server_default=text("false"))
    card_message_id: Mapped[int | None]
    card_hash: Mapped[str | None]
    card_due_at: Mapped[datetime | None]
    # When the staff were told that this client can no longer be written to; null again when he can.
    gone_told_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class MessageLinkRow(Base):
    """A message and its copy on the other side; before it was copied, a place in the queue.

    `in` goes from the client's private chat to the group, `out` the other way. The source's id is there from the
    beginning, the copy's when `state` is `sent`. `waiting` is still to be carried, `sending` is under way until
    `leased_until`, `uncertain` may or may not have arrived, `kept` stays where it was written, `failed` was
    refused. The copy is made from the message itself; of its words a row holds only the beginning of an answer, for
    the inbox, and only until it was sent.
    """

    __tablename__ = "message_links"
    __table_args__ = (
        CheckConstraint("direction IN ('in', 'out')", name="direction"),
        CheckConstraint("state IN ('waiting', 'sending', 'sent', 'uncertain', 'kept', 'failed')", name="state"),
        CheckConstraint("direction <> 'in' OR private_message_id IS NOT NULL", name="source_in"),
        CheckConstraint(
            "direction <> 'out' OR (group_message_id IS NOT NULL AND group_chat_id IS NOT NULL)", name="source_out"
        ),
        Index(
            "uq_message_links_private",
            "project_id",
            "bot_id",
            "private_chat_id",
            "private_message_id",
            unique=True,
            postgresql_where=text("private_message_id IS NOT NULL"),
        ),
        Index(
            "uq_message_links_group",
            "project_id",
            "group_chat_id",
            "group_message_id",
            unique=True,
            postgresql_where=text("group_message_id IS NOT NULL"),
        ),
        Index(
            "ix_message_links_open",
            "project_id",
            "private_chat_id",
            "direction",
            postgresql_where=text("state IN ('waiting', 'sending')"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("projects.id"))
    bot_id: Mapped[int]
    direction: Mapped[str]
    private_chat_id: Mapped[int]
    private_message_id: Mapped[int | None]
    group_chat_id: Mapped[int | None]
    group_message_id: Mapped[int | None]
    state: Mapped[str]
    media_group_id: Mapped[str | None]
    # The message of the source's chat that it answers.
    reply_to: Mapped[int | None]
    # What is said beside the copy: `contact_own`, `contact_other`.
    note: Mapped[str | None]
    # `out`: what the client's inbox will say of it, as the notice's values; null once it is there.
    says: Mapped[dict[str, Any] | None]
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    ready_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    leased_until: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
