<?php

declare(strict_types=1);

namespace Arcana\Products;

use Arcana\Kind;

final class Package extends CatalogueProduct
{
    public function get_type()
    {
        return Kind::Package->productType();
    }
}
