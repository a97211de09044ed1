<?php

declare(strict_types=1);

namespace Arcana\Admin;

use Arcana\Content\Cards;
use Arcana\Kind;
use Arcana\Service;

/** Styles and scripts of the admin screens, loaded only where they are used. */
final class Assets implements Service
{
    public function register(): void
    {
        add_action('admin_enqueue_scripts', [$this, 'enqueue'], 20);
        add_filter('admin_body_class', [$this, 'bodyClass']);
    }

    public function enqueue(string $hook): void
    {
        $screen = get_current_screen();
        $is_product = $screen !== null && $screen->base === 'post' && $screen->post_type === 'product';
        $is_card = $screen !== null && $screen->base === 'post' && $screen->post_type === Cards::POST_TYPE;
        $is_order = $screen !== null && function_exists('wc_get_page_screen_id') && $screen->id === wc_get_page_screen_id('shop-order');
        if (!$is_product && !$is_card && !$is_order && !str_ends_with($hook, ArcanaPage::SLUG)) {
            return;
        }
        $base = plugin_dir_url(ARCANA_FILE) . 'assets/';
        wp_enqueue_style('arcana-admin', $base . 'admin.css', [], self::version('admin.css'));
        if ($is_product) {
            wp_enqueue_script('arcana-product', $base . 'product.js', ['jquery', 'wc-admin-product-meta-boxes'], self::version('product.js'), true);
            wp_localize_script('arcana-product', 'arcanaProduct', [
                'types' => Kind::productTypes(),
                'tab' => sanitize_key((string) ($_GET['arcana_tab'] ?? '')),
                'trashLive' => __('The project goes with all its pages: its bot stops and its users lose access until it is restored. Throw it away?', 'arcana'),
                'isProject' => Kind::ofPost((int) ($_GET['post'] ?? 0)) === Kind::Project,
            ]);
            wp_enqueue_script('arcana-positions', $base . 'positions.js', [], self::version('positions.js'), true);
        }
    }

    public function bodyClass(string $classes): string
    {
        global $post;
        $screen = get_current_screen();
        $kind = $screen !== null && $screen->base === 'post' && $screen->post_type === 'product' && $post instanceof \WP_Post
            ? Kind::ofPost($post->ID) : null;
        return $kind === null ? $classes : "$classes arcana-editor";
    }

    /** The file's time, so that a browser never mixes an old script with new markup. */
    private static function version(string $file): string
    {
        return ARCANA_VERSION . '-' . (int) filemtime(dirname(ARCANA_FILE) . '/assets/' . $file);
    }
}
