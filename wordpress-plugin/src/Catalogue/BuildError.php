<?php

declare(strict_types=1);

namespace Arcana\Catalogue;

/** The document cannot be built at the moment. */
final class BuildError extends \RuntimeException
{
}
