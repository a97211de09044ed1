"""How each rule of the books is broken: (rule, statement, rules that this breaks besides). Found by number: 1 is a
plain purchase, 2 cost nothing, 3 was paid back, 5 in part."""

DAMAGES: list[tuple[str, str, set[str]]] = [
    (
        "wallet.balance_is_entries",
        "UPDATE wallets SET balance = balance + 1 WHERE unit = 'readings'",
        {"wallet.balance_is_lots"},
    ),
    (
        "wallet.balance_is_entries",
        "DELETE FROM wallet_entries WHERE id = (SELECT id FROM wallet_entries WHERE kind = 'gone' ORDER "
        "BY number LIMIT 1)",
        {"wallet.entries_are_numbered", "wallet.entries_run"},
    ),
    (
        "wallet.balance_is_lots",
        "UPDATE wallet_lots SET remaining = remaining - 1 WHERE remaining > 1 AND unit = 'readings'",
        {"wallet.lots_have_left"},
    ),
    (
        "wallet.held_is_holds",
        "UPDATE wallets SET held = held + 1 WHERE unit = 'readings'",
        set(),
    ),
    (
        "wallet.never_negative",
        "ALTER TABLE wallets DROP CONSTRAINT ck_wallets_held; UPDATE wallets SET held = balance + 1",
        {"wallet.held_is_holds"},
    ),
    (
        "wallet.entries_are_numbered",
        "UPDATE wallets SET entries = entries + 1 WHERE unit = 'readings'",
        set(),
    ),
    (
        "wallet.entries_are_numbered",
        "UPDATE wallet_entries SET number = number + 1000 WHERE id = (SELECT id FROM wallet_entries WHERE "
        "kind = 'gone' ORDER BY number LIMIT 1)",
        {"wallet.entries_run"},
    ),
    (
        "wallet.entries_run",
        "UPDATE wallet_entries SET balance_after = balance_after + 1 WHERE id = (SELECT id FROM "
        "wallet_entries WHERE kind = 'gone' ORDER BY number LIMIT 1)",
        set(),
    ),
    (
        "wallet.credits_are_lots",
        "DELETE FROM wallet_lots WHERE id = (SELECT id FROM wallet_entries WHERE kind = 'purchase' AND "
        "unit = 'readings' ORDER BY number LIMIT 1)",
        {"orders.give_once", "wallet.expenses_take_from_lots"},
    ),
    (
        "wallet.expenses_take_from_lots",
        "DELETE FROM wallet_lot_uses WHERE entry_id = (SELECT id FROM wallet_entries WHERE kind = 'gone' "
        "ORDER BY number LIMIT 1)",
        {"wallet.lots_have_left"},
    ),
    (
        "wallet.expenses_take_from_lots",
        "UPDATE wallet_lot_uses SET lot_id = (SELECT id FROM wallet_lots WHERE unit = 'follow_ups' LIMIT "
        "1) WHERE entry_id = (SELECT id FROM wallet_entries WHERE kind = 'gone' ORDER BY number LIMIT 1)",
        {"wallet.lots_have_left"},
    ),
    (
        "wallet.lots_have_left",
        "UPDATE wallet_lot_uses SET amount = amount + 1 WHERE entry_id = (SELECT id FROM wallet_entries "
        "WHERE kind = 'gone' ORDER BY number LIMIT 1)",
        {"wallet.expenses_take_from_lots"},
    ),
    (
        "wallet.knows_what_expires",
        "UPDATE wallets SET expires_at = now() + interval '1 year' WHERE unit = 'follow_ups'",
        set(),
    ),
    (
        "wallet.knows_what_expires",
        "UPDATE wallet_lots SET expires_at = now() WHERE remaining > 0 AND unit = 'readings'",
        set(),
    ),
    (
        "wallet.debts_are_paid_by_entries",
        "UPDATE wallet_debts SET amount = amount + 1 WHERE amount < incurred",
        set(),
    ),
    (
        "wallet.debts_are_paid_by_entries",
        "DELETE FROM wallet_debts WHERE unit = 'readings'",
        {"debts.come_from_refunds"},
    ),
    (
        "wallet.settled_holds_are_entries",
        "UPDATE readings SET hold_id = (SELECT id FROM wallet_holds WHERE state = 'settled' LIMIT 1)",
        {"readings.holds_follow_texts", "wallet.holds_lead_somewhere"},
    ),
    (
        "wallet.holds_lead_somewhere",
        "UPDATE readings SET hold_id = (SELECT id FROM wallet_holds WHERE state = 'released' LIMIT 1)",
        {"readings.holds_follow_texts"},
    ),
    (
        "readings.holds_follow_texts",
        "UPDATE readings SET state = 'expired'",
        {"wallet.holds_lead_somewhere"},
    ),
    (
        "readings.holds_follow_texts",
        "UPDATE readings SET cost = 2",
        set(),
    ),
    (
        "readings.shares_are_counted",
        "UPDATE readings SET paid_by = 'subscription', paid_on = '2026-01-01', hold_id = NULL",
        {"wallet.holds_lead_somewhere"},
    ),
    (
        "orders.total",
        "ALTER TABLE orders DROP CONSTRAINT ck_orders_total; UPDATE orders SET price = price + 1",
        set(),
    ),
    (
        "orders.paid_by_one_payment",
        "UPDATE payments SET state = 'failed' WHERE state = 'paid' AND refunded_amount = 0 AND order_id = "
        "(SELECT id FROM orders WHERE number = 1)",
        set(),
    ),
    (
        "orders.paid_by_one_payment",
        "UPDATE orders SET state = 'pending', paid_at = NULL WHERE number = 4",
        {"orders.in_the_books", "orders.unpaid_give_nothing"},
    ),
    (
        "orders.paid_by_one_payment",
        "UPDATE payments SET currency = 'RUB' WHERE state = 'paid' AND refunded_amount = 0 AND order_id = "
        "(SELECT id FROM orders WHERE number = 1)",
        set(),
    ),
    (
        "orders.give_once",
        "UPDATE wallet_lots SET order_id = NULL WHERE order_id = (SELECT id FROM orders WHERE number = 1) "
        "AND unit = 'readings'",
        set(),
    ),
    (
        "orders.give_once",
        "UPDATE gifts SET redeemed_at = NULL, redeemed_by = NULL",
        set(),
    ),
    (
        "orders.give_once",
        "UPDATE orders SET package = jsonb_set(package, '{readings}', '11') WHERE number = 1",
        set(),
    ),
    (
        "orders.unpaid_give_nothing",
        "UPDATE wallet_lots SET order_id = gen_random_uuid() WHERE order_id IS NULL AND unit = 'readings'",
        set(),
    ),
    (
        "orders.subscribe",
        "UPDATE orders SET subscription_id = NULL WHERE subscription_id IS NOT NULL",
        {"subscriptions.were_paid_for"},
    ),
    (
        "orders.coupons_are_counted",
        "UPDATE orders SET coupon = 'spring' WHERE number = 1",
        set(),
    ),
    (
        "orders.coupons_have_limits",
        "UPDATE orders SET coupon = 'spring', person_hash = number::text::bytea, "
        'package = package || \'{"coupon": {"uses": 1, "uses_per_person": null}}\' WHERE number IN (1, 4)',
        set(),
    ),
    (
        "orders.coupons_have_limits",
        "UPDATE orders SET coupon = 'spring', person_hash = 'x', "
        'package = package || \'{"coupon": {"uses": 5, "uses_per_person": 1}}\' WHERE number IN (1, 4)',
        set(),
    ),
    (
        "orders.one_trial",
        "DROP INDEX uq_orders_trial; UPDATE orders SET kind = 'trial', person_hash = 'x' WHERE number IN (1, 4)",
        set(),
    ),
    (
        "orders.in_the_books",
        "DELETE FROM book_entries WHERE order_id = (SELECT id FROM orders WHERE number = 1)",
        set(),
    ),
    (
        "payments.refunds_sum",
        "UPDATE refunds SET amount = amount - 1 WHERE state = 'done'",
        set(),
    ),
    (
        "payments.refunds_sum",
        "UPDATE payments SET state = 'paid' WHERE state = 'refunded'",
        set(),
    ),
    (
        "orders.refunds_sum",
        "UPDATE orders SET refunded_amount = refunded_amount - 1 WHERE state = 'paid' AND refunded_amount > 0",
        set(),
    ),
    (
        "orders.refunds_sum",
        "UPDATE orders SET state = 'paid' WHERE state = 'refunded'",
        set(),
    ),
    (
        "payments.surplus_goes_back",
        "DELETE FROM refunds WHERE started_by = 'system'",
        set(),
    ),
    (
        "payments.charges_are_known",
        "ALTER TABLE payments DROP CONSTRAINT ck_payments_charge; UPDATE payments SET charge = NULL WHERE "
        "state = 'refunded'",
        set(),
    ),
    (
        "refunds.take_back",
        "UPDATE refunds SET taken = jsonb_set(taken, '{taken,follow_ups}', '99') WHERE taken -> 'taken' ? 'follow_ups'",
        set(),
    ),
    (
        "refunds.in_the_books",
        "DELETE FROM book_entries WHERE refund_id IS NOT NULL",
        set(),
    ),
    (
        "debts.come_from_refunds",
        "UPDATE wallet_debts SET incurred = incurred + 1, amount = amount + 1",
        set(),
    ),
    (
        "subscriptions.one_open",
        "DROP INDEX uq_subscriptions_open; INSERT INTO subscriptions (id, project_id, user_id, "
        "package_key, package, period, until, currency, price) SELECT gen_random_uuid(), project_id, "
        "user_id, package_key, package, period, until, currency, price FROM subscriptions",
        {"subscriptions.were_paid_for"},
    ),
    (
        "subscriptions.states",
        "UPDATE subscriptions SET grace_until = NULL",
        set(),
    ),
    (
        "subscriptions.states",
        "UPDATE subscriptions SET state = 'ended'",
        set(),
    ),
    (
        "subscriptions.states",
        "UPDATE subscriptions SET sealed_method = NULL",
        set(),
    ),
    (
        "subscriptions.were_paid_for",
        "UPDATE orders SET subscription_id = NULL WHERE subscription_id IS NOT NULL",
        {"orders.subscribe"},
    ),
    (
        "gifts.are_paid_for",
        "DELETE FROM gifts WHERE redeemed_at IS NULL",
        set(),
    ),
    (
        "gifts.are_paid_for",
        "UPDATE gifts SET void_at = now() WHERE redeemed_at IS NOT NULL",
        set(),
    ),
    (
        "gifts.give_the_rest",
        "UPDATE orders SET kind = 'gift' WHERE number = 5; INSERT INTO gifts (id, project_id, order_id, code, "
        "redeemed_by, redeemed_at) SELECT gen_random_uuid(), project_id, id, 'x', user_id, now() FROM orders "
        "WHERE number = 5; UPDATE refunds SET amount = 225 WHERE order_id = (SELECT id FROM orders WHERE number = 5)",
        {"payments.refunds_sum"},
    ),
]
