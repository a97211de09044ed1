<?php

declare(strict_types=1);

namespace Arcana\Admin;

use Arcana\Content\Cards;
use Arcana\Fields\FieldGroups;
use Arcana\Kind;
use Arcana\Requirements;
use Arcana\Service;

/** The tabs and panels of our kinds in WooCommerce's product-data box. ACF saves its own fields; the rest saves itself. */
final class ProductPanels implements Service
{
    private const FOREIGN_TABS = ['inventory', 'shipping', 'linked_product', 'attribute', 'variations', 'advanced'];

    public function register(): void
    {
        add_filter('woocommerce_product_data_tabs', [$this, 'tabs'], 100);
        add_action('woocommerce_product_data_panels', [$this, 'panels']);
        add_filter('product_type_selector', [$this, 'offerFitting'], 100);
        add_filter('woocommerce_product_type_query', [$this, 'preselect'], 10, 2);
        add_action('load-post.php', [$this, 'nameScreen']);
        add_action('load-post-new.php', [$this, 'nameScreen']);
        add_action('admin_bar_menu', [$this, 'withoutView'], 1000);
        add_filter('post_updated_messages', [$this, 'messages'], 100);
        add_filter('enter_title_here', [$this, 'titlePlaceholder'], 10, 2);
        foreach (self::extras() as $extra) {
            $extra->register();
        }
    }

    /**
     * @param array<string, array<string, mixed>> $tabs
     * @return array<string, array<string, mixed>>
     */
    public function tabs(array $tabs): array
    {
        $hide_all = array_map(static fn (string $type): string => "hide_if_$type", Kind::productTypes());
        foreach ($tabs as $name => &$tab) {
            if ($name === 'general') {
                $tab['class'] = [...(array) ($tab['class'] ?? []), ...array_diff($hide_all, ['hide_if_arcana_package'])];
                $tab['class'][] = 'show_if_arcana_package';
            } elseif (in_array($name, self::FOREIGN_TABS, true) || str_contains((string) $name, 'marketplace')) {
                $tab['class'] = [...(array) ($tab['class'] ?? []), ...$hide_all];
            }
        }
        unset($tab);
        if (self::kindsHere() === [Kind::Package] && isset($tabs['general'])) {
            $tabs['general']['label'] = __('Price', 'arcana');
        }
        foreach (self::kindsHere() as $kind) {
            $priority = 1;
            foreach (self::labels($kind) as $name => $label) {
                $tabs["arcana_{$kind->value}_$name"] = [
                    'label' => $label,
                    'target' => "arcana_{$kind->value}_{$name}_data",
                    'class' => ['arcana_tab', "arcana_tab_$name", 'show_if_' . $kind->productType()],
                    'priority' => $priority++,
                ];
            }
        }
        return $tabs;
    }

    public function panels(): void
    {
        global $post;
        if (!$post instanceof \WP_Post || !Requirements::isReady()) {
            return;
        }
        foreach (self::kindsHere() as $kind) {
            $tabs = FieldGroups::tabs($kind);
            foreach (array_keys(self::labels($kind)) as $name) {
                printf(
                    '<div id="arcana_%1$s_%2$s_data" class="panel arcana-panel arcana-panel-%2$s hidden" data-arcana-type="%3$s">',
                    esc_attr($kind->value),
                    esc_attr($name),
                    esc_attr($kind->productType())
                );
                if (isset($tabs[$name])) {
                    self::renderFields(array_column($tabs[$name], 'key'), $post->ID);
                }
                foreach (self::extras() as $extra) {
                    if ($extra->kind() === $kind && $extra->tab() === $name) {
                        $extra->render($post);
                    }
                }
                echo '</div>';
            }
        }
    }

    /**
     * One of ours stays what it is, and a product of the shop does not become one of ours by a slip.
     *
     * @param array<string, string> $types
     * @return array<string, string>
     */
    public function offerFitting(array $types): array
    {
        $screen = function_exists('get_current_screen') ? get_current_screen() : null;
        if ($screen === null || $screen->id !== 'product' || $screen->base !== 'post') {
            return $types;
        }
        $kinds = array_map(static fn (Kind $kind): string => $kind->productType(), self::kindsHere());
        return match (count($kinds)) {
            0 => array_diff_key($types, array_flip(Kind::productTypes())),
            1 => array_intersect_key($types, array_flip($kinds)),
            default => $types,
        };
    }

