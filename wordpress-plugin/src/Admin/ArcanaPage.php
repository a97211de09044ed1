<?php

declare(strict_types=1);

namespace Arcana\Admin;

use Arcana\Backend\BackendError;
use Arcana\Backend\Pairer;
use Arcana\Backend\Pairing;
use Arcana\Service;
use Arcana\Settings;

/** WooCommerce → Arcana: takes what the forms of the page send, and gives the page to PageView to show. */
final class ArcanaPage implements Service
{
    public const SLUG = 'arcana';
    private const CAPABILITY = 'manage_woocommerce';
    private const MESSAGES = 'arcana_page_messages_';

    public function register(): void
    {
        add_action('admin_menu', [$this, 'addPage'], 60);
        add_filter('plugin_action_links_' . plugin_basename(ARCANA_FILE), [$this, 'link']);
        foreach (['pair', 'unpair', 'check', 'settings'] as $action) {
            add_action("admin_post_arcana_$action", fn () => $this->handle($action));
        }
    }

    public static function url(): string
    {
        return admin_url('admin.php?page=' . self::SLUG);
    }

    public function addPage(): void
    {
        add_submenu_page('woocommerce', 'Arcana', 'Arcana', self::CAPABILITY, self::SLUG, static function (): void {
            $messages = get_transient(self::MESSAGES . get_current_user_id()) ?: [];
            delete_transient(self::MESSAGES . get_current_user_id());
            PageView::show($messages);
        });
    }

    /**
     * @param array<string> $links
     * @return array<string>
     */
    public function link(array $links): array
    {
        array_unshift($links, sprintf('<a href="%s">%s</a>', esc_url(self::url()), esc_html__('Settings', 'arcana')));
        return $links;
    }

    private function handle(string $action): void
    {
        check_admin_referer("arcana_$action");
        if (!current_user_can(self::CAPABILITY)) {
            wp_die(esc_html__('You may not manage the shop.', 'arcana'), '', ['response' => 403]);
        }
        try {
            $message = ['success', match ($action) {
                'pair' => $this->pair(),
                'unpair' => $this->unpair(),
                'check' => $this->check(),
                'settings' => $this->settings(),
            }];
        } catch (BackendError $error) {
            $message = ['error', $error->getMessage()];
        }
        set_transient(self::MESSAGES . get_current_user_id(), [$message], 60);
        wp_safe_redirect(self::url());
        exit;
    }

    private function pair(): string
    {
        $pairing = Pairer::pair((string) wp_unslash($_POST['arcana_pairing'] ?? ''), get_current_user_id());
        return sprintf(__('The store is paired with %s.', 'arcana'), $pairing->address);
    }

    private function unpair(): string
    {
        Pairer::unpair();
        return __('The store is not paired any more, and its API key for the backend is deleted. The backend keeps serving the last catalogue it has.', 'arcana');
    }

    private function check(): string
    {
        $pairing = Pairing::load() ?? throw new BackendError(__('The store is not paired.', 'arcana'));
        $result = Pairer::refreshKeys($pairing);
        $lost = TokenKeys::lost($result['accepted']);
        if ($lost !== []) {
            throw new BackendError(sprintf(
                __('The backend answers, but it cannot open these projects’ tokens any more. Enter them again: %s', 'arcana'),
                implode(', ', array_map('get_the_title', $lost))
            ));
        }
        return __('The backend answers, and it can open every token.', 'arcana');
    }

    private function settings(): string
    {
        $languages = Settings::parseLanguages((string) wp_unslash($_POST['arcana_languages'] ?? ''));
        if ($languages === []) {
            throw new BackendError(__('Name at least one language by its two letters, such as “ru, en”.', 'arcana'));
        }
        Settings::save($languages, !empty($_POST['arcana_stars']));
        return __('The settings are saved.', 'arcana');
    }
}
