<?php

declare(strict_types=1);

namespace Arcana\Tests;

use Arcana\Admin\CouponBox;
use Arcana\Backend\BackendError;
use Arcana\Catalogue\Catalogue;
use Arcana\Catalogue\Prices;
use Arcana\Catalogue\Row;
use Arcana\Content\ProviderKeys;
use Arcana\Kind;

/** What is sold and for how much: Stars, subscriptions, coupons, and the keys of payment providers. */
final class MoneyTest extends StoreCase
{
    private int $project_id;

    protected function setUp(): void
    {
        parent::setUp();
        $this->project_id = $this->project('luna');
    }

    /** @return iterable<string, array{array<string, string>, array{int, int|null}|null}> */
    public static function stars(): iterable
    {
        $sale = ['_regular_price' => '599', '_sale_price' => '499'];
        yield 'none' => [['_regular_price' => '599'], null];
        yield 'no sale' => [['arcana_package_stars' => '320', '_regular_price' => '599'], [320, null]];
        yield 'the same share, half up' => [['arcana_package_stars' => '320'] + $sale, [267, 320]];
        yield 'as the manager says' => [['arcana_package_stars' => '320', 'arcana_package_stars_sale' => '250'] + $sale, [250, 320]];
        yield 'never for nothing' => [['arcana_package_stars' => '3', '_regular_price' => '599', '_sale_price' => '0.01'], [1, 3]];
        yield 'one star has no share' => [['arcana_package_stars' => '1'] + $sale, [1, null]];
        yield 'without a sale it does not count' => [['arcana_package_stars' => '320', 'arcana_package_stars_sale' => '250', '_regular_price' => '599'], [320, null]];
        yield 'for Stars only it counts' => [['arcana_package_stars' => '320', 'arcana_package_stars_sale' => '250'], [250, 320]];
        yield 'a dearer sale is none' => [['arcana_package_stars' => '320', 'arcana_package_stars_sale' => '321'] + $sale, [320, null]];
    }

    /**
     * @dataProvider stars
     * @param array<string, string> $meta
     * @param array{int, int|null}|null $expected
     */
    public function testPriceInStars(array $meta, ?array $expected): void
    {
        $row = new Row(1, 'publish', '', 0, $meta, []);
        $stars = Prices::stars($row, Prices::of($row, 'RUB', time()));
        self::assertSame($expected, $stars === null ? null : [$stars['amount'], $stars['regular']]);
    }

    public function testSubscriptionSaysHowItRuns(): void
    {
        $this->package('Month', ['kind' => 'subscription', 'period' => 'month', 'fair_use' => '10', 'trial_days' => '3', 'follow_ups' => '20', 'expires_days' => '90', 'readings' => '7', 'renews' => '1', 'gift' => '0']);
        $package = $this->document()['packages'][0];
        self::assertSame(['month', true, 10, 3, null, false], [$package['period'], $package['renews'], $package['fair_use'], $package['trial_days'], $package['expires_days'], $package['gift']]);
        self::assertSame([0, 20], [$package['readings'], $package['follow_ups']]);
    }

    public function testReadingsKnowNothingOfPeriods(): void
    {
        $this->package('Ten', ['kind' => 'readings', 'readings' => '10', 'period' => 'month', 'fair_use' => '10', 'trial_days' => '3', 'expires_days' => '90']);
        $package = $this->document()['packages'][0];
        self::assertSame([null, false, null, null, 90, true], [$package['period'], $package['renews'], $package['fair_use'], $package['trial_days'], $package['expires_days'], $package['gift']]);
    }

    public function testManagerHearsWhatIsOdd(): void
    {
        $check = function (array $meta): array {
            $id = $this->package('It', $meta);
            $words = \Arcana\Admin\Checks::of($id, Kind::Package);
            wp_delete_post($id, true);
            return $words;
        };
        $month = ['kind' => 'subscription', 'period' => 'month', 'fair_use' => '9', '_regular_price' => '599', 'stars' => '320', 'renews' => '1'];
        self::assertSame([], $check($month));
        self::assertStringContainsString('no period', $check(['period' => ''] + $month)[0]);
        self::assertStringContainsString('yearly', $check(['period' => 'year'] + $month)[0]);
        self::assertSame([], $check(['period' => 'year', 'renews' => '0'] + $month));
        self::assertStringContainsString('10,000', $check(['stars' => '10001'] + $month)[0]);
        self::assertStringContainsString('free trial', $check(['trial_days' => '3', 'renews' => '0'] + $month)[0]);
        self::assertStringContainsString('No fair use', $check(['fair_use' => ''] + $month)[0]);
        self::assertStringContainsString('no price in Stars', $check(['stars' => ''] + $month)[0]);
        self::assertStringContainsString('no price in money', $check(['_regular_price' => ''] + $month)[0]);
        self::assertStringContainsString('there is no sale', $check(['stars_sale' => '300'] + $month)[0]);
        self::assertStringContainsString('not below', $check(['stars_sale' => '400', '_sale_price' => '1'] + $month)[0]);
    }

