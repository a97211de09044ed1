"""Broadcasts and their recipients."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

STATES = "state IN ('draft', 'counting', 'scheduled', 'sending', 'paused', 'done', 'cancelled')"
RECIPIENT_STATES = "state IN ('pending', 'sending', 'sent', 'gone', 'failed', 'uncertain', 'skipped')"
NOW = sa.text("now()")
ZERO = sa.text("0")


def _time(name: str, *, nullable: bool = True) -> sa.Column[sa.DateTime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, server_default=None if nullable else NOW)


def _json(name: str, default: str | None) -> sa.Column[postgresql.JSONB]:
    return sa.Column(
        name,
        postgresql.JSONB(astext_type=sa.Text()),
        server_default=sa.text(f"'{default}'::jsonb") if default else None,
        nullable=False,
    )


def upgrade() -> None:
    op.create_table(
        "broadcasts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        _json("content", "{}"),
        _json("segment", "{}"),
        sa.Column("state", sa.Text(), server_default="draft", nullable=False),
        sa.Column("run", sa.SmallInteger(), server_default=ZERO, nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("schedule_kind", sa.Text(), server_default="now", nullable=False),
        _time("begin_at"),
        sa.Column("local_time", sa.Text(), nullable=True),
        sa.Column("quiet_wait_hours", sa.SmallInteger(), server_default=sa.text("12"), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.Column("created_name", sa.Text(), server_default="", nullable=False),
        _time("created_at", nullable=False),
        _time("updated_at", nullable=False),
        sa.Column("bot_id", sa.BigInteger(), nullable=True),
        sa.Column("chat_id", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("shown", sa.Text(), server_default="", nullable=False),
        _time("shown_at", nullable=False),
        sa.CheckConstraint(STATES, name=op.f("ck_broadcasts_state")),
        sa.CheckConstraint("schedule_kind IN ('now', 'at', 'local_time')", name=op.f("ck_broadcasts_schedule_kind")),
        sa.CheckConstraint(
            "(schedule_kind = 'local_time') = (local_time IS NOT NULL)", name=op.f("ck_broadcasts_local_time")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_broadcasts_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcasts")),
        sa.UniqueConstraint("project_id", "id", name=op.f("uq_broadcasts_project_id_id")),
    )
    op.create_index(
        "ix_broadcasts_open",
        "broadcasts",
        ["state", "begin_at"],
        postgresql_where=sa.text("state IN ('counting', 'scheduled', 'sending', 'paused')"),
    )
    op.create_index(
        "ix_broadcasts_shown",
        "broadcasts",
        ["shown_at"],
        postgresql_where=sa.text("message_id IS NOT NULL AND shown <> 'end'"),
    )
    op.create_table(
        "broadcast_runs",
        sa.Column("broadcast_id", sa.Uuid(), nullable=False),
        sa.Column("run", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("bot_id", sa.BigInteger(), nullable=False),
        _json("content", None),
        *(
            sa.Column(name, sa.Integer(), server_default=ZERO, nullable=False)
            for name in ("total", "sent", "gone", "failed", "uncertain", "skipped", "opened")
        ),
        sa.Column("outcome", sa.Text(), nullable=True),
        _time("started_at", nullable=False),
        _time("ended_at"),
        sa.CheckConstraint("kind IN ('send', 'edit', 'delete')", name=op.f("ck_broadcast_runs_kind")),
        sa.CheckConstraint("outcome IN ('done', 'cancelled')", name=op.f("ck_broadcast_runs_outcome")),
        sa.ForeignKeyConstraint(
            ["project_id", "broadcast_id"],
            ["broadcasts.project_id", "broadcasts.id"],
            name=op.f("fk_broadcast_runs_project_id_broadcast_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("broadcast_id", "run", name=op.f("pk_broadcast_runs")),
    )
    op.create_table(
        "broadcast_recipients",
        sa.Column("broadcast_id", sa.Uuid(), nullable=False),
        sa.Column("run", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("telegram_id", sa.BigInteger(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("send_at", sa.DateTime(timezone=True), nullable=False),
        _time("send_until"),
        sa.Column("state", sa.Text(), server_default="pending", nullable=False),
        _time("lease_until"),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        _time("settled_at"),
        _time("opened_at"),
        sa.CheckConstraint(RECIPIENT_STATES, name=op.f("ck_broadcast_recipients_state")),
        sa.ForeignKeyConstraint(
            ["broadcast_id", "run"],
            ["broadcast_runs.broadcast_id", "broadcast_runs.run"],
            name=op.f("fk_broadcast_recipients_broadcast_id_run"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["project_id", "user_id"],
            ["users.project_id", "users.id"],
            name=op.f("fk_broadcast_recipients_project_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("broadcast_id", "run", "user_id", name=op.f("pk_broadcast_recipients")),
    )
    op.create_index(
        "ix_broadcast_recipients_pending",
        "broadcast_recipients",
        ["broadcast_id", "run", "send_at"],
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "ix_broadcast_recipients_sending",
        "broadcast_recipients",
        ["lease_until"],
        postgresql_where=sa.text("state = 'sending'"),
    )
    op.create_index(
        op.f("ix_broadcast_recipients_project_id_user_id"), "broadcast_recipients", ["project_id", "user_id"]
    )


def downgrade() -> None:
    op.drop_table("broadcast_recipients")
    op.drop_table("broadcast_runs")
    op.drop_table("broadcasts")
