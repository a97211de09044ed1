<?php

declare(strict_types=1);

namespace Arcana\Backend;

/** Connects the store with a backend, disconnects it, and keeps its sealing key up to date. */
final class Pairer
{
    /**
     * @param string $text    The pairing string as it was pasted.
     * @param int    $user_id Whose rights the backend's API key carries.
     * @throws BackendError in words; then nothing has changed.
     */
    public static function pair(string $text, int $user_id): Pairing
    {
        $pairing = Pairing::parse($text);
        if (!user_can($user_id, 'manage_woocommerce')) {
            throw new BackendError(__('Only somebody who manages the shop can pair it.', 'arcana'));
        }
        $former = Pairing::load();
        $api_key = ApiKeys::create($user_id);
        try {
            $answer = (new Client($pairing))->request('POST', '/api/v1/wordpress/pair', [
                'url' => home_url(),
                'rest_url' => rest_url(),
                'name' => html_entity_decode((string) get_bloginfo('name'), ENT_QUOTES),
                'plugin_version' => ARCANA_VERSION,
                'sealed_credentials' => SealedBox::sealJson([
                    'consumer_key' => $api_key['consumer_key'],
                    'consumer_secret' => $api_key['consumer_secret'],
                ], $pairing->public_key),
            ], 20);
        } catch (BackendError $error) {
            ApiKeys::delete($api_key['id']);
            throw $error;
        }
        $paired_at = is_string($answer['paired_at'] ?? null) ? $answer['paired_at'] : gmdate('Y-m-d\TH:i:s\Z');
        $pairing = self::withAnsweredKey($pairing, $answer['key'] ?? null)->confirmed($paired_at, $api_key['id']);
        $pairing->save();
        if ($former !== null) {
            ApiKeys::delete($former->api_key);
        }
        delete_option(Notices::OPTION);
        return $pairing;
    }

    public static function unpair(): void
    {
        $pairing = Pairing::load();
        if ($pairing !== null) {
            ApiKeys::delete($pairing->api_key);
        }
        Pairing::forget();
        Notices::cancelRetries();
        delete_option(Notices::OPTION);
        delete_option(Report::OPTION);
    }

    /**
     * Asks the backend which keys it opens now, and takes over a new one for the next sealing.
     *
     * @return array{pairing: Pairing, accepted: list<string>}
     * @throws BackendError
     */
    public static function refreshKeys(Pairing $pairing, int $timeout = 5): array
    {
        $answer = (new Client($pairing))->request('GET', '/api/v1/wordpress/keys', null, $timeout);
        $current = self::withAnsweredKey($pairing, $answer['current'] ?? null);
        if ($current->key_id !== $pairing->key_id) {
            $current->save();
        }
        $accepted = array_values(array_filter((array) ($answer['accepted'] ?? []), 'is_string'));
        return ['pairing' => $current, 'accepted' => array_values(array_unique([...$accepted, $current->key_id]))];
    }

    private static function withAnsweredKey(Pairing $pairing, mixed $key): Pairing
    {
        $is_whole = is_array($key) && is_string($key['id'] ?? null) && is_string($key['public'] ?? null)
            && strlen((string) base64_decode($key['public'], true)) === SODIUM_CRYPTO_BOX_PUBLICKEYBYTES;
        return $is_whole ? $pairing->withKey($key['id'], $key['public']) : $pairing;
    }
}
