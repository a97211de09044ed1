<?php

declare(strict_types=1);

namespace Arcana\Products;

/** A product that lives in the catalogue document only: nothing to ship, nothing to put into a cart. */
abstract class CatalogueProduct extends \WC_Product
{
    public function get_virtual($context = 'view')
    {
        return true;
    }

    public function get_catalog_visibility($context = 'view')
    {
        return 'hidden';
    }

    public function get_reviews_allowed($context = 'view')
    {
        return false;
    }

    /** The price is what people pay; VAT is on the receipt of whoever takes the money, not added on top of it. */
    public function get_tax_status($context = 'view')
    {
        return 'none';
    }

    public function is_purchasable()
    {
        return false;
    }

    public function is_visible()
    {
        return false;
    }

    public function supports($feature)
    {
        return false;
    }
}
