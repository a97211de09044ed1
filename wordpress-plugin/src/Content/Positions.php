<?php

declare(strict_types=1);

namespace Arcana\Content;

/** The positions of a spread: a list kept as one meta value, in the order in which the cards are read. */
final class Positions
{
    public const META = '_arcana_positions';
    public const LIMIT = 22;

    /** @return list<array{key: string, name: array<string, string>, meaning: array<string, string>, x: float, y: float, rotation: int}> */
    public static function load(int $post_id): array
    {
        return self::clean(get_post_meta($post_id, self::META, true));
    }

    /** @param array<mixed> $rows Unslashed rows of a form or an import. */
    public static function save(int $post_id, array $rows): void
    {
        update_post_meta($post_id, self::META, wp_slash(self::clean($rows)));
    }

    /**
     * Brings whatever was sent or stored into the one form; rows without any content fall away.
     *
     * @return list<array{key: string, name: array<string, string>, meaning: array<string, string>, x: float, y: float, rotation: int}>
     */
    public static function clean(mixed $rows): array
    {
        $rows = is_string($rows) ? maybe_unserialize($rows) : $rows;
        $clean = [];
        $keys = [];
        foreach (is_array($rows) ? $rows : [] as $row) {
            if (!is_array($row) || count($clean) >= self::LIMIT) {
                continue;
            }
            $name = self::text($row['name'] ?? null, false);
            $meaning = self::text($row['meaning'] ?? null, true);
            $key = is_string($row['key'] ?? null) && preg_match(Keys::PATTERN, $row['key']) === 1 ? $row['key'] : '';
            if ($name === [] && $meaning === [] && $key === '') {
                continue;
            }
            if ($key === '' || isset($keys[$key])) {
                $key = self::newKey($name, $keys);
            }
            $keys[$key] = true;
            $clean[] = [
                'key' => $key,
                'name' => $name,
                'meaning' => $meaning,
                'x' => self::coordinate($row['x'] ?? 50),
                'y' => self::coordinate($row['y'] ?? 50),
                'rotation' => (int) ($row['rotation'] ?? 0) === 90 ? 90 : 0,
            ];
        }
        return $clean;
    }

    /** @return array<string, string> */
    private static function text(mixed $value, bool $multiline): array
    {
        $text = [];
        foreach (is_array($value) ? $value : [] as $language => $words) {
            $words = is_string($words) ? $words : '';
            $words = $multiline ? sanitize_textarea_field($words) : sanitize_text_field($words);
            if ($words !== '' && preg_match('/^[a-z]{2}$/D', (string) $language) === 1) {
                $text[(string) $language] = $words;
            }
        }
        return $text;
    }

    /** A percentage of the table with at most one decimal. */
    private static function coordinate(mixed $value): float
    {
        $number = is_numeric($value) ? (float) $value : 50.0;
        return round(max(0.0, min(100.0, $number)), 1);
    }

    /**
     * @param array<string, string> $name
     * @param array<string, true> $taken
     */
    private static function newKey(array $name, array $taken): string
    {
        $base = trim(substr((string) preg_replace('/[^a-z0-9]+/', '-', strtolower($name['en'] ?? '')), 0, 40), '-');
        if (strlen($base) >= 2 && !isset($taken[$base])) {
            return $base;
        }
        do {
            $key = 'position-' . bin2hex(random_bytes(4));
        } while (isset($taken[$key]));
        return $key;
    }
}
