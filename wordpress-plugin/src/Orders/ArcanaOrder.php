<?php

declare(strict_types=1);

namespace Arcana\Orders;

/** Orders that were paid in a bot: how they are told from others, and how they and their refunds are found again. */
final class ArcanaOrder
{
    public const ORDER = '_arcana_order';
    public const REFUND = '_arcana_refund';
    public const UUID = '/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/D';
    private const STATUSES = ['trash', 'checkout-draft', 'auto-draft'];

    /** The backend's id of an order; '' for an order of the shop. */
    public static function idOf(mixed $order): string
    {
        $id = $order instanceof \WC_Abstract_Order ? (string) $order->get_meta(self::ORDER) : '';
        return preg_match(self::UUID, $id) === 1 ? $id : '';
    }

    /** The order in the books, in whatever state, or null. */
    public static function find(string $id): ?\WC_Order
    {
        $order = wc_get_order(self::number($id));
        return $order instanceof \WC_Order ? $order : null;
    }

    /** Its number there, asked of the database itself; 0 when it is not there. */
    public static function number(string $id): int
    {
        $ids = wc_get_orders([
            'type' => 'shop_order',
            'status' => [...array_keys(wc_get_order_statuses()), ...self::STATUSES],
            'meta_key' => self::ORDER,
            'meta_value' => $id,
            'orderby' => 'ID',
            'order' => 'ASC',
            'limit' => 1,
            'return' => 'ids',
        ]);
        return is_array($ids) ? (int) reset($ids) : 0;
    }

    /** The number of a refund in the books, asked of the database itself; 0 when it is not there. */
    public static function findRefund(int $order_id, string $refund_id): int
    {
        $ids = wc_get_orders([
            'type' => 'shop_order_refund',
            'parent' => $order_id,
            'meta_key' => self::REFUND,
            'meta_value' => $refund_id,
            'limit' => 1,
            'return' => 'ids',
        ]);
        return is_array($ids) ? (int) reset($ids) : 0;
    }

    /** @return array<string, int> The backend's id of each refund => its number here. */
    public static function refunds(\WC_Order $order): array
    {
        $refunds = [];
        foreach ($order->get_refunds() as $refund) {
            $id = (string) $refund->get_meta(self::REFUND);
            if ($id !== '') {
                $refunds[$id] = $refund->get_id();
            }
        }
        return $refunds;
    }

    /**
     * Holds everybody else who would write the same order back until this request is over. A lock of the database ends
     * with its connection, so that a request that dies leaves nothing behind.
     */
    public static function lock(string $id, int $seconds = 15): bool
    {
        global $wpdb;
        return $wpdb->get_var($wpdb->prepare('SELECT GET_LOCK(%s, %d)', "arcana_$id", $seconds)) === '1';
    }
}
