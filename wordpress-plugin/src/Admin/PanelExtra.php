<?php

declare(strict_types=1);

namespace Arcana\Admin;

use Arcana\Kind;
use Arcana\Service;

/** A part of a product-data panel that ACF has no field for. It renders and saves itself. */
interface PanelExtra extends Service
{
    public function kind(): Kind;

    public function tab(): string;

    public function render(\WP_Post $post): void;
}
