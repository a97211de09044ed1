<?php

declare(strict_types=1);

namespace Arcana;

/** A part of the plugin that hooks itself into WordPress. */
interface Service
{
    public function register(): void;
}
