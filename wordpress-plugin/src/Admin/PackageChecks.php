<?php

declare(strict_types=1);

namespace Arcana\Admin;

use Arcana\Catalogue\Row;

/** What is odd about how a package is sold, in the manager's words. */
final class PackageChecks
{
    /** Telegram takes no more for a subscription. */
    private const MOST_STARS = 10000;

    /**
     * @param array<string, mixed> $shape The package as the document shows it.
     * @return list<string>
     */
    public static function of(Row $row, array $shape, bool $stars_enabled): array
    {
        $words = [];
        if ($stars_enabled && $shape['stars'] === null && $shape['price'] !== null) {
            $words[] = __('There is no price in Stars: inside Telegram the package is not sold.', 'arcana');
        }
        if ($shape['price'] === null && $shape['stars'] !== null) {
            $words[] = __('There is no price in money: outside of Telegram the package is not sold.', 'arcana');
        }
        $sale = $row->integer('arcana_package_stars_sale', 0);
        if ($sale > 0 && $shape['price'] !== null && $row->string('_sale_price') === '') {
            $words[] = __('A sale price in Stars is entered, but there is no sale on the tab “Price”, so it does not count.', 'arcana');
        }
        if ($sale > 0 && $sale >= $row->integer('arcana_package_stars', 0)) {
            $words[] = __('The sale price in Stars is not below the price in Stars, so it does not count.', 'arcana');
        }
        return $shape['kind'] === 'subscription' ? [...$words, ...self::subscription($shape)] : $words;
    }

    /**
     * @param array<string, mixed> $shape
     * @return list<string>
     */
    private static function subscription(array $shape): array
    {
        if ($shape['period'] === null) {
            return [__('The subscription has no period, so the backend leaves it out. Choose one and save.', 'arcana')];
        }
        $words = [];
        if ($shape['stars'] !== null && $shape['renews'] && $shape['period'] === 'year') {
            $words[] = __('Paid in Stars, a yearly subscription does not renew by itself: Telegram renews months only. People are reminded before it ends.', 'arcana');
        }
        if (($shape['stars'] ?? 0) > self::MOST_STARS && $shape['period'] === 'month' && $shape['renews']) {
            $words[] = sprintf(__('Telegram takes at most %s Stars for a subscription that renews.', 'arcana'), number_format_i18n(self::MOST_STARS));
        }
        if ($shape['trial_days'] !== null && !$shape['renews']) {
            $words[] = __('There is a free trial, but the subscription does not renew: whoever tries it pays nothing afterwards unless he buys it himself.', 'arcana');
        }
        if ($shape['fair_use'] === null) {
            $words[] = __('No fair use is set: one person may ask for as many readings as he likes, and each of them costs you.', 'arcana');
        }
        return $words;
    }
}
