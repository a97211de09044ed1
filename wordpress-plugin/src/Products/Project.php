<?php

declare(strict_types=1);

namespace Arcana\Products;

use Arcana\Kind;

final class Project extends CatalogueProduct
{
    public function get_type()
    {
        return Kind::Project->productType();
    }
}
