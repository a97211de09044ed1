<?php

declare(strict_types=1);

namespace Arcana\Admin;

use Arcana\Content\Cards;
use Arcana\Kind;
use Arcana\Service;

/** The editor of one card: it shows the deck that the card belongs to, and leads back to it. */
final class CardScreen implements Service
{
    public function register(): void
    {
        add_action('add_meta_boxes_' . Cards::POST_TYPE, [$this, 'addBox']);
        add_filter('parent_file', [$this, 'highlightMenu']);
        add_action('edit_form_top', [$this, 'linkBack']);
        add_filter('wp_insert_post_data', [$this, 'keepDeck'], 10, 2);
    }

    public function addBox(): void
    {
        add_meta_box('arcana_card_deck', __('Deck', 'arcana'), [$this, 'box'], Cards::POST_TYPE, 'side', 'high');
    }

    public function box(\WP_Post $card): void
    {
        $deck_id = self::deckOf($card);
        $decks = wc_get_products(['type' => Kind::Deck->productType(), 'limit' => 200, 'status' => ['publish', 'draft', 'pending', 'private'], 'orderby' => 'name', 'order' => 'ASC']);
        echo '<p><label class="screen-reader-text" for="arcana_card_deck">' . esc_html__('Deck', 'arcana') . '</label><select id="arcana_card_deck" name="parent_id" class="widefat">';
        foreach ($decks as $deck) {
            printf('<option value="%d"%s>%s</option>', $deck->get_id(), selected($deck->get_id(), $deck_id, false), esc_html($deck->get_name()));
        }
        echo '</select></p>';
    }

    public function linkBack(\WP_Post $card): void
    {
        $deck_id = $card->post_type === Cards::POST_TYPE ? self::deckOf($card) : 0;
        if ($deck_id !== 0) {
            printf(
                '<p class="arcana-back"><a href="%s">&larr; %s</a></p>',
                esc_url(add_query_arg('arcana_tab', 'cards', (string) get_edit_post_link($deck_id, 'raw'))),
                esc_html(sprintf(__('All cards of “%s”', 'arcana'), get_the_title($deck_id)))
            );
        }
    }

    /**
     * A card without a deck would be lost: nothing lists it.
     *
     * @param array<string, mixed> $data
     * @param array<string, mixed> $sent
     * @return array<string, mixed>
     */
    public function keepDeck(array $data, array $sent): array
    {
        $deck_id = absint($_REQUEST['deck'] ?? 0);
        if ($data['post_type'] === Cards::POST_TYPE && (int) $data['post_parent'] === 0 && Kind::ofPost($deck_id) === Kind::Deck) {
            $data['post_parent'] = $deck_id;
        }
        return $data;
    }

    public function highlightMenu(?string $file): ?string
    {
        $screen = get_current_screen();
        return $screen !== null && $screen->post_type === Cards::POST_TYPE ? 'edit.php?post_type=product' : $file;
    }

    private static function deckOf(\WP_Post $card): int
    {
        $deck_id = (int) $card->post_parent ?: absint($_GET['deck'] ?? 0);
        return Kind::ofPost($deck_id) === Kind::Deck ? $deck_id : 0;
    }
}
