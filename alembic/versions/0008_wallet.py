"""Wallets consist of lots, some of which expire; debts; who pays for a reading; where a session was begun."""

from collections.abc import Sequence

import sqlalchemy as sa

from alembic import op
from app.kit.migrations import run_script

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

NUMBER_ENTRIES = """
ALTER TABLE wallet_entries DISABLE TRIGGER USER;
UPDATE wallet_entries SET number = counted.number FROM (
    SELECT id, row_number() OVER (PARTITION BY project_id, user_id, unit ORDER BY id) AS number FROM wallet_entries
) counted WHERE counted.id = wallet_entries.id;
ALTER TABLE wallet_entries ENABLE TRIGGER USER;
UPDATE wallets SET entries = (
    SELECT count(*) FROM wallet_entries e
    WHERE (e.project_id, e.user_id, e.unit) = (wallets.project_id, wallets.user_id, wallets.unit)
);
"""

# Everything that was ever given is a lot; what was spent took the oldest first. Laid end to end, credits and
# expenses cover the same line, and where the two overlap one paid for the other.
MAKE_LOTS = """
INSERT INTO wallet_lots (id, project_id, user_id, unit, amount, remaining, created_at)
SELECT id, project_id, user_id, unit, amount, amount, created_at FROM wallet_entries WHERE amount > 0;
WITH given AS (
    SELECT id, project_id, user_id, unit, amount,
        sum(amount) OVER (PARTITION BY project_id, user_id, unit ORDER BY number) AS until
    FROM wallet_entries WHERE amount > 0
), spent AS (
    SELECT id, project_id, user_id, unit, -amount AS amount,
        sum(-amount) OVER (PARTITION BY project_id, user_id, unit ORDER BY number) AS until
    FROM wallet_entries WHERE amount < 0
)
INSERT INTO wallet_lot_uses (entry_id, lot_id, amount)
SELECT spent.id, given.id,
    LEAST(given.until, spent.until) - GREATEST(given.until - given.amount, spent.until - spent.amount)
FROM given JOIN spent USING (project_id, user_id, unit)
WHERE given.until - given.amount < spent.until AND spent.until - spent.amount < given.until;
UPDATE wallet_lots SET remaining = remaining - used.amount
FROM (SELECT lot_id, sum(amount) AS amount FROM wallet_lot_uses GROUP BY lot_id) used
WHERE used.lot_id = wallet_lots.id;
"""

