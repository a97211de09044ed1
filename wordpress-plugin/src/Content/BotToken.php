<?php

declare(strict_types=1);

namespace Arcana\Content;

use Arcana\Backend\BackendError;
use Arcana\Backend\Pairer;
use Arcana\Backend\Pairing;
use Arcana\Backend\SealedBox;

/**
 * The bot token of a project. What is kept is the sealed blob that only the backend can open, the bot's id and a masked
 * form; the token itself exists in the request that brings it, and nowhere after.
 */
final class BotToken
{
    public const META = '_arcana_bot';

    /**
     * Seals a token and keeps it for the project.
     *
     * @throws BackendError in the manager's words; then nothing has changed.
     */
    public static function save(int $post_id, #[\SensitiveParameter] string $token): void
    {
        $token = trim($token);
        if (preg_match('/^(\d{3,20}):[A-Za-z0-9_-]{16,100}$/D', $token, $found) !== 1) {
            throw new BackendError(__('This is not a bot token. @BotFather gives it in the form “123456789:letters and digits”.', 'arcana'));
        }
        $bot_id = $found[1];
        $other = self::projectOf($bot_id, $post_id);
        if ($other !== 0) {
            throw new BackendError(sprintf(
                __('This bot already belongs to the project “%s”. One bot serves one project.', 'arcana'),
                get_the_title($other)
            ));
        }
        $key = Keys::ensure($post_id);
        if ($key === '') {
            throw new BackendError(__('Save the project first, then enter the token.', 'arcana'));
        }
        $pairing = Pairing::load();
        if ($pairing === null) {
            throw new BackendError(__('Pair the store with the backend first (WooCommerce → Arcana), then enter the token.', 'arcana'));
        }
        try {
            $pairing = Pairer::refreshKeys($pairing, 3)['pairing'];
        } catch (BackendError) {
            // The known key serves: the backend goes on accepting it for a while after a rotation.
        }
        update_post_meta($post_id, self::META, [
            'id' => $bot_id,
            'mask' => $bot_id . ':••••••••' . substr($token, -4),
            'sealed' => SealedBox::sealJson(['project' => $key, 'key_id' => $pairing->key_id, 'token' => $token], $pairing->public_key),
            'key_id' => $pairing->key_id,
            'project' => $key,
        ]);
    }

    public static function forget(int $post_id): void
    {
        delete_post_meta($post_id, self::META);
    }

    /** @return array{id: string, mask: string, sealed: string, key_id: string, project: string}|null */
    public static function load(int $post_id): ?array
    {
        return self::read(get_post_meta($post_id, self::META, true), Keys::of($post_id));
    }

    /**
     * The bot in a raw meta value, or null when there is none or it was sealed for another project.
     *
     * @return array{id: string, mask: string, sealed: string, key_id: string, project: string}|null
     */
    public static function read(mixed $value, string $project_key): ?array
    {
        $value = is_string($value) ? maybe_unserialize($value) : $value;
        if (!is_array($value)) {
            return null;
        }
        foreach (['id', 'mask', 'sealed', 'key_id', 'project'] as $part) {
            if (!is_string($value[$part] ?? null)) {
                return null;
            }
        }
        return hash_equals($value['project'], $project_key) ? $value : null;
    }

    /** The other project that already has this bot, or 0. */
    private static function projectOf(string $bot_id, int $except): int
    {
        global $wpdb;
        $rows = $wpdb->get_results($wpdb->prepare(
            "SELECT m.post_id, m.meta_value FROM {$wpdb->postmeta} m JOIN {$wpdb->posts} p ON p.ID = m.post_id
            WHERE m.meta_key = %s AND m.post_id <> %d AND p.post_type = 'product'
            AND p.post_status NOT IN ('trash', 'auto-draft', 'inherit')",
            self::META,
            $except
        ));
        foreach ($rows as $row) {
            $bot = maybe_unserialize($row->meta_value);
            if (is_array($bot) && ($bot['id'] ?? null) === $bot_id) {
                return (int) $row->post_id;
            }
        }
        return 0;
    }
}
