<?php

declare(strict_types=1);

namespace Arcana\Tests;

use PHPUnit\Framework\TestCase;

final class TranslationsTest extends TestCase
{
    private const FUNCTIONS = ['__', 'esc_html__', 'esc_attr__', '_n'];

    public function testEveryTextIsInRussianAndNoneIsLeftOver(): void
    {
        $translation = require dirname(__DIR__, 2) . '/languages/arcana-ru_RU.l10n.php';
        $texts = self::texts();
        self::assertGreaterThan(200, count($texts));
        self::assertSame([], array_values(array_diff($texts, array_keys($translation['messages']))), 'not translated');
        self::assertSame([], array_values(array_diff(array_keys($translation['messages']), $texts)), 'translated, but not used');
    }

    public function testPlaceholdersAreKept(): void
    {
        $translation = require dirname(__DIR__, 2) . '/languages/arcana-ru_RU.l10n.php';
        foreach ($translation['messages'] as $text => $russian) {
            $expected = self::placeholders(explode("\0", (string) $text)[0]);
            $forms = explode("\0", $russian);
            self::assertCount(str_contains((string) $text, "\0") ? 3 : 1, $forms, (string) $text);
            foreach ($forms as $form) {
                self::assertSame($expected, self::placeholders($form), (string) $text);
                self::assertNotSame('', trim($form));
            }
        }
    }

    public function testWordPressReadsTheFile(): void
    {
        load_textdomain('arcana', dirname(__DIR__, 2) . '/languages/arcana-ru_RU.mo', 'ru_RU');
        switch_to_locale('ru_RU');
        load_textdomain('arcana', dirname(__DIR__, 2) . '/languages/arcana-ru_RU.mo', 'ru_RU');
        $counted = array_map(static fn (int $count): string => sprintf(_n('%d card', '%d cards', $count, 'arcana'), $count), [1, 3, 78, 111]);
        $word = __('Spreads', 'arcana');
        restore_previous_locale();
        unload_textdomain('arcana');
        self::assertSame('Расклады', $word);
        self::assertSame(['1 карта', '3 карты', '78 карт', '111 карт'], $counted);
    }

    /** @return list<string> */
    private static function placeholders(string $text): array
    {
        preg_match_all('/%(?:\d\$)?[sd]/', $text, $found);
        sort($found[0]);
        return $found[0];
    }

    /** @return list<string> Texts of our domain in the code; the two forms of a plural are joined as WordPress does it. */
    private static function texts(): array
    {
        $texts = [];
        $files = new \RecursiveIteratorIterator(new \RecursiveDirectoryIterator(dirname(__DIR__, 2) . '/src', \FilesystemIterator::SKIP_DOTS));
        foreach ($files as $file) {
            $tokens = token_get_all((string) file_get_contents((string) $file));
            foreach ($tokens as $place => $token) {
                if (is_array($token) && $token[0] === T_STRING && in_array($token[1], self::FUNCTIONS, true)) {
                    $arguments = self::arguments($tokens, $place + 1);
                    if (end($arguments) === 'arcana') {
                        $texts[] = $token[1] === '_n' ? "$arguments[0]\0$arguments[1]" : $arguments[0];
                    }
                }
            }
        }
        return array_values(array_unique($texts));
    }

    /**
     * @param array<mixed> $tokens
     * @return list<string> The string literals of a call.
     */
    private static function arguments(array $tokens, int $place): array
    {
        $arguments = [];
        for ($depth = 0; isset($tokens[$place]); $place++) {
            $text = is_array($tokens[$place]) ? $tokens[$place][1] : $tokens[$place];
            $depth += ['(' => 1, ')' => -1][$text] ?? 0;
            if ($depth === 0) {
                break;
            }
            if ($depth === 1 && is_array($tokens[$place]) && $tokens[$place][0] === T_CONSTANT_ENCAPSED_STRING) {
                $arguments[] = stripslashes(substr($text, 1, -1));
            }
        }
        return $arguments;
    }
}
