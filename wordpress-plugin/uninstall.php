<?php
/** Leaves what managers wrote; takes away what the plugin kept for itself, the backend's API key first of all. */

declare(strict_types=1);

defined('WP_UNINSTALL_PLUGIN') || exit;

(static function (): void {
    global $wpdb;
    $pairing = get_option('arcana_pairing');
    $api_key = is_array($pairing) ? (int) ($pairing['api_key'] ?? 0) : 0;
    $table = $wpdb->prefix . 'woocommerce_api_keys';
    if ($api_key > 0 && $wpdb->get_var($wpdb->prepare('SHOW TABLES LIKE %s', $table)) === $table) {
        $wpdb->delete($table, ['key_id' => $api_key], ['%d']);
    }
    $options = [
        'arcana_pairing', 'arcana_settings', 'arcana_state', 'arcana_document', 'arcana_report', 'arcana_notice',
        'arcana_tombstones', 'arcana_store_key',
    ];
    array_map('delete_option', $options);
    if (function_exists('as_unschedule_all_actions')) {
        as_unschedule_all_actions('', [], 'arcana');
    }
    $wpdb->delete($wpdb->postmeta, ['meta_key' => '_arcana_sha256']);
})();
