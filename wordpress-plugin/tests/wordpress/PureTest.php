<?php

declare(strict_types=1);

namespace Arcana\Tests;

use Arcana\Catalogue\Canonical;
use Arcana\Catalogue\Money;
use Arcana\Content\Cards;
use Arcana\Content\Positions;
use Arcana\Content\Slugs;
use Arcana\Content\StandardDeck;
use Arcana\Rest\CatalogueRoute;
use Arcana\Settings;
use PHPUnit\Framework\TestCase;

/** Rules that need nothing but themselves. */
final class PureTest extends TestCase
{
    public function testCanonicalFormIsIndependentOfOrder(): void
    {
        $one = ['b' => ['y' => 1, 'x' => [3, 2]], 'a' => 'Луна / “moon”'];
        $other = ['a' => 'Луна / “moon”', 'b' => ['x' => [3, 2], 'y' => 1]];
        self::assertSame('{"a":"Луна / “moon”","b":{"x":[3,2],"y":1}}', Canonical::encode($one));
        self::assertSame(Canonical::hash($one), Canonical::hash($other));
        self::assertNotSame(Canonical::hash($one), Canonical::hash(['b' => ['y' => 1, 'x' => [2, 3]], 'a' => 'Луна / “moon”']));
    }

    public function testCanonicalFormKeepsEmptyMapsApartFromEmptyLists(): void
    {
        self::assertSame('{"list":[],"map":{}}', Canonical::encode(['map' => new \stdClass(), 'list' => []]));
    }

    /** @dataProvider prices */
    public function testMinorUnits(string $price, string $currency, ?int $expected): void
    {
        self::assertSame($expected, Money::minorUnits($price, $currency));
    }

    /** @return array<string, array{string, string, int|null}> */
    public static function prices(): array
    {
        return [
            'whole' => ['499', 'RUB', 49900],
            'decimals' => ['499.5', 'RUB', 49950],
            'not a float' => ['0.29', 'USD', 29],
            'half up' => ['1.005', 'EUR', 101],
            'just below half' => ['1.0049', 'EUR', 100],
            'carries over' => ['0.999', 'USD', 100],
            'no decimals' => ['499.6', 'JPY', 500],
            'three decimals' => ['1.2345', 'KWD', 1235],
            'free' => ['0', 'RUB', 0],
            'empty' => ['', 'RUB', null],
            'words' => ['12 руб', 'RUB', null],
            'negative' => ['-1', 'RUB', null],
            'exponent' => ['1e9', 'RUB', null],
        ];
    }

    public function testDecimalIsTheWayBack(): void
    {
        self::assertSame('499', Money::decimal(49900, 'RUB'));
        self::assertSame('499.5', Money::decimal(49950, 'RUB'));
        self::assertSame('0.05', Money::decimal(5, 'USD'));
        self::assertSame('500', Money::decimal(500, 'JPY'));
    }

    /** @dataProvider slugs */
    public function testSlugRules(string $slug, ?string $fault): void
    {
        self::assertSame($fault, Slugs::fault($slug));
    }

    /** @return array<string, array{string, string|null}> */
    public static function slugs(): array
    {
        return [
            'word' => ['luna', null], 'hyphens and digits' => ['luna-2-night', null], 'empty' => ['', 'empty'],
            'one letter' => ['a', 'length'], 'too long' => [str_repeat('a', 41), 'length'], 'capitals' => ['Luna', 'characters'],
            'underscore' => ['luna_2', 'characters'], 'two hyphens' => ['lu--na', 'characters'], 'hyphen at the end' => ['luna-', 'characters'],
            'cyrillic' => ['луна', 'characters'], 'line break' => ["luna\n", 'characters'], 'api' => ['api', 'reserved'],
            'media' => ['media', 'reserved'], 'healthz' => ['healthz', 'reserved'], 'admin' => ['admin', 'reserved'],
        ];
    }

    public function testStandardDeckHasTheEstablishedOrder(): void
    {
        $cards = StandardDeck::cards();
        self::assertCount(78, $cards);
        self::assertSame(range(0, 77), array_column($cards, 'number'));
        self::assertSame(['major-00-fool', 'major-08-strength', 'major-11-justice'], [array_keys($cards)[0], array_keys($cards)[8], array_keys($cards)[11]]);
        self::assertSame('Королева Кубков', $cards['cups-13']['name']['ru']);
        self::assertSame('', Cards::keyFor('minor', 'coins', 3, '30'));
        self::assertSame('', Cards::keyFor('major', '', 0, '22'));
    }

    public function testPositionsAreBroughtIntoOneForm(): void
    {
        $clean = Positions::clean([
            ['name' => ['en' => 'The Past', 'ru' => '<b>Прошлое</b>'], 'meaning' => ['en' => "one\ntwo"], 'x' => '120', 'y' => '33.333', 'rotation' => '90'],
            ['key' => 'kept-1', 'name' => ['en' => 'The Past'], 'x' => 'left', 'y' => -5, 'rotation' => 45],
            ['key' => 'kept-1', 'name' => ['english' => 'No language', 'en' => 'Third']],
            ['name' => ['en' => '  '], 'meaning' => []],
            'rubbish',
        ]);
        self::assertSame(['the-past', 'kept-1', 'third'], array_column($clean, 'key'));
        self::assertSame([100.0, 50.0, 50.0], array_column($clean, 'x'));
        self::assertSame([33.3, 0.0, 50.0], array_column($clean, 'y'));
        self::assertSame([90, 0, 0], array_column($clean, 'rotation'));
        self::assertSame(['en' => 'The Past', 'ru' => 'Прошлое'], $clean[0]['name']);
        self::assertSame(['en' => "one\ntwo"], $clean[0]['meaning']);
        self::assertSame($clean, Positions::clean($clean), 'cleaning again changes nothing');
        self::assertSame([], Positions::clean('O:8:"stdClass":0:{}'));
    }

    public function testEtagsAreComparedAsProxiesSendThem(): void
    {
        self::assertTrue(CatalogueRoute::matches('"abc"', 'abc'));
        self::assertTrue(CatalogueRoute::matches('"old", W/"abc"', 'abc'));
        self::assertFalse(CatalogueRoute::matches('"abcd"', 'abc'));
        self::assertFalse(CatalogueRoute::matches('abc', 'abc'));
        self::assertFalse(CatalogueRoute::matches('', 'abc'));
    }

    public function testTypedLanguages(): void
    {
        self::assertSame(['ru', 'en', 'de'], Settings::parseLanguages('RU, en;de ru eng 7'));
        self::assertSame([], Settings::parseLanguages('русский'));
    }
}
