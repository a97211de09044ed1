<?php

declare(strict_types=1);

namespace Arcana\Rest;

use Arcana\Requirements;
use Arcana\Service;

/**
 * The REST API `wc-arcana/v1`. WooCommerce's own keys open it, because its namespace begins with `wc-`; WooCommerce also
 * holds a key to its reading or writing rights before a route is reached.
 */
final class Routes implements Service
{
    public const REST_NAMESPACE = 'wc-arcana/v1';

    public function register(): void
    {
        add_action('rest_api_init', [$this, 'registerRoutes']);
        add_filter('rest_pre_serve_request', [RawJson::class, 'serve'], 10, 4);
    }

    public function registerRoutes(): void
    {
        foreach ([new CatalogueRoute(), new ReportRoute(), new StatusRoute(), new OrderRoute()] as $route) {
            register_rest_route(self::REST_NAMESPACE, $route->path(), [
                'methods' => $route->method(),
                'callback' => static fn (\WP_REST_Request $request) => self::answer($route, $request),
                'permission_callback' => static fn () => self::permit(),
                'args' => $route->arguments(),
            ]);
        }
    }

    public static function permit(): bool|\WP_Error
    {
        // Without WooCommerce no key can be checked: nobody is let in, and the backend learns the reason.
        if (!class_exists('WooCommerce', false)) {
            return self::notReady(implode(' ', Requirements::problems()))->toWordPress();
        }
        if (current_user_can('manage_woocommerce')) {
            return true;
        }
        return new \WP_Error(
            'woocommerce_rest_cannot_view',
            __('Sorry, a WooCommerce API key of somebody who manages the shop is needed.', 'arcana'),
            ['status' => rest_authorization_required_code()]
        );
    }

    public static function notReady(string $reason): RouteError
    {
        return new RouteError('arcana_not_ready', $reason, 503);
    }

    private static function answer(Route $route, \WP_REST_Request $request): \WP_REST_Response|\WP_Error
    {
        try {
            if ($route->needsEverything() && !Requirements::isReady()) {
                throw self::notReady(implode(' ', Requirements::problems()));
            }
            return $route->handle($request);
        } catch (RouteError $error) {
            return $error->toWordPress();
        }
    }
}
