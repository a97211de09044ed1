"""The inbox, what people want to hear of, and alerts."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# Python and Postgres know different sets of time zones, and one unknown name must not fail a query over everybody.
ZONES = (
    """
    CREATE FUNCTION zone_local(moment timestamptz, zone text) RETURNS timestamp LANGUAGE plpgsql STABLE AS $$
    BEGIN
        RETURN moment AT TIME ZONE zone;
    EXCEPTION WHEN invalid_parameter_value THEN
        RETURN moment AT TIME ZONE 'UTC';
    END
    $$
    """,
    """
    CREATE FUNCTION zone_instant(wall timestamp, zone text) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
    BEGIN
        RETURN wall AT TIME ZONE zone;
    EXCEPTION WHEN invalid_parameter_value THEN
        RETURN wall AT TIME ZONE 'UTC';
    END
    $$
    """,
)
# The moment itself, or the end of the quiet hours that it falls into. Both null: there are none.
QUIET_ENDS = """
CREATE FUNCTION quiet_ends(moment timestamptz, zone text, quiet_from time, quiet_until time)
RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE
    wall timestamp;
    clock time;
BEGIN
    IF quiet_from IS NULL OR quiet_until IS NULL OR quiet_from = quiet_until THEN
        RETURN moment;
    END IF;
    wall := zone_local(moment, zone);
    clock := wall::time;
    IF quiet_from < quiet_until AND (clock < quiet_from OR clock >= quiet_until)
        OR quiet_from > quiet_until AND clock < quiet_from AND clock >= quiet_until THEN
        RETURN moment;
    END IF;
    RETURN greatest(moment, zone_instant(
        wall::date + quiet_until + CASE WHEN clock >= quiet_until THEN interval '1 day' ELSE interval '0' END, zone
    ));
END
$$
"""


def upgrade() -> None:
    op.create_table(
        "notifications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "values",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("dedupe", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivery", sa.Text(), server_default="none", nullable=False),
        sa.Column("deliver_after", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "delivery IN ('none', 'waiting', 'sending', 'sent', 'skipped', 'failed', 'uncertain')",
            name=op.f("ck_notifications_delivery"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id", "user_id"],
            ["users.project_id", "users.id"],
            name=op.f("fk_notifications_project_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
        sa.UniqueConstraint("project_id", "user_id", "dedupe", name=op.f("uq_notifications_project_id_user_id_dedupe")),
    )
    op.create_index(
        op.f("ix_notifications_project_id_user_id_id"), "notifications", ["project_id", "user_id", "id"], unique=False
    )
    op.create_index(
        "ix_notifications_unread",
        "notifications",
        ["project_id", "user_id"],
        unique=False,
        postgresql_where=sa.text("read_at IS NULL"),
    )
    op.create_index(
        "ix_notifications_due",
        "notifications",
        ["deliver_after"],
        unique=False,
        postgresql_where=sa.text("delivery IN ('waiting', 'sending')"),
    )
    op.create_table(
        "notification_preferences",
        sa.Column("project_id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id", "user_id"],
            ["users.project_id", "users.id"],
            name=op.f("fk_notification_preferences_project_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("project_id", "user_id", "kind", name=op.f("pk_notification_preferences")),
    )
    op.create_table(
        "notification_settings",
        sa.Column("project_id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("quiet_from", sa.Time(), nullable=True),
        sa.Column("quiet_until", sa.Time(), nullable=True),
        sa.CheckConstraint("(quiet_from IS NULL) = (quiet_until IS NULL)", name=op.f("ck_notification_settings_quiet")),
        sa.CheckConstraint("quiet_from <> quiet_until", name=op.f("ck_notification_settings_some_quiet")),
        sa.ForeignKeyConstraint(
            ["project_id", "user_id"],
            ["users.project_id", "users.id"],
            name=op.f("fk_notification_settings_project_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("project_id", "user_id", name=op.f("pk_notification_settings")),
    )
    for function in (*ZONES, QUIET_ENDS):
        op.execute(function)
    # A text that its person has seen to its end needs no notice.
    op.add_column("generations", sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "alerts",
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("lasting", sa.Boolean(), nullable=False),
        sa.Column("cause", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("occurrences", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("first_request_id", sa.Text(), nullable=True),
        sa.Column("last_request_id", sa.Text(), nullable=True),
        sa.Column("told", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("told_occurrences", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_tell_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("state IN ('open', 'over')", name=op.f("ck_alerts_state")),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_alerts")),
    )
    op.create_index("ix_alerts_open", "alerts", ["last_at"], unique=False, postgresql_where=sa.text("state = 'open'"))
    op.create_table(
        "process_beats",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("beaten_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_process_beats")),
    )


def downgrade() -> None:
    op.drop_table("process_beats")
    op.drop_table("alerts")
    op.drop_column("generations", "seen_at")
    op.execute("DROP FUNCTION quiet_ends(timestamptz, text, time, time)")
    op.execute("DROP FUNCTION zone_instant(timestamp, text)")
    op.execute("DROP FUNCTION zone_local(timestamptz, text)")
    op.drop_table("notification_settings")
    op.drop_table("notification_preferences")
    op.drop_table("notifications")
