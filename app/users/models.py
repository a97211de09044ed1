"""People, their sessions, and the hashes of those who were erased."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


class User(Base):
    """A person in one project. An erased one keeps the row, for the ledger, and nothing personal."""

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("project_id", "telegram_id"),
        UniqueConstraint("project_id", "id"),
        CheckConstraint("state IN ('active', 'blocked', 'erased')", name="state"),
        CheckConstraint("address IN ('informal', 'formal')", name="address"),
        CheckConstraint("gender IN ('feminine', 'masculine', 'unspecified')", name="gender"),
        CheckConstraint("(state = 'erased') = (telegram_id IS NULL)", name="erased"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("projects.id"))
    telegram_id: Mapped[int | None]
    first_name: Mapped[str] = mapped_column(server_default="")
    last_name: Mapped[str | None]
    username: Mapped[str | None]
    language: Mapped[str]
    timezone: Mapped[str] = mapped_column(server_default="UTC")
    address: Mapped[str] = mapped_column(server_default="informal")
    gender: Mapped[str] = mapped_column(server_default="unspecified")
    reversals: Mapped[bool] = mapped_column(server_default=text("true"))
    state: Mapped[str] = mapped_column(server_default="active")
    # How he came here; null until it is known, written once.
    source: Mapped[str | None]
    consented_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    last_seen_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    erased_at: Mapped[datetime | None]


class RefreshToken(Base):
    """One link of a family of rotating tokens; only the hash is kept."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "user_id"], ["users.project_id", "users.id"], ondelete="CASCADE"),
        CheckConstraint("place IN ('telegram', 'web')", name="place"),
        Index(None, "family_id"),
        Index(None, "project_id", "user_id"),
        Index(None, "expires_at"),
    )

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    family_id: Mapped[UUID]
    project_id: Mapped[int] = mapped_column(SmallInteger)
    user_id: Mapped[UUID]
    # Where the session was begun: inside Telegram, or in an ordinary browser.
    place: Mapped[str] = mapped_column(server_default="telegram")
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class ErasedPerson(Base):
    """The keyed hash of somebody who left, so that what is free once stays free once."""

    __tablename__ = "erased_people"

    person_hash: Mapped[bytes] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("projects.id"))
    erased_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class ReferralCode(Base):
    """What a person's invitations carry (`ref_<code>`)."""

    __tablename__ = "referral_codes"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "user_id"], ["users.project_id", "users.id"]),
        UniqueConstraint("project_id", "code"),
    )

    project_id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Referral(Base):
    """Who brought whom; nobody is brought twice, or by himself."""

    __tablename__ = "referrals"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "user_id"], ["users.project_id", "users.id"]),
        ForeignKeyConstraint(["project_id", "referrer_id"], ["users.project_id", "users.id"]),
        CheckConstraint("user_id <> referrer_id", name="himself"),
        Index(None, "project_id", "referrer_id"),
    )

    project_id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    referrer_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class LoginCode(Base):
    """A one-time way into the Mini App in an ordinary browser; only the hash is kept."""

    __tablename__ = "login_codes"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "user_id"], ["users.project_id", "users.id"]),
        Index(None, "project_id", "user_id"),
        Index(None, "expires_at"),
    )

    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(SmallInteger)
    user_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
