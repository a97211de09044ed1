<?php

declare(strict_types=1);

namespace Arcana\Admin;

use Arcana\Backend\ApiKeys;
use Arcana\Backend\Notices;
use Arcana\Backend\Pairing;
use Arcana\Backend\Report;
use Arcana\Catalogue\State;
use Arcana\Kind;
use Arcana\Requirements;
use Arcana\Settings;

/** What WooCommerce → Arcana looks like. */
final class PageView
{
    /** @param list<array{0: string, 1: string}> $messages Kind of notice and words. */
    public static function show(array $messages): void
    {
        echo '<div class="wrap arcana-page"><h1>Arcana</h1><hr class="wp-header-end">';
        foreach ($messages as [$type, $words]) {
            printf('<div class="notice notice-%s is-dismissible"><p>%s</p></div>', esc_attr($type), esc_html($words));
        }
        echo '<div class="arcana-columns"><div>';
        self::card(__('Connection with the backend', 'arcana'), self::connection(...));
        if (Requirements::isReady()) {
            self::card(__('What the backend says', 'arcana'), ReportView::show(...));
        }
        echo '</div><div>';
        self::card(__('Catalogue', 'arcana'), self::catalogue(...));
        self::card(__('Settings', 'arcana'), self::settings(...));
        echo '</div></div></div>';
    }

    private static function connection(): void
    {
        $pairing = Pairing::load();
        if ($pairing === null) {
            self::pairForm();
            return;
        }
        $last = Notices::last();
        $state = State::load();
        $rows = [
            __('Backend', 'arcana') => sprintf('<a href="%1$s" target="_blank" rel="noopener">%1$s</a>', esc_url($pairing->address)),
            __('Paired', 'arcana') => esc_html(self::moment((int) strtotime($pairing->paired_at))),
            __('API key', 'arcana') => ApiKeys::exists($pairing->api_key)
                ? self::badge('good', __('in place', 'arcana'))
                : self::badge('bad', __('deleted: pair again', 'arcana')),
            __('Last notice', 'arcana') => match (true) {
                $last === null => esc_html__('none yet', 'arcana'),
                $last['ok'] => self::badge('good', __('received', 'arcana')) . ' ' . esc_html(self::moment($last['at'])),
                default => self::badge('bad', __('failed', 'arcana')) . ' ' . esc_html(self::moment($last['at']) . '. ' . $last['error']),
            },
        ];
        if ($last !== null && $state !== null && $last['version'] === $state->version && $last['ok']) {
            $rows[__('Last notice', 'arcana')] .= '<br><span class="description">' . esc_html__('It told the backend of the catalogue as it is now.', 'arcana') . '</span>';
        }
        self::table($rows);
        echo '<p class="arcana-actions">';
        self::button('check', __('Check the connection', 'arcana'), 'button button-primary');
        self::button('unpair', __('Unpair', 'arcana'), 'button arcana-danger', __('Disconnect this store? Changes will not reach the bots until it is paired again.', 'arcana'));
        echo '</p>';
    }

    private static function pairForm(): void
    {
        echo '<p>' . esc_html__('The store is not connected yet. Ask whoever runs the backend for a pairing string (the command is “python -m app pair”), and paste it here. It can be used once, for 24 hours.', 'arcana') . '</p>';
        printf('<form method="post" action="%s"><input type="hidden" name="action" value="arcana_pair">', esc_url(admin_url('admin-post.php')));
        wp_nonce_field('arcana_pair');
        printf(
            '<p><label for="arcana_pairing">%s</label><textarea id="arcana_pairing" name="arcana_pairing" rows="4" class="large-text code" required spellcheck="false" autocomplete="off" placeholder="arcana1.…"></textarea></p><p><button class="button button-primary">%s</button></p></form>',
            esc_html__('Pairing string', 'arcana'),
            esc_html__('Pair', 'arcana')
        );
    }

