<?php

declare(strict_types=1);

namespace Arcana\Admin;

use Arcana\Catalogue\Shapes;
use Arcana\Catalogue\Reader;
use Arcana\Catalogue\Row;
use Arcana\Catalogue\Snapshot;
use Arcana\Content\BotToken;
use Arcana\Content\Positions;
use Arcana\Kind;
use Arcana\Settings;

/** What an object still lacks before it can be used, in the manager's words. It says so before the backend has to. */
final class Checks
{
    /** @return list<string> */
    public static function of(int $post_id, Kind $kind): array
    {
        $snapshot = Reader::read();
        foreach ($snapshot->products[$kind->value] as $row) {
            if ($row->id === $post_id) {
                return match ($kind) {
                    Kind::Project => self::project($row, $snapshot),
                    Kind::Spread => self::spread($row),
                    Kind::Deck => self::deck($row, $snapshot),
                    Kind::Package => self::package($row, $snapshot),
                };
            }
        }
        return [];
    }

    /** @return list<string> */
    private static function project(Row $row, Snapshot $snapshot): array
    {
        $shape = (new Shapes($snapshot, new \Arcana\Catalogue\Pictures()))->project($row);
        if ($shape === null) {
            return [__('The project has no address yet, so the backend does not know it.', 'arcana')];
        }
        $words = [];
        if ($shape['spreads'] === []) {
            $words[] = __('No published spread is chosen: there is nothing to read.', 'arcana');
        }
        if ($shape['decks'] === []) {
            $words[] = __('No published deck is chosen: there are no cards to draw.', 'arcana');
        }
        $drafts = count($row->references('arcana_project_spreads')) + count($row->references('arcana_project_decks'))
            - count($shape['spreads']) - count($shape['decks']);
        if ($drafts > 0) {
            $words[] = sprintf(_n('%d chosen spread or deck is not published and is left out.', '%d chosen spreads or decks are not published and are left out.', $drafts, 'arcana'), $drafts);
        }
        if ($shape['status'] === 'live' && BotToken::read($row->meta[BotToken::META] ?? '', $row->key()) === null) {
            $words[] = __('The project is live, but no bot token is entered: it has no bot.', 'arcana');
        }
        if ($shape['status'] === 'live' && array_filter($shape['payments']) === []) {
            $words[] = __('Neither Stripe nor YooKassa is set up: outside of Telegram nothing can be bought.', 'arcana');
        }
        if ($row->string('arcana_project_yookassa_receipts') === '1' && $shape['payments']['yookassa'] === null) {
            $words[] = __('Receipts are switched on, but no keys of YooKassa are entered.', 'arcana');
        }
        $languages = array_intersect_key(Settings::languages(), array_flip($shape['languages']));
        return [...$words, ...self::texts($row, $languages, ['project_description', 'project_welcome', 'project_voice'])];
    }

    /** @return list<string> */
    private static function spread(Row $row): array
    {
        $positions = Positions::clean($row->meta[Positions::META] ?? '');
        if ($positions === []) {
            return [__('The spread has no positions, so the backend leaves it out.', 'arcana')];
        }
        $words = [];
        foreach (Settings::languages() as $code => $language) {
            $unnamed = array_filter($positions, static fn (array $position): bool => !isset($position['name'][$code]));
            if ($unnamed !== []) {
                $numbers = implode(', ', array_map(static fn (int $index): int => $index + 1, array_keys($unnamed)));
                $words[] = sprintf(__('Positions without a name in %1$s: %2$s.', 'arcana'), $language, $numbers);
            }
        }
        return [...$words, ...self::texts($row, Settings::languages(), ['spread_description'])];
    }

    /** @return list<string> */
    private static function deck(Row $row, Snapshot $snapshot): array
    {
        $count = count($snapshot->cards[$row->id] ?? []);
        if ($count === 0) {
            return [__('The deck has no cards, so the backend leaves it out.', 'arcana')];
        }
        return $count < 22
            ? [sprintf(__('The deck has only %d cards. A full one has 78, the Major Arcana alone 22.', 'arcana'), $count)]
            : [];
    }

    /** @return list<string> */
    private static function package(Row $row, Snapshot $snapshot): array
    {
        $shape = (new Shapes($snapshot, new \Arcana\Catalogue\Pictures()))->package($row);
        if ($shape === null) {
            return [__('The package belongs to no project that has an address, so nobody can buy it.', 'arcana')];
        }
        $words = [];
        if ($shape['price'] === null && $shape['stars'] === null) {
            $words[] = __('The package has no price, neither in money nor in Stars.', 'arcana');
        }
        if ($shape['kind'] !== 'subscription' && $shape['readings'] + $shape['follow_ups'] === 0) {
            $words[] = __('The package holds nothing.', 'arcana');
        }
        return [...$words, ...PackageChecks::of($row, $shape, Settings::starsEnabled())];
    }

    /**
     * @param array<string, string> $languages
     * @param list<string> $texts
     * @return list<string>
     */
    private static function texts(Row $row, array $languages, array $texts): array
    {
        $words = [];
        foreach ($languages as $code => $language) {
            $empty = array_filter($texts, static fn (string $text): bool => !isset($row->text("arcana_$text")[$code]));
            if ($empty !== []) {
                $labels = array_map(static fn (string $text): string => (string) (acf_get_field("field_arcana_$text")['label'] ?? $text), $empty);
                $words[] = sprintf(__('Texts missing in %1$s: %2$s.', 'arcana'), $language, implode(', ', $labels));
            }
        }
        return $words;
    }
}
