<?php

declare(strict_types=1);

namespace Arcana\Catalogue;

/**
 * A package's price at one moment. It follows WooCommerce's own rules for sales, but by the clock and not by `_price`:
 * WooCommerce moves that one only when WP-Cron runs.
 */
final class Prices
{
    /** @return array{amount: int, regular: int|null, currency: string}|null Null when no price is set. */
    public static function of(Row $row, string $currency, int $now): ?array
    {
        $regular = Money::minorUnits($row->string('_regular_price'), $currency);
        $sale = Money::minorUnits($row->string('_sale_price'), $currency);
        if ($regular === null) {
            return null;
        }
        if ($sale === null || $sale >= $regular || !self::isOnSale($row, $now)) {
            return ['amount' => $regular, 'regular' => null, 'currency' => $currency];
        }
        return ['amount' => $sale, 'regular' => $regular, 'currency' => $currency];
    }

    /**
     * The price in Stars: a sale lowers it by the same share as the price, unless the manager has said by how much.
     *
     * @param array{amount: int, regular: int|null, currency: string}|null $price
     * @return array{amount: int, regular: int|null}|null Null when it is not sold for Stars.
     */
    public static function stars(Row $row, ?array $price): ?array
    {
        $stars = $row->integer('arcana_package_stars', 0, 0, 100000);
        if ($stars === 0) {
            return null;
        }
        $sale = $row->integer('arcana_package_stars_sale', 0, 0, 100000);
        $is_on_sale = $price !== null && $price['regular'] !== null;
        if ($sale === 0 && $is_on_sale) {
            // Half up, and never for nothing. The numbers stay far below 2^63.
            $sale = max(1, intdiv(2 * $stars * $price['amount'] + $price['regular'], 2 * $price['regular']));
        }
        // What has no price in money has no sale there either: then the sale price in Stars counts by itself.
        $counts = $sale > 0 && $sale < $stars && ($is_on_sale || $price === null);
        return $counts ? ['amount' => $sale, 'regular' => $stars] : ['amount' => $stars, 'regular' => null];
    }

    /** The next moment after now at which a sale begins or ends, or null. */
    public static function nextChange(Row $row, int $now): ?int
    {
        if ($row->string('_sale_price') === '') {
            return null;
        }
        // A sale is on up to and including its last second.
        $moments = [$row->integer('_sale_price_dates_from', 0), $row->integer('_sale_price_dates_to', 0) + 1];
        $moments = array_filter($moments, static fn (int $moment): bool => $moment > $now);
        return $moments === [] ? null : min($moments);
    }

    private static function isOnSale(Row $row, int $now): bool
    {
        $from = $row->integer('_sale_price_dates_from', 0);
        $to = $row->integer('_sale_price_dates_to', 0);
        return !($from !== 0 && $from > $now) && !($to !== 0 && $to < $now);
    }
}
