<?php

declare(strict_types=1);

namespace Arcana\Rest;

use Arcana\Backend\Report;

/** `PUT /report`: the backend says which objects it could not take over; managers read it where they edit them. */
final class ReportRoute implements Route
{
    public function path(): string
    {
        return '/report';
    }

    public function method(): string
    {
        return 'PUT';
    }

    public function arguments(): array
    {
        return [
            'version' => ['type' => 'string', 'required' => true, 'minLength' => 1, 'maxLength' => 128],
            'received_at' => ['type' => 'string', 'required' => true, 'format' => 'date-time'],
            'problems' => [
                'type' => 'array',
                'required' => true,
                'maxItems' => 5000,
                'items' => [
                    'type' => 'object',
                    'properties' => [
                        'kind' => ['type' => 'string', 'required' => true, 'enum' => Report::KINDS],
                        'key' => ['type' => ['string', 'null']],
                        'path' => ['type' => ['string', 'null']],
                        'code' => ['type' => 'string', 'required' => true],
                        'detail' => ['type' => 'object', 'required' => true, 'additionalProperties' => ['type' => 'string']],
                    ],
                ],
            ],
        ];
    }

    public function needsEverything(): bool
    {
        return false;
    }

    public function handle(\WP_REST_Request $request): \WP_REST_Response
    {
        Report::save($request->get_params());
        return new \WP_REST_Response(['version' => Report::load()['version'] ?? '', 'problems' => count(Report::load()['problems'] ?? [])]);
    }
}
