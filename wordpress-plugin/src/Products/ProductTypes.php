<?php

declare(strict_types=1);

namespace Arcana\Products;

use Arcana\Kind;
use Arcana\Service;

/** Makes WooCommerce know our product types, and keeps their fixed properties fixed however they are saved. */
final class ProductTypes implements Service
{
    private const CLASSES = [
        'project' => Project::class,
        'spread' => Spread::class,
        'deck' => Deck::class,
        'package' => Package::class,
    ];

    public function register(): void
    {
        add_filter('product_type_selector', [$this, 'offer']);
        add_filter('woocommerce_product_class', [$this, 'classFor'], 10, 2);
        add_action('woocommerce_before_product_object_save', [$this, 'fixProperties']);
    }

    /**
     * @param array<string, string> $types
     * @return array<string, string>
     */
    public function offer(array $types): array
    {
        foreach (Kind::cases() as $kind) {
            $types[$kind->productType()] = $kind->label();
        }
        return $types;
    }

    public function classFor(string $class, string $type): string
    {
        $kind = Kind::fromProductType($type);
        return $kind === null ? $class : self::CLASSES[$kind->value];
    }

    public function fixProperties(\WC_Product $product): void
    {
        if (!$product instanceof CatalogueProduct) {
            return;
        }
        $product->set_virtual(true);
        $product->set_catalog_visibility('hidden');
        $product->set_reviews_allowed(false);
        $product->set_manage_stock(false);
        $product->set_downloadable(false);
        if (!$product instanceof Package) {
            $product->set_regular_price('');
            $product->set_sale_price('');
        }
    }
}
