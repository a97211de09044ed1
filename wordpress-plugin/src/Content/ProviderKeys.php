<?php

declare(strict_types=1);

namespace Arcana\Content;

use Arcana\Backend\BackendError;
use Arcana\Backend\Pairer;
use Arcana\Backend\Pairing;
use Arcana\Backend\SealedBox;

/**
 * The keys of a project's payment providers. Like the bot token, they are sealed in the request that brings them; what is
 * kept is the sealed blob and a masked form.
 */
final class ProviderKeys
{
    public const PROVIDERS = ['stripe', 'yookassa'];

    /** Provider => part of its keys => what it looks like. Those in `MASKED_WHOLE` are no secrets and are shown as they are. */
    private const PATTERNS = [
        'stripe' => [
            'secret_key' => '/^(?:sk|rk)_(?:test|live)_[A-Za-z0-9_]{8,240}$/D',
            'webhook_secret' => '/^whsec_[A-Za-z0-9_+\/=-]{8,240}$/D',
        ],
        'yookassa' => [
            'shop_id' => '/^\d{1,20}$/D',
            'secret_key' => '/^(?:test|live)_[A-Za-z0-9_-]{8,240}$/D',
        ],
    ];
    private const SHOWN = ['shop_id'];

    public static function meta(string $provider): string
    {
        return '_arcana_' . $provider;
    }

    /** @return list<string> The parts that a manager enters. */
    public static function parts(string $provider): array
    {
        return array_keys(self::PATTERNS[$provider]);
    }

    /**
     * Seals the keys of a provider and keeps them for the project.
     *
     * @param array<string, string> $keys
     * @throws BackendError in the manager's words; then nothing has changed.
     */
    public static function save(int $post_id, string $provider, #[\SensitiveParameter] array $keys): void
    {
        $clean = [];
        foreach (self::PATTERNS[$provider] as $part => $pattern) {
            $clean[$part] = trim($keys[$part] ?? '');
            if (preg_match($pattern, $clean[$part]) !== 1) {
                throw new BackendError(self::complaint($provider, $part));
            }
        }
        $key = Keys::ensure($post_id);
        if ($key === '') {
            throw new BackendError(__('Save the project first, then enter the keys.', 'arcana'));
        }
        $pairing = Pairing::load();
        if ($pairing === null) {
            throw new BackendError(__('Pair the store with the backend first (WooCommerce → Arcana), then enter the keys.', 'arcana'));
        }
        try {
            $pairing = Pairer::refreshKeys($pairing, 3)['pairing'];
        } catch (BackendError) {
            // The known key serves: the backend goes on accepting it for a while after a rotation.
        }
        $masks = [];
        foreach ($clean as $part => $value) {
            $masks[$part] = in_array($part, self::SHOWN, true) ? $value : self::mask($value);
        }
        update_post_meta($post_id, self::meta($provider), [
            'masks' => $masks,
            'sealed' => SealedBox::sealJson(['project' => $key, 'key_id' => $pairing->key_id] + $clean, $pairing->public_key),
            'key_id' => $pairing->key_id,
            'project' => $key,
        ]);
    }

    public static function forget(int $post_id, string $provider): void
    {
        delete_post_meta($post_id, self::meta($provider));
    }

    /** @return array{masks: array<string, string>, sealed: string, key_id: string, project: string}|null */
    public static function load(int $post_id, string $provider): ?array
    {
        return self::read(get_post_meta($post_id, self::meta($provider), true), Keys::of($post_id));
    }

    /**
     * The keys in a raw meta value, or null when there are none or they were sealed for another project.
     *
     * @return array{masks: array<string, string>, sealed: string, key_id: string, project: string}|null
     */
    public static function read(mixed $value, string $project_key): ?array
    {
        $value = is_string($value) ? maybe_unserialize($value) : $value;
        if (!is_array($value) || !is_array($value['masks'] ?? null)) {
            return null;
        }
        foreach (['sealed', 'key_id', 'project'] as $part) {
            if (!is_string($value[$part] ?? null)) {
                return null;
            }
        }
        return hash_equals($value['project'], $project_key) ? $value : null;
    }

    /** `sk_live_••••••••1234`: enough to tell keys apart, and whether one is for tests. */
    private static function mask(#[\SensitiveParameter] string $value): string
    {
        preg_match('/^(?:(?:sk|rk)_)?(?:test|live|whsec)_/', $value, $found);
        return ($found[0] ?? '') . '••••••••' . substr($value, -4);
    }

    private static function complaint(string $provider, string $part): string
    {
        return match ("$provider $part") {
            'stripe secret_key' => __('This is not a secret key of Stripe: it begins with “sk_live_”, “sk_test_” or “rk_”.', 'arcana'),
            'stripe webhook_secret' => __('This is not a webhook secret of Stripe: it begins with “whsec_”.', 'arcana'),
            'yookassa shop_id' => __('The shop’s number at YooKassa has only digits.', 'arcana'),
            default => __('This is not a secret key of YooKassa: it begins with “live_” or “test_”.', 'arcana'),
        };
    }
}
