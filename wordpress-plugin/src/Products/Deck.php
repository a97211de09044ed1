<?php

declare(strict_types=1);

namespace Arcana\Products;

use Arcana\Kind;

final class Deck extends CatalogueProduct
{
    public function get_type()
    {
        return Kind::Deck->productType();
    }
}
