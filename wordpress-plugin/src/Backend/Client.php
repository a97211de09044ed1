<?php

declare(strict_types=1);

namespace Arcana\Backend;

/** Signed requests to the backend. */
final class Client
{
    public function __construct(private readonly Pairing $pairing)
    {
    }

    /**
     * @param array<string, mixed>|null $data Sent as JSON when given.
     * @return array<string, mixed> The decoded answer; an empty one for an answer without a body.
     * @throws BackendError when the backend cannot be reached or answers anything but 2xx.
     */
    public function request(string $method, string $path, ?array $data = null, int $timeout = 10): array
    {
        $body = $data === null ? '' : (string) wp_json_encode($data, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
        $url = $this->pairing->address . $path;
        // The signature covers the path as the server sees it: behind a prefix, the address carries one.
        $signed_path = (string) wp_parse_url($url, PHP_URL_PATH);
        $headers = Signature::headers($this->pairing, $method, $signed_path, $body);
        $headers['Accept'] = 'application/json';
        if ($data !== null) {
            $headers['Content-Type'] = 'application/json';
        }
        // Not the `safe` variant: it refuses loopback and odd ports, where a backend may well live.
        $answer = wp_remote_request($url, [
            'method' => $method,
            'headers' => $headers,
            'body' => $data === null ? null : $body,
            'timeout' => $timeout,
            'redirection' => 0,
            'user-agent' => 'Arcana-WordPress/' . ARCANA_VERSION,
        ]);
        if (is_wp_error($answer)) {
            throw new BackendError(sprintf(
                __('The backend at %1$s cannot be reached: %2$s', 'arcana'),
                $this->pairing->address,
                $answer->get_error_message()
            ));
        }
        $status = (int) wp_remote_retrieve_response_code($answer);
        $decoded = json_decode((string) wp_remote_retrieve_body($answer), true);
        if ($status < 200 || $status > 299) {
            $detail = is_array($decoded) && is_string($decoded['detail'] ?? null) ? $decoded['detail'] : '';
            throw new BackendError(trim(sprintf(__('The backend answered with status %d.', 'arcana'), $status) . ' ' . $detail), $status, is_array($decoded) ? $decoded : []);
        }
        return is_array($decoded) ? $decoded : [];
    }
}
