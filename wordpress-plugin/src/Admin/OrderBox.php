<?php

declare(strict_types=1);

namespace Arcana\Admin;

use Arcana\Content\Keys;
use Arcana\Kind;
use Arcana\Orders\ArcanaOrder;
use Arcana\Orders\Stars;
use Arcana\Service;

/** On the order's screen and in the list of orders: who in Telegram it was, how it was paid, and what it is called there. */
final class OrderBox implements Service
{
    private const COLUMN = 'arcana_telegram';

    public function register(): void
    {
        add_action('add_meta_boxes', [$this, 'addBox'], 10, 2);
        foreach (['woocommerce_page_wc-orders', 'edit-shop_order'] as $screen) {
            add_filter("manage_{$screen}_columns", [$this, 'columns'], 20);
        }
        add_action('manage_woocommerce_page_wc-orders_custom_column', [$this, 'cell'], 10, 2);
        add_action('manage_shop_order_posts_custom_column', [$this, 'cell'], 10, 2);
        add_action('admin_head', [$this, 'hideManualRefund']);
        add_filter('woocommerce_admin_billing_fields', [$this, 'nameAlone'], 100, 2);
    }

    public function addBox(string $screen, mixed $post): void
    {
        $order = self::order($post);
        if (ArcanaOrder::idOf($order) !== '') {
            add_meta_box('arcana-order', 'Arcana', fn () => $this->render($order), $screen, 'side', 'high');
        }
    }

    public function render(\WC_Order $order): void
    {
        echo '<dl class="arcana-facts">';
        foreach (self::facts($order) as $label => $html) {
            printf('<dt>%s</dt><dd>%s</dd>', esc_html($label), wp_kses_post($html));
        }
        echo '</dl>';
    }

    /** @return array<string, string> Label => HTML. */
    public static function facts(\WC_Order $order): array
    {
        $meta = static fn (string $name): string => trim((string) $order->get_meta("_arcana_$name"));
        $project = Keys::find(Kind::Project, $meta('project'));
        $facts = [
            __('Number in the bot', 'arcana') => esc_html('№ ' . $meta('number')),
            __('Project', 'arcana') => $project === 0 ? esc_html($meta('project')) : sprintf(
                '<a href="%s">%s</a>',
                esc_url((string) get_edit_post_link($project)),
                esc_html(get_the_title($project))
            ),
            __('Telegram user', 'arcana') => self::person($order),
            __('Paid by', 'arcana') => esc_html($order->get_payment_method_title()),
        ];
        if ($order->get_currency() === Stars::CURRENCY) {
            $facts[__('Stars', 'arcana')] = esc_html(number_format_i18n((int) $order->get_total()) . ' ⭐');
        }
        $kinds = ['gift' => __('Gift', 'arcana'), 'trial' => __('Free trial', 'arcana'), 'renewal' => __('Renewal', 'arcana')];
        if (isset($kinds[$meta('kind')])) {
            $facts[__('Kind', 'arcana')] = esc_html($kinds[$meta('kind')]);
        }
        if ($order->get_transaction_id() !== '') {
            $facts[__('Number at the provider', 'arcana')] = '<code>' . esc_html($order->get_transaction_id()) . '</code>';
        }
        $links = [];
        foreach (['card' => __('Card of the order in Telegram', 'arcana'), 'topic' => __('Topic of the client in Telegram', 'arcana')] as $name => $label) {
            if (str_starts_with($meta($name), 'https://t.me/')) {
                $links[] = sprintf('<a href="%s" target="_blank" rel="noopener">%s</a>', esc_url($meta($name)), esc_html($label));
            }
        }
        if ($links !== []) {
            $facts[__('Staff', 'arcana')] = implode('<br>', $links);
        }
        return $facts;
    }

    /**
     * @param array<string, string> $columns
     * @return array<string, string>
     */
    public function columns(array $columns): array
    {
        $place = array_search('order_status', array_keys($columns), true);
        $place = $place === false ? count($columns) : $place;
        return array_slice($columns, 0, $place, true) + [self::COLUMN => 'Telegram'] + array_slice($columns, $place, null, true);
    }

    public function cell(string $column, mixed $post): void
    {
        $order = $column === self::COLUMN ? self::order($post) : null;
        if ($column === self::COLUMN) {
            echo $order !== null && ArcanaOrder::idOf($order) !== '' ? wp_kses_post(self::account($order)) : '<span class="na">–</span>';
        }
    }

    /**
     * People of the bots have neither an address nor an e-mail; the one that names them in the shop would only mislead.
     *
     * @param array<string, mixed> $fields
     * @return array<string, mixed>
     */
    public function nameAlone(array $fields, mixed $order = null): array
    {
        return ArcanaOrder::idOf($order) === '' ? $fields : array_intersect_key($fields, ['first_name' => true, 'last_name' => true]);
    }

    /** Money that was paid in a bot cannot be given back by hand; see Orders\Refunds. */
    public function hideManualRefund(): void
    {
        $screen = get_current_screen();
        if ($screen === null || !function_exists('wc_get_page_screen_id') || $screen->id !== wc_get_page_screen_id('shop-order')) {
            return;
        }
        if (ArcanaOrder::idOf(wc_get_order(absint($_GET['id'] ?? $_GET['post'] ?? 0))) !== '') {
            echo '<style>.do-manual-refund, .wc-order-refund-items tr:has(#restock_refunded_items) { display: none !important }</style>';
        }
    }

    private static function person(\WC_Order $order): string
    {
        $name = trim($order->get_billing_first_name() . ' ' . $order->get_billing_last_name());
        return trim(esc_html($name) . ' ' . self::account($order));
    }

    private static function account(\WC_Order $order): string
    {
        $id = (string) $order->get_meta('_arcana_telegram_id');
        $username = (string) $order->get_meta('_arcana_username');
        return match (true) {
            $id === '' => '<span class="na">' . esc_html__('has left', 'arcana') . '</span>',
            preg_match('/^\w{4,32}$/D', $username) === 1 => sprintf('<a href="https://t.me/%1$s" target="_blank" rel="noopener">@%1$s</a>', esc_attr($username)),
            default => '<code>' . esc_html($id) . '</code>',
        };
    }

    private static function order(mixed $post): ?\WC_Order
    {
        if (!function_exists('wc_get_order')) {
            return null;
        }
        $order = $post instanceof \WC_Abstract_Order ? $post : wc_get_order($post instanceof \WP_Post ? $post->ID : (is_numeric($post) ? (int) $post : 0));
        return $order instanceof \WC_Order ? $order : null;
    }
}
