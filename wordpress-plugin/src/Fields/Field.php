<?php

declare(strict_types=1);

namespace Arcana\Fields;

use Arcana\Settings;

/** Definitions of ACF fields. A field's name and its key follow from each other, so both stay the same for ever. */
final class Field
{
    /**
     * @param array<string, mixed> $options What ACF takes for this type, over the defaults.
     * @return array<string, mixed>
     */
    public static function make(string $type, string $name, string $label, array $options = []): array
    {
        return $options + [
            'key' => 'field_arcana_' . $name,
            'name' => 'arcana_' . $name,
            'label' => $label,
            'type' => $type,
            'instructions' => '',
            'required' => 0,
        ];
    }

    /**
     * A text in every language of the store: a group with one field a language, kept as `<name>_<language>`.
     *
     * @return array<string, mixed>
     */
    public static function text(string $name, string $label, string $type = 'text', string $instructions = '', int $rows = 4): array
    {
        $fields = [];
        foreach (Settings::languages() as $code => $language) {
            $options = ['name' => $code, 'key' => "field_arcana_{$name}_$code", 'wrapper' => ['class' => 'arcana-language']];
            $options += $type === 'textarea' ? ['rows' => $rows, 'new_lines' => ''] : ['maxlength' => 200];
            $fields[] = self::make($type, "{$name}_$code", $language, $options);
        }
        return self::make('group', $name, $label, [
            'layout' => 'block',
            'sub_fields' => $fields,
            'instructions' => $instructions,
            'wrapper' => ['class' => 'arcana-text'],
        ]);
    }

    /**
     * @param array<string, string> $choices
     * @return array<string, mixed>
     */
    public static function choice(string $name, string $label, array $choices, string $default, string $instructions = ''): array
    {
        return self::make('select', $name, $label, [
            'choices' => $choices,
            'default_value' => $default,
            'instructions' => $instructions,
            'return_format' => 'value',
            'ui' => 0,
            'wrapper' => ['class' => 'arcana-short'],
        ]);
    }

    /** @return array<string, mixed> */
    public static function number(string $name, string $label, int|string $default, int $least, int $most, string $instructions = ''): array
    {
        return self::make('number', $name, $label, [
            'default_value' => $default,
            'min' => $least,
            'max' => $most,
            'step' => 1,
            'instructions' => $instructions,
            'wrapper' => ['class' => 'arcana-short'],
        ]);
    }

    /** @return array<string, mixed> */
    public static function yesNo(string $name, string $label, string $message, bool $default, string $instructions = ''): array
    {
        return self::make('true_false', $name, $label, [
            'message' => $message,
            'default_value' => (int) $default,
            'instructions' => $instructions,
            'ui' => 1,
            'wrapper' => ['class' => 'arcana-half'],
        ]);
    }

    /** @return array<string, mixed> */
    public static function picture(string $name, string $label, string $instructions = ''): array
    {
        return self::make('image', $name, $label, [
            'return_format' => 'id',
            'preview_size' => 'thumbnail',
            'library' => 'all',
            'mime_types' => 'jpg,jpeg,png,webp',
            'max_size' => 10,
            'instructions' => $instructions,
            'wrapper' => ['class' => 'arcana-half'],
        ]);
    }
}
