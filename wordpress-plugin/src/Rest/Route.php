<?php

declare(strict_types=1);

namespace Arcana\Rest;

/** One address of the plugin's REST API. */
interface Route
{
    public function path(): string;

    public function method(): string;

    /** @return array<string, array<string, mixed>> Arguments with their schema, as register_rest_route() takes them. */
    public function arguments(): array;

    /** Without Advanced Custom Fields or WooCommerce only some routes make sense. */
    public function needsEverything(): bool;

    /** @throws RouteError */
    public function handle(\WP_REST_Request $request): \WP_REST_Response;
}
