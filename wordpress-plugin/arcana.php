<?php
/**
 * Plugin Name: Arcana
 * Description: Telegram tarot readings from WooCommerce: projects, spreads, decks and packages for the Arcana backend.
 * Version: 1.2.0
 * Requires at least: 6.5
 * Requires PHP: 8.1
 * Requires Plugins: woocommerce
 * WC requires at least: 9.0
 * Text Domain: arcana
 * Domain Path: /languages
 * License: GPL-2.0-or-later
 */

declare(strict_types=1);

defined('ABSPATH') || exit;

if (PHP_VERSION_ID < 80100) {
    add_action('admin_notices', static function (): void {
        echo '<div class="notice notice-error"><p>Arcana needs PHP 8.1 or newer.</p></div>';
    });
    return;
}

const ARCANA_VERSION = '1.2.0';
const ARCANA_FILE = __FILE__;

require_once __DIR__ . '/src/Autoloader.php';

Arcana\Autoloader::register(__DIR__ . '/src');
Arcana\Plugin::instance()->register();