    public function preselect(mixed $type, mixed $product_id): mixed
    {
        $wanted = self::wantedKind();
        return $wanted !== null && get_post_status((int) $product_id) === 'auto-draft' ? $wanted->productType() : $type;
    }

    /** The editor says what is edited, not just “product”. */
    public function nameScreen(): void
    {
        $kind = Kind::ofPost(absint($_GET['post'] ?? 0)) ?? self::wantedKind();
        $type = get_post_type_object('product');
        if ($kind !== null && $type !== null) {
            $type->labels->edit_item = $kind->label();
            $type->labels->add_new_item = sprintf(__('New: %s', 'arcana'), $kind->label());
        }
    }

    /**
     * WooCommerce's own messages offer to view the product, which nobody can.
     *
     * @param array<string, array<int, string|false>> $messages
     * @return array<string, array<int, string|false>>
     */
    public function messages(array $messages): array
    {
        global $post;
        if ($post instanceof \WP_Post && (Kind::ofPost($post->ID) !== null || $post->post_type === Cards::POST_TYPE)) {
            $own = [1 => __('Saved.', 'arcana'), 4 => __('Saved.', 'arcana'), 6 => __('Saved and published.', 'arcana'), 10 => __('Saved as a draft.', 'arcana')];
            $messages[$post->post_type] = $own + ($messages[$post->post_type] ?? $messages['post']);
        }
        return $messages;
    }

    /** Our kinds have no page in the shop that could be viewed. */
    public function withoutView(\WP_Admin_Bar $bar): void
    {
        global $post;
        if (is_admin() && $post instanceof \WP_Post && Kind::ofPost($post->ID) !== null) {
            $bar->remove_node('view');
        }
    }

    public function titlePlaceholder(string $text, \WP_Post $post): string
    {
        $kind = $post->post_type === 'product' ? (Kind::ofPost($post->ID) ?? self::wantedKind()) : null;
        return match ($kind) {
            Kind::Project => __('Name of the project', 'arcana'),
            Kind::Spread => __('Name of the spread', 'arcana'),
            Kind::Deck => __('Name of the deck', 'arcana'),
            Kind::Package => __('Name of the package', 'arcana'),
            null => $text,
        };
    }

    /** @return list<Kind> The kinds that the product on this screen is or may become. */
    private static function kindsHere(): array
    {
        global $post;
        if (!$post instanceof \WP_Post || $post->post_status === 'auto-draft') {
            $wanted = self::wantedKind();
            return $wanted === null ? Kind::cases() : [$wanted];
        }
        $kind = Kind::ofPost($post->ID);
        return $kind === null ? [] : [$kind];
    }

    private static function wantedKind(): ?Kind
    {
        return Kind::tryFrom(sanitize_key((string) ($_GET['arcana_kind'] ?? '')));
    }

    /** @return array<string, string> Name of a tab => its label. */
    private static function labels(Kind $kind): array
    {
        return match ($kind) {
            Kind::Project => [
                'main' => __('Project', 'arcana'),
                'texts' => __('Texts', 'arcana'),
                'look' => __('Look', 'arcana'),
                'catalogue' => __('Contents', 'arcana'),
                'bot' => __('Bot and voice', 'arcana'),
                'payments' => __('Payments', 'arcana'),
            ],
            Kind::Spread => ['main' => __('Spread', 'arcana'), 'positions' => __('Positions', 'arcana')],
            Kind::Deck => ['main' => __('Deck', 'arcana'), 'cards' => __('Cards', 'arcana')],
            Kind::Package => ['main' => __('Package', 'arcana'), 'texts' => __('Texts', 'arcana')],
        };
    }

    /** @return list<PanelExtra> */
    private static function extras(): array
    {
        static $extras = null;
        return $extras ??= [new BotPanel(), new KeysPanel(), new PackagesPanel(), new PositionsPanel(), new CardsPanel()];
    }

    /** @param list<string> $keys */
    private static function renderFields(array $keys, int $post_id): void
    {
        $fields = array_values(array_filter(array_map('acf_get_field', $keys)));
        echo '<div class="acf-fields arcana-fields">';
        acf_render_fields($fields, $post_id, 'div', 'label');
        echo '</div>';
    }
}
