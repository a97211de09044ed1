<?php

declare(strict_types=1);

namespace Arcana\Orders;

use Arcana\Catalogue\Money;
use Arcana\Service;

/**
 * Orders of the bots keep their sums to the last digit, whatever the shop chose to show. WooCommerce rounds an order's sums
 * to the decimals that it shows, when it reads them as well as when it adds them up: of 159.20 a shop that shows whole
 * roubles would keep 159, and could never give the rest back.
 */
final class Decimals implements Service
{
    /** As many as any currency has; what is read with more than its own is none the less exact. */
    private const MOST = 3;

    private static ?int $held = null;

    public function register(): void
    {
        add_filter('wc_get_price_decimals', static fn (mixed $shown): mixed => self::$held === null ? $shown : max((int) $shown, self::$held), 1000);
        add_action('admin_init', [$this, 'onScreen'], 5);
    }

    /** Until `release`, and at the latest to the end of this request; call it before an order is read. */
    public static function hold(?string $currency = null): void
    {
        self::$held = $currency === null ? self::MOST : Money::decimals($currency);
    }

    public static function release(): void
    {
        self::$held = null;
    }

    /** The screen of an order and what its buttons do, refunds above all. */
    public function onScreen(): void
    {
        $id = self::asked();
        if ($id === 0) {
            return;
        }
        self::hold();
        $order = wc_get_order($id);
        if (ArcanaOrder::idOf($order) === '') {
            self::release();
            return;
        }
        self::hold($order->get_currency());
    }

    private static function asked(): int
    {
        if (wp_doing_ajax()) {
            $action = $_REQUEST['action'] ?? '';
            $order = $_REQUEST['order_id'] ?? 0;
            return is_string($action) && str_starts_with($action, 'woocommerce_') && is_scalar($order) ? absint($order) : 0;
        }
        if (($_GET['page'] ?? '') === 'wc-orders') {
            return is_scalar($_GET['id'] ?? null) ? absint($_GET['id']) : 0;
        }
        $post = ($GLOBALS['pagenow'] ?? '') === 'post.php' ? $_GET['post'] ?? $_POST['post_ID'] ?? 0 : 0;
        return is_scalar($post) && get_post_type(absint($post)) === 'shop_order' ? absint($post) : 0;
    }
}
