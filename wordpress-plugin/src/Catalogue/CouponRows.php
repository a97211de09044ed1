<?php

declare(strict_types=1);

namespace Arcana\Catalogue;

use Arcana\Kind;

/** What of WooCommerce's coupons the document depends on, read past the object cache like everything else of it. */
final class CouponRows
{
    public const POST_TYPE = 'shop_coupon';
    /** One row for each of our orders that used the coupon. WooCommerce counts those orders too. */
    public const USED = '_arcana_used_by';
    public const META = [
        'discount_type', 'coupon_amount', 'date_expires', 'usage_limit', 'usage_limit_per_user', 'usage_count', 'product_ids',
        'exclude_product_ids', 'product_categories', 'exclude_product_categories', 'exclude_sale_items', 'minimum_amount',
        'maximum_amount', 'customer_email', self::USED,
    ];
    /** The schema takes no more; of a shop that has more, the newest ones count. */
    public const MOST = 10000;

    /** SQL that selects the coupons that people of the bots may use: those of certain e-mail addresses are not for them. */
    public static function postsSql(string $columns): string
    {
        global $wpdb;
        $type = self::POST_TYPE;
        return "SELECT $columns FROM {$wpdb->posts} p
            LEFT JOIN {$wpdb->postmeta} e ON e.post_id = p.ID AND e.meta_key = 'customer_email'
                AND e.meta_value NOT IN ('', 'a:0:{}')
            WHERE p.post_type = '$type' AND p.post_status = 'publish' AND p.post_title <> '' AND e.post_id IS NULL";
    }

    /** @return list<string> SQL of sums for the fingerprint. */
    public static function sums(): array
    {
        global $wpdb;
        $names = self::names(self::META);
        $type = self::POST_TYPE;
        $types = self::names(Kind::productTypes());
        return [
            self::postsSql("CONCAT(COUNT(*), '-', COALESCE(SUM(CRC32(CONCAT_WS('|', p.ID, p.post_title))), 0))"),
            "SELECT CONCAT(COUNT(*), '-', COALESCE(SUM(CRC32(CONCAT_WS('|', m.post_id, m.meta_key, m.meta_value))), 0))
                FROM {$wpdb->postmeta} m JOIN {$wpdb->posts} p ON p.ID = m.post_id
                WHERE p.post_type = '$type' AND p.post_status = 'publish' AND m.meta_key IN ($names)",
            // A coupon may be for categories of products.
            "SELECT CONCAT(COUNT(*), '-', COALESCE(SUM(CRC32(CONCAT_WS('|', c.object_id, d.term_id, d.parent))), 0))
                FROM {$wpdb->term_relationships} c
                JOIN {$wpdb->term_taxonomy} d ON d.term_taxonomy_id = c.term_taxonomy_id AND d.taxonomy = 'product_cat'
                JOIN {$wpdb->term_relationships} r ON r.object_id = c.object_id
                JOIN {$wpdb->term_taxonomy} x ON x.term_taxonomy_id = r.term_taxonomy_id AND x.taxonomy = 'product_type'
                JOIN {$wpdb->terms} t ON t.term_id = x.term_id AND t.slug IN ($types)",
        ];
    }

    /**
     * @param list<int> $ids
     * @return array<int, array<string, string>> Coupon => its meta; of `USED`, how many rows there are.
     */
    public static function meta(array $ids): array
    {
        global $wpdb;
        $meta = [];
        $names = self::names(array_diff(self::META, [self::USED]));
        $used = self::USED;
        foreach (array_chunk($ids, 500) as $some) {
            $list = implode(',', array_map('intval', $some));
            $sql = "SELECT m.post_id, m.meta_key, m.meta_value FROM {$wpdb->postmeta} m
                WHERE m.post_id IN ($list) AND m.meta_key IN ($names) ORDER BY m.meta_id DESC";
            foreach (Reader::rows($sql) as $row) {
                $meta[(int) $row->post_id][$row->meta_key] = (string) $row->meta_value;
            }
            $sql = "SELECT m.post_id, COUNT(*) AS uses FROM {$wpdb->postmeta} m
                WHERE m.post_id IN ($list) AND m.meta_key = '$used' GROUP BY m.post_id";
            foreach (Reader::rows($sql) as $row) {
                $meta[(int) $row->post_id][$used] = (string) $row->uses;
            }
        }
        return $meta;
    }

    /** @param array<string> $names Constants of ours. */
    private static function names(array $names): string
    {
        return "'" . implode("','", $names) . "'";
    }
}
