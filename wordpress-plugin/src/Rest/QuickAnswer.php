<?php

declare(strict_types=1);

namespace Arcana\Rest;

use Arcana\Catalogue\BuildError;
use Arcana\Catalogue\Catalogue;
use Arcana\Catalogue\State;
use Arcana\Requirements;
use Arcana\Service;

/**
 * Answers 304 before WordPress has prepared everything else: the backend asks every few seconds, and nearly always
 * nothing has changed. Whatever is not exactly that case goes the ordinary way, which decides everything.
 */
final class QuickAnswer implements Service
{
    public function register(): void
    {
        add_action('plugins_loaded', [$this, 'answer'], 9999);
    }

    public function answer(): void
    {
        if (!self::asksForChange() || !Requirements::isReady()) {
            return;
        }
        $state = State::load();
        if ($state === null || !CatalogueRoute::matches((string) $_SERVER['HTTP_IF_NONE_MATCH'], $state->version)) {
            return;
        }
        try {
            if (!Catalogue::isFresh($state)) {
                return;
            }
        } catch (BuildError) {
            return;
        }
        // Last of all, because WooCommerce counts a signed request as used once it has checked it. A refusal it words
        // so early that WordPress would complain in the log about the translation.
        add_filter('doing_it_wrong_trigger_error', '__return_false');
        $is_allowed = current_user_can('manage_woocommerce');
        remove_filter('doing_it_wrong_trigger_error', '__return_false');
        if (!$is_allowed) {
            return;
        }
        status_header(304);
        foreach (CatalogueRoute::headers($state) as $name => $value) {
            header("$name: $value");
        }
        exit;
    }

    private static function asksForChange(): bool
    {
        if (($_SERVER['REQUEST_METHOD'] ?? '') !== 'GET' || !isset($_SERVER['HTTP_IF_NONE_MATCH'], $_SERVER['REQUEST_URI'])) {
            return false;
        }
        // A cookie alone must not do: the ordinary way asks for a nonce with it.
        if (!isset($_SERVER['HTTP_AUTHORIZATION']) && !isset($_SERVER['REDIRECT_HTTP_AUTHORIZATION']) && !isset($_SERVER['PHP_AUTH_USER'])) {
            return false;
        }
        foreach (array_keys($_COOKIE) as $name) {
            if (str_starts_with((string) $name, 'wordpress_logged_in')) {
                return false;
            }
        }
        return str_ends_with((string) $_SERVER['REQUEST_URI'], '/' . rest_get_url_prefix() . '/' . Routes::REST_NAMESPACE . '/catalogue');
    }
}
