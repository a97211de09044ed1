<?php

declare(strict_types=1);

namespace Arcana\Catalogue;

use Arcana\Content\Projects;
use Arcana\Settings;

/**
 * A cheap sum over everything that the document depends on, taken by the database itself. Equal fingerprints mean that
 * nothing was changed behind the plugin's back, not even by plain SQL.
 */
final class Fingerprint
{
    /** @param list<int> $attachments Whose files the document shows. */
    public static function take(array $attachments): string
    {
        global $wpdb;
        $posts = Reader::postsSql();
        $sums = [
            "SELECT CONCAT(COUNT(*), '-', COALESCE(SUM(CRC32(CONCAT_WS('|', p.ID, p.post_status, p.post_title,
                p.post_parent, p.menu_order, t.slug))), 0)) FROM $posts",
            "SELECT CONCAT(COUNT(*), '-', COALESCE(SUM(CRC32(CONCAT_WS('|', m.post_id, m.meta_key, m.meta_value))), 0))
                FROM {$wpdb->postmeta} m WHERE m.post_id IN (SELECT p.ID FROM $posts) AND " . Reader::metaCondition('m'),
        ];
        array_push($sums, ...CouponRows::sums());
        if ($attachments !== []) {
            $list = implode(',', array_map('intval', $attachments));
            $sums[] = "SELECT CONCAT(COUNT(*), '-', COALESCE(SUM(CRC32(CONCAT_WS('|', m.post_id, m.meta_key, m.meta_value))), 0))
                FROM {$wpdb->postmeta} m WHERE m.post_id IN ($list)
                AND (m.meta_key LIKE 'arcana\\_alt\\_%'
                    OR m.meta_key IN ('_wp_attached_file', '_wp_attachment_metadata', '_wp_attachment_image_alt'))";
        }
        $parts = [];
        foreach ($sums as $sql) {
            $sum = $wpdb->get_var($sql);
            if (!is_string($sum)) {
                throw new BuildError('The catalogue could not be read from the database: ' . $wpdb->last_error);
            }
            $parts[] = $sum;
        }
        $settings = [ARCANA_VERSION, Document::SCHEMA, Reader::store(), Settings::all(), Settings::languages()];
        $parts[] = Canonical::hash([$settings, Projects::tombstones(), wp_upload_dir(null, false)['baseurl']]);
        return hash('sha256', implode(' ', $parts));
    }
}
