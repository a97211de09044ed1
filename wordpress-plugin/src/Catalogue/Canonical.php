<?php

declare(strict_types=1);

namespace Arcana\Catalogue;

/** JSON in exactly one form: keys sorted, no blanks, UTF-8 as it is. The same content always gives the same bytes. */
final class Canonical
{
    /** @throws \JsonException when a text is not UTF-8. */
    public static function encode(mixed $value): string
    {
        $flags = JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_LINE_TERMINATORS | JSON_THROW_ON_ERROR;
        return json_encode(self::sorted($value), $flags);
    }

    public static function hash(mixed $value): string
    {
        return hash('sha256', self::encode($value));
    }

    private static function sorted(mixed $value): mixed
    {
        if ($value instanceof \stdClass) {
            $value = get_object_vars($value);
            if ($value === []) {
                return new \stdClass();
            }
        }
        if (!is_array($value)) {
            return $value;
        }
        if (!array_is_list($value)) {
            ksort($value, SORT_STRING);
        }
        return array_map(self::sorted(...), $value);
    }
}
