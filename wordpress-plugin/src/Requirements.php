<?php

declare(strict_types=1);

namespace Arcana;

/** What has to run beside the plugin, and how a manager is told when it does not. */
final class Requirements implements Service
{
    public const WORDPRESS = '6.5';
    public const WOOCOMMERCE = '9.0';
    public const ACF = '6.0';

    public function register(): void
    {
        add_action('admin_notices', [$this, 'show']);
        add_action('before_woocommerce_init', [$this, 'declareFeatures']);
    }

    public static function isReady(): bool
    {
        return self::problems() === [];
    }

    /** @return list<string> What is missing, in the manager's language; an empty list means ready. */
    public static function problems(): array
    {
        $problems = [];
        if (version_compare((string) get_bloginfo('version'), self::WORDPRESS, '<')) {
            $problems[] = sprintf(__('WordPress %s or newer is needed.', 'arcana'), self::WORDPRESS);
        }
        if (!class_exists('WooCommerce', false)) {
            $problems[] = __('WooCommerce is not active.', 'arcana');
        } elseif (defined('WC_VERSION') && version_compare((string) WC_VERSION, self::WOOCOMMERCE, '<')) {
            $problems[] = sprintf(__('WooCommerce %s or newer is needed.', 'arcana'), self::WOOCOMMERCE);
        }
        if (!function_exists('acf_add_local_field_group')) {
            $problems[] = __('Advanced Custom Fields is not active.', 'arcana');
        } elseif (defined('ACF_VERSION') && version_compare((string) ACF_VERSION, self::ACF, '<')) {
            $problems[] = sprintf(__('Advanced Custom Fields %s or newer is needed.', 'arcana'), self::ACF);
        }
        if (!function_exists('sodium_crypto_box_seal')) {
            $problems[] = __('The PHP extension sodium is missing: bot tokens cannot be sealed.', 'arcana');
        }
        return $problems;
    }

    public function show(): void
    {
        $problems = self::problems();
        if ($problems === [] || !current_user_can('activate_plugins')) {
            return;
        }
        printf(
            '<div class="notice notice-error"><p><strong>%s</strong> %s</p><ul class="ul-disc"><li>%s</li></ul></div>',
            esc_html__('Arcana is waiting.', 'arcana'),
            esc_html__('Until this is put right, the backend keeps serving the last good catalogue.', 'arcana'),
            implode('</li><li>', array_map('esc_html', $problems))
        );
    }

    public function declareFeatures(): void
    {
        if (class_exists('Automattic\WooCommerce\Utilities\FeaturesUtil')) {
            $features = 'Automattic\WooCommerce\Utilities\FeaturesUtil';
            $features::declare_compatibility('custom_order_tables', ARCANA_FILE, true);
            $features::declare_compatibility('cart_checkout_blocks', ARCANA_FILE, true);
            $features::declare_compatibility('product_block_editor', ARCANA_FILE, false);
        }
    }
}
