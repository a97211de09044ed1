<?php

declare(strict_types=1);

namespace Arcana\Backend;

/** The WooCommerce API key that belongs to the pairing: made with it, deleted with it. */
final class ApiKeys
{
    /**
     * @param int $user_id Whose rights the key carries; it has to be somebody who manages the shop.
     * @return array{id: int, consumer_key: string, consumer_secret: string}
     */
    public static function create(int $user_id): array
    {
        global $wpdb;
        $consumer_key = 'ck_' . wc_rand_hash();
        $consumer_secret = 'cs_' . wc_rand_hash();
        $inserted = $wpdb->insert($wpdb->prefix . 'woocommerce_api_keys', [
            'user_id' => $user_id,
            'description' => 'Arcana (' . gmdate('Y-m-d H:i') . ')',
            'permissions' => 'read_write',
            'consumer_key' => wc_api_hash($consumer_key),
            'consumer_secret' => $consumer_secret,
            'truncated_key' => substr($consumer_key, -7),
        ], ['%d', '%s', '%s', '%s', '%s', '%s']);
        if ($inserted === false) {
            throw new BackendError(__('WooCommerce could not store a new API key.', 'arcana'));
        }
        return ['id' => (int) $wpdb->insert_id, 'consumer_key' => $consumer_key, 'consumer_secret' => $consumer_secret];
    }

    public static function delete(int $id): void
    {
        global $wpdb;
        if ($id > 0) {
            $wpdb->delete($wpdb->prefix . 'woocommerce_api_keys', ['key_id' => $id], ['%d']);
        }
    }

    public static function exists(int $id): bool
    {
        global $wpdb;
        return (bool) $wpdb->get_var($wpdb->prepare(
            "SELECT COUNT(*) FROM {$wpdb->prefix}woocommerce_api_keys WHERE key_id = %d",
            $id
        ));
    }
}
