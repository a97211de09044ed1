"""What must hold of money: orders, payments, refunds, subscriptions, gifts and what they gave; and the check of all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.kit.database import Connection, Database
from app.wallet import ledger as wallet
from app.wallet.ledger import Rule

_ORDER = "concat_ws(' ', 'order', o.id, 'number', o.number)"
_PAYMENT = "concat_ws(' ', 'payment', p.id, 'of order', p.order_id)"
_REFUND = "concat_ws(' ', 'refund', r.id, 'of order', r.order_id)"
_SUBSCRIPTION = "concat_ws(' ', 'subscription', s.id)"
_PAID = "('paid', 'refunded')"

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "orders.total",
        "a total is the price without the discount, never negative, and no more was paid back",
        f"""
        SELECT o.project_id, {_ORDER},
            format('%s - %s = %s, paid back %s', o.price, o.discount, o.total, o.refunded_amount) FROM orders o
        WHERE o.total <> o.price - o.discount OR LEAST(o.total, o.discount, o.refunded_amount) < 0
            OR o.refunded_amount > o.total OR (o.state IN {_PAID}) <> (o.paid_at IS NOT NULL)
        """,  # noqa: S608  # constants of this module, as everywhere below
    ),
    Rule(
        "orders.paid_by_one_payment",
        "a paid order has one payment of its total, or costs nothing; no other order has one",
        f"""
        SELECT o.project_id, {_ORDER}, format('%s for %s %s, paid %s in %s payments', o.state, o.total, o.currency,
            COALESCE(sum(p.amount), 0), count(p.id))
        FROM orders o
        LEFT JOIN payments p ON p.project_id = o.project_id AND p.order_id = o.id AND p.state IN {_PAID}
        GROUP BY o.id
        HAVING count(p.id) <> CASE WHEN o.state IN {_PAID} AND o.total > 0 THEN 1 ELSE 0 END
            OR count(p.id) = 1 AND (sum(p.amount), min(p.currency)) <> (o.total, o.currency)
        """,  # noqa: S608  # as above, constants of this module
    ),
    Rule(
        "orders.give_once",
        "a paid order of units has given each of them once, to whom it belongs; a gift only when it was opened",
        f"""
        SELECT o.project_id, {_ORDER}, format('%s should be %s, lots have %s in %s credits', unit.name, unit.amount,
            COALESCE(sum(l.amount), 0), count(l.id))
        FROM orders o
        LEFT JOIN gifts g ON g.project_id = o.project_id AND g.order_id = o.id
        CROSS JOIN LATERAL (VALUES ('readings', COALESCE((o.package ->> 'readings')::bigint, 0)),
            ('follow_ups', COALESCE((o.package ->> 'follow_ups')::bigint, 0))) unit (name, amount)
        LEFT JOIN wallet_lots l ON l.project_id = o.project_id AND l.order_id = o.id AND l.unit = unit.name
        WHERE o.state IN {_PAID} AND o.package ->> 'kind' <> 'subscription'
        GROUP BY o.id, g.id, unit.name, unit.amount
        HAVING (COALESCE(sum(l.amount), 0), count(l.id)) <> CASE
                WHEN unit.amount = 0 OR o.kind = 'gift' AND g.redeemed_by IS NULL THEN (0::numeric, 0::bigint)
                ELSE (unit.amount::numeric, 1::bigint) END
            OR bool_or(l.user_id <> CASE WHEN o.kind = 'gift' THEN g.redeemed_by ELSE o.user_id END)
        """,  # noqa: S608  # as above, constants of this module
    ),
    Rule(
        "orders.unpaid_give_nothing",
        "whatever came by an order came by one of its own project that was paid",
        f"""
        SELECT l.project_id, concat_ws(' ', 'lot', l.id, 'of order', l.order_id), format('the order is %s', o.state)
        FROM wallet_lots l LEFT JOIN orders o ON o.project_id = l.project_id AND o.id = l.order_id
        WHERE l.order_id IS NOT NULL AND (o.id IS NULL OR o.state NOT IN {_PAID})
        """,  # noqa: S608  # as above, constants of this module
    ),
    Rule(
        "orders.subscribe",
        "a paid order of a subscription has given time to whom it belongs",
        f"""
        SELECT o.project_id, {_ORDER}, format('subscription %s of %s', o.subscription_id, s.user_id) FROM orders o
        LEFT JOIN gifts g ON g.project_id = o.project_id AND g.order_id = o.id
        LEFT JOIN subscriptions s ON s.project_id = o.project_id AND s.id = o.subscription_id
        WHERE o.state IN {_PAID} AND o.package ->> 'kind' = 'subscription'
            AND s.user_id IS DISTINCT FROM CASE WHEN o.kind = 'gift' THEN g.redeemed_by ELSE o.user_id END
        """,  # noqa: S608  # as above, constants of this module
    ),
    Rule(
        "orders.coupons_are_counted",
        "a coupon's use carries who used it, so that limits count, and took something off; renewals use none",
        f"""
        SELECT o.project_id, {_ORDER}, format('coupon %s, discount %s', o.coupon, o.discount) FROM orders o
        WHERE o.state IN {_PAID} AND ((o.coupon IS NOT NULL OR o.kind = 'trial') AND o.person_hash IS NULL
            OR o.coupon IS NULL AND o.discount > 0 AND o.kind NOT IN ('trial', 'renewal'))
        """,  # noqa: S608  # as above, constants of this module
    ),
    Rule(
        "orders.coupons_have_limits",
        "no more orders with a coupon were paid than it allowed, in all and by one person",
        f"""
        SELECT min(o.project_id), concat_ws(' ', 'coupon', o.coupon), format('%s uses of %s', count(*),
            max((o.package #>> '{{coupon,uses}}')::int))
        FROM orders o WHERE o.state IN {_PAID} AND o.coupon IS NOT NULL
        GROUP BY o.coupon
        HAVING bool_and(o.package #>> '{{coupon,uses}}' IS NOT NULL)
            AND count(*) > max((o.package #>> '{{coupon,uses}}')::int)
        UNION ALL
        SELECT o.project_id, concat_ws(' ', 'coupon', o.coupon, 'orders', string_agg(o.id::text, ' ')),
            format('%s uses of %s', count(*), max((o.package #>> '{{coupon,uses_per_person}}')::int))
        FROM orders o WHERE o.state IN {_PAID} AND o.coupon IS NOT NULL
        GROUP BY o.project_id, o.coupon, o.person_hash
        HAVING bool_and(o.package #>> '{{coupon,uses_per_person}}' IS NOT NULL)
            AND count(*) > max((o.package #>> '{{coupon,uses_per_person}}')::int)
        """,  # noqa: S608  # as above, constants of this module
    ),
    Rule(
        "orders.one_trial",
        "a person has one trial in a project, also after he has left and come back",
        f"""
        SELECT o.project_id, concat_ws(' ', 'orders', string_agg(o.id::text, ' ')), format('%s trials', count(*))
        FROM orders o WHERE o.kind = 'trial' AND o.state IN {_PAID}
        GROUP BY o.project_id, o.person_hash HAVING count(*) > 1
        """,  # noqa: S608  # as above, constants of this module
    ),
    Rule(
        "orders.in_the_books",
        "each paid order has one line for the store's books, and no other order has one",
        f"""
        SELECT o.project_id, {_ORDER}, format('%s, %s lines', o.state, count(b.id)) FROM orders o
        LEFT JOIN book_entries b ON b.project_id = o.project_id AND b.order_id = o.id AND b.refund_id IS NULL
        GROUP BY o.id HAVING count(b.id) <> CASE WHEN o.state IN {_PAID} THEN 1 ELSE 0 END
        """,  # noqa: S608  # as above, constants of this module
    ),
    Rule(
        "payments.refunds_sum",
        "of a payment was paid back what its refunds sum to",
        f"""
        SELECT p.project_id, {_PAYMENT},
            format('%s: %s of %s back, refunds %s', p.state, p.refunded_amount, p.amount, COALESCE(sum(r.amount), 0))
        FROM payments p
        LEFT JOIN refunds r ON r.project_id = p.project_id AND r.payment_id = p.id AND r.state = 'done'
        GROUP BY p.id
        HAVING p.refunded_amount <> COALESCE(sum(r.amount), 0) OR p.refunded_amount > p.amount
            OR (p.state = 'refunded') <> (p.refunded_amount = p.amount AND p.state <> 'surplus')
        """,  # noqa: S608  # as above, constants of this module
    ),
    Rule(
        "orders.refunds_sum",
        "of an order was paid back what was paid back of its payment, and all of it when it is refunded",
        f"""
        SELECT o.project_id, {_ORDER}, format('%s: %s of %s back, of its payment %s', o.state, o.refunded_amount,
            o.total, COALESCE(sum(p.refunded_amount), 0))
        FROM orders o
        LEFT JOIN payments p ON p.project_id = o.project_id AND p.order_id = o.id AND p.state IN {_PAID}
        GROUP BY o.id
        HAVING o.refunded_amount <> COALESCE(sum(p.refunded_amount), 0)
            OR (o.state = 'refunded') <> (o.state IN {_PAID} AND o.total > 0 AND o.refunded_amount = o.total)
        """,  # noqa: S608  # as above, constants of this module
    ),
    Rule(
        "payments.surplus_goes_back",
        "money that came once too often is on its way back, or somebody was told that it is not",
        f"""
        SELECT p.project_id, {_PAYMENT}, format('surplus of %s %s', p.amount, p.currency) FROM payments p
        WHERE p.state = 'surplus'
            AND NOT EXISTS (SELECT FROM refunds r WHERE r.project_id = p.project_id AND r.payment_id = p.id)
        """,  # noqa: S608  # as above, constants of this module
    ),
    Rule(
        "payments.charges_are_known",
        "a payment that came in carries the provider's charge, and no charge counts twice",
        f"""
        SELECT p.project_id, {_PAYMENT}, format('%s, charge %s', p.state, p.charge) FROM (
            SELECT *, count(*) FILTER (WHERE charge IS NOT NULL) OVER (PARTITION BY provider, account, charge) AS same
            FROM payments
        ) p
        WHERE p.state IN ('paid', 'refunded', 'surplus') AND p.charge IS NULL OR p.same > 1
        """,  # noqa: S608  # as above, constants of this module
    ),
    Rule(
        "refunds.take_back",
        "what a refund says that it took out of the wallet was taken out by its entries",
        f"""
        SELECT r.project_id, {_REFUND}, format('%s: says %s, entries %s', unit.name, unit.amount,
            COALESCE(-e.amount, 0))
        FROM refunds r
        CROSS JOIN LATERAL (VALUES ('readings', COALESCE((r.taken #>> '{{taken,readings}}')::bigint, 0)),
            ('follow_ups', COALESCE((r.taken #>> '{{taken,follow_ups}}')::bigint, 0))) unit (name, amount)
        LEFT JOIN wallet_entries e ON e.project_id = r.project_id AND e.key = 'refund:' || r.id || ':' || unit.name
        WHERE COALESCE(-e.amount, 0) <> CASE r.state WHEN 'done' THEN unit.amount ELSE 0 END
        """,  # noqa: S608  # as above, constants of this module
    ),
    Rule(
        "refunds.in_the_books",
        "each refund of an order has one line for the store's books: when the money has gone, or has not though it"
        " stands there already",
        f"""
        SELECT r.project_id, {_REFUND}, format('%s by %s, %s lines', r.state, r.started_by, count(b.id)) FROM refunds r
        JOIN payments p ON p.project_id = r.project_id AND p.id = r.payment_id
        LEFT JOIN book_entries b ON b.project_id = r.project_id AND b.refund_id = r.id
        GROUP BY r.id, p.state
        HAVING count(b.id) <> CASE WHEN p.state <> 'surplus'
            AND (r.state = 'done' OR r.state = 'failed' AND r.started_by = 'woocommerce') THEN 1 ELSE 0 END
        """,  # noqa: S608  # as above, constants of this module
    ),
    Rule(
        "debts.come_from_refunds",
        "a debt is what refunds say that is owed",
        """
        SELECT COALESCE(d.project_id, r.project_id), concat_ws(' ', 'debt', COALESCE(d.unit, r.unit), 'of',
            COALESCE(d.user_id, r.user_id)), format('incurred %s, refunds say %s', d.incurred, r.owed)
        FROM (
            SELECT r.project_id, l.user_id, l.unit, sum((r.taken -> 'owed' ->> l.unit)::bigint) AS owed FROM refunds r
            JOIN (SELECT DISTINCT project_id, order_id, user_id, unit FROM wallet_lots WHERE order_id IS NOT NULL) l
                ON l.project_id = r.project_id AND l.order_id = r.order_id AND r.taken -> 'owed' ? l.unit
            WHERE r.state = 'done' GROUP BY r.project_id, l.user_id, l.unit
        ) r
        FULL JOIN wallet_debts d USING (project_id, user_id, unit)
        WHERE COALESCE(d.incurred, 0) <> COALESCE(r.owed, 0)
        """,
    ),
    Rule(
        "subscriptions.one_open",
        "a person has one open subscription in a project",
        """
        SELECT s.project_id, concat_ws(' ', 'subscriptions', string_agg(s.id::text, ' ')), format('%s open', count(*))
        FROM subscriptions s WHERE s.state <> 'ended' GROUP BY s.project_id, s.user_id HAVING count(*) > 1
        """,
    ),
    Rule(
        "subscriptions.states",
        "one that renews waits for its money and knows with whom; one that has ended renews no more",
        f"""
        SELECT s.project_id, {_SUBSCRIPTION},
            format('%s, renews %s, until %s, waits until %s', s.state, s.renews, s.until, s.grace_until)
        FROM subscriptions s
        WHERE (s.state = 'ended') <> (s.ended_at IS NOT NULL) OR s.state = 'ended' AND s.renews
            OR s.renews <> (s.grace_until IS NOT NULL) OR s.grace_until < s.until OR s.state = 'grace' AND NOT s.renews
            OR s.renews AND (s.provider IS NULL OR s.reference IS NULL AND s.sealed_method IS NULL)
        """,  # noqa: S608  # as above, constants of this module
    ),
    Rule(
        "subscriptions.were_paid_for",
        "no subscription without a paid order",
        f"""
        SELECT s.project_id, {_SUBSCRIPTION}, format('%s until %s', s.state, s.until) FROM subscriptions s
        WHERE NOT EXISTS (
            SELECT FROM orders o
            WHERE o.project_id = s.project_id AND o.subscription_id = s.id AND o.state IN {_PAID}
        )
        """,  # noqa: S608  # as above, constants of this module
    ),
    Rule(
        "gifts.are_paid_for",
        "a paid gift has one code, no other order has one, and what was paid back whole was open before",
        f"""
        SELECT o.project_id, {_ORDER}, format('%s %s, %s gifts', o.state, o.kind, count(g.id)) FROM orders o
        LEFT JOIN gifts g ON g.project_id = o.project_id AND g.order_id = o.id
        GROUP BY o.id
        HAVING count(g.id) <> CASE WHEN o.kind = 'gift' AND o.state IN {_PAID} THEN 1 ELSE 0 END
            OR o.state = 'refunded' AND bool_or(g.id IS NOT NULL AND g.redeemed_at IS NULL AND g.void_at IS NULL)
            OR bool_or(g.redeemed_at IS NOT NULL AND g.void_at IS NOT NULL)
        """,  # noqa: S608  # as above, constants of this module
    ),
    Rule(
        "gifts.give_the_rest",
        "a gift of units that was paid back in part and then opened has given no more than the rest",
        f"""
        SELECT o.project_id, {_ORDER}, format('%s: of %s, %s should be gone, and %s are', unit.name, unit.amount,
            due.amount, gone.amount)
        FROM gifts g
        JOIN orders o ON o.project_id = g.project_id AND o.id = g.order_id AND o.total > 0
        CROSS JOIN LATERAL (VALUES ('readings', COALESCE((o.package ->> 'readings')::bigint, 0)),
            ('follow_ups', COALESCE((o.package ->> 'follow_ups')::bigint, 0))) unit (name, amount)
        CROSS JOIN LATERAL (
            SELECT floor(unit.amount * COALESCE(sum(r.amount), 0) / o.total) AS amount FROM refunds r
            JOIN payments p ON p.project_id = r.project_id AND p.id = r.payment_id AND p.state <> 'surplus'
            WHERE r.project_id = o.project_id AND r.order_id = o.id AND r.state = 'done'
                AND r.done_at < g.redeemed_at
        ) due
        CROSS JOIN LATERAL (
            SELECT COALESCE(sum(u.amount), 0) AS amount FROM wallet_lots l
            JOIN wallet_lot_uses u ON u.lot_id = l.id
            JOIN wallet_entries e ON e.id = u.entry_id AND e.kind IN ('taken_back', 'debt')
            WHERE l.project_id = o.project_id AND l.order_id = o.id AND l.unit = unit.name
        ) gone
        WHERE g.redeemed_at IS NOT NULL AND o.package ->> 'kind' <> 'subscription' AND gone.amount < due.amount
        """,  # noqa: S608  # as above, constants of this module
    ),
)

# Everything that is checked, in the order in which it is told.
ALL: Final[tuple[Rule, ...]] = (*wallet.RULES, *RULES)


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that breaks a rule; `total` counts all that break the same one."""

    rule: Rule
    project_id: int
    row: str
    found: str
    total: int


async def check(database: Database, *, rules: Sequence[Rule] = ALL, most: int = 20) -> list[Broken]:
    """All rules over the whole database as it is at one moment; up to `most` rows of each that is broken."""
    # Outside of the pool: a look at millions of rows may take longer than any statement of ours.
    connection = await database.dedicated()
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return await check_rules(connection, rules, most=most)
    finally:
        await connection.close()


async def check_rules(connection: Connection, rules: Sequence[Rule], *, most: int) -> list[Broken]:
    """As `check`, in the caller's transaction."""
    return [broken for rule in rules for broken in await _check(connection, rule, most)]


async def _check(connection: Connection, rule: Rule, most: int) -> list[Broken]:
    rows = await connection.fetch(
        f"""
        SELECT project, subject, found, count(*) OVER () FROM ({rule.sql}) broken (project, subject, found)
        ORDER BY project, subject LIMIT $1
        """,  # noqa: S608  # the rules are constants of this code
        most,
    )
    return [Broken(rule, row[0], row[1], row[2], row[3]) for row in rows]
