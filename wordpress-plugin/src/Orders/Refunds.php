<?php

declare(strict_types=1);

namespace Arcana\Orders;

use Arcana\Backend\BackendError;
use Arcana\Backend\Client;
use Arcana\Backend\Pairing;
use Arcana\Catalogue\Money;
use Arcana\Service;

/**
 * Refunds that begin on the order's screen. The backend decides and gives the money back where it came from; what stands
 * here follows. A refund by hand would say that money went back that did not, so there is none.
 */
final class Refunds implements Service
{
    private static bool $allowed = false;
    private static ?\WC_Order_Refund $current = null;

    public function register(): void
    {
        add_filter('woocommerce_payment_gateways', [$this, 'addGateway']);
        add_action('woocommerce_create_refund', [$this, 'check'], 10, 2);
    }

    /** The next refund was announced by the backend: the money is on its way already. */
    public static function allow(): void
    {
        self::$allowed = true;
    }

    /**
     * @param list<mixed> $gateways
     * @return list<mixed>
     */
    public function addGateway(array $gateways): array
    {
        // It has nothing to set up and takes no payments in the shop, so it is not listed among what does.
        $uri = (string) ($_SERVER['REQUEST_URI'] ?? '');
        $is_settings = str_contains($uri, 'page=wc-settings') || str_contains(rawurldecode($uri), 'settings/payments');
        return $is_settings ? $gateways : [...$gateways, Gateway::class];
    }

    /**
     * @param array<string, mixed> $args
     * @throws \Exception which WooCommerce shows to whoever asked for the refund.
     */
    public function check(\WC_Order_Refund $refund, array $args): void
    {
        self::$current = $refund;
        $order = wc_get_order((int) ($args['order_id'] ?? 0));
        if (ArcanaOrder::idOf($order) === '' || self::$allowed || !empty($args['refund_payment'])) {
            self::$allowed = false;
            return;
        }
        throw new \Exception(esc_html__('This order was paid in a bot. Use the button “Refund via Arcana”: it gives the money back where it came from.', 'arcana'));
    }

    private static function inWords(BackendError $error): string
    {
        if ($error->status === 0) {
            return __('It is not known whether the refund was begun: the backend did not answer. If it was, it appears here by itself. Look again in a few minutes before you ask once more.', 'arcana');
        }
        return match ((string) ($error->body['reason'] ?? $error->body['error'] ?? '')) {
            'used' => __('A part of this order was used already, and the project refunds only what is unused. Enter a smaller sum, or change the rule on the tab “Payments” of the project.', 'arcana'),
            'too_much' => __('That is more than what is left of this order.', 'arcana'),
            'not_paid' => __('Nothing was paid for this order, so there is nothing to refund.', 'arcana'),
            'already' => __('This order was refunded already. The books follow in a minute.', 'arcana'),
            'under_way' => __('A refund of this order is under way. Try again in a minute.', 'arcana'),
            'whole_only' => __('Telegram gives Stars back only as a whole: enter the full sum.', 'arcana'),
            'amount_not_payable' => __('The payment provider cannot give back exactly this sum: enter another one.', 'arcana'),
            'order_not_found' => __('The backend does not know this order.', 'arcana'),
            default => $error->getMessage(),
        };
    }

    /**
     * Asks the backend for a refund and notes which one it became.
     *
     * @throws BackendError in the manager's words; then no money moves.
     */
    public static function ask(\WC_Order $order, string $amount, string $reason): void
    {
        $pairing = Pairing::load();
        if ($pairing === null) {
            throw new BackendError(__('The store is not paired with the backend, so nothing can be refunded from here.', 'arcana'));
        }
        $id = ArcanaOrder::idOf($order);
        $units = Money::minorUnits($amount, $order->get_currency());
        if ($units === null || $units < 1) {
            throw new BackendError(__('Enter the sum that goes back.', 'arcana'));
        }
        if ($order->get_currency() === Stars::CURRENCY && preg_match('/^\d+(?:\.0*)?$/D', $amount) !== 1) {
            throw new BackendError(__('Stars cannot be divided: enter a whole number.', 'arcana'));
        }
        // Kept until the end of this request: the backend's own entry of this refund waits for it.
        if (!ArcanaOrder::lock($id, 5)) {
            throw new BackendError(__('A refund of this order is under way. Try again in a minute.', 'arcana'));
        }
        $refunded = 0;
        foreach ($order->get_refunds() as $refund) {
            if (self::$current === null || $refund->get_id() !== self::$current->get_id()) {
                $refunded += (int) Money::minorUnits(wc_format_decimal((string) $refund->get_amount(), false, true), $order->get_currency());
            }
        }
        try {
            $answer = (new Client($pairing))->request('POST', '/api/v1/wordpress/refunds', [
                'order' => $id,
                'amount' => $units,
                'currency' => $order->get_currency(),
                // What was given back before: an answer that got lost may be asked for again, without a second refund.
                'refunded' => $refunded,
                'reason' => mb_substr(trim($reason), 0, 200),
                'actor' => mb_substr((string) wp_get_current_user()->user_login, 0, 60),
            ], 20);
        } catch (BackendError $error) {
            throw new BackendError(self::inWords($error), $error->status, $error->body);
        }
        $refund_id = (string) ($answer['refund'] ?? '');
        if (self::$current !== null && preg_match(ArcanaOrder::UUID, $refund_id) === 1) {
            self::$current->update_meta_data(ArcanaOrder::REFUND, $refund_id);
            self::$current->save_meta_data();
        }
        $order->add_order_note(sprintf(
            /* translators: sum, user name */
            __('Refund of %1$s asked for by %2$s; the money goes back where it came from.', 'arcana'),
            wp_strip_all_tags(html_entity_decode(wc_price($amount, ['currency' => $order->get_currency(), 'decimals' => Money::decimals($order->get_currency())]))),
            wp_get_current_user()->display_name
        ));
    }
}
