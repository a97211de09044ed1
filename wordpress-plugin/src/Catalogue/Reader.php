<?php

declare(strict_types=1);

namespace Arcana\Catalogue;

use Arcana\Content\Cards;
use Arcana\Content\Keys;
use Arcana\Content\Projects;
use Arcana\Kind;
use Arcana\Settings;

/**
 * Reads what the document is made of with a handful of statements. It goes past the object cache on purpose: a change
 * that somebody made in SQL has to be seen too.
 */
final class Reader
{
    public const STORE_KEY = 'arcana_store_key';

    /** Meta of our posts that the document depends on, next to everything that begins with `arcana_`. */
    public const META = [
        Keys::META, '_arcana_bot', '_arcana_stripe', '_arcana_yookassa', '_arcana_live_slug', '_arcana_positions',
        '_regular_price', '_sale_price', '_sale_price_dates_from', '_sale_price_dates_to', '_thumbnail_id',
    ];

    public static function read(): Snapshot
    {
        $posts = self::posts();
        $meta = self::meta(array_map('intval', array_column($posts, 'ID')));
        $languages = array_keys(Settings::languages());
        $products = array_fill_keys(array_map(static fn (Kind $kind): string => $kind->value, Kind::cases()), []);
        $cards = [];
        foreach ($posts as $post) {
            $id = (int) $post->ID;
            $title = trim(html_entity_decode(wp_strip_all_tags((string) $post->post_title), ENT_QUOTES));
            $row = new Row($id, $post->post_status, $title, (int) $post->post_parent, $meta[$id] ?? [], $languages);
            if ($post->post_type === Cards::POST_TYPE) {
                $cards[$row->parent][] = $row;
            } else {
                $products[substr((string) $post->type, 7)][] = $row;
            }
        }
        foreach ($cards as &$deck) {
            usort($deck, static fn (Row $one, Row $other): int =>
                [$one->integer('arcana_card_number', 999), $one->id] <=> [$other->integer('arcana_card_number', 999), $other->id]);
        }
        return new Snapshot($products, $cards, Projects::tombstones(), self::store(), time(), self::coupons());
    }

    /** SQL that selects the posts of ours, for use in FROM; its alias is `p`, the product type's slug is `t.slug`. */
    public static function postsSql(): string
    {
        global $wpdb;
        $types = "'" . implode("','", Kind::productTypes()) . "'";
        $card = Cards::POST_TYPE;
        return "{$wpdb->posts} p
            LEFT JOIN {$wpdb->term_relationships} r ON r.object_id = p.ID AND r.term_taxonomy_id IN (
                SELECT x.term_taxonomy_id FROM {$wpdb->term_taxonomy} x JOIN {$wpdb->terms} y ON y.term_id = x.term_id
                WHERE x.taxonomy = 'product_type' AND y.slug IN ($types))
            LEFT JOIN {$wpdb->term_taxonomy} x ON x.term_taxonomy_id = r.term_taxonomy_id
            LEFT JOIN {$wpdb->terms} t ON t.term_id = x.term_id
            WHERE (p.post_type = 'product' AND t.slug IS NOT NULL AND p.post_status NOT IN ('auto-draft', 'inherit'))
                OR (p.post_type = '$card' AND p.post_status = 'publish')";
    }

    public static function metaCondition(string $alias): string
    {
        $names = "'" . implode("','", self::META) . "'";
        return "($alias.meta_key LIKE 'arcana\\_%' OR $alias.meta_key IN ($names))";
    }

    /** @return array{key: string, name: string, url: string, currency: string, language: string} */
    public static function store(): array
    {
        $key = get_option(self::STORE_KEY);
        if (!is_string($key) || $key === '') {
            $key = wp_generate_uuid4();
            update_option(self::STORE_KEY, $key, false);
        }
        return [
            'key' => $key,
            'name' => html_entity_decode((string) get_option('blogname'), ENT_QUOTES),
            'url' => home_url(),
            'currency' => (string) get_option('woocommerce_currency', 'USD'),
            'language' => substr((string) (get_option('WPLANG') ?: 'en'), 0, 2),
        ];
    }

    /** @return list<object> */
    private static function posts(): array
    {
        global $wpdb;
        $columns = 'p.ID, p.post_type, p.post_status, p.post_title, p.post_parent, MIN(t.slug) AS type';
        $group = 'p.ID, p.post_type, p.post_status, p.post_title, p.post_parent, p.menu_order';
        return self::rows("SELECT $columns FROM " . self::postsSql() . " GROUP BY $group ORDER BY p.menu_order, p.ID");
    }

    /**
     * @param list<int> $ids
     * @return array<int, array<string, string>>
     */
    private static function meta(array $ids): array
    {
        global $wpdb;
        $meta = [];
        foreach (array_chunk($ids, 500) as $some) {
            $list = implode(',', $some);
            $sql = "SELECT m.post_id, m.meta_key, m.meta_value FROM {$wpdb->postmeta} m
                WHERE m.post_id IN ($list) AND " . self::metaCondition('m') . ' ORDER BY m.meta_id DESC';
            foreach (self::rows($sql) as $row) {
                // Descending, so that the first of several values wins, as get_post_meta() has it.
                $meta[(int) $row->post_id][$row->meta_key] = (string) $row->meta_value;
            }
        }
        return $meta;
    }

    /** @return list<Row> Published coupons that are for everybody, the newest ones first. */
    private static function coupons(): array
    {
        $posts = self::rows(CouponRows::postsSql('p.ID, p.post_title') . ' ORDER BY p.ID DESC LIMIT ' . CouponRows::MOST);
        $meta = CouponRows::meta(array_map('intval', array_column($posts, 'ID')));
        return array_map(
            static fn (object $post): Row => new Row((int) $post->ID, 'publish', (string) $post->post_title, 0, $meta[(int) $post->ID] ?? [], []),
            $posts
        );
    }

    /**
     * @return list<object>
     * @throws BuildError when the database does not answer: an empty catalogue would be a lie.
     */
    public static function rows(string $sql): array
    {
        global $wpdb;
        $rows = $wpdb->get_results($sql);
        if (!is_array($rows) || $wpdb->last_error !== '') {
            throw new BuildError('The catalogue could not be read from the database: ' . $wpdb->last_error);
        }
        return $rows;
    }
}