    public function testCouponsOfEveryKind(): void
    {
        $this->coupon('Moon20', ['discount_type' => 'percent', 'coupon_amount' => '12.5']);
        $this->coupon('minus100', ['discount_type' => 'fixed_cart', 'coupon_amount' => '100', 'minimum_amount' => '300', 'usage_limit' => '5', 'usage_limit_per_user' => '1', 'date_expires' => '1798750799']);
        $this->coupon('all free', ['discount_type' => 'percent', 'coupon_amount' => '150']);
        $this->coupon('odd', ['discount_type' => 'sign_up_fee', 'coupon_amount' => '1']);
        $this->coupon('draft', ['coupon_amount' => '1'], 'draft');
        $this->coupon('for-anna', ['coupon_amount' => '1', 'customer_email' => serialize(['anna@example.com'])]);
        $this->coupon('for-nobody', ['coupon_amount' => '1', 'customer_email' => serialize([])]);
        $coupons = array_column($this->document()['coupons'], null, 'code');
        self::assertSame(['all free', 'for-nobody', 'minus100', 'moon20'], array_keys($coupons));
        self::assertSame(['percent', 1250, null, false], [$coupons['moon20']['kind'], $coupons['moon20']['amount'], $coupons['moon20']['currency'], $coupons['moon20']['free']]);
        self::assertSame([10000, true], [$coupons['all free']['amount'], $coupons['all free']['free']]);
        self::assertSame(
            ['fixed_cart', 10000, 'RUB', 30000, null, 5, 1, '2026-12-31T20:59:59Z'],
            array_map(static fn (string $name): mixed => $coupons['minus100'][$name], ['kind', 'amount', 'currency', 'minimum', 'maximum', 'usage_limit', 'usage_limit_per_user', 'expires_at'])
        );
        self::assertSame([null, [], []], [$coupons['moon20']['projects'], $coupons['moon20']['packages'], $coupons['moon20']['excluded_packages']]);
    }

    public function testCouponsOfCertainProducts(): void
    {
        $ten = $this->package('Ten', ['readings' => '10']);
        $sold = $this->package('Sold', ['readings' => '3', '_regular_price' => '100', '_sale_price' => '50']);
        $other = $this->project('verbena');
        $mug = (int) wp_insert_post(['post_type' => 'product', 'post_status' => 'publish', 'post_title' => 'Mug']);
        $this->coupon('ten', ['product_ids' => "$ten,$mug"]);
        $this->coupon('mug', ['product_ids' => (string) $mug]);
        $this->coupon('luna', ['product_ids' => (string) $this->project_id]);
        $this->coupon('both', ['product_ids' => "$this->project_id,$ten"]);
        $this->coupon('not ten', ['exclude_product_ids' => (string) $ten]);
        $this->coupon('not luna', ['exclude_product_ids' => (string) $this->project_id]);
        $this->coupon('no sale', ['exclude_sale_items' => 'yes']);
        $coupons = array_column($this->document()['coupons'], null, 'code');
        $keys = static fn (array $keys): array => [sort($keys), $keys][1];
        self::assertArrayNotHasKey('mug', $coupons, 'a coupon for other goods is not one for everything');
        self::assertSame([$this->key($ten)], $coupons['ten']['packages']);
        self::assertSame([[$this->key($this->project_id)], []], [$coupons['luna']['projects'], $coupons['luna']['packages']]);
        self::assertSame([null, $keys([$this->key($ten), $this->key($sold)])], [$coupons['both']['projects'], $coupons['both']['packages']]);
        self::assertSame([$this->key($ten)], $coupons['not ten']['excluded_packages']);
        self::assertSame($keys([$this->key($ten), $this->key($sold)]), $coupons['not luna']['excluded_packages']);
        self::assertSame([$this->key($sold)], $coupons['no sale']['excluded_packages']);
        self::assertNotContains($this->key($other), $coupons['luna']['projects']);
    }

