<?php

declare(strict_types=1);

namespace Arcana\Orders;

use Arcana\Service;

/**
 * Telegram Stars as a currency of orders. An order that was paid in Stars says so, to the Star, and so do its refunds.
 * WooCommerce's analytics add up orders without looking at their currency, so there such an order counts as nothing.
 */
final class Stars implements Service
{
    public const CURRENCY = 'XTR';

    public function register(): void
    {
        add_filter('woocommerce_currencies', static fn (array $names): array => $names + [self::CURRENCY => __('Telegram Stars', 'arcana')]);
        add_filter('woocommerce_currency_symbols', static fn (array $symbols): array => $symbols + [self::CURRENCY => '⭐']);
        add_filter('woocommerce_general_settings', [$this, 'notForTheShop'], 100);
        add_filter('wc_price_args', [$this, 'whole'], 100);
        add_filter('woocommerce_analytics_update_order_stats_data', [$this, 'leaveOutOfRevenue'], 100, 2);
        add_action('woocommerce_analytics_update_product', [$this, 'leaveOutOfProducts'], 100, 2);
        add_action('woocommerce_analytics_update_coupon', [$this, 'leaveOutOfCoupons'], 100, 2);
    }

    /**
     * Nobody can sell goods of the shop for Stars.
     *
     * @param list<array<string, mixed>> $settings
     * @return list<array<string, mixed>>
     */
    public function notForTheShop(array $settings): array
    {
        foreach ($settings as &$setting) {
            if (($setting['id'] ?? '') === 'woocommerce_currency' && is_array($setting['options'] ?? null)) {
                unset($setting['options'][self::CURRENCY]);
            }
        }
        return $settings;
    }

    /**
     * @param array<string, mixed> $args
     * @return array<string, mixed>
     */
    public function whole(array $args): array
    {
        return ($args['currency'] ?? '') === self::CURRENCY ? ['decimals' => 0, 'price_format' => '%2$s&nbsp;%1$s'] + $args : $args;
    }

    /**
     * @param array<string, mixed> $data
     * @return array<string, mixed>
     */
    public function leaveOutOfRevenue(array $data, mixed $order): array
    {
        if (self::paid($order)) {
            foreach (['total_sales', 'tax_total', 'shipping_total', 'net_total'] as $sum) {
                $data[$sum] = isset($data[$sum]) ? 0 : null;
            }
            $data = array_filter($data, static fn (mixed $value): bool => $value !== null);
        }
        return $data;
    }

    public function leaveOutOfProducts(mixed $item_id, mixed $order_id): void
    {
        global $wpdb;
        if (self::paid(wc_get_order((int) $order_id))) {
            $wpdb->update(
                $wpdb->prefix . 'wc_order_product_lookup',
                ['product_net_revenue' => 0, 'product_gross_revenue' => 0, 'coupon_amount' => 0],
                ['order_id' => (int) $order_id]
            );
        }
    }

    public function leaveOutOfCoupons(mixed $coupon_id, mixed $order_id): void
    {
        global $wpdb;
        if (self::paid(wc_get_order((int) $order_id))) {
            $wpdb->update($wpdb->prefix . 'wc_order_coupon_lookup', ['discount_amount' => 0], ['order_id' => (int) $order_id]);
        }
    }

    private static function paid(mixed $order): bool
    {
        return $order instanceof \WC_Abstract_Order && $order->get_currency() === self::CURRENCY;
    }
}
