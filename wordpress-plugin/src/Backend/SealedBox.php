<?php

declare(strict_types=1);

namespace Arcana\Backend;

/** Seals secrets to the backend's public key (libsodium sealed box, X25519): what is sealed here nobody here can open. */
final class SealedBox
{
    /** @param string $public_key Base64 of the 32 bytes of the key. */
    public static function seal(string $plaintext, string $public_key): string
    {
        $key = base64_decode($public_key, true);
        if ($key === false || strlen($key) !== SODIUM_CRYPTO_BOX_PUBLICKEYBYTES) {
            throw new BackendError(__('The backend’s public key is damaged. Pair the store again.', 'arcana'));
        }
        return base64_encode(sodium_crypto_box_seal($plaintext, $key));
    }

    /** @param array<string, mixed> $data */
    public static function sealJson(array $data, string $public_key): string
    {
        return self::seal((string) wp_json_encode($data, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE), $public_key);
    }
}