PROTECT = """
CREATE FUNCTION refuse_lot_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% keeps what was written', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON wallet_lot_uses
    FOR EACH ROW EXECUTE FUNCTION refuse_lot_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON wallet_lot_uses
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_lot_change();
CREATE TRIGGER only_remaining BEFORE DELETE
    OR UPDATE OF id, project_id, user_id, unit, amount, expires_at, order_id, created_at ON wallet_lots
    FOR EACH ROW EXECUTE FUNCTION refuse_lot_change();
CREATE TRIGGER only_downwards BEFORE UPDATE OF remaining ON wallet_lots
    FOR EACH ROW WHEN (NEW.remaining > OLD.remaining) EXECUTE FUNCTION refuse_lot_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON wallet_lots
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_lot_change();

CREATE FUNCTION check_wallet_sums() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wallet wallets;
    lots bigint;
    last bigint;
BEGIN
    SELECT * INTO wallet FROM wallets
    WHERE project_id = NEW.project_id AND user_id = NEW.user_id AND unit = NEW.unit;
    SELECT COALESCE(sum(remaining), 0) INTO lots FROM wallet_lots
    WHERE project_id = NEW.project_id AND user_id = NEW.user_id AND unit = NEW.unit AND remaining > 0;
    SELECT balance_after INTO last FROM wallet_entries
    WHERE project_id = NEW.project_id AND user_id = NEW.user_id AND unit = NEW.unit AND number = wallet.entries;
    IF wallet.balance <> lots OR wallet.balance <> COALESCE(last, 0) THEN
        RAISE EXCEPTION 'wallet % of %: balance %, lots %, last entry %',
            NEW.unit, NEW.user_id, wallet.balance, lots, last
            USING ERRCODE = 'check_violation', CONSTRAINT = 'wallet_sums', TABLE = 'wallets';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER wallet_sums AFTER UPDATE OF balance, entries ON wallets DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_wallet_sums();
CREATE CONSTRAINT TRIGGER wallet_sums_new AFTER INSERT ON wallets DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.balance <> 0 OR NEW.entries <> 0) EXECUTE FUNCTION check_wallet_sums();
CREATE CONSTRAINT TRIGGER wallet_sums AFTER INSERT OR UPDATE OF remaining ON wallet_lots
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_wallet_sums();

CREATE FUNCTION check_wallet_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before bigint := 0;
    lots bigint;
BEGIN
    IF NEW.number > 1 THEN
        SELECT balance_after INTO before FROM wallet_entries
        WHERE project_id = NEW.project_id AND user_id = NEW.user_id AND unit = NEW.unit AND number = NEW.number - 1;
    END IF;
    IF NEW.amount > 0 THEN
        SELECT amount INTO lots FROM wallet_lots
        WHERE id = NEW.id AND project_id = NEW.project_id AND user_id = NEW.user_id AND unit = NEW.unit;
    ELSE
        SELECT -sum(u.amount) INTO lots FROM wallet_lot_uses u JOIN wallet_lots l ON l.id = u.lot_id
        WHERE u.entry_id = NEW.id
            AND l.project_id = NEW.project_id AND l.user_id = NEW.user_id AND l.unit = NEW.unit;
    END IF;
    IF before + NEW.amount IS DISTINCT FROM NEW.balance_after OR NEW.amount IS DISTINCT FROM lots THEN
        RAISE EXCEPTION 'entry %: % after %, balance %, lots %', NEW.id, NEW.amount, before, NEW.balance_after, lots
            USING ERRCODE = 'check_violation', CONSTRAINT = 'wallet_entry', TABLE = 'wallet_entries';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER wallet_entry AFTER INSERT ON wallet_entries DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_wallet_entry();
CREATE CONSTRAINT TRIGGER wallet_sums AFTER INSERT ON wallet_entries DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_wallet_sums();
"""
UNPROTECT = """
DROP TRIGGER wallet_sums ON wallet_entries;
DROP TRIGGER wallet_entry ON wallet_entries;
DROP TRIGGER wallet_sums_new ON wallets;
DROP TRIGGER wallet_sums ON wallets;
"""
FUNCTIONS = ("check_wallet_entry", "check_wallet_sums", "refuse_lot_change")

WALLET = ["wallets.project_id", "wallets.user_id", "wallets.unit"]
OWNED = ["project_id", "user_id", "unit"]
READING_PAID_BY = "paid_by IN ('free', 'wallet', 'subscription')"


