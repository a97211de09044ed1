<?php

declare(strict_types=1);

namespace Arcana\Rest;

use Arcana\Catalogue\Money;
use Arcana\Orders\ArcanaOrder;
use Arcana\Orders\Decimals;

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
        Decimals::hold();
        try {
            return $this->answer((string) $request['id']);
        } finally {
            Decimals::release();
        }
    }

    private function answer(string $id): \WP_REST_Response
    {
        $order = ArcanaOrder::find($id);
        if ($order === null) {
            throw new RouteError('arcana_order_unknown', 'This order is not in the books.', 404);
        }
        return new \WP_REST_Response([
            'id' => $order->get_id(),
            'status' => $order->get_status(),
            'currency' => $order->get_currency(),
            'total' => (string) wc_format_decimal((string) $order->get_total(), Money::decimals($order->get_currency())),
            'customer_id' => $order->get_customer_id(),
            'refunds' => (object) ArcanaOrder::refunds($order),
        ]);
    }
}
