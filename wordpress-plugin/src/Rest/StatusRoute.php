<?php

declare(strict_types=1);

namespace Arcana\Rest;

use Arcana\Catalogue\BuildError;
use Arcana\Catalogue\Catalogue;

/** `GET /status`: what this store runs on, and the version of its catalogue. */
final class StatusRoute implements Route
{
    public function path(): string
    {
        return '/status';
    }

    public function method(): string
    {
        return 'GET';
    }

    public function arguments(): array
    {
        return [];
    }

    public function needsEverything(): bool
    {
        return false;
    }

    public function handle(\WP_REST_Request $request): \WP_REST_Response
    {
        return new \WP_REST_Response(self::collect());
    }

    /** @return array<string, string|bool|null> A null means: not active, or, for the version, not to be built now. */
    public static function collect(): array
    {
        try {
            $version = Catalogue::current()->version;
        } catch (BuildError) {
            $version = null;
        }
        $orders = 'Automattic\WooCommerce\Utilities\OrderUtil';
        return [
            'plugin' => ARCANA_VERSION,
            'wordpress' => (string) get_bloginfo('version'),
            'woocommerce' => defined('WC_VERSION') ? (string) WC_VERSION : null,
            'acf' => defined('ACF_VERSION') ? (string) ACF_VERSION : null,
            'php' => PHP_VERSION,
            'hpos' => class_exists($orders) && $orders::custom_orders_table_usage_is_enabled(),
            'version' => $version,
        ];
    }
}
