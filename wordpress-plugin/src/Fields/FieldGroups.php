<?php

declare(strict_types=1);

namespace Arcana\Fields;

use Arcana\Content\Cards;
use Arcana\Kind;
use Arcana\Service;

/**
 * Registers the field groups. Those of products have no location: ACF knows no rule for product types, so the panels of
 * the product editor render them. None is shown in wp/v2, which anybody may read.
 */
final class FieldGroups implements Service
{
    public function register(): void
    {
        add_action('acf/init', [$this, 'registerGroups'], 20);
    }

    public function registerGroups(): void
    {
        foreach (Kind::cases() as $kind) {
            self::add($kind->value, $kind->label(), array_merge(...array_values(self::tabs($kind))), []);
        }
        $location = [[['param' => 'post_type', 'operator' => '==', 'value' => Cards::POST_TYPE]]];
        self::add('card', __('Tarot card', 'arcana'), ContentFields::card(), $location);
        $location = [[['param' => 'attachment', 'operator' => '==', 'value' => 'image']]];
        self::add('picture', __('Alternative text in further languages', 'arcana'), ContentFields::picture(), $location);
    }

    /** @return array<string, list<array<string, mixed>>> Tab of the product-data panel => its fields. */
    public static function tabs(Kind $kind): array
    {
        return match ($kind) {
            Kind::Project => ProjectFields::tabs(),
            Kind::Spread => ['main' => ContentFields::spread()],
            Kind::Deck => ['main' => ContentFields::deck()],
            Kind::Package => ContentFields::package(),
        };
    }

    /**
     * @param list<array<string, mixed>> $fields
     * @param list<mixed> $location
     */
    private static function add(string $name, string $title, array $fields, array $location): void
    {
        acf_add_local_field_group([
            'key' => 'group_arcana_' . $name,
            'title' => $title,
            'fields' => $fields,
            'location' => $location,
            'show_in_rest' => 0,
            'active' => true,
            'style' => 'default',
        ]);
    }
}
