<?php

declare(strict_types=1);

namespace Arcana;

/** The settings that a manager chooses on the Arcana page, and the languages that follow from them. */
final class Settings
{
    public const OPTION = 'arcana_settings';

    private const LANGUAGE_NAMES = [
        'ru' => 'Русский', 'en' => 'English', 'uk' => 'Українська', 'kk' => 'Қазақша', 'be' => 'Беларуская',
        'de' => 'Deutsch', 'es' => 'Español', 'fr' => 'Français', 'it' => 'Italiano', 'pt' => 'Português',
        'pl' => 'Polski', 'tr' => 'Türkçe', 'uz' => 'Oʻzbekcha', 'ar' => 'العربية', 'hi' => 'हिन्दी',
    ];

    /** @return array<string, string> Language code => its own name, in the order in which fields are shown. */
    public static function languages(): array
    {
        $languages = [];
        foreach (self::all()['languages'] as $code) {
            $languages[$code] = self::LANGUAGE_NAMES[$code] ?? strtoupper($code);
        }
        /**
         * The languages that catalogue texts are written in.
         *
         * @param array<string, string> $languages Two-letter code => name.
         */
        $languages = apply_filters('arcana_languages', $languages);
        $valid = static fn (mixed $code): bool => is_string($code) && preg_match('/^[a-z]{2}$/D', $code) === 1;
        $languages = array_filter((array) $languages, $valid, ARRAY_FILTER_USE_KEY);
        return $languages ?: ['ru' => self::LANGUAGE_NAMES['ru'], 'en' => self::LANGUAGE_NAMES['en']];
    }

    public static function starsEnabled(): bool
    {
        return self::all()['stars'];
    }

    /** @return array{languages: list<string>, stars: bool} */
    public static function all(): array
    {
        $saved = get_option(self::OPTION);
        $saved = is_array($saved) ? $saved : [];
        $languages = self::parseLanguages(implode(' ', (array) ($saved['languages'] ?? [])));
        return [
            'languages' => $languages ?: ['ru', 'en'],
            'stars' => (bool) ($saved['stars'] ?? true),
        ];
    }

    /** @param list<string> $languages */
    public static function save(array $languages, bool $stars): void
    {
        update_option(self::OPTION, ['languages' => $languages, 'stars' => $stars]);
    }

    /** @return list<string> Two-letter codes of a typed list such as "ru, en". */
    public static function parseLanguages(string $typed): array
    {
        preg_match_all('/\b[a-z]{2}\b/', strtolower($typed), $found);
        return array_values(array_unique($found[0]));
    }
}
