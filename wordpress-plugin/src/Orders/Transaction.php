<?php

declare(strict_types=1);

namespace Arcana\Orders;

/**
 * All that a request writes, or nothing of it. WooCommerce writes an order row by row: a server that dies in between would
 * leave half an order, or one that nobody finds again by its name.
 */
final class Transaction
{
    /** @var (callable(): bool)|null Whether what was meant to be written stands in the database. */
    private static $written = null;

    /**
     * From now to the end of this REST request. Whoever dies before that leaves nothing behind.
     *
     * Call it when the order's lock is held: what is read from here on is of this moment.
     *
     * @param callable(): bool $written
     */
    public static function begin(callable $written): void
    {
        global $wpdb;
        if (self::$written !== null) {
            return;
        }
        // Else orders that are written side by side lock gaps of each other. Replication by statements forbids it.
        if ($wpdb->get_var("SELECT @@log_bin = 0 OR @@binlog_format <> 'STATEMENT'") === '1') {
            $wpdb->query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED');
        }
        if ($wpdb->query('SET autocommit = 0') !== false) {
            self::$written = $written;
        }
    }

    /** The filter `rest_request_after_callbacks`: the answer leaves only when what it says is kept. */
    public static function end(mixed $response): mixed
    {
        global $wpdb;
        if (self::$written === null) {
            return $response;
        }
        $written = self::$written;
        self::$written = null;
        $succeeded = !is_wp_error($response) && !($response instanceof \WP_REST_Response && $response->is_error());
        // A deadlock takes back all that came before it, and wpdb goes on as if nothing had happened.
        $kept = $succeeded && $written() && $wpdb->query('COMMIT') !== false;
        if (!$kept) {
            $wpdb->query('ROLLBACK');
            wp_cache_flush_runtime();
        }
        $wpdb->query('SET autocommit = 1');
        return $kept || !$succeeded ? $response : new \WP_Error('arcana_busy', 'The database could not keep it; ask again.', ['status' => 503]);
    }
}
