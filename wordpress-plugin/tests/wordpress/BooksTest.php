<?php

declare(strict_types=1);

namespace Arcana\Tests;

use Arcana\Backend\Report;
use Arcana\Catalogue\Money;
use Arcana\Kind;
use Arcana\Orders\BookKeeping;
use Arcana\Orders\Customers;
use Arcana\Orders\Decimals;
use Arcana\Orders\Stars;

/** What of the books can be told without WooCommerce; the rest is tested on a real store. */
final class BooksTest extends StoreCase
{
    public function testNothingIsSentToAddressesThatStandForPeopleOfTheBots(): void
    {
        $books = new BookKeeping();
        $nobody = '01a20000-0000-7000-8000-000000000a0a' . Customers::DOMAIN;
        foreach ([$nobody, [$nobody], "Anna <$nobody>", "$nobody, $nobody"] as $to) {
            self::assertTrue($books->spareNobody(null, ['to' => $to]));
        }
        foreach (['manager@store.test', "$nobody,manager@store.test", [$nobody, 'manager@store.test'], 'a@telegram.invalid.example', '', []] as $to) {
            self::assertNull($books->spareNobody(null, ['to' => $to]));
        }
        self::assertFalse($books->spareNobody(false, ['to' => 'manager@store.test']), 'somebody else has decided');
    }

    public function testStarsAreWholeAndNotForTheShop(): void
    {
        $stars = new Stars();
        self::assertSame(0, Money::decimals('XTR'));
        self::assertSame([256, '256'], [Money::minorUnits('256', 'XTR'), Money::decimal(256, 'XTR')]);
        self::assertSame(0, $stars->whole(['currency' => 'XTR', 'decimals' => 2])['decimals']);
        self::assertSame(2, $stars->whole(['currency' => 'RUB', 'decimals' => 2])['decimals']);
        $settings = [['id' => 'woocommerce_currency', 'options' => ['RUB' => 'Rouble', 'XTR' => 'Stars']], ['id' => 'other']];
        self::assertSame(['RUB' => 'Rouble'], $stars->notForTheShop($settings)[0]['options']);
        self::assertArrayHasKey('XTR', apply_filters('woocommerce_currencies', ['RUB' => 'Rouble']));
    }

    public function testSumsAreKeptToTheLastDigitWhateverTheShopShows(): void
    {
        $kept = static fn (int $shown): int => apply_filters('wc_get_price_decimals', $shown);
        (new Decimals())->register();
        self::assertSame([0, 2], [$kept(0), $kept(2)], 'the shop decides over its own orders');
        Decimals::hold('RUB');
        self::assertSame([2, 2, 4], [$kept(0), $kept(2), $kept(4)]);
        Decimals::hold('KWD');
        self::assertSame(3, $kept(0));
        Decimals::hold('JPY');
        self::assertSame([0, 2], [$kept(0), $kept(2)]);
        Decimals::hold();
        self::assertSame(3, $kept(0), 'before the currency is known, as many as any has');
        Decimals::release();
        self::assertSame([0, 2], [$kept(0), $kept(2)]);
    }

    public function testOrdersThatWaitAreToldBesideWhatWasNotTakenOver(): void
    {
        $problem = static fn (string $code, string $ru): array => ['kind' => 'package', 'key' => 'ten', 'path' => '', 'code' => $code, 'detail' => ['en' => $ru]];
        Report::save(['version' => 'v', 'received_at' => '2026-01-01T00:00:00Z', 'problems' => [
            $problem('schema', 'The price is missing.'),
            $problem('book_product_missing', 'Orders that are not in WooCommerce: 2.'),
        ]]);
        self::assertSame(['The price is missing.'], Report::about(Kind::Package, 'ten'));
        self::assertSame(['Orders that are not in WooCommerce: 2.'], Report::aboutBooks('ten'));
        self::assertSame([], Report::aboutBooks('three'));
    }
}