def upgrade() -> None:
    op.add_column("wallets", sa.Column("entries", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column("wallets", sa.Column("expires_at", sa.DateTime(timezone=True)))
    op.create_index(
        op.f("ix_wallets_expires_at"), "wallets", ["expires_at"], postgresql_where=sa.text("expires_at IS NOT NULL")
    )
    op.add_column("wallet_entries", sa.Column("number", sa.BigInteger()))
    run_script(NUMBER_ENTRIES)
    op.alter_column("wallet_entries", "number", nullable=False)
    op.create_check_constraint(op.f("ck_wallet_entries_number"), "wallet_entries", "number > 0")
    op.create_unique_constraint(
        op.f("uq_wallet_entries_project_id_user_id_unit_number"), "wallet_entries", [*OWNED, "number"]
    )
    op.create_table(
        "wallet_lots",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.SmallInteger(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("remaining", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("order_id", sa.Uuid()),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_wallet_lots_amount")),
        sa.CheckConstraint("remaining BETWEEN 0 AND amount", name=op.f("ck_wallet_lots_remaining")),
        sa.ForeignKeyConstraint(["id"], ["wallet_entries.id"], name=op.f("fk_wallet_lots_id")),
        sa.ForeignKeyConstraint(OWNED, WALLET, name=op.f("fk_wallet_lots_project_id_user_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wallet_lots")),
    )
    op.create_index(op.f("ix_wallet_lots_project_id_user_id_unit_id"), "wallet_lots", [*OWNED, "id"])
    op.create_index(
        op.f("ix_wallet_lots_project_id_order_id"),
        "wallet_lots",
        ["project_id", "order_id"],
        postgresql_where=sa.text("order_id IS NOT NULL"),
    )
    op.create_table(
        "wallet_lot_uses",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_wallet_lot_uses_amount")),
        sa.ForeignKeyConstraint(["entry_id"], ["wallet_entries.id"], name=op.f("fk_wallet_lot_uses_entry_id")),
        sa.ForeignKeyConstraint(["lot_id"], ["wallet_lots.id"], name=op.f("fk_wallet_lot_uses_lot_id")),
        sa.PrimaryKeyConstraint("entry_id", "lot_id", name=op.f("pk_wallet_lot_uses")),
    )
    op.create_index(op.f("ix_wallet_lot_uses_lot_id"), "wallet_lot_uses", ["lot_id"])
    run_script(MAKE_LOTS)
    run_script(PROTECT)
    op.create_table(
        "wallet_debts",
        sa.Column("project_id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("incurred", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount BETWEEN 0 AND incurred", name=op.f("ck_wallet_debts_amount")),
        sa.ForeignKeyConstraint(OWNED, WALLET, name=op.f("fk_wallet_debts_project_id_user_id_unit")),
        sa.PrimaryKeyConstraint(*OWNED, name=op.f("pk_wallet_debts")),
    )
    op.create_table(
        "fair_use_days",
        sa.Column("project_id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("used >= 0", name=op.f("ck_fair_use_days_used")),
        sa.ForeignKeyConstraint(
            ["project_id", "user_id"],
            ["users.project_id", "users.id"],
            name=op.f("fk_fair_use_days_project_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("project_id", "user_id", "day", name=op.f("pk_fair_use_days")),
    )
    op.add_column("readings", sa.Column("paid_by", sa.Text(), server_default="wallet", nullable=False))
    op.add_column("readings", sa.Column("paid_on", sa.Date()))
    op.execute("UPDATE readings SET paid_by = 'free' WHERE hold_id IS NULL")
    op.create_check_constraint(op.f("ck_readings_paid_by"), "readings", READING_PAID_BY)
    op.create_check_constraint(op.f("ck_readings_hold"), "readings", "(paid_by = 'wallet') = (hold_id IS NOT NULL)")
    op.create_check_constraint(
        op.f("ck_readings_paid_on"), "readings", "(paid_by = 'subscription') = (paid_on IS NOT NULL)"
    )
    op.add_column("refresh_tokens", sa.Column("place", sa.Text(), server_default="telegram", nullable=False))
    op.create_check_constraint(op.f("ck_refresh_tokens_place"), "refresh_tokens", "place IN ('telegram', 'web')")


def downgrade() -> None:
    op.drop_column("refresh_tokens", "place")
    op.execute("DELETE FROM readings WHERE paid_by = 'subscription' AND state IN ('awaiting_draw', 'interpreting')")
    op.drop_column("readings", "paid_on")
    op.drop_column("readings", "paid_by")
    op.drop_table("fair_use_days")
    op.drop_table("wallet_debts")
    run_script(UNPROTECT)
    op.drop_table("wallet_lot_uses")
    op.drop_table("wallet_lots")
    for name in FUNCTIONS:
        op.execute(f"DROP FUNCTION {name}()")
    op.drop_column("wallet_entries", "number")
    op.drop_column("wallets", "expires_at")
    op.drop_column("wallets", "entries")
