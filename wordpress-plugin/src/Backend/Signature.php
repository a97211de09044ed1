<?php

declare(strict_types=1);

namespace Arcana\Backend;

/** Signs requests to the backend: HMAC-SHA256 over method, path, time, nonce and the body's hash. */
final class Signature
{
    /**
     * @param string $path Path of the request with its query, as it goes over the wire.
     * @return array<string, string> The headers to send.
     */
    public static function headers(Pairing $pairing, string $method, string $path, string $body): array
    {
        $timestamp = (string) time();
        $nonce = bin2hex(random_bytes(16));
        return [
            'X-Arcana-Store' => $pairing->store,
            'X-Arcana-Timestamp' => $timestamp,
            'X-Arcana-Nonce' => $nonce,
            'X-Arcana-Signature' => 'v1=' . self::compute($pairing->secretBytes(), $method, $path, $timestamp, $nonce, $body),
        ];
    }

    public static function compute(
        string $secret,
        string $method,
        string $path,
        string $timestamp,
        string $nonce,
        string $body,
    ): string {
        $lines = [strtoupper($method), $path, $timestamp, $nonce, hash('sha256', $body)];
        return hash_hmac('sha256', implode("\n", $lines), $secret);
    }
}