    public function testCouponsOfCategories(): void
    {
        register_taxonomy('product_cat', 'product', ['hierarchical' => true]);
        $parent = wp_insert_term('Tarot', 'product_cat')['term_id'];
        $child = wp_insert_term('Packages', 'product_cat', ['parent' => $parent])['term_id'];
        $ten = $this->package('Ten', ['readings' => '10']);
        $this->package('Three', ['readings' => '3']);
        wp_set_object_terms($ten, [$child], 'product_cat');
        $this->coupon('tarot', ['product_categories' => serialize([$parent])]);
        $this->coupon('not tarot', ['exclude_product_categories' => serialize([$child])]);
        $this->coupon('mugs', ['product_categories' => serialize([999999])]);
        $coupons = array_column($this->document()['coupons'], null, 'code');
        self::assertSame(['not tarot', 'tarot'], array_keys($coupons));
        self::assertSame([$this->key($ten)], $coupons['tarot']['packages']);
        self::assertSame([$this->key($ten)], $coupons['not tarot']['excluded_packages']);
        $before = $this->version();
        wp_set_object_terms($ten, [], 'product_cat');
        self::assertNotSame($before, $this->version());
    }

    public function testUsesOutsideAndChanges(): void
    {
        $coupon = $this->coupon('moon20', ['coupon_amount' => '20', 'usage_count' => '7']);
        self::assertSame(7, $this->document()['coupons'][0]['used_elsewhere']);
        add_post_meta($coupon, '_arcana_used_by', '101');
        add_post_meta($coupon, '_arcana_used_by', '102');
        self::assertSame(5, $this->document()['coupons'][0]['used_elsewhere'], 'orders of ours are counted by WooCommerce too');
        $before = $this->version();
        global $wpdb;
        $wpdb->query("UPDATE {$wpdb->postmeta} SET meta_value = '8' WHERE post_id = $coupon AND meta_key = 'usage_count'");
        self::assertNotSame($before, $this->version(), 'WooCommerce counts past every hook');
        wp_trash_post($coupon);
        self::assertSame([], $this->document()['coupons']);
    }

    public function testEditingACouponIsNoticed(): void
    {
        $this->pair();
        $coupon = $this->coupon('moon20', ['coupon_amount' => '20']);
        $finish = static fn () => array_map(static fn (array $hook) => ($hook['function'])(), $GLOBALS['wp_filter']['shutdown']->callbacks[1000]);
        $finish();
        $sent = count($this->sent);
        update_post_meta($coupon, 'coupon_amount', '30');
        $finish();
        self::assertCount($sent + 1, $this->sent);
        self::assertStringEndsWith('/api/v1/wordpress/notices', end($this->sent)['url']);
        update_post_meta($this->project_id, 'usage_count', '1');
        $finish();
        self::assertCount($sent + 1, $this->sent);
    }

    public function testCouponIsExplained(): void
    {
        $ten = $this->package('Ten nights', ['readings' => '10']);
        $this->package('Three', ['readings' => '3']);
        $words = fn (array $meta): string => implode(' ', CouponBox::words(get_post($this->coupon('c' . wp_generate_password(6, false), $meta + ['coupon_amount' => '10']))));
        self::assertSame('It holds for all packages of all projects.', $words(['discount_type' => 'percent']));
        self::assertStringContainsString('It holds for: Ten nights.', $words(['discount_type' => 'percent', 'product_ids' => (string) $ten]));
        self::assertStringContainsString('same share', $words(['discount_type' => 'fixed_cart']));
        self::assertStringContainsString('e-mail', $words(['customer_email' => serialize(['a@b.example'])]));
        self::assertStringContainsString('other products', $words(['product_ids' => '999999']));
        self::assertStringContainsString('whole price', $words(['discount_type' => 'percent', 'coupon_amount' => '100']));
    }

