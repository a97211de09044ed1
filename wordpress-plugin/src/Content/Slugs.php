<?php

declare(strict_types=1);

namespace Arcana\Content;

/** Rules of a project's slug: it is the project's address, so it is short, unique, and fixed once people use it. */
final class Slugs
{
    /** Holds the slug from the first moment that the project was live. */
    public const LIVE_META = '_arcana_live_slug';

    public const RESERVED = [
        'admin', 'api', 'app', 'apps', 'arcana', 'assets', 'auth', 'bot', 'dev', 'docs', 'favicon', 'health',
        'healthz', 'help', 'index', 'login', 'logout', 'media', 'metrics', 'openapi', 'orders', 'pay', 'payment',
        'payments', 'public', 'readyz', 'redoc', 'robots', 'sandbox', 'schemas', 'static', 'status', 'support',
        'telegram', 'test', 'webhook', 'webhooks', 'well-known', 'wordpress', 'wp', 'wp-admin', 'wp-json', 'www',
    ];

    /** The reason why a slug cannot be used, as a stable code, or null when it can. */
    public static function fault(string $slug): ?string
    {
        if ($slug === '') {
            return 'empty';
        }
        if (strlen($slug) < 2 || strlen($slug) > 40) {
            return 'length';
        }
        if (preg_match('/^[a-z0-9]+(?:-[a-z0-9]+)*$/D', $slug) !== 1) {
            return 'characters';
        }
        return in_array($slug, self::RESERVED, true) ? 'reserved' : null;
    }

    /** The fault in words for the manager. */
    public static function explain(string $fault, string $slug): string
    {
        return match ($fault) {
            'empty' => __('The address is empty. Choose one, such as “luna”.', 'arcana'),
            'length' => __('The address must have 2 to 40 characters.', 'arcana'),
            'characters' => __('The address may hold only lower-case Latin letters, digits and single hyphens between them.', 'arcana'),
            'reserved' => sprintf(__('“%s” is reserved for the service itself. Choose another address.', 'arcana'), $slug),
            'taken' => sprintf(__('“%s” is already the address of another project.', 'arcana'), $slug),
            'fixed' => __('The address cannot be changed any more: the project has been live, and people have links to it.', 'arcana'),
            default => $fault,
        };
    }

    /** Checks a slug for one project against the rules, the other projects and its own past. */
    public static function faultFor(int $post_id, string $slug): ?string
    {
        $live = self::live($post_id);
        if ($live !== '' && $slug !== $live) {
            return 'fixed';
        }
        return self::fault($slug) ?? (self::isTaken($slug, $post_id) ? 'taken' : null);
    }

    public static function live(int $post_id): string
    {
        $slug = get_post_meta($post_id, self::LIVE_META, true);
        return is_string($slug) ? $slug : '';
    }

    private static function isTaken(string $slug, int $post_id): bool
    {
        global $wpdb;
        $others = $wpdb->get_col($wpdb->prepare(
            "SELECT m.post_id FROM {$wpdb->postmeta} m JOIN {$wpdb->posts} p ON p.ID = m.post_id
            WHERE m.meta_key IN ('arcana_project_slug', %s) AND m.meta_value = %s AND m.post_id <> %d
            AND p.post_type = 'product' AND p.post_status NOT IN ('trash', 'auto-draft', 'inherit')",
            self::LIVE_META,
            $slug,
            $post_id
        ));
        return $others !== [];
    }
}
