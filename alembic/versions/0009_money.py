"""Orders, payments, refunds, disputes, subscriptions, gifts, what providers said, and the outbox of the books."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "order_numbers",
        sa.Column("project_id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_order_numbers_project_id")),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_order_numbers")),
    )
    op.create_table(
        "provider_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.Text(), server_default="new", nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('new', 'done', 'ignored', 'refused', 'failed')", name=op.f("ck_provider_events_state")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_provider_events_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_events")),
        sa.UniqueConstraint(
            "provider", "account", "event_id", name=op.f("uq_provider_events_provider_account_event_id")
        ),
    )
    op.create_index(
        op.f("ix_provider_events_next_at"), "provider_events", ["next_at"], postgresql_where=sa.text("state = 'new'")
    )
    op.create_index(op.f("ix_provider_events_project_id_received_at"), "provider_events", ["project_id", "received_at"])
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("package_key", sa.Text(), nullable=False),
        sa.Column("package", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.Text(), server_default="active", nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("fair_use", sa.BigInteger(), nullable=True),
        sa.Column("trial", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("renews", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("grace_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("provider", sa.Text(), nullable=True),
        sa.Column("account", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("sealed_method", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("told", sa.Text(), nullable=True),
        sa.Column("renew_attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("renew_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("canceled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("period IN ('month', 'year')", name=op.f("ck_subscriptions_period")),
        sa.CheckConstraint("state IN ('active', 'grace', 'ended')", name=op.f("ck_subscriptions_state")),
        sa.ForeignKeyConstraint(
            ["project_id", "user_id"],
            ["users.project_id", "users.id"],
            name=op.f("fk_subscriptions_project_id_user_id"),
        ),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_subscriptions_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
        sa.UniqueConstraint("project_id", "id", name=op.f("uq_subscriptions_project_id_id")),
    )
    op.create_index(
        op.f("ix_subscriptions_provider_account_reference"), "subscriptions", ["provider", "account", "reference"]
    )
    op.create_index(
        op.f("ix_subscriptions_until"), "subscriptions", ["until"], postgresql_where=sa.text("state <> 'ended'")
    )
    op.create_index(
        "uq_subscriptions_open",
        "subscriptions",
        ["project_id", "user_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'ended'"),
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="pending", nullable=False),
        sa.Column("package_key", sa.Text(), nullable=False),
        sa.Column("package", postgresql.JSONB(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("regular", sa.BigInteger(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("discount", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("refunded_amount", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("coupon", sa.Text(), nullable=True),
        sa.Column("person_hash", sa.LargeBinary(), nullable=True),
        sa.Column("renews", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("subscription_id", sa.Uuid(), nullable=True),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state IN ('paid', 'refunded')) = (paid_at IS NOT NULL)", name=op.f("ck_orders_paid")),
        sa.CheckConstraint("kind IN ('purchase', 'gift', 'trial', 'renewal')", name=op.f("ck_orders_kind")),
        sa.CheckConstraint(
            "state IN ('pending', 'paid', 'expired', 'canceled', 'refunded')", name=op.f("ck_orders_state")
        ),
        sa.CheckConstraint("refunded_amount BETWEEN 0 AND total", name=op.f("ck_orders_refunded")),
        sa.CheckConstraint("total >= 0 AND discount >= 0 AND total = price - discount", name=op.f("ck_orders_total")),
        sa.ForeignKeyConstraint(
            ["project_id", "subscription_id"],
            ["subscriptions.project_id", "subscriptions.id"],
            name=op.f("fk_orders_project_id_subscription_id"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id", "user_id"], ["users.project_id", "users.id"], name=op.f("fk_orders_project_id_user_id")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_orders_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("project_id", "id", name=op.f("uq_orders_project_id_id")),
        sa.UniqueConstraint("project_id", "number", name=op.f("uq_orders_project_id_number")),
    )
    op.create_index(op.f("ix_orders_coupon"), "orders", ["coupon"], postgresql_where=sa.text("coupon IS NOT NULL"))
    op.create_index(
        op.f("ix_orders_expires_at"), "orders", ["expires_at"], postgresql_where=sa.text("state = 'pending'")
    )
    op.create_index(op.f("ix_orders_project_id_paid_at"), "orders", ["project_id", "paid_at"])
    op.create_index(op.f("ix_orders_project_id_user_id_id"), "orders", ["project_id", "user_id", "id"])
    op.create_index(
        "uq_orders_trial",
        "orders",
        ["project_id", "person_hash"],
        unique=True,
        postgresql_where=sa.text("kind = 'trial' AND state IN ('paid', 'refunded')"),
    )
    op.create_table(
        "gifts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("redeemed_by", sa.Uuid(), nullable=True),
        sa.Column("redeemed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("void_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(redeemed_by IS NULL) = (redeemed_at IS NULL)", name=op.f("ck_gifts_redeemed")),
        sa.ForeignKeyConstraint(
            ["project_id", "order_id"], ["orders.project_id", "orders.id"], name=op.f("fk_gifts_project_id_order_id")
        ),
        sa.ForeignKeyConstraint(
            ["project_id", "redeemed_by"],
            ["users.project_id", "users.id"],
            name=op.f("fk_gifts_project_id_redeemed_by"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gifts")),
        sa.UniqueConstraint("project_id", "code", name=op.f("uq_gifts_project_id_code")),
        sa.UniqueConstraint("project_id", "order_id", name=op.f("uq_gifts_project_id_order_id")),
    )
    op.create_table(
        "payments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="new", nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("refunded_amount", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("charge", sa.Text(), nullable=True),
        sa.Column("payer", sa.BigInteger(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("opens", sa.Text(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("look_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("looks", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('new', 'started', 'failed') OR charge IS NOT NULL", name=op.f("ck_payments_charge")
        ),
        sa.CheckConstraint(
            "state IN ('new', 'started', 'paid', 'failed', 'refunded', 'surplus')", name=op.f("ck_payments_state")
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payments_amount")),
        sa.CheckConstraint("refunded_amount BETWEEN 0 AND amount", name=op.f("ck_payments_refunded")),
        sa.ForeignKeyConstraint(
            ["project_id", "order_id"], ["orders.project_id", "orders.id"], name=op.f("fk_payments_project_id_order_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
        sa.UniqueConstraint("project_id", "id", name=op.f("uq_payments_project_id_id")),
        sa.UniqueConstraint("provider", "account", "charge", name=op.f("uq_payments_provider_account_charge")),
    )
    op.create_index(
        op.f("ix_payments_look_at"), "payments", ["look_at"], postgresql_where=sa.text("state IN ('new', 'started')")
    )
    op.create_index(op.f("ix_payments_project_id_order_id"), "payments", ["project_id", "order_id"])
    op.create_index(op.f("ix_payments_provider_account_reference"), "payments", ["provider", "account", "reference"])
    op.create_index(
        "uq_payments_paid",
        "payments",
        ["order_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('paid', 'refunded')"),
    )
    op.create_table(
        "disputes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('opened', 'won', 'lost')", name=op.f("ck_disputes_state")),
        sa.ForeignKeyConstraint(
            ["project_id", "order_id"], ["orders.project_id", "orders.id"], name=op.f("fk_disputes_project_id_order_id")
        ),
        sa.ForeignKeyConstraint(
            ["project_id", "payment_id"],
            ["payments.project_id", "payments.id"],
            name=op.f("fk_disputes_project_id_payment_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disputes")),
        sa.UniqueConstraint("payment_id", "reference", name=op.f("uq_disputes_payment_id_reference")),
    )
    op.create_index(op.f("ix_disputes_project_id_order_id"), "disputes", ["project_id", "order_id"])
    op.create_table(
        "refunds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="wanted", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("taken", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "started_by IN ('bot', 'admin', 'woocommerce', 'provider', 'system')", name=op.f("ck_refunds_started_by")
        ),
        sa.CheckConstraint("state IN ('wanted', 'sent', 'done', 'failed')", name=op.f("ck_refunds_state")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_refunds_amount")),
        sa.ForeignKeyConstraint(
            ["project_id", "order_id"], ["orders.project_id", "orders.id"], name=op.f("fk_refunds_project_id_order_id")
        ),
        sa.ForeignKeyConstraint(
            ["project_id", "payment_id"],
            ["payments.project_id", "payments.id"],
            name=op.f("fk_refunds_project_id_payment_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("payment_id", "reference", name=op.f("uq_refunds_payment_id_reference")),
        sa.UniqueConstraint("project_id", "id", name=op.f("uq_refunds_project_id_id")),
    )
    op.create_index(
        op.f("ix_refunds_next_at"), "refunds", ["next_at"], postgresql_where=sa.text("state IN ('wanted', 'sent')")
    )
    op.create_index(op.f("ix_refunds_project_id_order_id"), "refunds", ["project_id", "order_id"])
    op.create_table(
        "book_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("refund_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("store_id", sa.Uuid(), nullable=True),
        sa.Column("remote_id", sa.BigInteger(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'sending', 'done', 'refused')", name=op.f("ck_book_entries_state")),
        sa.ForeignKeyConstraint(
            ["project_id", "order_id"],
            ["orders.project_id", "orders.id"],
            name=op.f("fk_book_entries_project_id_order_id"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id", "refund_id"],
            ["refunds.project_id", "refunds.id"],
            name=op.f("fk_book_entries_project_id_refund_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_book_entries")),
    )
    op.create_index(
        op.f("ix_book_entries_next_at"),
        "book_entries",
        ["next_at"],
        postgresql_where=sa.text("state IN ('waiting', 'sending')"),
    )
    op.create_index(
        "uq_book_entries_order",
        "book_entries",
        ["project_id", "order_id"],
        unique=True,
        postgresql_where=sa.text("refund_id IS NULL"),
    )
    op.create_index("uq_book_entries_refund", "book_entries", ["project_id", "refund_id"], unique=True)


def downgrade() -> None:
    op.drop_table("book_entries")
    op.drop_table("refunds")
    op.drop_table("disputes")
    op.drop_table("payments")
    op.drop_table("gifts")
    op.drop_table("orders")
    op.drop_table("subscriptions")
    op.drop_table("provider_events")
    op.drop_table("order_numbers")
