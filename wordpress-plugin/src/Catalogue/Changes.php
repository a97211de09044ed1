<?php

declare(strict_types=1);

namespace Arcana\Catalogue;

use Arcana\Backend\Notices;
use Arcana\Content\Cards;
use Arcana\Kind;
use Arcana\Requirements;
use Arcana\Service;
use Arcana\Settings;

/**
 * Listens to everything that may move the catalogue, builds it once at the end of the request, and tells the backend if
 * it has really moved. WooCommerce's own events are not enough: they miss ACF fields, meta, terms and forced deletes.
 * Noticing too much costs a build; the version is a hash of the content and moves only with it.
 */
final class Changes implements Service
{
    /** Runs when a sale begins or ends, so that the backend hears of it even while nobody asks. */
    public const SALE_HOOK = 'arcana_sale_changes';

    private const OPTIONS = [
        'woocommerce_currency', 'blogname', 'home', 'siteurl', 'WPLANG', 'upload_url_path', 'upload_path',
        Settings::OPTION, Reader::STORE_KEY, \Arcana\Content\Projects::TOMBSTONES,
    ];

    private bool $noticed = false;

    public function register(): void
    {
        foreach (['added', 'updated', 'deleted'] as $event) {
            add_action("{$event}_post_meta", fn (mixed $meta_id, mixed $post_id, mixed $name) => $this->onMeta((string) $name, (int) $post_id), 10, 3);
            add_action("{$event}_option", fn (mixed $name) => $this->onOption((string) $name));
        }
        add_action('save_post', fn (mixed $id) => $this->onPost((int) $id));
        add_action('edit_attachment', fn (mixed $id) => $this->onPost((int) $id));
        add_action('transition_post_status', fn (mixed $new, mixed $old, mixed $post) => $this->onPost((int) $post->ID), 10, 3);
        add_action('before_delete_post', fn (mixed $id) => $this->onPost((int) $id));
        add_action('delete_attachment', fn (mixed $id) => $this->onPost((int) $id));
        add_action('set_object_terms', fn (mixed $id, mixed $terms, mixed $ids, mixed $taxonomy) => $this->onTerms((string) $taxonomy), 10, 4);
        add_action('deleted_term_relationships', fn (mixed $id, mixed $ids, mixed $taxonomy) => $this->onTerms((string) $taxonomy), 10, 3);
        foreach (['edited_term', 'delete_term'] as $event) {
            add_action($event, fn (mixed $id, mixed $ids, mixed $taxonomy) => $this->onTerms((string) $taxonomy), 10, 3);
        }
        add_action('acf/save_post', fn () => $this->noticed = true, 100);
        // WooCommerce counts the uses of a coupon in plain SQL.
        foreach (['increase', 'decrease'] as $event) {
            add_action("woocommerce_{$event}_coupon_usage_count", fn () => $this->noticed = true);
        }
        add_action(self::SALE_HOOK, fn () => $this->noticed = true);
        add_action('shutdown', [$this, 'finish'], 1000);
    }

    public function finish(): void
    {
        if (!$this->noticed || !Requirements::isReady() || !taxonomy_exists('product_type')) {
            return;
        }
        $this->noticed = false;
        self::letResponseGo();
        try {
            $state = Catalogue::current(rebuild: true);
        } catch (BuildError $error) {
            self::log($error->getMessage());
            return;
        }
        self::scheduleSale($state);
        Notices::announce($state->version);
    }

    private function onMeta(string $name, int $post_id): void
    {
        $this->noticed = $this->noticed
            || (in_array($name, CouponRows::META, true) && get_post_type($post_id) === CouponRows::POST_TYPE)
            || str_starts_with($name, 'arcana_')
            || in_array($name, Reader::META, true)
            || in_array($name, ['_wp_attached_file', '_wp_attachment_metadata', '_wp_attachment_image_alt'], true);
    }

    private function onOption(string $name): void
    {
        $this->noticed = $this->noticed || in_array($name, self::OPTIONS, true);
    }

    private function onPost(int $post_id): void
    {
        $type = get_post_type($post_id);
        $this->noticed = $this->noticed
            || $type === Cards::POST_TYPE
            || $type === 'attachment'
            || $type === CouponRows::POST_TYPE
            || ($type === 'product' && Kind::ofPost($post_id) !== null);
    }

    private function onTerms(string $taxonomy): void
    {
        $this->noticed = $this->noticed || $taxonomy === 'product_type' || $taxonomy === 'product_cat';
    }

    /** What follows must not keep the manager's browser waiting. */
    private static function letResponseGo(): void
    {
        if (function_exists('fastcgi_finish_request')) {
            fastcgi_finish_request();
        } elseif (function_exists('litespeed_finish_request')) {
            litespeed_finish_request();
        }
    }

    private static function scheduleSale(State $state): void
    {
        if (!function_exists('as_schedule_single_action') || $state->valid_until === null) {
            return;
        }
        if (as_next_scheduled_action(self::SALE_HOOK, [], 'arcana') !== $state->valid_until) {
            as_unschedule_all_actions(self::SALE_HOOK, [], 'arcana');
            as_schedule_single_action($state->valid_until, self::SALE_HOOK, [], 'arcana');
        }
    }

    private static function log(string $message): void
    {
        if (function_exists('wc_get_logger')) {
            wc_get_logger()->error($message, ['source' => 'arcana']);
        }
    }
}
