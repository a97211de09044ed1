<?php

declare(strict_types=1);

namespace Arcana\Rest;

/** An answer that is not the one that was asked for: a stable code, words and a status. */
final class RouteError extends \RuntimeException
{
    public function __construct(public readonly string $error_code, string $message, public readonly int $status)
    {
        parent::__construct($message);
    }

    public function toWordPress(): \WP_Error
    {
        return new \WP_Error($this->error_code, $this->getMessage(), ['status' => $this->status]);
    }
}
