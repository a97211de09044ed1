<?php

declare(strict_types=1);

namespace Arcana\Rest;

use Arcana\Orders\ArcanaOrder;

/** `GET /orders/<id>`: whether an order of the backend is in the books, and which of its refunds. */
final class OrderRoute implements Route
{
    public function path(): string
    {
        return '/orders/(?P<id>[0-9a-f-]{36})';
    }

    public function method(): string
    {
        return 'GET';
    }

    public function arguments(): array
    {
        return ['id' => ['type' => 'string', 'required' => true, 'pattern' => trim(ArcanaOrder::UUID, '/D')]];
    }

    public function needsEverything(): bool
    {
        return false;
    }

    public function handle(\WP_REST_Request $request): \WP_REST_Response
    {
        $order = ArcanaOrder::find((string) $request['id']);
        if ($order === null) {
            throw new RouteError('arcana_order_unknown', 'This order is not in the books.', 404);
        }
        return new \WP_REST_Response([
            'id' => $order->get_id(),
            'status' => $order->get_status(),
            'currency' => $order->get_currency(),
            'total' => (string) $order->get_total(),
            'customer_id' => $order->get_customer_id(),
            'refunds' => (object) ArcanaOrder::refunds($order),
        ]);
    }
}
