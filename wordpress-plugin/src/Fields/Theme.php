<?php

declare(strict_types=1);

namespace Arcana\Fields;

use Arcana\Catalogue\Row;

/** The look of a project: choices, colours and what they are before anybody chose. */
final class Theme
{
    public const FONTS = ['sans', 'serif', 'rounded', 'mono'];
    public const PATTERNS = ['none', 'stars', 'botanical', 'geometric'];

    public const COLOURS = [
        'dark' => [
            'background' => '#12101f', 'surface' => '#1f1b33', 'text' => '#f3effc', 'muted' => '#a79fc0',
            'accent' => '#c9a3ff', 'accent_text' => '#1a1030',
        ],
        'light' => [
            'background' => '#faf8f4', 'surface' => '#ffffff', 'text' => '#25302b', 'muted' => '#6d7a73',
            'accent' => '#4c7a5d', 'accent_text' => '#ffffff',
        ],
    ];

    /** @return array<string, string> The theme as the document shows it. */
    public static function of(Row $row): array
    {
        $scheme = $row->choice('arcana_project_scheme', ['dark', 'light']);
        $theme = ['scheme' => $scheme];
        foreach (self::COLOURS[$scheme] as $name => $default) {
            $theme[$name] = $row->colour("arcana_project_colour_$name", $default);
        }
        $theme['font'] = $row->choice('arcana_project_font', self::FONTS);
        $theme['pattern'] = $row->choice('arcana_project_pattern', self::PATTERNS);
        return $theme;
    }
}