    public function testKeysAreSealedAndNeverShown(): void
    {
        [, $pair] = $this->pair();
        ProviderKeys::save($this->project_id, 'stripe', ['secret_key' => ' sk_test_SANDBOX12345678 ', 'webhook_secret' => 'whsec_SANDBOX87654321']);
        ProviderKeys::save($this->project_id, 'yookassa', ['shop_id' => '100500', 'secret_key' => 'test_SANDBOX00001111']);
        update_post_meta($this->project_id, 'arcana_project_yookassa_receipts', '1');
        update_post_meta($this->project_id, 'arcana_project_yookassa_vat', '11');
        $project = $this->document()['projects'][0];
        $opened = json_decode((string) sodium_crypto_box_seal_open(base64_decode($project['payments']['stripe']['sealed']), $pair), true);
        self::assertSame(['project' => $project['key'], 'key_id' => 'k1', 'secret_key' => 'sk_test_SANDBOX12345678', 'webhook_secret' => 'whsec_SANDBOX87654321'], $opened);
        self::assertSame([true, 11, null], [$project['payments']['yookassa']['receipts'], $project['payments']['yookassa']['vat_code'], $project['payments']['yookassa']['tax_system']]);
        self::assertSame('full_payment', $project['payments']['yookassa']['payment_mode']);
        update_post_meta($this->project_id, 'arcana_project_yookassa_mode', 'full_prepayment');
        self::assertSame('full_prepayment', $this->document()['projects'][0]['payments']['yookassa']['payment_mode']);
        self::assertStringNotContainsString('SANDBOX', Catalogue::body(Catalogue::current()));
        ob_start();
        (new \Arcana\Admin\KeysPanel())->render(get_post($this->project_id));
        $screen = (string) ob_get_clean();
        self::assertStringContainsString('sk_test_••••••••5678', $screen);
        self::assertStringContainsString('whsec_••••••••4321', $screen);
        self::assertStringContainsString('100500', $screen);
        self::assertStringContainsString('http://backend.test/api/v1/payments/yookassa/luna', $screen);
        self::assertStringNotContainsString('SANDBOX', $screen);
        self::assertStringNotContainsString('SANDBOX', serialize(get_post_meta($this->project_id)));
    }

    public function testKeysOfAnotherProjectAreNotServed(): void
    {
        $this->pair();
        ProviderKeys::save($this->project_id, 'stripe', ['secret_key' => 'sk_test_SANDBOX12345678', 'webhook_secret' => 'whsec_SANDBOX87654321']);
        $other = $this->project('verbena');
        update_post_meta($other, '_arcana_stripe', get_post_meta($this->project_id, '_arcana_stripe', true));
        $payments = array_column($this->document()['projects'], 'payments', 'slug');
        self::assertNotNull($payments['luna']['stripe']);
        self::assertNull($payments['verbena']['stripe']);
    }

    /** @return iterable<string, array{string, array<string, string>, string}> */
    public static function wrongKeys(): iterable
    {
        yield 'a public key' => ['stripe', ['secret_key' => 'pk_test_SANDBOX12345678', 'webhook_secret' => 'whsec_SANDBOX87654321'], 'secret key of Stripe'];
        yield 'half of it' => ['stripe', ['secret_key' => 'sk_test_SANDBOX12345678'], 'webhook secret'];
        yield 'not a number' => ['yookassa', ['shop_id' => 'my shop', 'secret_key' => 'test_SANDBOX12345678'], 'only digits'];
        yield 'another key' => ['yookassa', ['shop_id' => '1', 'secret_key' => 'sk_test_SANDBOX12345678'], 'secret key of YooKassa'];
    }

    /**
     * @dataProvider wrongKeys
     * @param array<string, string> $keys
     */
    public function testWrongKeysAreRefusedInWordsWithoutThem(string $provider, array $keys, string $words): void
    {
        $this->pair();
        try {
            ProviderKeys::save($this->project_id, $provider, $keys);
            self::fail('taken');
        } catch (BackendError $error) {
            self::assertStringContainsString($words, $error->getMessage());
            self::assertStringNotContainsString('SANDBOX', $error->getMessage());
        }
        self::assertNull(ProviderKeys::load($this->project_id, $provider));
    }

    /** @param array<string, string> $meta */
    private function package(string $title, array $meta = []): int
    {
        return $this->product(Kind::Package, $title, $meta + ['project' => $this->key($this->project_id)]);
    }

    /** @param array<string, string> $meta */
    private function coupon(string $code, array $meta = [], string $status = 'publish'): int
    {
        $id = (int) wp_insert_post(['post_type' => 'shop_coupon', 'post_status' => $status, 'post_title' => $code]);
        foreach ($meta + ['discount_type' => 'fixed_cart', 'coupon_amount' => '10'] as $name => $value) {
            update_post_meta($id, $name, maybe_unserialize($value));
        }
        return $id;
    }
}
