<?php

declare(strict_types=1);

namespace Arcana\Admin;

use Arcana\Backend\Report;
use Arcana\Catalogue\CouponRows;
use Arcana\Catalogue\Coupons;
use Arcana\Catalogue\Document;
use Arcana\Catalogue\Pictures;
use Arcana\Catalogue\Reader;
use Arcana\Catalogue\Row;
use Arcana\Catalogue\Shapes;
use Arcana\Catalogue\Snapshot;
use Arcana\Requirements;
use Arcana\Service;

/** Beside a coupon: what it means in the bots. */
final class CouponBox implements Service
{
    public function register(): void
    {
        add_action('add_meta_boxes_' . CouponRows::POST_TYPE, static function (): void {
            if (Requirements::isReady()) {
                add_meta_box('arcana-coupon', __('In the bots', 'arcana'), [self::class, 'render'], CouponRows::POST_TYPE, 'side');
            }
        });
    }

    public static function render(\WP_Post $post): void
    {
        foreach (self::words($post) as $words) {
            printf('<p>%s</p>', esc_html($words));
        }
    }

    /** @return list<string> */
    public static function words(\WP_Post $post): array
    {
        if ($post->post_status !== 'publish') {
            return [__('It holds in the Mini App and in the bots once it is published.', 'arcana')];
        }
        $snapshot = Reader::read();
        $packages = self::packages($snapshot);
        $row = self::row($snapshot, $post->ID);
        if ($row === null) {
            return [__('It is for certain e-mail addresses, so it does not hold in the bots: people have none there.', 'arcana')];
        }
        $coupon = (new Coupons($snapshot, array_column($packages, 'shape')))->coupon($row);
        if ($coupon === null) {
            return [__('It does not hold in the bots: it is for other products, or of a kind that they do not know.', 'arcana')];
        }
        $names = [];
        foreach ($packages as $package) {
            $shape = $package['shape'];
            $holds = ($coupon['projects'] === null || in_array($shape['project'], $coupon['projects'], true))
                && ($coupon['packages'] === [] || in_array($shape['key'], $coupon['packages'], true))
                && !in_array($shape['key'], $coupon['excluded_packages'], true);
            if ($holds) {
                $names[] = $package['title'];
            }
        }
        $words = match (true) {
            $names === [] => [__('It holds for no package at the moment.', 'arcana')],
            count($names) === count($packages) => [__('It holds for all packages of all projects.', 'arcana')],
            default => [sprintf(__('It holds for: %s.', 'arcana'), implode(', ', $names))],
        };
        if ($coupon['kind'] !== 'percent') {
            $words[] = __('A price in Stars falls by the same share as the price in money.', 'arcana');
        }
        if ($coupon['free']) {
            $words[] = __('It takes the whole price off: such an order is paid at once.', 'arcana');
        }
        if ($coupon['usage_limit_per_user'] !== null) {
            $words[] = __('“Per user” is counted by Telegram account.', 'arcana');
        }
        $reported = array_filter(Report::load()['problems'] ?? [], static fn (array $problem): bool =>
            $problem['kind'] === 'coupon' && $problem['key'] === $coupon['code']);
        return [...$words, ...array_map(Report::inWords(...), array_values($reported))];
    }

    /** @return list<array{shape: array<string, mixed>, title: string}> */
    private static function packages(Snapshot $snapshot): array
    {
        $shapes = new Shapes($snapshot, new Pictures());
        $packages = [];
        foreach (Document::sortedPackages($snapshot) as $row) {
            $shape = $shapes->package($row);
            if ($shape !== null) {
                $packages[] = ['shape' => $shape, 'title' => $row->title];
            }
        }
        return $packages;
    }

    private static function row(Snapshot $snapshot, int $id): ?Row
    {
        foreach ($snapshot->coupons as $row) {
            if ($row->id === $id) {
                return $row;
            }
        }
        return null;
    }
}
