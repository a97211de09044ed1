"""Cards for the staff, requests, reply templates, drafts of answers, the welcome bonus and the audit log."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

PROTECT_LOG = (
    """
    CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'audit_log is append-only' USING ERRCODE = 'restrict_violation';
    END
    $$
    """,
    """
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_log
        FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()
    """,
    """
    CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON audit_log
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()
    """,
)


def upgrade() -> None:
    op.create_table(
        "reply_templates",
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 32", name=op.f("ck_reply_templates_name")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_reply_templates_project_id")),
        sa.PrimaryKeyConstraint("project_id", "name", name=op.f("pk_reply_templates")),
    )
    op.create_table(
        "welcome_promotions",
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_by", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("amount BETWEEN 0 AND 1000", name=op.f("ck_welcome_promotions_amount")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_welcome_promotions_project_id")),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_welcome_promotions")),
    )
    op.create_table(
        "answer_drafts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'writing'"), nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("thread_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("asked_by", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("decided_by_name", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('writing', 'offered', 'sending', 'sent', 'failed', 'discarded', 'replaced')",
            name=op.f("ck_answer_drafts_state"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id", "user_id"],
            ["users.project_id", "users.id"],
            name=op.f("fk_answer_drafts_project_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer_drafts")),
    )
    op.create_index(op.f("ix_answer_drafts_created_at"), "answer_drafts", ["created_at"], unique=False)
    op.create_index(
        op.f("ix_answer_drafts_project_id_user_id_id"), "answer_drafts", ["project_id", "user_id", "id"], unique=False
    )
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column(
            "details", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id", "user_id"], ["users.project_id", "users.id"], name=op.f("fk_audit_log_project_id_user_id")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_audit_log_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )
    op.create_index("ix_audit_log_actor", "audit_log", ["project_id", "actor_id", "id"], unique=False)
    op.create_index(op.f("ix_audit_log_project_id_id"), "audit_log", ["project_id", "id"], unique=False)
    op.create_index("ix_audit_log_user", "audit_log", ["project_id", "user_id", "id"], unique=False)
    op.create_table(
        "leads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'new'"), nullable=False),
        sa.Column("taken_by", sa.BigInteger(), nullable=True),
        sa.Column("done_by", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("source IN ('bot', 'app')", name=op.f("ck_leads_source")),
        sa.CheckConstraint("state IN ('new', 'taken', 'done')", name=op.f("ck_leads_state")),
        sa.ForeignKeyConstraint(
            ["project_id", "user_id"], ["users.project_id", "users.id"], name=op.f("fk_leads_project_id_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leads")),
    )
    op.create_index("ix_leads_phone", "leads", ["project_id", "phone", "created_at"], unique=False)
    op.create_index(
        op.f("ix_leads_project_id_user_id_created_at"), "leads", ["project_id", "user_id", "created_at"], unique=False
    )
    op.create_table(
        "staff_cards",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column(
            "facts", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("state", sa.Text(), server_default=sa.text("'new'"), nullable=False),
        sa.Column(
            "actions", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("chat_id", sa.BigInteger(), nullable=True),
        sa.Column("thread_id", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id", "user_id"], ["users.project_id", "users.id"], name=op.f("fk_staff_cards_project_id_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_cards")),
        sa.UniqueConstraint("project_id", "kind", "subject", name=op.f("uq_staff_cards_project_id_kind_subject")),
    )
    op.create_index("ix_staff_cards_message", "staff_cards", ["project_id", "chat_id", "message_id"], unique=False)
    op.create_index(op.f("ix_staff_cards_project_id_user_id"), "staff_cards", ["project_id", "user_id"], unique=False)
    op.create_index(
        "ix_staff_cards_unposted",
        "staff_cards",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("posted_at IS NULL"),
    )
    op.create_table(
        "user_contacts",
        sa.Column("project_id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("shared_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id", "user_id"],
            ["users.project_id", "users.id"],
            name=op.f("fk_user_contacts_project_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("project_id", "user_id", name=op.f("pk_user_contacts")),
    )
    for statement in PROTECT_LOG:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("user_contacts")
    op.drop_index("ix_staff_cards_unposted", table_name="staff_cards", postgresql_where=sa.text("posted_at IS NULL"))
    op.drop_index(op.f("ix_staff_cards_project_id_user_id"), table_name="staff_cards")
    op.drop_index("ix_staff_cards_message", table_name="staff_cards")
    op.drop_table("staff_cards")
    op.drop_index(op.f("ix_leads_project_id_user_id_created_at"), table_name="leads")
    op.drop_index("ix_leads_phone", table_name="leads")
    op.drop_table("leads")
    op.drop_index("ix_audit_log_user", table_name="audit_log")
    op.drop_index(op.f("ix_audit_log_project_id_id"), table_name="audit_log")
    op.drop_index("ix_audit_log_actor", table_name="audit_log")
    op.drop_table("audit_log")
    op.drop_index(op.f("ix_answer_drafts_project_id_user_id_id"), table_name="answer_drafts")
    op.drop_index(op.f("ix_answer_drafts_created_at"), table_name="answer_drafts")
    op.drop_table("answer_drafts")
    op.drop_table("welcome_promotions")
    op.drop_table("reply_templates")
    op.execute("DROP FUNCTION refuse_audit_change()")
