<?php

declare(strict_types=1);

namespace Arcana\Content;

use Arcana\Service;

/** Cards: posts of their own type, each the child of its deck. */
final class Cards implements Service
{
    public const POST_TYPE = 'arcana_card';

    public const MAJORS = [
        'fool', 'magician', 'high-priestess', 'empress', 'emperor', 'hierophant', 'lovers', 'chariot', 'strength', 'hermit',
        'wheel-of-fortune', 'justice', 'hanged-man', 'death', 'temperance', 'devil', 'tower', 'star', 'moon', 'sun',
        'judgement', 'world',
    ];
    public const SUITS = ['wands', 'cups', 'swords', 'pentacles'];

    public function register(): void
    {
        add_action('init', [$this, 'registerType']);
        add_action('acf/save_post', [$this, 'onSave'], 20);
        add_action('trashed_post', [$this, 'onDeckTrashed']);
        add_action('untrashed_post', [$this, 'onDeckRestored']);
        add_action('before_delete_post', [$this, 'onDeckDeleted']);
    }

    public function registerType(): void
    {
        register_post_type(self::POST_TYPE, [
            'labels' => [
                'name' => __('Tarot cards', 'arcana'),
                'singular_name' => __('Tarot card', 'arcana'),
                'add_new_item' => __('New card', 'arcana'),
                'edit_item' => __('Edit card', 'arcana'),
                'not_found' => __('No cards.', 'arcana'),
            ],
            'public' => false,
            'show_ui' => true,
            'show_in_menu' => false,
            'show_in_rest' => false,
            'exclude_from_search' => true,
            'publicly_queryable' => false,
            'rewrite' => false,
            'query_var' => false,
            'hierarchical' => false,
            'supports' => ['title'],
            'can_export' => true,
            'delete_with_user' => false,
            'capability_type' => 'product',
            'map_meta_cap' => true,
        ]);
    }

    public function onSave(mixed $post_id): void
    {
        if (is_numeric($post_id) && get_post_type((int) $post_id) === self::POST_TYPE) {
            Keys::ensure((int) $post_id);
        }
    }

    public function onDeckTrashed(int $post_id): void
    {
        if (get_post_type($post_id) === 'product') {
            array_map('wp_trash_post', self::ids($post_id));
        }
    }

    public function onDeckRestored(int $post_id): void
    {
        if (get_post_type($post_id) !== 'product') {
            return;
        }
        foreach (self::ids($post_id, 'trash') as $card_id) {
            wp_untrash_post($card_id);
            wp_update_post(['ID' => $card_id, 'post_status' => 'publish']);
        }
    }

    public function onDeckDeleted(int $post_id): void
    {
        if (get_post_type($post_id) !== 'product') {
            return;
        }
        foreach (self::ids($post_id, 'any') as $card_id) {
            wp_delete_post($card_id, true);
        }
    }

    /** @return list<int> The cards of a deck, in the order of their numbers. */
    public static function ids(int $deck_id, string $status = 'publish'): array
    {
        global $wpdb;
        $sql = "SELECT p.ID FROM {$wpdb->posts} p
            LEFT JOIN {$wpdb->postmeta} m ON m.post_id = p.ID AND m.meta_key = 'arcana_card_number'
            WHERE p.post_type = %s AND p.post_parent = %d";
        $values = [self::POST_TYPE, $deck_id];
        if ($status !== 'any') {
            $sql .= ' AND p.post_status = %s';
            $values[] = $status;
        }
        $sql .= ' GROUP BY p.ID ORDER BY MIN(CAST(m.meta_value AS SIGNED)), p.ID';
        return array_map('intval', $wpdb->get_col($wpdb->prepare($sql, $values)));
    }

    /** @return list<int> The cards of a deck that hold a key, oldest first. */
    public static function holders(string $key, int $deck_id): array
    {
        global $wpdb;
        return array_map('intval', $wpdb->get_col($wpdb->prepare(
            "SELECT p.ID FROM {$wpdb->posts} p JOIN {$wpdb->postmeta} m ON m.post_id = p.ID AND m.meta_key = %s
            WHERE p.post_type = %s AND p.post_parent = %d AND m.meta_value = %s ORDER BY p.ID",
            Keys::META,
            self::POST_TYPE,
            $deck_id,
            $key
        )));
    }

    /** The established key of a card of the standard deck, by what the card says about itself; '' for any other card. */
    public static function standardKey(int $card_id): string
    {
        return self::keyFor(
            (string) get_post_meta($card_id, 'arcana_card_arcana', true),
            (string) get_post_meta($card_id, 'arcana_card_suit', true),
            (int) get_post_meta($card_id, 'arcana_card_rank', true),
            (string) get_post_meta($card_id, 'arcana_card_number', true)
        );
    }

    public static function keyFor(string $arcana, string $suit, int $rank, string $number): string
    {
        if ($arcana === 'minor' && in_array($suit, self::SUITS, true) && $rank >= 1 && $rank <= 14) {
            return sprintf('%s-%02d', $suit, $rank);
        }
        if ($arcana === 'major' && ctype_digit($number) && isset(self::MAJORS[(int) $number])) {
            return sprintf('major-%02d-%s', (int) $number, self::MAJORS[(int) $number]);
        }
        return '';
    }

    /** Copies all cards of a deck; keys are kept, as they need to be unique within one deck only. */
    public static function copy(int $from_deck_id, int $to_deck_id): void
    {
        foreach (self::ids($from_deck_id) as $card_id) {
            $copy_id = wp_insert_post([
                'post_type' => self::POST_TYPE,
                'post_status' => 'publish',
                'post_parent' => $to_deck_id,
                'post_title' => wp_slash(get_the_title($card_id)),
            ]);
            foreach ((array) get_post_meta($card_id) as $name => $values) {
                if (str_starts_with((string) $name, 'arcana_') || str_starts_with((string) $name, '_arcana_')) {
                    update_post_meta($copy_id, (string) $name, wp_slash(maybe_unserialize($values[0])));
                }
            }
        }
    }
}
