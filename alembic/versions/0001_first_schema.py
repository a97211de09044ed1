"""The first schema: catalogue, people, wallets, readings, bots and the job queue."""

from collections.abc import Sequence

import sqlalchemy as sa
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment
from sqlalchemy.dialects import postgresql

from alembic import op
from app.kit.migrations import run_script

revision: str = "0001"
down_revision: str | None = None
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


# The ledger is append-only: not even a mistake of ours may rewrite it.
PROTECT_LEDGER = """
CREATE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'wallet_entries is append-only' USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON wallet_entries
    FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON wallet_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change();
"""


def upgrade() -> None:
    op.create_table(
        "beats",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tick", sa.BigInteger(), nullable=False),
        sa.Column("beaten_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_beats")),
    )
    op.create_table(
        "catalogue_documents",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_documents")),
    )
    op.create_index("ix_catalogue_documents_source", "catalogue_documents", ["source", "id"], unique=False)
    op.create_table(
        "deck_copies",
        sa.Column("project_id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "hash", name=op.f("pk_deck_copies")),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("project_id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.Text(), nullable=False),
        sa.Column("response", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "user_id", "route", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(op.f("ix_idempotency_keys_created_at"), "idempotency_keys", ["created_at"], unique=False)
    op.create_table(
        "picture_files",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("hash", "width", name=op.f("pk_picture_files")),
    )
    op.create_table(
        "pictures",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("hash", sa.Text(), nullable=True),
        sa.Column("widths", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(state = 'mirrored') = (hash IS NOT NULL AND widths IS NOT NULL)",
            name=op.f("ck_pictures_mirrored"),
        ),
        sa.CheckConstraint("state IN ('pending', 'mirrored', 'refused')", name=op.f("ck_pictures_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pictures")),
    )
    op.create_index(
        "ix_pictures_due", "pictures", ["due_at"], unique=False, postgresql_where=sa.text("state = 'pending'")
    )
    op.create_table(
        "projects",
        sa.Column("id", sa.SmallInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("bot_id", sa.BigInteger(), nullable=True),
        sa.Column("live_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("status IN ('draft', 'live', 'off')", name=op.f("ck_projects_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
        sa.UniqueConstraint("bot_id", name=op.f("uq_projects_bot_id")),
        sa.UniqueConstraint("key", name=op.f("uq_projects_key")),
    )
    op.create_index(
        "uq_projects_slug_present",
        "projects",
        ["slug"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "stores",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'offered'"), nullable=False),
        sa.Column("sealed_secret", sa.Text(), nullable=False),
        sa.Column("sealed_credentials", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("rest_url", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("plugin_version", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state <> 'paired' OR (sealed_credentials IS NOT NULL AND rest_url IS NOT NULL AND paired_at IS NOT NULL)",
            name=op.f("ck_stores_paired"),
        ),
        sa.CheckConstraint("state IN ('offered', 'paired', 'retired')", name=op.f("ck_stores_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stores")),
    )
    op.create_index("uq_stores_paired", "stores", ["state"], unique=True, postgresql_where=sa.text("state = 'paired'"))
    op.create_table(
        "bots",
        sa.Column("bot_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("webhook_id", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="new", nullable=False),
        sa.Column(
            "sent",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("settings_hash", sa.Text(), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_check_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('new', 'ready', 'prepared', 'refused', 'failing', 'gone')", name=op.f("ck_bots_state")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_bots_project_id")),
        sa.PrimaryKeyConstraint("bot_id", name=op.f("pk_bots")),
        sa.UniqueConstraint("webhook_id", name=op.f("uq_bots_webhook_id")),
    )
    op.create_table(
        "catalogue_states",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("document_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "epoch",
            sa.Text(),
            server_default=sa.text("substr(gen_random_uuid()::text, 1, 8)"),
            nullable=False,
        ),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("rules", sa.Text(), nullable=True),
        sa.Column("seen_version", sa.Text(), nullable=True),
        sa.Column("refused", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "problems",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("reported", sa.Text(), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_owner", sa.Uuid(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("alerted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("source IN ('demo', 'store')", name=op.f("ck_catalogue_states_source")),
        sa.ForeignKeyConstraint(
            ["document_id"], ["catalogue_documents.id"], name=op.f("fk_catalogue_states_document_id")
        ),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_catalogue_states")),
    )
    op.create_table(
        "erased_people",
        sa.Column("person_hash", sa.LargeBinary(), nullable=False),
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_erased_people_project_id")),
        sa.PrimaryKeyConstraint("person_hash", name=op.f("pk_erased_people")),
    )
    op.create_table(
        "store_nonces",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_store_nonces_store_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("store_id", "nonce", name=op.f("pk_store_nonces")),
    )
    op.create_index("ix_store_nonces_seen_at", "store_nonces", ["seen_at"], unique=False)
    op.create_table(
        "telegram_departures",
        sa.Column("bot_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("chat_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_telegram_departures_project_id")),
        sa.PrimaryKeyConstraint("bot_id", "chat_id", name=op.f("pk_telegram_departures")),
    )
    op.create_index("ix_telegram_departures_project_id", "telegram_departures", ["project_id", "left_at"], unique=False)
    op.create_table(
        "telegram_updates",
        sa.Column("bot_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("update_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=True),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("state", sa.Text(), server_default="pending", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("(state = 'pending') = (done_at IS NULL)", name=op.f("ck_telegram_updates_done")),
        sa.CheckConstraint("state IN ('pending', 'done', 'failed')", name=op.f("ck_telegram_updates_state")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_telegram_updates_project_id")),
        sa.PrimaryKeyConstraint("bot_id", "update_id", name=op.f("pk_telegram_updates")),
    )
    op.create_index(
        "ix_telegram_updates_due",
        "telegram_updates",
        ["next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "ix_telegram_updates_lane",
        "telegram_updates",
        ["bot_id", "chat_id", "update_id"],
        unique=False,
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index("ix_telegram_updates_received_at", "telegram_updates", ["received_at"], unique=False)
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("telegram_id", sa.BigInteger(), nullable=True),
        sa.Column("first_name", sa.Text(), server_default="", nullable=False),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("username", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), server_default="UTC", nullable=False),
        sa.Column("address", sa.Text(), server_default="informal", nullable=False),
        sa.Column("gender", sa.Text(), server_default="unspecified", nullable=False),
        sa.Column("reversals", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("state", sa.Text(), server_default="active", nullable=False),
        sa.Column("consented_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'erased') = (telegram_id IS NULL)", name=op.f("ck_users_erased")),
        sa.CheckConstraint("address IN ('informal', 'formal')", name=op.f("ck_users_address")),
        sa.CheckConstraint("gender IN ('feminine', 'masculine', 'unspecified')", name=op.f("ck_users_gender")),
        sa.CheckConstraint("state IN ('active', 'blocked', 'erased')", name=op.f("ck_users_state")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_users_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("project_id", "id", name=op.f("uq_users_project_id_id")),
        sa.UniqueConstraint("project_id", "telegram_id", name=op.f("uq_users_project_id_telegram_id")),
    )
    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("family_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id", "user_id"],
            ["users.project_id", "users.id"],
            name=op.f("fk_refresh_tokens_project_id_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_refresh_tokens")),
    )
    op.create_index(op.f("ix_refresh_tokens_expires_at"), "refresh_tokens", ["expires_at"], unique=False)
    op.create_index(op.f("ix_refresh_tokens_family_id"), "refresh_tokens", ["family_id"], unique=False)
    op.create_index(
        op.f("ix_refresh_tokens_project_id_user_id"),
        "refresh_tokens",
        ["project_id", "user_id"],
        unique=False,
    )
    op.create_table(
        "safety_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("generation_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id", "user_id"],
            ["users.project_id", "users.id"],
            name=op.f("fk_safety_events_project_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_safety_events")),
        sa.UniqueConstraint("generation_id", name=op.f("uq_safety_events_generation_id")),
    )
    op.create_index(
        op.f("ix_safety_events_project_id"),
        "safety_events",
        ["project_id"],
        unique=False,
        postgresql_where=sa.text("handled_at IS NULL"),
    )
    op.create_table(
        "wallets",
        sa.Column("project_id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("balance", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("held", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("unit IN ('readings', 'follow_ups')", name=op.f("ck_wallets_unit")),
        sa.CheckConstraint("balance >= 0", name=op.f("ck_wallets_balance")),
        sa.CheckConstraint("held >= 0 AND held <= balance", name=op.f("ck_wallets_held")),
        sa.ForeignKeyConstraint(
            ["project_id", "user_id"],
            ["users.project_id", "users.id"],
            name=op.f("fk_wallets_project_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("project_id", "user_id", "unit", name=op.f("pk_wallets")),
    )
    op.create_table(
        "wallet_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("balance_after", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_wallet_entries_amount")),
        sa.CheckConstraint("balance_after >= 0", name=op.f("ck_wallet_entries_balance_after")),
        sa.ForeignKeyConstraint(
            ["project_id", "user_id", "unit"],
            ["wallets.project_id", "wallets.user_id", "wallets.unit"],
            name=op.f("fk_wallet_entries_project_id_user_id_unit"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wallet_entries")),
        sa.UniqueConstraint("project_id", "key", name=op.f("uq_wallet_entries_project_id_key")),
    )
    op.create_index(
        op.f("ix_wallet_entries_project_id_user_id_id"),
        "wallet_entries",
        ["project_id", "user_id", "id"],
        unique=False,
    )
    op.create_table(
        "wallet_holds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="held", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'held') = (closed_at IS NULL)", name=op.f("ck_wallet_holds_closed")),
        sa.CheckConstraint("state IN ('held', 'settled', 'released')", name=op.f("ck_wallet_holds_state")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_wallet_holds_amount")),
        sa.ForeignKeyConstraint(
            ["project_id", "user_id", "unit"],
            ["wallets.project_id", "wallets.user_id", "wallets.unit"],
            name=op.f("fk_wallet_holds_project_id_user_id_unit"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wallet_holds")),
        sa.UniqueConstraint("project_id", "id", name=op.f("uq_wallet_holds_project_id_id")),
    )
    op.create_index(
        op.f("ix_wallet_holds_project_id_user_id"),
        "wallet_holds",
        ["project_id", "user_id"],
        unique=False,
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_table(
        "readings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), server_default="awaiting_draw", nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=True),
        sa.Column("spread", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("deck_hash", sa.LargeBinary(), nullable=False),
        sa.Column("cards", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("reversals", sa.Text(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=False),
        sa.Column("free_follow_ups", sa.BigInteger(), nullable=False),
        sa.Column("hold_id", sa.Uuid(), nullable=True),
        sa.Column("seed", sa.LargeBinary(), nullable=False),
        sa.Column("commitment", sa.Text(), nullable=False),
        sa.Column("client_seed", sa.Text(), nullable=True),
        sa.Column("picks", sa.ARRAY(sa.Integer()), nullable=True),
        sa.Column("drawn", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("rating", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state IN ('awaiting_draw', 'expired')) = (picks IS NULL)", name=op.f("ck_readings_picks")),
        sa.CheckConstraint("rating IN ('good', 'bad')", name=op.f("ck_readings_rating")),
        sa.CheckConstraint(
            "state IN ('awaiting_draw', 'interpreting', 'finished', 'failed', 'expired')",
            name=op.f("ck_readings_state"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id", "deck_hash"],
            ["deck_copies.project_id", "deck_copies.hash"],
            name=op.f("fk_readings_project_id_deck_hash"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id", "hold_id"],
            ["wallet_holds.project_id", "wallet_holds.id"],
            name=op.f("fk_readings_project_id_hold_id"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id", "user_id"],
            ["users.project_id", "users.id"],
            name=op.f("fk_readings_project_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_readings")),
        sa.UniqueConstraint("project_id", "id", name=op.f("uq_readings_project_id_id")),
    )
    op.create_index(
        op.f("ix_readings_expires_at"),
        "readings",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("state = 'awaiting_draw'"),
    )
    op.create_index(
        op.f("ix_readings_project_id_user_id_id"), "readings", ["project_id", "user_id", "id"], unique=False
    )
    op.create_table(
        "reading_questions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("reading_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("free", sa.Boolean(), nullable=False),
        sa.Column("charged", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("hold_id", sa.Uuid(), nullable=True),
        sa.Column("rating", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("rating IN ('good', 'bad')", name=op.f("ck_reading_questions_rating")),
        sa.CheckConstraint("free = (hold_id IS NULL)", name=op.f("ck_reading_questions_free")),
        sa.ForeignKeyConstraint(
            ["project_id", "hold_id"],
            ["wallet_holds.project_id", "wallet_holds.id"],
            name=op.f("fk_reading_questions_project_id_hold_id"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id", "reading_id"],
            ["readings.project_id", "readings.id"],
            name=op.f("fk_reading_questions_project_id_reading_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reading_questions")),
        sa.UniqueConstraint("project_id", "id", name=op.f("uq_reading_questions_project_id_id")),
        sa.UniqueConstraint("reading_id", "number", name=op.f("uq_reading_questions_reading_id_number")),
    )
    op.create_table(
        "generations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("reading_id", sa.Uuid(), nullable=False),
        sa.Column("question_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("claims", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("kind", sa.Text(), server_default="reading", nullable=False),
        sa.Column("offline", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("free", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("profile", sa.Text(), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("prompt_tokens", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("completion_tokens", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("cost_micros", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('queued', 'running', 'finished', 'failed')", name=op.f("ck_generations_state")),
        sa.ForeignKeyConstraint(
            ["project_id", "question_id"],
            ["reading_questions.project_id", "reading_questions.id"],
            name=op.f("fk_generations_project_id_question_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["project_id", "reading_id"],
            ["readings.project_id", "readings.id"],
            name=op.f("fk_generations_project_id_reading_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_generations")),
    )
    op.create_index(
        "ix_generations_open",
        "generations",
        ["lease_until"],
        unique=False,
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )
    op.create_index("uq_generations_answer", "generations", ["question_id"], unique=True)
    op.create_index(
        "uq_generations_interpretation",
        "generations",
        ["reading_id"],
        unique=True,
        postgresql_where=sa.text("question_id IS NULL"),
    )
    run_script(PROTECT_LEDGER)
    run_script(QueryBuilderEnvironment().build_install_query())


def downgrade() -> None:
    run_script(QueryBuilderEnvironment().build_uninstall_query())
    op.drop_index(
        "uq_generations_interpretation",
        table_name="generations",
        postgresql_where=sa.text("question_id IS NULL"),
    )
    op.drop_index("uq_generations_answer", table_name="generations")
    op.drop_index(
        "ix_generations_open",
        table_name="generations",
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )
    op.drop_table("generations")
    op.drop_table("reading_questions")
    op.drop_index(op.f("ix_readings_project_id_user_id_id"), table_name="readings")
    op.drop_index(
        op.f("ix_readings_expires_at"),
        table_name="readings",
        postgresql_where=sa.text("state = 'awaiting_draw'"),
    )
    op.drop_table("readings")
    op.drop_index(
        op.f("ix_wallet_holds_project_id_user_id"),
        table_name="wallet_holds",
        postgresql_where=sa.text("state = 'held'"),
    )
    op.drop_table("wallet_holds")
    op.drop_index(op.f("ix_wallet_entries_project_id_user_id_id"), table_name="wallet_entries")
    op.drop_table("wallet_entries")
    op.drop_table("wallets")
    op.drop_index(
        op.f("ix_safety_events_project_id"),
        table_name="safety_events",
        postgresql_where=sa.text("handled_at IS NULL"),
    )
    op.drop_table("safety_events")
    op.drop_index(op.f("ix_refresh_tokens_project_id_user_id"), table_name="refresh_tokens")
    op.drop_index(op.f("ix_refresh_tokens_family_id"), table_name="refresh_tokens")
    op.drop_index(op.f("ix_refresh_tokens_expires_at"), table_name="refresh_tokens")
    op.drop_table("refresh_tokens")
    op.drop_table("users")
    op.drop_index("ix_telegram_updates_received_at", table_name="telegram_updates")
    op.drop_index(
        "ix_telegram_updates_lane",
        table_name="telegram_updates",
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.drop_index(
        "ix_telegram_updates_due",
        table_name="telegram_updates",
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.drop_table("telegram_updates")
    op.drop_index("ix_telegram_departures_project_id", table_name="telegram_departures")
    op.drop_table("telegram_departures")
    op.drop_index("ix_store_nonces_seen_at", table_name="store_nonces")
    op.drop_table("store_nonces")
    op.drop_table("erased_people")
    op.drop_table("catalogue_states")
    op.drop_table("bots")
    op.drop_index("uq_stores_paired", table_name="stores", postgresql_where=sa.text("state = 'paired'"))
    op.drop_table("stores")
    op.drop_index("uq_projects_slug_present", table_name="projects", postgresql_where=sa.text("removed_at IS NULL"))
    op.drop_table("projects")
    op.drop_index("ix_pictures_due", table_name="pictures", postgresql_where=sa.text("state = 'pending'"))
    op.drop_table("pictures")
    op.drop_table("picture_files")
    op.drop_index(op.f("ix_idempotency_keys_created_at"), table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_table("deck_copies")
    op.drop_index("ix_catalogue_documents_source", table_name="catalogue_documents")
    op.drop_table("catalogue_documents")
    op.drop_table("beats")
    run_script("DROP FUNCTION refuse_ledger_change()")
