<?php

declare(strict_types=1);

namespace Arcana\Admin;

use Arcana\Content\Keys;
use Arcana\Kind;

/** The packages of a project, as a list to read: a package names its project itself. */
final class PackagesPanel implements PanelExtra
{
    public function register(): void
    {
    }

    public function kind(): Kind
    {
        return Kind::Project;
    }

    public function tab(): string
    {
        return 'catalogue';
    }

    public function render(\WP_Post $post): void
    {
        echo '<div class="arcana-box"><h4>' . esc_html__('Packages', 'arcana') . '</h4>';
        $rows = self::packages($post->ID);
        if ($rows === []) {
            echo '<p class="arcana-hint">' . esc_html__('No package belongs to this project yet.', 'arcana') . '</p>';
        } else {
            echo '<table class="widefat striped arcana-list"><tbody>';
            foreach ($rows as $product) {
                printf(
                    '<tr><td><a href="%s">%s</a></td><td>%s</td><td>%s</td></tr>',
                    esc_url((string) get_edit_post_link($product->get_id())),
                    esc_html($product->get_name()),
                    wp_kses_post($product->get_price_html() ?: '—'),
                    $product->get_status() === 'publish' ? '' : esc_html__('not published yet', 'arcana')
                );
            }
            echo '</tbody></table>';
        }
        printf(
            '<p><a class="button" href="%s">%s</a></p></div>',
            esc_url(admin_url('post-new.php?post_type=product&arcana_kind=package')),
            esc_html__('New package', 'arcana')
        );
    }

    /** @return list<\WC_Product> */
    public static function packages(int $project_id): array
    {
        $key = Keys::of($project_id);
        $ids = $key === '' ? [] : get_posts([
            'post_type' => 'product',
            'post_status' => ['publish', 'draft', 'pending', 'private', 'future'],
            'numberposts' => 100,
            'fields' => 'ids',
            'meta_query' => [['key' => 'arcana_package_project', 'value' => [$key, (string) $project_id], 'compare' => 'IN']],
        ]);
        usort($ids, static fn (int $one, int $other): int =>
            (int) get_post_meta($one, 'arcana_package_order', true) <=> (int) get_post_meta($other, 'arcana_package_order', true));
        return array_values(array_filter(array_map('wc_get_product', $ids)));
    }
}