    private static function catalogue(): void
    {
        $problems = Requirements::problems();
        if ($problems !== []) {
            echo '<p>' . self::badge('bad', implode(' ', $problems)) . '</p>';
            return;
        }
        echo '<table class="arcana-facts"><tbody>';
        foreach (Kind::cases() as $kind) {
            $term = get_term_by('slug', $kind->productType(), 'product_type');
            printf(
                '<tr><th><a href="%s">%s</a></th><td>%d</td><td class="arcana-end"><a class="button button-small" href="%s">%s</a></td></tr>',
                esc_url(admin_url('edit.php?post_type=product&product_type=' . $kind->productType())),
                esc_html(self::plural($kind)),
                $term instanceof \WP_Term ? $term->count : 0,
                esc_url(admin_url('post-new.php?post_type=product&arcana_kind=' . $kind->value)),
                esc_html__('New', 'arcana')
            );
        }
        echo '</tbody></table>';
        $state = State::load();
        if ($state !== null) {
            printf(
                '<p class="description">%s <code title="%s">%s</code><br>%s</p>',
                esc_html__('Version', 'arcana'),
                esc_attr($state->version),
                esc_html(substr($state->version, 0, 12)),
                esc_html(sprintf(__('Built %s', 'arcana'), self::moment($state->built_at)))
            );
        }
    }

    private static function settings(): void
    {
        printf('<form method="post" action="%s"><input type="hidden" name="action" value="arcana_settings">', esc_url(admin_url('admin-post.php')));
        wp_nonce_field('arcana_settings');
        printf(
            '<p><label for="arcana_languages"><strong>%s</strong></label><br><input id="arcana_languages" name="arcana_languages" class="regular-text" value="%s"><br><span class="description">%s</span></p>',
            esc_html__('Languages', 'arcana'),
            esc_attr(implode(', ', Settings::all()['languages'])),
            esc_html__('Two letters each, in the order of the fields. A language taken off keeps its texts, they are only not shown.', 'arcana')
        );
        printf(
            '<p><label><input type="checkbox" name="arcana_stars" value="1"%s> %s</label></p><p><button class="button button-primary">%s</button></p></form>',
            checked(Settings::starsEnabled(), true, false),
            esc_html__('Packages have a price in Telegram Stars', 'arcana'),
            esc_html__('Save', 'arcana')
        );
    }

    private static function card(string $title, callable $body): void
    {
        echo '<section class="arcana-card"><h2>' . esc_html($title) . '</h2>';
        $body();
        echo '</section>';
    }

    /** @param array<string, string> $rows Heading => HTML that is escaped already. */
    private static function table(array $rows): void
    {
        echo '<table class="arcana-facts"><tbody>';
        foreach ($rows as $heading => $html) {
            printf('<tr><th>%s</th><td>%s</td></tr>', esc_html($heading), wp_kses_post($html));
        }
        echo '</tbody></table>';
    }

    private static function button(string $action, string $label, string $class, string $question = ''): void
    {
        printf('<form method="post" action="%s" class="arcana-inline">', esc_url(admin_url('admin-post.php')));
        printf('<input type="hidden" name="action" value="arcana_%s">', esc_attr($action));
        wp_nonce_field("arcana_$action");
        $confirm = $question === '' ? '' : ' onclick="return confirm(' . esc_attr((string) wp_json_encode($question)) . ')"';
        printf('<button class="%s"%s>%s</button></form> ', esc_attr($class), $confirm, esc_html($label));
    }

    public static function badge(string $state, string $words): string
    {
        return sprintf('<span class="arcana-badge arcana-%s">%s</span>', esc_attr($state), esc_html($words));
    }

    public static function moment(int $time): string
    {
        return $time === 0 ? '—' : wp_date(get_option('date_format') . ' ' . get_option('time_format'), $time);
    }

    private static function plural(Kind $kind): string
    {
        return match ($kind) {
            Kind::Project => __('Projects', 'arcana'),
            Kind::Spread => __('Spreads', 'arcana'),
            Kind::Deck => __('Decks', 'arcana'),
            Kind::Package => __('Packages', 'arcana'),
        };
    }
}
