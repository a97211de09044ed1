<?php

declare(strict_types=1);

namespace Arcana;

/** The kinds of catalogue objects that are WooCommerce products. */
enum Kind: string
{
    case Project = 'project';
    case Spread = 'spread';
    case Deck = 'deck';
    case Package = 'package';

    /** WooCommerce's name of the product type. */
    public function productType(): string
    {
        return 'arcana_' . $this->value;
    }

    /** @return list<string> */
    public static function productTypes(): array
    {
        return array_map(static fn (self $kind): string => $kind->productType(), self::cases());
    }

    public static function fromProductType(string $type): ?self
    {
        return str_starts_with($type, 'arcana_') ? self::tryFrom(substr($type, 7)) : null;
    }

    /** The kind of a saved post, or null when it is no product of ours. */
    public static function ofPost(int $post_id): ?self
    {
        if (get_post_type($post_id) !== 'product') {
            return null;
        }
        $terms = get_the_terms($post_id, 'product_type');
        return is_array($terms) && isset($terms[0]) ? self::fromProductType($terms[0]->slug) : null;
    }

    public function label(): string
    {
        return match ($this) {
            self::Project => __('Tarot project (bot)', 'arcana'),
            self::Spread => __('Tarot spread', 'arcana'),
            self::Deck => __('Tarot deck', 'arcana'),
            self::Package => __('Tarot package', 'arcana'),
        };
    }
}
