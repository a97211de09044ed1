<?php

declare(strict_types=1);

namespace Arcana\Orders;

use Arcana\Catalogue\CouponRows;
use Arcana\Service;

/**
 * Makes what the backend writes through the REST API true to what happened: each order and each refund once, on the day
 * it was paid, at the price that was agreed and with the coupon that was used, whatever that coupon would say today.
 */
final class BookKeeping implements Service
{
    private const PAID_AT = '_arcana_paid_at';
    private const COUPON = '_arcana_coupon';
    private const DISCOUNT = '_arcana_discount';

    public function register(): void
    {
        add_filter('woocommerce_rest_pre_insert_shop_order_object', [$this, 'writeOrder'], 20, 3);
        add_filter('rest_request_before_callbacks', [$this, 'guardRefund'], 10, 3);
        add_filter('rest_request_before_callbacks', [$this, 'guardCustomer'], 10, 3);
        add_filter('rest_request_after_callbacks', [Transaction::class, 'end']);
        add_filter('is_protected_meta', [Customers::class, 'letPass'], 10, 3);
        foreach (['pending', 'processing', 'on-hold', 'completed', 'cancelled', 'failed', 'refunded'] as $status) {
            add_action("woocommerce_order_status_$status", [self::class, 'countCoupon'], 20);
        }
        add_action('woocommerce_trash_order', [self::class, 'countCoupon'], 20);
        add_filter('pre_wp_mail', [$this, 'spareNobody'], 10, 2);
        // WooCommerce copies the customer's address into each order; then it would write to it.
        add_filter('woocommerce_order_get_billing_email', static fn (mixed $email): mixed => is_string($email) && str_ends_with($email, Customers::DOMAIN) ? '' : $email);
    }

    public function writeOrder(mixed $order, mixed $request = null, mixed $creating = false): mixed
    {
        $id = ArcanaOrder::idOf($order);
        // Several orders may come in one request.
        Decimals::release();
        if ($id !== '') {
            // WooCommerce adds its lines up after this, also when only a name has changed.
            Decimals::hold($order->get_currency());
        }
        if ($id === '' || !$creating) {
            return $order;
        }
        if (!ArcanaOrder::lock($id)) {
            return new \WP_Error('arcana_busy', 'The same order is being written by another request.', ['status' => 503]);
        }
        $existing = ArcanaOrder::find($id);
        if ($existing !== null) {
            return new \WP_Error('arcana_order_exists', 'This order is in the books.', ['status' => 409, 'order_id' => $existing->get_id()]);
        }
        Transaction::begin(static fn (): bool => ArcanaOrder::number($id) !== 0);
        $paid_at = strtotime((string) $order->get_meta(self::PAID_AT));
        if ($paid_at !== false) {
            $order->set_date_created($paid_at);
            $order->set_date_paid($paid_at);
        }
        // What the list of orders shows as the origin.
        $order->update_meta_data('_wc_order_attribution_source_type', 'utm');
        $order->update_meta_data('_wc_order_attribution_utm_source', 'Telegram');
        $code = (string) $order->get_meta(self::COUPON);
        if ($code !== '') {
            $item = new \WC_Order_Item_Coupon();
            $item->set_props(['code' => $code, 'discount' => (string) $order->get_meta(self::DISCOUNT), 'discount_tax' => 0]);
            $coupon_id = wc_get_coupon_id_by_code($code);
            if ($coupon_id !== 0 && method_exists(\WC_Coupon::class, 'get_short_info')) {
                $item->add_meta_data('coupon_info', (new \WC_Coupon($coupon_id))->get_short_info());
            }
            $order->add_item($item);
        }
        return $order;
    }

    /**
     * A refund that came before is not written a second time: not by a repeated request, and not while the same refund
     * is being asked for on the order's screen.
     *
     * @param array<string, mixed> $handler
     */
    public function guardRefund(mixed $response, array $handler, \WP_REST_Request $request): mixed
    {
        if (
            is_wp_error($response) || $request->get_method() !== 'POST'
            || preg_match('#^/wc/v\d+/orders/(\d+)/refunds$#D', $request->get_route(), $found) !== 1
        ) {
            return $response;
        }
        $refund_id = '';
        foreach ((array) $request['meta_data'] as $meta) {
            if (is_array($meta) && ($meta['key'] ?? '') === ArcanaOrder::REFUND) {
                $refund_id = (string) ($meta['value'] ?? '');
            }
        }
        if (preg_match(ArcanaOrder::UUID, $refund_id) !== 1) {
            return $response;
        }
        Decimals::hold();
        $order = wc_get_order((int) $found[1]);
        $id = ArcanaOrder::idOf($order);
        if ($id === '') {
            Decimals::release();
            return $response;
        }
        if (!ArcanaOrder::lock($id)) {
            return new \WP_Error('arcana_busy', 'A refund of this order is under way.', ['status' => 503]);
        }
        $known = ArcanaOrder::findRefund((int) $found[1], $refund_id);
        if ($known !== 0) {
            return new \WP_Error('arcana_refund_exists', 'This refund is in the books.', ['status' => 409, 'refund_id' => $known]);
        }
        Transaction::begin(static fn (): bool => ArcanaOrder::findRefund((int) $found[1], $refund_id) !== 0);
        Refunds::allow();
        return $response;
    }

    /**
     * A person of the bots becomes a customer with all that is known of him, or not at all.
     *
     * @param array<string, mixed> $handler
     */
    public function guardCustomer(mixed $response, array $handler, \WP_REST_Request $request): mixed
    {
        $email = is_string($request['email']) ? $request['email'] : '';
        if (
            is_wp_error($response) || $request->get_method() !== 'POST'
            || preg_match('#^/wc/v\d+/customers$#D', $request->get_route()) !== 1 || !str_ends_with($email, Customers::DOMAIN)
        ) {
            return $response;
        }
        if (!ArcanaOrder::lock($email)) {
            return new \WP_Error('arcana_busy', 'This customer is being written by another request.', ['status' => 503]);
        }
        Transaction::begin(static fn (): bool => Customers::known($email));
        return $response;
    }

    /** WooCommerce counts a coupon for our orders too; these rows say which of its uses were ours. */
    public static function countCoupon(int $order_id): void
    {
        $order = wc_get_order($order_id);
        if (ArcanaOrder::idOf($order) === '') {
            return;
        }
        $counts = $order->get_data_store()->get_recorded_coupon_usage_counts($order);
        foreach ($order->get_coupon_codes() as $code) {
            $coupon_id = wc_get_coupon_id_by_code($code);
            if ($coupon_id === 0) {
                continue;
            }
            $is_known = in_array((string) $order_id, get_post_meta($coupon_id, CouponRows::USED), true);
            if ($counts && !$is_known) {
                add_post_meta($coupon_id, CouponRows::USED, (string) $order_id);
            } elseif (!$counts && $is_known) {
                delete_post_meta($coupon_id, CouponRows::USED, (string) $order_id);
            }
        }
    }

    /**
     * The addresses that stand for people of the bots lead nowhere, so nothing is sent there.
     *
     * @param array<string, mixed> $mail
     */
    public function spareNobody(?bool $answer, array $mail): ?bool
    {
        $to = is_array($mail['to'] ?? null) ? $mail['to'] : explode(',', (string) ($mail['to'] ?? ''));
        $real = array_filter($to, static fn (mixed $address): bool => !str_ends_with(rtrim(trim((string) $address), '>'), Customers::DOMAIN));
        return $to !== [] && $real === [] ? true : $answer;
    }
}
