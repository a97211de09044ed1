<?php
/**
 * What the plugin needs to find of its partners when neither is there: WooCommerce's product post type with its product
 * types, and the names by which both are recognised. Their real behaviour is tested on a real store.
 */

declare(strict_types=1);

final class WooCommerce
{
}

define('WC_VERSION', '9.0.0');
define('ACF_VERSION', '6.3.0');

function acf_add_local_field_group(array $group): void
{
}

$GLOBALS['wp_filter']['init'][0][] = ['function' => 'arcana_test_register_products', 'accepted_args' => 0];

function arcana_test_register_products(): void
{
    register_post_type('product', ['public' => true, 'show_in_rest' => true, 'supports' => ['title'], 'capability_type' => 'product', 'map_meta_cap' => true]);
    register_post_type('shop_coupon', ['public' => false]);
    register_taxonomy('product_type', 'product', ['hierarchical' => false, 'show_ui' => false]);
}
