<?php

declare(strict_types=1);

namespace Arcana;

use Arcana\Catalogue\State;

/** Refuses to be activated where it cannot work, and starts and stops cleanly where it can. */
final class Activation implements Service
{
    public function register(): void
    {
        register_activation_hook(ARCANA_FILE, [self::class, 'activate']);
        register_deactivation_hook(ARCANA_FILE, [self::class, 'deactivate']);
    }

    /** ACF and WooCommerce may be switched on later, so their absence is told in a notice and does not stop anybody here. */
    public static function activate(): void
    {
        if (version_compare((string) get_bloginfo('version'), Requirements::WORDPRESS, '<') || !function_exists('sodium_crypto_box_seal')) {
            deactivate_plugins(plugin_basename(ARCANA_FILE));
            wp_die(
                esc_html(implode(' ', Requirements::problems())),
                '',
                ['back_link' => true, 'response' => 200]
            );
        }
        Catalogue\Reader::store();
        State::forget();
    }

    public static function deactivate(): void
    {
        Backend\Notices::cancelRetries();
        if (function_exists('as_unschedule_all_actions')) {
            as_unschedule_all_actions(Catalogue\Changes::SALE_HOOK);
        }
    }
}
