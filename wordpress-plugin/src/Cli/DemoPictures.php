<?php

declare(strict_types=1);

namespace Arcana\Cli;

use Arcana\Settings;

/** Brings the demo's pictures into the media library, each one once. */
final class DemoPictures
{
    private const META = '_arcana_demo_picture';

    public function __construct(private readonly string $folder)
    {
        require_once ABSPATH . 'wp-admin/includes/image.php';
        require_once ABSPATH . 'wp-admin/includes/file.php';
        require_once ABSPATH . 'wp-admin/includes/media.php';
    }

    /**
     * @param array<string, mixed>|null $picture A picture of the document, with a `demo:<file>` address.
     * @return int|string The attachment's id, or '' when there is no picture.
     */
    public function import(?array $picture): int|string
    {
        $url = (string) ($picture['url'] ?? '');
        if (preg_match('/^demo:([A-Za-z0-9][A-Za-z0-9._-]*)$/D', $url, $found) !== 1) {
            return '';
        }
        $file = $this->folder . '/' . $found[1];
        if (!is_readable($file)) {
            throw new \RuntimeException("The demo has no picture {$found[1]}.");
        }
        $mark = $found[1] . ':' . hash_file('sha256', $file);
        $id = $this->find($mark) ?: $this->sideload($file, $mark);
        $alt = (array) ($picture['alt'] ?? []);
        foreach (array_keys(Settings::languages()) as $place => $language) {
            if (isset($alt[$language])) {
                update_post_meta($id, $place === 0 ? '_wp_attachment_image_alt' : "arcana_alt_$language", wp_slash($alt[$language]));
            }
        }
        return $id;
    }

    private function find(string $mark): int
    {
        global $wpdb;
        return (int) $wpdb->get_var($wpdb->prepare(
            "SELECT m.post_id FROM {$wpdb->postmeta} m JOIN {$wpdb->posts} p ON p.ID = m.post_id AND p.post_type = 'attachment'
            WHERE m.meta_key = %s AND m.meta_value = %s ORDER BY m.post_id LIMIT 1",
            self::META,
            $mark
        ));
    }

    private function sideload(string $file, string $mark): int
    {
        $copy = wp_tempnam(basename($file));
        if (!copy($file, $copy)) {
            throw new \RuntimeException("The demo picture $file could not be copied.");
        }
        // The backend makes the sizes that phones need; here a small one for the admin screens is enough.
        $few = static fn (array $sizes): array => array_intersect_key($sizes, ['thumbnail' => true, 'medium' => true]);
        add_filter('intermediate_image_sizes_advanced', $few);
        $id = media_handle_sideload(['name' => basename($file), 'tmp_name' => $copy]);
        remove_filter('intermediate_image_sizes_advanced', $few);
        if (is_wp_error($id)) {
            wp_delete_file($copy);
            throw new \RuntimeException(basename($file) . ': ' . $id->get_error_message());
        }
        update_post_meta($id, self::META, $mark);
        return $id;
    }
}
