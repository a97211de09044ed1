<?php

declare(strict_types=1);

namespace Arcana\Orders;

use Arcana\Backend\BackendError;

/** How orders of the bots were paid. It takes no payments in the shop; it is there to give them back. */
final class Gateway extends \WC_Payment_Gateway
{
    public const ID = 'arcana';

    public function __construct()
    {
        $this->id = self::ID;
        $this->method_title = 'Arcana';
        $this->method_description = __('Orders that were paid in a bot: by Telegram Stars, Stripe or YooKassa.', 'arcana');
        $this->title = 'Arcana';
        $this->enabled = 'no';
        $this->supports = ['refunds'];
    }

    public function is_available()
    {
        return false;
    }

    public function can_refund_order($order)
    {
        return ArcanaOrder::idOf($order) !== '' && (float) $order->get_total() > 0;
    }

    public function process_refund($order_id, $amount = null, $reason = '')
    {
        $order = wc_get_order($order_id);
        if (!$order instanceof \WC_Order || !$this->can_refund_order($order)) {
            return new \WP_Error('arcana_refund', __('This order cannot be refunded from here.', 'arcana'));
        }
        try {
            Refunds::ask($order, (string) wc_format_decimal((string) $amount, false, true), (string) $reason);
        } catch (BackendError $error) {
            return new \WP_Error('arcana_refund', $error->getMessage());
        }
        return true;
    }
}
