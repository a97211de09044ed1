<?php

declare(strict_types=1);

namespace Arcana\Content;

use Arcana\Kind;
use Arcana\Service;

/**
 * What happens to projects over time: the slug is fixed when a project goes live, and a project that is thrown away
 * leaves a tombstone. The backend lets a project go only for a tombstone; it keeps one that is merely missing.
 */
final class Projects implements Service
{
    public const TOMBSTONES = 'arcana_tombstones';

    public function register(): void
    {
        add_action('before_delete_post', [$this, 'onDelete']);
    }

    public function onDelete(int $post_id): void
    {
        $key = Kind::ofPost($post_id) === Kind::Project ? Keys::of($post_id) : '';
        $slug = Slugs::live($post_id) ?: (string) get_post_meta($post_id, 'arcana_project_slug', true);
        // One that never had an address was never in the document.
        if ($key !== '' && $slug !== '') {
            self::saveTombstones([...self::tombstones(), $key]);
        }
    }

    /** @return list<string> Keys of projects that were deleted for good. Those in the trash come from the posts themselves. */
    public static function tombstones(): array
    {
        return array_values(array_filter((array) get_option(self::TOMBSTONES, []), 'is_string'));
    }

    /** Fixes the slug of every project that is live now, and drops the tombstone of one that came back by an import. */
    public static function settle(int $post_id, string $key, string $slug, bool $is_live): void
    {
        if ($is_live && $slug !== '' && Slugs::live($post_id) === '') {
            update_post_meta($post_id, Slugs::LIVE_META, $slug);
        }
        $tombstones = self::tombstones();
        if (in_array($key, $tombstones, true)) {
            self::saveTombstones(array_diff($tombstones, [$key]));
        }
    }

    /** @param array<string> $keys */
    private static function saveTombstones(array $keys): void
    {
        $keys = array_values(array_unique($keys));
        sort($keys);
        update_option(self::TOMBSTONES, $keys, false);
    }
}
