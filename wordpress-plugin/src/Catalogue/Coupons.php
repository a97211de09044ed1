<?php

declare(strict_types=1);

namespace Arcana\Catalogue;

use Arcana\Kind;

/** WooCommerce's coupons as far as they concern packages. Naming a project among a coupon's products means all its packages. */
final class Coupons
{
    private const KINDS = ['percent', 'fixed_cart', 'fixed_product'];

    /** @var array<int, string> Row number of a package => its key. */
    private array $packages = [];

    /** @var array<int, string> Row number of a project => its key. */
    private array $projects = [];

    /** @var array<string, list<string>> Project => its packages. */
    private array $packages_of = [];

    /** @var list<string> */
    private array $on_sale = [];

    /** @param list<array<string, mixed>> $packages As the document shows them. */
    public function __construct(private readonly Snapshot $snapshot, array $packages)
    {
        foreach ($packages as $package) {
            $this->packages[$package['product_id']] = $package['key'];
            $this->packages_of[$package['project']][] = $package['key'];
            if (($package['price']['regular'] ?? null) !== null || $package['stars_regular'] !== null) {
                $this->on_sale[] = $package['key'];
            }
        }
        foreach ($snapshot->of(Kind::Project) as $row) {
            $this->projects[$row->id] = $row->key();
        }
    }

    /** @return list<array<string, mixed>> */
    public function all(): array
    {
        $coupons = [];
        foreach ($this->snapshot->coupons as $row) {
            $coupon = $this->coupon($row);
            if ($coupon !== null) {
                $coupons[$coupon['code']] ??= $coupon;
            }
        }
        ksort($coupons, SORT_STRING);
        return array_values($coupons);
    }

    /** @return array<string, mixed>|null Null for one that no package could be bought with. */
    public function coupon(Row $row): ?array
    {
        $currency = $this->snapshot->store['currency'];
        $code = mb_strtolower(trim(html_entity_decode($row->title, ENT_QUOTES)));
        $kind = $row->string('discount_type') ?: 'fixed_cart';
        $is_percent = $kind === 'percent';
        $amount = Money::minorUnits($row->string('coupon_amount') ?: '0', $is_percent ? 'USD' : $currency);
        $held = $this->held($row);
        if ($code === '' || mb_strlen($code) > 200 || !in_array($kind, self::KINDS, true) || $amount === null || $held === null) {
            return null;
        }
        $minimum = Money::minorUnits($row->string('minimum_amount'), $currency) ?: null;
        $maximum = Money::minorUnits($row->string('maximum_amount'), $currency) ?: null;
        $expires = $row->integer('date_expires', 0);
        return $held + [
            'code' => $code,
            'kind' => $kind,
            'amount' => $is_percent ? min(10000, $amount) : $amount,
            'currency' => $is_percent && $minimum === null && $maximum === null ? null : $currency,
            'free' => $is_percent && $amount >= 10000,
            'expires_at' => $expires > 0 ? gmdate('Y-m-d\TH:i:s\Z', $expires) : null,
            'usage_limit' => $row->integer('usage_limit', 0, 0, 1000000000) ?: null,
            'usage_limit_per_user' => $row->integer('usage_limit_per_user', 0, 0, 1000000000) ?: null,
            'used_elsewhere' => max(0, $row->integer('usage_count', 0, 0, 1000000000) - $row->integer(CouponRows::USED, 0)),
            'minimum' => $minimum,
            'maximum' => $maximum,
        ];
    }

    /** @return array{projects: list<string>|null, packages: list<string>, excluded_packages: list<string>}|null Null: nothing of ours. */
    private function held(Row $row): ?array
    {
        $chosen = self::ids($row, 'product_ids');
        $projects = array_values(array_intersect_key($this->projects, array_flip($chosen)));
        $packages = array_values(array_intersect_key($this->packages, array_flip($chosen)));
        $categories = self::ids($row, 'product_categories');
        $in_categories = $this->packagesIn($categories);
        if ($packages !== [] || $categories !== []) {
            // One list has to say it all.
            foreach ($projects as $project) {
                array_push($packages, ...($this->packages_of[$project] ?? []));
            }
            // WooCommerce wants both when both are given.
            $packages = match (true) {
                $categories === [] => $packages,
                $chosen === [] => $in_categories,
                default => array_intersect($packages, $in_categories),
            };
            $projects = [];
        }
        $is_limited = $chosen !== [] || $categories !== [];
        if ($is_limited && $packages === [] && $projects === []) {
            return null;
        }
        $left_out = self::ids($row, 'exclude_product_ids');
        $excluded = array_values(array_intersect_key($this->packages, array_flip($left_out)));
        foreach (array_intersect_key($this->projects, array_flip($left_out)) as $project) {
            array_push($excluded, ...($this->packages_of[$project] ?? []));
        }
        array_push($excluded, ...$this->packagesIn(self::ids($row, 'exclude_product_categories')));
        if ($row->string('exclude_sale_items') === 'yes') {
            array_push($excluded, ...$this->on_sale);
        }
        return [
            'projects' => $projects === [] ? null : self::sorted($projects),
            'packages' => self::sorted($packages),
            'excluded_packages' => self::sorted($excluded),
        ];
    }

    /**
     * @param list<int> $categories
     * @return list<string>
     */
    private function packagesIn(array $categories): array
    {
        $found = [];
        foreach ($categories === [] ? [] : $this->packages as $id => $key) {
            $own = wp_get_object_terms($id, 'product_cat', ['fields' => 'ids']);
            $own = is_array($own) ? array_map('intval', $own) : [];
            foreach ($own as $term) {
                array_push($own, ...get_ancestors($term, 'product_cat', 'taxonomy'));
            }
            if (array_intersect($own, $categories) !== []) {
                $found[] = $key;
            }
        }
        return $found;
    }

    /** @return list<int> WooCommerce keeps products as "1,2,3" and categories as a serialised list. */
    private static function ids(Row $row, string $name): array
    {
        $value = maybe_unserialize($row->meta[$name] ?? '');
        $list = is_array($value) ? $value : explode(',', (string) $value);
        return array_values(array_filter(array_map('intval', $list)));
    }

    /**
     * @param array<string> $keys
     * @return list<string>
     */
    private static function sorted(array $keys): array
    {
        $keys = array_values(array_unique($keys));
        sort($keys, SORT_STRING);
        return $keys;
    }
}
