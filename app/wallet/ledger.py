"""What must hold of every wallet, as statements over the whole database. A rule's SQL finds the rows that break it.

The tables and rules here are the wallet's and the readings'; `app.payments.ledger.rules` adds those of money, and runs
them all.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Rule:
    """`says` is what holds; `sql` gives (project, row, found) of each row that breaks it."""

    name: str
    says: str
    sql: str


OWNER = "project_id, user_id, unit"
_WALLET = "concat_ws(' ', 'wallet', w.unit, 'of', w.user_id)"
_ENTRY = "concat_ws(' ', 'entry', e.id)"
_LOT = "concat_ws(' ', 'lot', l.id)"
_HOLD = "concat_ws(' ', 'hold', h.id)"

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "wallet.balance_is_entries",
        "a balance is what its entries sum to",
        f"""
        SELECT w.project_id, {_WALLET}, format('balance %s, entries %s', w.balance, COALESCE(e.total, 0)) FROM wallets w
        LEFT JOIN (SELECT {OWNER}, sum(amount) AS total FROM wallet_entries GROUP BY {OWNER}) e USING ({OWNER})
        WHERE w.balance <> COALESCE(e.total, 0)
        """,  # noqa: S608  # constants of this module, as everywhere below
    ),
    Rule(
        "wallet.balance_is_lots",
        "a balance is what its lots have left",
        f"""
        SELECT w.project_id, {_WALLET}, format('balance %s, lots %s', w.balance, COALESCE(l.total, 0)) FROM wallets w
        LEFT JOIN (
            SELECT {OWNER}, sum(remaining) AS total FROM wallet_lots WHERE remaining > 0 GROUP BY {OWNER}
        ) l USING ({OWNER})
        WHERE w.balance <> COALESCE(l.total, 0)
        """,  # noqa: S608  # as above, constants of this module
    ),
    Rule(
        "wallet.held_is_holds",
        "what is held is what the open holds sum to",
        f"""
        SELECT w.project_id, {_WALLET}, format('held %s, open holds %s', w.held, COALESCE(h.total, 0)) FROM wallets w
        LEFT JOIN (
            SELECT {OWNER}, sum(amount) AS total FROM wallet_holds WHERE state = 'held' GROUP BY {OWNER}
        ) h USING ({OWNER})
        WHERE w.held <> COALESCE(h.total, 0)
        """,  # noqa: S608  # as above, constants of this module
    ),
    Rule(
        "wallet.never_negative",
        "no balance is below zero, and no more is held than there is",
        f"""
        SELECT w.project_id, {_WALLET}, format('balance %s, held %s', w.balance, w.held) FROM wallets w
        WHERE w.balance < 0 OR w.held < 0 OR w.held > w.balance
        """,  # noqa: S608  # as above, constants of this module
    ),
    Rule(
        "wallet.entries_are_numbered",
        "the entries of a wallet are numbered from one on, without a gap, and the wallet counts them",
        f"""
        SELECT w.project_id, {_WALLET},
            format('counts %s, has %s, numbered %s to %s', w.entries, COALESCE(e.found, 0), e.first, e.last)
        FROM wallets w
        LEFT JOIN (
            SELECT {OWNER}, count(*) AS found, min(number) AS first, max(number) AS last, count(DISTINCT number) AS each
            FROM wallet_entries GROUP BY {OWNER}
        ) e USING ({OWNER})
        WHERE w.entries <> COALESCE(e.found, 0) OR e.found > 0 AND (e.first, e.last, e.each) <> (1, e.found, e.found)
        """,  # noqa: S608  # as above, constants of this module
    ),
    Rule(
        "wallet.entries_run",
        "each entry's balance follows on the one before",
        f"""
        SELECT e.project_id, {_ENTRY}, format('%s after %s leaves %s', e.amount, e.before, e.balance_after) FROM (
            SELECT id, project_id, amount, balance_after,
                lag(balance_after, 1, 0::bigint) OVER (PARTITION BY {OWNER} ORDER BY number) AS before
            FROM wallet_entries
        ) e WHERE e.before + e.amount <> e.balance_after OR e.balance_after < 0
        """,  # noqa: S608  # as above, constants of this module
    ),
    Rule(
        "wallet.credits_are_lots",
        "each credit is a lot of its own, of the same wallet and amount, and nothing else is one",
        f"""
        SELECT e.project_id, {_ENTRY}, format('credits %s, its lot has %s', e.amount, l.amount) FROM wallet_entries e
        LEFT JOIN wallet_lots l ON l.id = e.id
        WHERE e.amount > 0 AND (l.project_id, l.user_id, l.unit, l.amount)
                IS DISTINCT FROM (e.project_id, e.user_id, e.unit, e.amount)
            OR e.amount < 0 AND l.id IS NOT NULL
        """,  # noqa: S608  # as above, constants of this module
    ),
    Rule(
        "wallet.expenses_take_from_lots",
        "each expense took as much from lots of its own wallet, and credits took nothing",
        f"""
        SELECT e.project_id, {_ENTRY}, format('spends %s, took %s', -e.amount, COALESCE(u.total, 0))
        FROM wallet_entries e
        LEFT JOIN (
            SELECT u.entry_id, sum(u.amount) AS total,
                bool_or((l.project_id, l.user_id, l.unit) IS DISTINCT FROM (e.project_id, e.user_id, e.unit)) AS stray
            FROM wallet_lot_uses u JOIN wallet_lots l ON l.id = u.lot_id JOIN wallet_entries e ON e.id = u.entry_id
            GROUP BY u.entry_id
        ) u ON u.entry_id = e.id
        WHERE LEAST(e.amount, 0) <> -COALESCE(u.total, 0) OR u.stray
        """,  # noqa: S608  # as above, constants of this module
    ),
    Rule(
        "wallet.lots_have_left",
        "a lot has left what was not taken from it",
        f"""
        SELECT l.project_id, {_LOT}, format('%s of %s left, taken %s', l.remaining, l.amount, COALESCE(u.total, 0))
        FROM wallet_lots l
        LEFT JOIN (SELECT lot_id, sum(amount) AS total FROM wallet_lot_uses GROUP BY lot_id) u ON u.lot_id = l.id
        WHERE l.amount - COALESCE(u.total, 0) <> l.remaining OR l.remaining < 0
        """,  # noqa: S608  # as above, constants of this module
    ),
    Rule(
        "wallet.knows_what_expires",
        "a wallet names the time at which the first of its lots expires",
        f"""
        SELECT w.project_id, {_WALLET}, format('names %s, lots say %s', w.expires_at, l.first) FROM wallets w
        LEFT JOIN (
            SELECT {OWNER}, min(expires_at) AS first FROM wallet_lots WHERE remaining > 0 GROUP BY {OWNER}
        ) l USING ({OWNER})
        WHERE w.expires_at IS DISTINCT FROM l.first
        """,  # noqa: S608  # as above, constants of this module
    ),
    Rule(
        "wallet.debts_are_paid_by_entries",
        "of a debt there is left what no entry has paid",
        f"""
        SELECT d.project_id, concat_ws(' ', 'debt', d.unit, 'of', d.user_id),
            format('%s of %s left, paid %s', d.amount, d.incurred, COALESCE(e.paid, 0))
        FROM (SELECT {OWNER}, -sum(amount) AS paid FROM wallet_entries WHERE kind = 'debt' GROUP BY {OWNER}) e
        FULL JOIN wallet_debts d USING ({OWNER})
        WHERE COALESCE(d.incurred - d.amount, 0) <> COALESCE(e.paid, 0)
        """,  # noqa: S608  # as above, constants of this module
    ),
    Rule(
        "wallet.settled_holds_are_entries",
        "each hold that was settled is one expense of its amount, and each expense for a text was a hold",
        f"""
        SELECT h.project_id, {_HOLD}, format('settled %s of %s times', h.amount, h.found) FROM (
            SELECT h.project_id, h.id, h.amount, count(e.id) AS found FROM wallet_holds h
            JOIN (
                SELECT project_id, hold_id, 'reading:' || id AS key FROM readings
                UNION ALL SELECT project_id, hold_id, 'follow_up:' || id FROM reading_questions
            ) text ON text.project_id = h.project_id AND text.hold_id = h.id
            LEFT JOIN wallet_entries e
                ON e.project_id = h.project_id AND e.key = text.key AND e.amount = -h.amount AND e.user_id = h.user_id
            GROUP BY h.project_id, h.id, h.amount, h.state
            HAVING count(e.id) <> CASE h.state WHEN 'settled' THEN 1 ELSE 0 END
        ) h
        """,  # noqa: S608  # as above, constants of this module
    ),
    Rule(
        "wallet.holds_lead_somewhere",
        "an open hold belongs to a text that is still to come, or to a refund under way",
        f"""
        SELECT h.project_id, {_HOLD}, format('%s held since %s', h.amount, h.created_at) FROM wallet_holds h
        WHERE h.state = 'held'
            AND NOT EXISTS (
                SELECT FROM readings r WHERE r.project_id = h.project_id AND r.hold_id = h.id
                    AND r.state IN ('awaiting_draw', 'interpreting')
            )
            AND NOT EXISTS (
                SELECT FROM reading_questions q JOIN generations g ON g.question_id = q.id
                WHERE q.project_id = h.project_id AND q.hold_id = h.id AND g.state IN ('queued', 'running')
            )
            AND NOT EXISTS (
                SELECT FROM refunds r WHERE r.project_id = h.project_id AND r.state IN ('wanted', 'sent')
                    AND r.taken -> 'holds' ? h.id::text
            )
        """,  # noqa: S608  # as above, constants of this module
    ),
    Rule(
        "readings.holds_follow_texts",
        "a reading to come is held, one that was written is settled or was free, any other was released",
        """
        SELECT r.project_id, concat_ws(' ', 'reading', r.id), format('%s, its hold is %s', r.state, h.state)
        FROM readings r JOIN wallet_holds h ON h.project_id = r.project_id AND h.id = r.hold_id
        LEFT JOIN generations g ON g.reading_id = r.id AND g.question_id IS NULL
        WHERE h.state <> CASE
            WHEN r.state IN ('awaiting_draw', 'interpreting') THEN 'held'
            WHEN r.state = 'finished' AND NOT COALESCE(g.free, false) THEN 'settled' ELSE 'released' END
            OR (h.user_id, h.unit, h.amount) <> (r.user_id, 'readings', r.cost)
        """,
    ),
    Rule(
        "readings.shares_are_counted",
        "a day's share counts at least the readings that a subscription paid for on that day",
        """
        SELECT r.project_id, concat_ws(' ', 'share of', r.user_id, 'on', r.paid_on),
            format('counts %s, readings %s', COALESCE(f.used, 0), count(*))
        FROM readings r
        JOIN users u ON u.project_id = r.project_id AND u.id = r.user_id AND u.state <> 'erased'
        LEFT JOIN generations g ON g.reading_id = r.id AND g.question_id IS NULL
        LEFT JOIN fair_use_days f ON (f.project_id, f.user_id, f.day) = (r.project_id, r.user_id, r.paid_on)
        WHERE r.paid_by = 'subscription' AND r.state IN ('awaiting_draw', 'interpreting', 'finished')
            AND NOT COALESCE(g.free, false)
        GROUP BY r.project_id, r.user_id, r.paid_on, f.used HAVING COALESCE(f.used, 0) < count(*)
        """,
    ),
)
