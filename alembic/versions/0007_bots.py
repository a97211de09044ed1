"""Bots made inside Telegram, bots that leave, and what an update's handler has committed."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

STATES = "'new', 'ready', 'prepared', 'refused', 'failing'"


def upgrade() -> None:
    op.add_column("bots", sa.Column("error_reason", sa.Text()))
    op.add_column("bots", sa.Column("sealed_token", sa.Text()))
    op.drop_constraint(op.f("ck_bots_state"), "bots")
    op.create_check_constraint(op.f("ck_bots_state"), "bots", f"state IN ({STATES}, 'leaving', 'gone')")
    op.add_column("telegram_updates", sa.Column("reply", postgresql.JSONB()))
    op.create_table(
        "managed_bots",
        sa.Column("bot_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("username", sa.Text()),
        sa.Column("sealed_token", sa.Text(), nullable=False),
        sa.Column("manager_bot_id", sa.BigInteger(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("token_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_managed_bots_project_id")),
        sa.PrimaryKeyConstraint("bot_id", name=op.f("pk_managed_bots")),
        sa.UniqueConstraint("project_id", name=op.f("uq_managed_bots_project_id")),
    )


def downgrade() -> None:
    op.drop_table("managed_bots")
    op.drop_column("telegram_updates", "reply")
    op.execute("UPDATE bots SET state = 'gone' WHERE state = 'leaving'")
    op.drop_constraint(op.f("ck_bots_state"), "bots")
    op.create_check_constraint(op.f("ck_bots_state"), "bots", f"state IN ({STATES}, 'gone')")
    op.drop_column("bots", "sealed_token")
    op.drop_column("bots", "error_reason")
