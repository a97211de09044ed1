<?php

declare(strict_types=1);

namespace Arcana\Backend;

/** A conversation with the backend that failed; the message is written for the manager. */
final class BackendError extends \RuntimeException
{
    /**
     * @param int $status HTTP status of the backend's answer, or 0 when there was none.
     * @param array<string, mixed> $body What it said.
     */
    public function __construct(string $message, public readonly int $status = 0, public readonly array $body = [])
    {
        parent::__construct($message);
    }
}
