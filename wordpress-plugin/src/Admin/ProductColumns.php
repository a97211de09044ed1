<?php

declare(strict_types=1);

namespace Arcana\Admin;

use Arcana\Catalogue\Prices;
use Arcana\Catalogue\Reader;
use Arcana\Catalogue\Row;
use Arcana\Kind;
use Arcana\Products\CatalogueProduct;
use Arcana\Products\Package;
use Arcana\Service;
use Arcana\Settings;

/** The list of products: our kinds have no stock and no article number, and packages have a price in Stars too. */
final class ProductColumns implements Service
{
    public function register(): void
    {
        add_filter('manage_edit-product_columns', [$this, 'columns'], 100);
        add_filter('woocommerce_admin_stock_html', [$this, 'stock'], 10, 2);
        add_filter('woocommerce_get_price_html', [$this, 'price'], 10, 2);
    }

    /**
     * A list that is filtered to one of our kinds needs neither of the columns.
     *
     * @param array<string, string> $columns
     * @return array<string, string>
     */
    public function columns(array $columns): array
    {
        $filter = sanitize_key((string) ($_GET['product_type'] ?? ''));
        $kind = Kind::fromProductType($filter);
        if ($kind === null) {
            return $columns;
        }
        $useless = ['is_in_stock', 'sku', 'product_tag', 'featured'];
        return array_diff_key($columns, array_flip($kind === Kind::Package ? $useless : [...$useless, 'price']));
    }

    public function stock(string $html, mixed $product): string
    {
        return $product instanceof CatalogueProduct ? '<span class="na">–</span>' : $html;
    }

    /** Only in the back office: the shop does not show our kinds. */
    public function price(string $html, mixed $product): string
    {
        if (!$product instanceof Package || !is_admin() || !Settings::starsEnabled()) {
            return $html;
        }
        $meta = static fn (string $name): string => (string) get_post_meta($product->get_id(), $name, true);
        $names = ['arcana_package_stars', 'arcana_package_stars_sale', '_regular_price', '_sale_price', '_sale_price_dates_from', '_sale_price_dates_to'];
        $row = new Row($product->get_id(), 'publish', '', 0, array_combine($names, array_map($meta, $names)), []);
        $stars = Prices::stars($row, Prices::of($row, Reader::store()['currency'], time()));
        if ($stars === null) {
            return $html;
        }
        $words = $stars['regular'] === null
            ? sprintf('%d ⭐', $stars['amount'])
            : sprintf('<del>%d</del> <ins>%d ⭐</ins>', $stars['regular'], $stars['amount']);
        return $html === '' ? $words : "$html<br>$words";
    }
}
