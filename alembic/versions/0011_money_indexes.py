"""Indexes for what is looked through every hour: money by its day, events by when they were done with, renewals due."""

from collections.abc import Sequence

import sqlalchemy as sa

from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

INDEXES = (
    ("payments", ["provider", "account", "paid_at"], "charge IS NOT NULL"),
    ("provider_events", ["done_at"], "state IN ('done', 'ignored')"),
    ("refunds", ["project_id", "done_at"], "state = 'done'"),
    ("subscriptions", ["renew_at"], "state <> 'ended' AND renews"),
)


def upgrade() -> None:
    for table, columns, where in INDEXES:
        op.create_index(_name(table, columns), table, columns, postgresql_where=sa.text(where))


def downgrade() -> None:
    for table, columns, _ in INDEXES:
        op.drop_index(_name(table, columns), table_name=table)


def _name(table: str, columns: list[str]) -> str:
    return op.f(f"ix_{table}_{'_'.join(columns)}")
