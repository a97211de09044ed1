<?php

declare(strict_types=1);

namespace Arcana\Products;

use Arcana\Service;

/** Only packages become order lines, and only through the REST API with a key of the store. */
final class OrderGuard implements Service
{
    public function register(): void
    {
        add_filter('woocommerce_rest_pre_insert_shop_order_object', [$this, 'checkLines'], 10, 1);
        add_filter('woocommerce_add_to_cart_validation', [$this, 'checkCart'], 10, 2);
    }

    public function checkLines(mixed $order): mixed
    {
        if (!$order instanceof \WC_Order) {
            return $order;
        }
        foreach ($order->get_items() as $item) {
            $product = $item instanceof \WC_Order_Item_Product ? $item->get_product() : null;
            if ($product instanceof CatalogueProduct && !$product instanceof Package) {
                return new \WP_Error(
                    'arcana_not_for_sale',
                    sprintf(__('“%s” cannot be ordered: only packages can.', 'arcana'), $product->get_name()),
                    ['status' => 400]
                );
            }
        }
        return $order;
    }

    public function checkCart(bool $valid, int|string $product_id): bool
    {
        return wc_get_product((int) $product_id) instanceof CatalogueProduct ? false : $valid;
    }
}
