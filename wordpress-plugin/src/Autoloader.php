<?php

declare(strict_types=1);

namespace Arcana;

/** PSR-4 for the one namespace of this plugin, so that no composer install is needed on a store. */
final class Autoloader
{
    public static function register(string $folder): void
    {
        spl_autoload_register(static function (string $class) use ($folder): void {
            if (!str_starts_with($class, 'Arcana\\')) {
                return;
            }
            $file = $folder . '/' . str_replace('\\', '/', substr($class, 7)) . '.php';
            if (is_file($file)) {
                require $file;
            }
        });
    }
}
