"""The staff: their groups, invitations, topics, and the messages carried to and fro."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op
from app.kit.migrations import run_script

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# A client's pinned card shows facts of four features. Whoever changes one, by whatever way, makes it due; features
# below the staff's rooms need not know of cards.
KEEP_CARDS_TRUE = """
CREATE FUNCTION contact_card_due(project smallint, person uuid) RETURNS void LANGUAGE sql AS $$
    UPDATE staff_topics SET card_due_at = now() + interval '30 seconds'
    WHERE project_id = project AND user_id = person AND kind = 'client' AND thread_id IS NOT NULL
        AND card_due_at IS NULL;
$$;
CREATE FUNCTION contact_card_of_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM contact_card_due(NEW.project_id, NEW.id);
    RETURN NULL;
END
$$;
CREATE FUNCTION contact_card_of_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM contact_card_due(NEW.project_id, NEW.user_id);
    RETURN NULL;
END
$$;
CREATE FUNCTION contact_card_of_departure() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    departure telegram_departures := coalesce(NEW, OLD);
BEGIN
    PERFORM contact_card_due(project_id, id) FROM users
    WHERE project_id = departure.project_id AND telegram_id = departure.chat_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER contact_card AFTER UPDATE OF first_name, last_name, username, language, state, last_seen_at ON users
    FOR EACH ROW EXECUTE FUNCTION contact_card_of_user();
CREATE TRIGGER contact_card AFTER INSERT ON wallet_entries
    FOR EACH ROW EXECUTE FUNCTION contact_card_of_row();
CREATE TRIGGER contact_card AFTER INSERT OR UPDATE OF state, deleted_at ON readings
    FOR EACH ROW EXECUTE FUNCTION contact_card_of_row();
CREATE TRIGGER contact_card AFTER INSERT OR DELETE ON telegram_departures
    FOR EACH ROW EXECUTE FUNCTION contact_card_of_departure();
"""
FORGET_CARDS = """
DROP TRIGGER contact_card ON telegram_departures;
DROP TRIGGER contact_card ON readings;
DROP TRIGGER contact_card ON wallet_entries;
DROP TRIGGER contact_card ON users;
DROP FUNCTION contact_card_of_departure();
DROP FUNCTION contact_card_of_row();
DROP FUNCTION contact_card_of_user();
DROP FUNCTION contact_card_due(smallint, uuid);
"""


def upgrade() -> None:
    op.create_table(
        "message_links",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("bot_id", sa.BigInteger(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("private_chat_id", sa.BigInteger(), nullable=False),
        sa.Column("private_message_id", sa.BigInteger(), nullable=True),
        sa.Column("group_chat_id", sa.BigInteger(), nullable=True),
        sa.Column("group_message_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("media_group_id", sa.Text(), nullable=True),
        sa.Column("reply_to", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("ready_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "direction <> 'in' OR private_message_id IS NOT NULL", name=op.f("ck_message_links_source_in")
        ),
        sa.CheckConstraint(
            "direction <> 'out' OR (group_message_id IS NOT NULL AND group_chat_id IS NOT NULL)",
            name=op.f("ck_message_links_source_out"),
        ),
        sa.CheckConstraint("direction IN ('in', 'out')", name=op.f("ck_message_links_direction")),
        sa.CheckConstraint(
            "state IN ('waiting', 'sending', 'sent', 'uncertain', 'kept', 'failed')",
            name=op.f("ck_message_links_state"),
        ),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_message_links_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_links")),
    )
    op.create_index(
        "ix_message_links_open",
        "message_links",
        ["project_id", "private_chat_id", "direction"],
        unique=False,
        postgresql_where=sa.text("state IN ('waiting', 'sending')"),
    )
    op.create_index(
        "uq_message_links_group",
        "message_links",
        ["project_id", "group_chat_id", "group_message_id"],
        unique=True,
        postgresql_where=sa.text("group_message_id IS NOT NULL"),
    )
    op.create_index(
        "uq_message_links_private",
        "message_links",
        ["project_id", "bot_id", "private_chat_id", "private_message_id"],
        unique=True,
        postgresql_where=sa.text("private_message_id IS NOT NULL"),
    )
    op.create_table(
        "staff_groups",
        sa.Column("project_id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("connected_by", sa.BigInteger(), nullable=False),
        sa.Column("connected_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "problems", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_staff_groups_project_id")),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_staff_groups")),
        sa.UniqueConstraint("chat_id", name=op.f("uq_staff_groups_chat_id")),
    )
    op.create_table(
        "staff_invitations",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_by", sa.BigInteger(), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_staff_invitations_project_id")),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_staff_invitations")),
    )
    op.create_index(
        op.f("ix_staff_invitations_project_id_used_by"), "staff_invitations", ["project_id", "used_by"], unique=False
    )
    op.create_table(
        "staff_topics",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("thread_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_closed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("card_message_id", sa.BigInteger(), nullable=True),
        sa.Column("card_hash", sa.Text(), nullable=True),
        sa.Column("card_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("gone_told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind <> 'client' OR user_id IS NOT NULL", name=op.f("ck_staff_topics_client")),
        sa.ForeignKeyConstraint(
            ["project_id", "user_id"], ["users.project_id", "users.id"], name=op.f("fk_staff_topics_project_id_user_id")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_staff_topics_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_topics")),
        sa.UniqueConstraint(
            "project_id",
            "chat_id",
            "kind",
            "user_id",
            name=op.f("uq_staff_topics_project_id_chat_id_kind_user_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(
        "ix_staff_topics_card_due",
        "staff_topics",
        ["card_due_at"],
        unique=False,
        postgresql_where=sa.text("card_due_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_staff_topics_project_id_user_id"), "staff_topics", ["project_id", "user_id"], unique=False)
    op.create_index(
        "uq_staff_topics_thread",
        "staff_topics",
        ["project_id", "chat_id", "thread_id"],
        unique=True,
        postgresql_where=sa.text("thread_id IS NOT NULL"),
    )
    run_script(KEEP_CARDS_TRUE)


def downgrade() -> None:
    run_script(FORGET_CARDS)
    op.drop_index(
        "uq_staff_topics_thread", table_name="staff_topics", postgresql_where=sa.text("thread_id IS NOT NULL")
    )
    op.drop_index(op.f("ix_staff_topics_project_id_user_id"), table_name="staff_topics")
    op.drop_index(
        "ix_staff_topics_card_due", table_name="staff_topics", postgresql_where=sa.text("card_due_at IS NOT NULL")
    )
    op.drop_table("staff_topics")
    op.drop_index(op.f("ix_staff_invitations_project_id_used_by"), table_name="staff_invitations")
    op.drop_table("staff_invitations")
    op.drop_table("staff_groups")
    op.drop_index(
        "uq_message_links_private",
        table_name="message_links",
        postgresql_where=sa.text("private_message_id IS NOT NULL"),
    )
    op.drop_index(
        "uq_message_links_group", table_name="message_links", postgresql_where=sa.text("group_message_id IS NOT NULL")
    )
    op.drop_index(
        "ix_message_links_open", table_name="message_links", postgresql_where=sa.text("state IN ('waiting', 'sending')")
    )
    op.drop_table("message_links")
