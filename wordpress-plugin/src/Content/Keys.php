<?php

declare(strict_types=1);

namespace Arcana\Content;

use Arcana\Kind;
use Arcana\Service;

/**
 * Gives every catalogue object one stable key, kept in a meta field so that it travels with exports. Everything outside
 * WordPress refers to it, so it is made once and never changes; a copy of an object gets a key of its own.
 */
final class Keys implements Service
{
    public const META = '_arcana_key';
    public const PATTERN = '/^[a-z0-9][a-z0-9_-]{1,63}$/D';

    /** Meta that belongs to one object alone and is never copied with it. */
    public const NOT_COPIED = [self::META, BotToken::META, '_arcana_stripe', '_arcana_yookassa', Slugs::LIVE_META, 'arcana_project_slug', '_arcana_project_slug'];

    public function register(): void
    {
        add_filter('woocommerce_duplicate_product_exclude_meta', [$this, 'withoutIdentity']);
        add_filter('duplicate_post_excludelist_filter', [$this, 'withoutIdentity']);
        add_action('set_object_terms', [$this, 'onType'], 10, 4);
        add_action('woocommerce_product_duplicate', [$this, 'onDuplicate'], 20, 2);
    }

    /**
     * @param array<string> $excluded
     * @return array<string>
     */
    public function withoutIdentity(array $excluded): array
    {
        return array_merge($excluded, self::NOT_COPIED);
    }

    /** @param array<int|string> $terms */
    public function onType(int $post_id, array $terms, mixed $term_ids, string $taxonomy): void
    {
        if ($taxonomy === 'product_type' && Kind::ofPost($post_id) !== null) {
            self::ensure($post_id);
        }
    }

    /** The copy of a deck gets its own cards: cards are children, which WooCommerce does not copy. */
    public function onDuplicate(\WC_Product $copy, \WC_Product $original): void
    {
        if (Kind::ofPost($original->get_id()) === Kind::Deck) {
            Cards::copy($original->get_id(), $copy->get_id());
        }
    }

    /** The key of a post, made now if it has none yet; '' for what is no catalogue object or not saved yet. */
    public static function ensure(int $post_id): string
    {
        $key = self::of($post_id);
        if ($key !== '' && !self::isTaken($key, $post_id)) {
            return $key;
        }
        $status = get_post_status($post_id);
        if ($status === false || $status === 'auto-draft' || $status === 'inherit') {
            return '';
        }
        if (get_post_type($post_id) === Cards::POST_TYPE) {
            $key = Cards::standardKey($post_id);
            $key = $key === '' || self::isTaken($key, $post_id) ? wp_generate_uuid4() : $key;
        } elseif (Kind::ofPost($post_id) !== null) {
            $key = wp_generate_uuid4();
        } else {
            return '';
        }
        update_post_meta($post_id, self::META, $key);
        return $key;
    }

    public static function of(int $post_id): string
    {
        $key = get_post_meta($post_id, self::META, true);
        return is_string($key) && preg_match(self::PATTERN, $key) === 1 ? $key : '';
    }

    /** The post that holds a key among the products of one kind, or 0. The oldest one when a copy took the key along. */
    public static function find(Kind $kind, string $key): int
    {
        return self::holders($key, $kind)[0] ?? 0;
    }

    /** True when an older object of the same kind (for a card: of the same deck) holds the key: then this one is the copy. */
    private static function isTaken(string $key, int $post_id): bool
    {
        if (get_post_type($post_id) === Cards::POST_TYPE) {
            $others = Cards::holders($key, (int) wp_get_post_parent_id($post_id));
        } else {
            $kind = Kind::ofPost($post_id);
            $others = $kind === null ? [] : self::holders($key, $kind);
        }
        return $others !== [] && min($others) < $post_id;
    }

    /** @return list<int> */
    private static function holders(string $key, Kind $kind): array
    {
        global $wpdb;
        $ids = $wpdb->get_col($wpdb->prepare(
            "SELECT DISTINCT p.ID FROM {$wpdb->posts} p
            JOIN {$wpdb->postmeta} m ON m.post_id = p.ID AND m.meta_key = %s AND m.meta_value = %s
            JOIN {$wpdb->term_relationships} r ON r.object_id = p.ID
            JOIN {$wpdb->term_taxonomy} x ON x.term_taxonomy_id = r.term_taxonomy_id AND x.taxonomy = 'product_type'
            JOIN {$wpdb->terms} t ON t.term_id = x.term_id AND t.slug = %s
            WHERE p.post_type = 'product' AND p.post_status NOT IN ('auto-draft', 'inherit') ORDER BY p.ID",
            self::META,
            $key,
            $kind->productType()
        ));
        return array_map('intval', $ids);
    }
}
