"""People in the bots: where they came from, who sent them, login codes, daily cards, readings in the chat."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("users", sa.Column("source", sa.Text(), nullable=True))
    # Before the bots met people themselves, everybody came through the Mini App.
    op.execute("UPDATE users SET source = 'app'")
    op.create_table(
        "referral_codes",
        sa.Column("project_id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id", "user_id"],
            ["users.project_id", "users.id"],
            name=op.f("fk_referral_codes_project_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("project_id", "user_id", name=op.f("pk_referral_codes")),
        sa.UniqueConstraint("project_id", "code", name=op.f("uq_referral_codes_project_id_code")),
    )
    op.create_table(
        "referrals",
        sa.Column("project_id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("referrer_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("user_id <> referrer_id", name=op.f("ck_referrals_himself")),
        sa.ForeignKeyConstraint(
            ["project_id", "referrer_id"],
            ["users.project_id", "users.id"],
            name=op.f("fk_referrals_project_id_referrer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id", "user_id"], ["users.project_id", "users.id"], name=op.f("fk_referrals_project_id_user_id")
        ),
        sa.PrimaryKeyConstraint("project_id", "user_id", name=op.f("pk_referrals")),
    )
    op.create_index(op.f("ix_referrals_project_id_referrer_id"), "referrals", ["project_id", "referrer_id"])
    op.create_table(
        "login_codes",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id", "user_id"], ["users.project_id", "users.id"], name=op.f("fk_login_codes_project_id_user_id")
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_login_codes")),
    )
    op.create_index(op.f("ix_login_codes_expires_at"), "login_codes", ["expires_at"])
    op.create_index(op.f("ix_login_codes_project_id_user_id"), "login_codes", ["project_id", "user_id"])
    op.create_table(
        "telegram_files",
        sa.Column("project_id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("bot_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("file_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_telegram_files_project_id")),
        sa.PrimaryKeyConstraint("project_id", "bot_id", "digest", name=op.f("pk_telegram_files")),
    )
    op.create_table(
        "daily_cards",
        sa.Column("project_id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("seed", sa.LargeBinary(), nullable=False),
        sa.Column("deck", sa.Text(), nullable=False),
        sa.Column("card", sa.Text(), nullable=False),
        sa.Column("reversed", sa.Boolean(), nullable=False),
        sa.Column("copies", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id", "user_id"], ["users.project_id", "users.id"], name=op.f("fk_daily_cards_project_id_user_id")
        ),
        sa.PrimaryKeyConstraint("project_id", "user_id", "day", name=op.f("pk_daily_cards")),
        sa.UniqueConstraint("id", name=op.f("uq_daily_cards_id")),
    )
    op.create_table(
        "reading_chats",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("reading_id", sa.Uuid(), nullable=False),
        sa.Column("question_id", sa.Uuid(), nullable=True),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("picks", postgresql.ARRAY(sa.Integer()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("cards_shown", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("parts_sent", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("failures", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state IN ('drawing', 'following', 'sending', 'sent', 'uncertain', 'failed', 'gone')",
            name=op.f("ck_reading_chats_state"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id", "question_id"],
            ["reading_questions.project_id", "reading_questions.id"],
            name=op.f("fk_reading_chats_project_id_question_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["project_id", "reading_id"],
            ["readings.project_id", "readings.id"],
            name=op.f("fk_reading_chats_project_id_reading_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reading_chats")),
    )
    op.create_index(
        "ix_reading_chats_open",
        "reading_chats",
        ["lease_until"],
        postgresql_where=sa.text("state IN ('following', 'sending')"),
    )
    op.create_index(op.f("ix_reading_chats_project_id_reading_id"), "reading_chats", ["project_id", "reading_id"])
    op.create_index(
        "uq_reading_chats_question",
        "reading_chats",
        ["question_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('drawing', 'following', 'sending')"),
    )
    op.create_index(
        "uq_reading_chats_reading",
        "reading_chats",
        ["reading_id"],
        unique=True,
        postgresql_where=sa.text("question_id IS NULL AND state IN ('drawing', 'following', 'sending')"),
    )


def downgrade() -> None:
    for table in ("reading_chats", "daily_cards", "telegram_files", "login_codes", "referrals", "referral_codes"):
        op.drop_table(table)
    op.drop_column("users", "source")
