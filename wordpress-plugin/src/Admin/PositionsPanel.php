<?php

declare(strict_types=1);

namespace Arcana\Admin;

use Arcana\Content\Positions;
use Arcana\Kind;
use Arcana\Settings;

/**
 * The positions of a spread: rows to add, remove and reorder, and a table on which the cards are dragged to their places.
 * ACF's free edition has no repeater. Works with the keyboard alone, too: every value has an input.
 */
final class PositionsPanel implements PanelExtra
{
    public function register(): void
    {
        add_action('woocommerce_process_product_meta_arcana_spread', [$this, 'save']);
    }

    public function kind(): Kind
    {
        return Kind::Spread;
    }

    public function tab(): string
    {
        return 'positions';
    }

    public function render(\WP_Post $post): void
    {
        $positions = Positions::load($post->ID);
        echo '<div class="arcana-box arcana-positions" data-limit="' . (int) Positions::LIMIT . '">';
        echo '<input type="hidden" name="arcana_positions_sent" value="1">';
        echo '<div class="arcana-table-side"><div class="arcana-table" aria-hidden="true"></div>';
        echo '<p class="description">' . esc_html__('Drag a card to its place; hold Shift to move it freely. The number is the order of reading.', 'arcana') . '</p></div>';
        echo '<div class="arcana-rows-side"><ol class="arcana-rows">';
        foreach ($positions as $index => $position) {
            self::row((string) $index, $position);
        }
        echo '</ol><p class="arcana-hint arcana-empty">' . esc_html__('No positions yet. Add one for every card of the spread.', 'arcana') . '</p>';
        echo '<p><button type="button" class="button button-primary arcana-add">' . esc_html__('Add a position', 'arcana') . '</button></p></div>';
        echo '<template>';
        self::row('__index__', ['key' => '', 'name' => [], 'meaning' => [], 'x' => 50.0, 'y' => 50.0, 'rotation' => 0]);
        echo '</template></div>';
    }

    /** WooCommerce has checked its nonce and the right to edit before this runs. */
    public function save(int $post_id): void
    {
        if (!isset($_POST['arcana_positions_sent'])) {
            return;
        }
        $sent = (array) wp_unslash($_POST['arcana_positions'] ?? []);
        if (count($sent) > Positions::LIMIT) {
            \WC_Admin_Meta_Boxes::add_error(sprintf(__('A spread has at most %d positions; the rest was not saved.', 'arcana'), Positions::LIMIT));
        }
        Positions::save($post_id, array_values($sent));
    }

    /** @param array{key: string, name: array<string, string>, meaning: array<string, string>, x: float, y: float, rotation: int} $position */
    private static function row(string $index, array $position): void
    {
        $name = "arcana_positions[$index]";
        echo '<li class="arcana-row">';
        printf('<input type="hidden" name="%s[key]" value="%s">', esc_attr($name), esc_attr($position['key']));
        echo '<div class="arcana-row-head"><span class="arcana-handle dashicons dashicons-menu" title="' . esc_attr__('Drag to change the order', 'arcana') . '"></span><strong class="arcana-number"></strong>';
        foreach (['x' => __('Across', 'arcana'), 'y' => __('Down', 'arcana')] as $axis => $label) {
            printf(
                '<label>%s <input type="number" class="arcana-%s" name="%s[%s]" value="%s" min="0" max="100" step="0.1"></label>',
                esc_html($label),
                esc_attr($axis),
                esc_attr($name),
                esc_attr($axis),
                esc_attr((string) $position[$axis])
            );
        }
        printf(
            '<label><input type="checkbox" class="arcana-rotation" name="%s[rotation]" value="90"%s> %s</label>',
            esc_attr($name),
            checked($position['rotation'], 90, false),
            esc_html__('Lies crosswise', 'arcana')
        );
        self::buttons();
        echo '</div><div class="arcana-row-body">';
        foreach (Settings::languages() as $code => $language) {
            printf(
                '<div><span class="arcana-language-name">%1$s</span><input type="text" class="arcana-name" name="%2$s[name][%3$s]" value="%4$s" maxlength="200" placeholder="%5$s" aria-label="%5$s, %1$s"><textarea name="%2$s[meaning][%3$s]" rows="2" placeholder="%6$s" aria-label="%6$s, %1$s">%7$s</textarea></div>',
                esc_attr($language),
                esc_attr($name),
                esc_attr($code),
                esc_attr($position['name'][$code] ?? ''),
                esc_attr__('Name', 'arcana'),
                esc_attr__('Meaning', 'arcana'),
                esc_textarea($position['meaning'][$code] ?? '')
            );
        }
        echo '</div></li>';
    }

    private static function buttons(): void
    {
        echo '<span class="arcana-buttons">';
        foreach (['up' => ['arrow-up-alt2', __('Move up', 'arcana')], 'down' => ['arrow-down-alt2', __('Move down', 'arcana')], 'remove' => ['trash', __('Remove', 'arcana')]] as $action => [$icon, $label]) {
            printf(
                '<button type="button" class="button-link arcana-%1$s" title="%3$s"><span class="dashicons dashicons-%2$s"></span><span class="screen-reader-text">%3$s</span></button>',
                esc_attr($action),
                esc_attr($icon),
                esc_attr($label)
            );
        }
        echo '</span>';
    }
}
