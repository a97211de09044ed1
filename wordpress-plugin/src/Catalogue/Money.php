<?php

declare(strict_types=1);

namespace Arcana\Catalogue;

/** Prices as integers in the currency's minor unit. Decimal strings are never turned into floats. */
final class Money
{
    private const NO_DECIMALS = [
        'BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF',
    ];
    private const THREE_DECIMALS = ['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'];

    /** Decimals of a currency by ISO 4217, whatever the shop chose to display. */
    public static function decimals(string $currency): int
    {
        return match (true) {
            // Telegram's Stars are no currency of ISO 4217, and there is nothing smaller than one.
            $currency === 'XTR' || in_array($currency, self::NO_DECIMALS, true) => 0,
            in_array($currency, self::THREE_DECIMALS, true) => 3,
            default => 2,
        };
    }

    /** Minor units of a price such as "499.50", rounded half up; null for what is not a price. */
    public static function minorUnits(string $price, string $currency): ?int
    {
        if (preg_match('/^(\d{1,12})(?:\.(\d*))?$/D', trim($price), $found) !== 1) {
            return null;
        }
        $decimals = self::decimals($currency);
        $fraction = str_pad($found[2] ?? '', $decimals + 1, '0');
        $amount = (int) ($found[1] . substr($fraction, 0, $decimals));
        return $amount + ($fraction[$decimals] >= '5' ? 1 : 0);
    }

    /** A price as WooCommerce stores it, from minor units. */
    public static function decimal(int $amount, string $currency): string
    {
        $decimals = self::decimals($currency);
        if ($decimals === 0) {
            return (string) $amount;
        }
        $digits = str_pad((string) $amount, $decimals + 1, '0', STR_PAD_LEFT);
        return rtrim(rtrim(substr($digits, 0, -$decimals) . '.' . substr($digits, -$decimals), '0'), '.');
    }
}
