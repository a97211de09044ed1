<?php

declare(strict_types=1);

namespace Arcana\Fields;

use Arcana\Content\Keys;
use Arcana\Kind;
use Arcana\Service;

/**
 * Relation fields keep stable keys instead of row numbers, so that they survive an export into another WordPress. ACF
 * itself goes on to see row numbers.
 */
final class Relations implements Service
{
    private const FIELDS = [
        'field_arcana_project_spreads' => Kind::Spread,
        'field_arcana_project_decks' => Kind::Deck,
        'field_arcana_package_project' => Kind::Project,
    ];

    public function register(): void
    {
        // Before ACF's own filter, which takes anything but a row number for 0: PHP code may pass keys.
        foreach (['relationship', 'post_object'] as $type) {
            add_filter("acf/update_value/type=$type", static function (mixed $value, mixed $post_id, array $field): mixed {
                $kind = self::FIELDS[$field['key'] ?? ''] ?? null;
                return $kind === null ? $value : self::toIds($value, $kind);
            }, 5, 3);
        }
        foreach (self::FIELDS as $field => $kind) {
            add_filter("acf/update_value/key=$field", static fn (mixed $value) => self::toKeys($value, $kind), 20);
            add_filter("acf/load_value/key=$field", static fn (mixed $value) => self::toIds($value, $kind), 5);
            $type = $field === 'field_arcana_package_project' ? 'post_object' : 'relationship';
            add_filter("acf/fields/$type/query/key=$field", static fn (array $args) => self::onlyKind($args, $kind));
            add_filter("acf/fields/$type/result/key=$field", [self::class, 'describe'], 10, 2);
        }
    }

    public static function toKeys(mixed $value, Kind $kind): mixed
    {
        if (!is_array($value)) {
            return is_scalar($value) && (string) $value !== '' ? self::toKey((string) $value, $kind) : $value;
        }
        $keys = array_map(static fn (mixed $item): string => self::toKey(is_scalar($item) ? (string) $item : '', $kind), $value);
        return array_values(array_unique(array_filter($keys, static fn (string $key): bool => $key !== '')));
    }

    public static function toIds(mixed $value, Kind $kind): mixed
    {
        if (!is_array($value)) {
            return is_scalar($value) && (string) $value !== '' ? (self::toId((string) $value, $kind) ?: '') : $value;
        }
        $ids = array_map(static fn (mixed $item): int => self::toId(is_scalar($item) ? (string) $item : '', $kind), $value);
        return array_values(array_filter($ids));
    }

    /**
     * @param array<string, mixed> $args
     * @return array<string, mixed>
     */
    public static function onlyKind(array $args, Kind $kind): array
    {
        $args['tax_query'] = [['taxonomy' => 'product_type', 'field' => 'slug', 'terms' => $kind->productType()]];
        $args['post_status'] = ['publish', 'draft', 'pending', 'private', 'future'];
        return $args;
    }

    public static function describe(string $title, \WP_Post $post): string
    {
        return $post->post_status === 'publish' ? $title : $title . ' — ' . esc_html__('not published yet', 'arcana');
    }

    private static function toKey(string $reference, Kind $kind): string
    {
        if (!ctype_digit($reference)) {
            return preg_match(Keys::PATTERN, $reference) === 1 ? $reference : '';
        }
        return Kind::ofPost((int) $reference) === $kind ? Keys::ensure((int) $reference) : '';
    }

    private static function toId(string $reference, Kind $kind): int
    {
        return ctype_digit($reference) ? (int) $reference : Keys::find($kind, $reference);
    }
}
