<?php

declare(strict_types=1);

namespace Arcana\Backend;

/** What connects this store with its backend: address, shared secret and the public key that bot tokens are sealed to. */
final class Pairing
{
    public const OPTION = 'arcana_pairing';

    /**
     * @param string $address Base URL of the backend without a trailing slash.
     * @param string $store   Id under which the backend knows this store.
     * @param string $secret  Base64 of the 32 bytes that requests are signed with.
     */
    public function __construct(
        public readonly string $address,
        public readonly string $store,
        public readonly string $secret,
        public readonly string $key_id,
        public readonly string $public_key,
        public readonly string $paired_at = '',
        public readonly int $api_key = 0,
    ) {
    }

    public static function load(): ?self
    {
        $saved = get_option(self::OPTION);
        if (!is_array($saved) || !isset($saved['address'], $saved['store'], $saved['secret'], $saved['key_id'], $saved['public_key'])) {
            return null;
        }
        return new self(
            (string) $saved['address'],
            (string) $saved['store'],
            (string) $saved['secret'],
            (string) $saved['key_id'],
            (string) $saved['public_key'],
            (string) ($saved['paired_at'] ?? ''),
            (int) ($saved['api_key'] ?? 0),
        );
    }

    public function save(): void
    {
        update_option(self::OPTION, get_object_vars($this), false);
    }

    public static function forget(): void
    {
        delete_option(self::OPTION);
    }

    public function withKey(string $key_id, string $public_key): self
    {
        return new self($this->address, $this->store, $this->secret, $key_id, $public_key, $this->paired_at, $this->api_key);
    }

    public function confirmed(string $paired_at, int $api_key): self
    {
        return new self($this->address, $this->store, $this->secret, $this->key_id, $this->public_key, $paired_at, $api_key);
    }

    /** The bytes that requests are signed with. */
    public function secretBytes(): string
    {
        return (string) base64_decode($this->secret, true);
    }

    /**
     * Reads the one string that the backend prints: `arcana1.` and base64url of a JSON object.
     *
     * @throws BackendError in the manager's words when the string is not whole.
     */
    public static function parse(string $text): self
    {
        $text = (string) preg_replace('/\s+/', '', $text);
        if (!str_starts_with($text, 'arcana1.')) {
            throw new BackendError(__('This is not a pairing string: it begins with “arcana1.”.', 'arcana'));
        }
        $broken = __('The pairing string is incomplete. Copy it again, whole.', 'arcana');
        $json = base64_decode(strtr(substr($text, 8), '-_', '+/'), true);
        $data = is_string($json) ? json_decode($json, true) : null;
        $key = is_array($data) && is_array($data['key'] ?? null) ? $data['key'] : [];
        foreach ([$data['address'] ?? null, $data['store'] ?? null, $data['secret'] ?? null, $key['id'] ?? null, $key['public'] ?? null] as $part) {
            if (!is_string($part) || $part === '') {
                throw new BackendError($broken);
            }
        }
        foreach ([$data['secret'], $key['public']] as $bytes) {
            if (strlen((string) base64_decode($bytes, true)) !== 32) {
                throw new BackendError($broken);
            }
        }
        $address = rtrim($data['address'], '/');
        if (!in_array(wp_parse_url($address, PHP_URL_SCHEME), ['http', 'https'], true) || !wp_parse_url($address, PHP_URL_HOST)) {
            throw new BackendError(__('The pairing string holds no usable address of the backend.', 'arcana'));
        }
        return new self($address, $data['store'], $data['secret'], $key['id'], $key['public']);
    }
}
