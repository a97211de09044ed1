<?php

declare(strict_types=1);

namespace Arcana\Admin;

use Arcana\Backend\Pairing;
use Arcana\Backend\Report;
use Arcana\Catalogue\State;
use Arcana\Content\Cards;
use Arcana\Kind;

/** The backend's last report, each problem with a link to where it is put right. */
final class ReportView
{
    public static function show(): void
    {
        $report = Report::load();
        if ($report === null) {
            $words = Pairing::load() === null
                ? __('Nothing yet: the store is not paired.', 'arcana')
                : __('Nothing yet.', 'arcana');
            echo '<p class="arcana-hint">' . esc_html($words) . '</p>';
            return;
        }
        $when = PageView::moment((int) strtotime($report['received_at']));
        $is_current = State::load()?->version === $report['version'];
        if ($report['problems'] === []) {
            echo '<p>' . PageView::badge('good', __('Everything was taken over.', 'arcana')) . '</p>';
        } else {
            echo '<table class="widefat striped arcana-list"><tbody>';
            foreach ($report['problems'] as $problem) {
                printf('<tr><td>%s</td><td>%s</td></tr>', self::subject($problem), esc_html(Report::inWords($problem)));
            }
            echo '</tbody></table>';
        }
        $of = $is_current ? __('It is about the catalogue as it is now.', 'arcana') : __('The catalogue has changed since; a new report follows.', 'arcana');
        printf('<p class="description">%s %s</p>', esc_html(sprintf(__('Reported %s.', 'arcana'), $when)), esc_html($of));
    }

    /** @param array<string, mixed> $problem */
    private static function subject(array $problem): string
    {
        $id = self::find((string) $problem['kind'], (string) $problem['key']);
        if ($id === 0) {
            return esc_html($problem['key'] === '' ? __('The catalogue', 'arcana') : $problem['key']);
        }
        return sprintf('<a href="%s">%s</a>', esc_url((string) get_edit_post_link($id)), esc_html(get_the_title($id)));
    }

    private static function find(string $kind, string $key): int
    {
        if ($kind === 'card') {
            $cards = get_posts(['post_type' => Cards::POST_TYPE, 'meta_key' => '_arcana_key', 'meta_value' => $key, 'numberposts' => 1, 'fields' => 'ids']);
            return (int) ($cards[0] ?? 0);
        }
        if ($kind === 'coupon') {
            return $key === '' || !function_exists('wc_get_coupon_id_by_code') ? 0 : wc_get_coupon_id_by_code($key);
        }
        $known = Kind::tryFrom($kind);
        return $known === null || $key === '' ? 0 : \Arcana\Content\Keys::find($known, $key);
    }
}
