<?php

declare(strict_types=1);

namespace Arcana\Products;

use Arcana\Kind;
use Arcana\Service;

/**
 * Keeps our products out of everything that a visitor can reach: shop, search, feeds, sitemaps, single pages, the
 * Store API and wp/v2. Catalogue visibility alone is not enough: Store API and wp/v2 look past it.
 */
final class ShopGuard implements Service
{
    public function register(): void
    {
        add_action('pre_get_posts', [$this, 'leaveOut'], 1000);
        add_filter('posts_pre_query', [$this, 'refuseSingle'], 10, 2);
        add_filter('wp_sitemaps_posts_query_args', [$this, 'leaveOutOfSitemap'], 10, 2);
        add_filter('rest_request_before_callbacks', [$this, 'refuseRest'], 10, 3);
        add_filter('woocommerce_is_purchasable', [$this, 'refusePurchase'], 1000, 2);
        add_filter('woocommerce_product_is_visible', [$this, 'refuseVisibility'], 1000, 2);
        add_filter('oembed_request_post_id', [$this, 'refuseEmbed']);
    }

    public function leaveOut(\WP_Query $query): void
    {
        if (!self::isPublic()) {
            return;
        }
        $types = (array) ($query->get('post_type') ?: ($query->is_search() || $query->is_tax() ? 'any' : 'post'));
        $tax_query = (array) ($query->get('tax_query') ?: []);
        if (array_intersect(['product', 'any'], $types) === [] && !self::asksForProducts($tax_query)) {
            return;
        }
        $exclusion = ['taxonomy' => 'product_type', 'field' => 'slug', 'terms' => Kind::productTypes(), 'operator' => 'NOT IN'];
        $query->set('tax_query', $tax_query === [] ? [$exclusion] : ['relation' => 'AND', $tax_query, $exclusion]);
    }

    /**
     * WP_Query ignores taxonomy conditions for a single page, so that page is answered as empty, hence 404.
     *
     * @param list<\WP_Post>|null $posts
     * @return list<\WP_Post>|null
     */
    public function refuseSingle(?array $posts, \WP_Query $query): ?array
    {
        if (!self::isPublic() || !$query->is_singular()) {
            return $posts;
        }
        $id = (int) ($query->get('p') ?: 0);
        $slug = (string) ($query->get('product') ?: ($query->get('post_type') === 'product' ? $query->get('name') : ''));
        if ($id === 0 && $slug !== '') {
            $id = (int) (get_page_by_path($slug, OBJECT, 'product')->ID ?? 0);
        }
        if ($id !== 0 && self::isOurs($id) && !current_user_can('edit_post', $id)) {
            return [];
        }
        return $posts;
    }

    /**
     * @param array<string, mixed> $args
     * @return array<string, mixed>
     */
    public function leaveOutOfSitemap(array $args, string $post_type): array
    {
        if ($post_type === 'product') {
            $args['tax_query'][] = [
                'taxonomy' => 'product_type', 'field' => 'slug', 'terms' => Kind::productTypes(), 'operator' => 'NOT IN',
            ];
        }
        return $args;
    }

    /**
     * @param \WP_REST_Response|\WP_HTTP_Response|\WP_Error|mixed $response
     * @param array<string, mixed> $handler
     */
    public function refuseRest(mixed $response, array $handler, \WP_REST_Request $request): mixed
    {
        if (preg_match('#^/(?:wc/store(?:/v\d+)?/products|wp/v2/product|wp/v2/arcana_card)/([^/]+)#', $request->get_route(), $found) !== 1) {
            return $response;
        }
        $id = ctype_digit($found[1]) ? (int) $found[1] : (int) (get_page_by_path($found[1], OBJECT, 'product')->ID ?? 0);
        if ($id !== 0 && self::isOurs($id) && !current_user_can('edit_post', $id)) {
            return new \WP_Error('rest_post_invalid_id', __('Invalid post ID.'), ['status' => 404]);
        }
        return $response;
    }

    public function refusePurchase(bool $purchasable, \WC_Product $product): bool
    {
        return $product instanceof CatalogueProduct ? false : $purchasable;
    }

    public function refuseVisibility(bool $visible, int $product_id): bool
    {
        return self::isOurs($product_id) ? false : $visible;
    }

    public function refuseEmbed(int $post_id): int
    {
        return self::isOurs($post_id) && !current_user_can('edit_post', $post_id) ? 0 : $post_id;
    }

    private static function isOurs(int $post_id): bool
    {
        return get_post_type($post_id) === 'arcana_card' || Kind::ofPost($post_id) !== null;
    }

    /** True while what is asked for may reach somebody who does not edit products. */
    private static function isPublic(): bool
    {
        if ((defined('WP_CLI') && WP_CLI) || wp_doing_cron() || !did_action('init')) {
            return false;
        }
        if (self::isStoreApi()) {
            return true;
        }
        // admin-ajax.php counts as admin for everybody, so the capability has to tell.
        $is_back_office = is_admin() || (defined('REST_REQUEST') && REST_REQUEST);
        return !$is_back_office || !current_user_can('edit_products');
    }

    private static function isStoreApi(): bool
    {
        $uri = (string) ($_SERVER['REQUEST_URI'] ?? '');
        return str_contains(rawurldecode($uri), '/wc/store');
    }

    /** @param array<mixed> $tax_query */
    private static function asksForProducts(array $tax_query): bool
    {
        foreach ($tax_query as $part) {
            $taxonomy = is_array($part) ? (string) ($part['taxonomy'] ?? '') : '';
            if (str_starts_with($taxonomy, 'product_') || str_starts_with($taxonomy, 'pa_')) {
                return true;
            }
        }
        return false;
    }
}
