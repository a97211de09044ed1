<?php

declare(strict_types=1);

namespace Arcana\Admin;

use Arcana\Content\Cards;
use Arcana\Content\StandardDeck;
use Arcana\Fields\ContentFields;
use Arcana\Kind;
use Arcana\Settings;

/** The cards of a deck, as a list that leads to each of them. */
final class CardsPanel implements PanelExtra
{
    public const COMPLETE = 'arcana_complete_deck';

    public function register(): void
    {
        add_action('admin_post_' . self::COMPLETE, [$this, 'complete']);
    }

    public function kind(): Kind
    {
        return Kind::Deck;
    }

    public function tab(): string
    {
        return 'cards';
    }

    public function render(\WP_Post $post): void
    {
        echo '<div class="arcana-box arcana-cards">';
        if ($post->post_status === 'auto-draft') {
            echo '<p class="arcana-hint">' . esc_html__('Save the deck first, then add its cards.', 'arcana') . '</p></div>';
            return;
        }
        $ids = Cards::ids($post->ID);
        update_meta_cache('post', $ids);
        $standard = count(StandardDeck::cards());
        echo '<p class="arcana-actions">';
        printf(
            '<a class="button button-primary" href="%s">%s</a> ',
            esc_url(admin_url('post-new.php?post_type=' . Cards::POST_TYPE . '&deck=' . $post->ID)),
            esc_html__('Add a card', 'arcana')
        );
        if (count($ids) < $standard) {
            printf(
                '<a class="button" href="%s">%s</a> ',
                esc_url(wp_nonce_url(admin_url('admin-post.php?action=' . self::COMPLETE . '&deck=' . $post->ID), self::COMPLETE . $post->ID)),
                esc_html__('Add the missing cards of the standard 78', 'arcana')
            );
        }
        printf('<span class="arcana-count">%s</span></p>', esc_html(sprintf(_n('%d card', '%d cards', count($ids), 'arcana'), count($ids))));
        if ($ids === []) {
            echo '<p class="arcana-hint">' . esc_html__('The deck has no cards yet.', 'arcana') . '</p></div>';
            return;
        }
        echo '<div class="arcana-scroll"><table class="widefat striped arcana-list"><thead><tr>';
        foreach ([__('No.', 'arcana'), '', __('Card', 'arcana'), __('Suit', 'arcana'), __('Missing', 'arcana'), ''] as $heading) {
            echo '<th>' . esc_html($heading) . '</th>';
        }
        echo '</tr></thead><tbody>';
        array_map($this->row(...), $ids);
        echo '</tbody></table></div></div>';
    }

    public function complete(): void
    {
        $deck_id = absint($_GET['deck'] ?? 0);
        check_admin_referer(self::COMPLETE . $deck_id);
        if (Kind::ofPost($deck_id) !== Kind::Deck || !current_user_can('edit_post', $deck_id)) {
            wp_die(esc_html__('You may not edit this deck.', 'arcana'), '', ['response' => 403]);
        }
        StandardDeck::complete($deck_id);
        wp_safe_redirect(add_query_arg('arcana_tab', 'cards', (string) get_edit_post_link($deck_id, 'raw')));
        exit;
    }

    private function row(int $id): void
    {
        $suit = (string) get_post_meta($id, 'arcana_card_suit', true);
        $is_minor = get_post_meta($id, 'arcana_card_arcana', true) === 'minor';
        $names = array_map(static fn (string $code): string => (string) get_post_meta($id, "arcana_card_name_$code", true), array_keys(Settings::languages()));
        $picture = (int) get_post_meta($id, 'arcana_card_picture', true);
        $missing = self::missing($id);
        printf(
            '<tr><td class="arcana-no">%s</td><td class="arcana-thumb">%s</td><td><a class="row-title" href="%s">%s</a><br><span class="description">%s</span></td><td>%s</td><td>%s</td><td class="arcana-end"><a class="submitdelete" href="%s" aria-label="%s"><span class="dashicons dashicons-trash"></span></a></td></tr>',
            esc_html((string) get_post_meta($id, 'arcana_card_number', true)),
            $picture > 0 ? wp_get_attachment_image($picture, [40, 68]) : '<span class="arcana-no-picture"></span>',
            esc_url((string) get_edit_post_link($id)),
            esc_html(get_the_title($id)),
            esc_html(implode(' · ', array_filter($names))),
            esc_html($is_minor ? (ContentFields::suits()[$suit] ?? '') : __('Major', 'arcana')),
            $missing === '' ? '' : PageView::badge('warn', $missing),
            esc_url((string) get_delete_post_link($id)),
            esc_attr(sprintf(__('Move “%s” to the trash', 'arcana'), get_the_title($id)))
        );
    }

    /** What a card still lacks, in words; '' when nothing. */
    private static function missing(int $id): string
    {
        $languages = [];
        foreach (Settings::languages() as $code => $language) {
            foreach (['meaning_upright', 'meaning_reversed', 'keywords_upright', 'keywords_reversed'] as $text) {
                if (trim((string) get_post_meta($id, "arcana_card_{$text}_$code", true)) === '') {
                    $languages[$code] = $language;
                }
            }
        }
        return $languages === [] ? '' : sprintf(__('texts: %s', 'arcana'), implode(', ', $languages));
    }
}
