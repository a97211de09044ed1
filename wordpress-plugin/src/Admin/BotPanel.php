<?php

declare(strict_types=1);

namespace Arcana\Admin;

use Arcana\Backend\BackendError;
use Arcana\Backend\Pairing;
use Arcana\Backend\Report;
use Arcana\Content\BotToken;
use Arcana\Content\Keys;
use Arcana\Kind;

/** The bot token of a project: taken once, sealed at once, shown only masked. */
final class BotPanel implements PanelExtra
{
    public function register(): void
    {
        add_action('woocommerce_process_product_meta_arcana_project', [$this, 'save']);
    }

    public function kind(): Kind
    {
        return Kind::Project;
    }

    public function tab(): string
    {
        return 'bot';
    }

    public function render(\WP_Post $post): void
    {
        $bot = BotToken::load($post->ID);
        $is_paired = Pairing::load() !== null;
        echo '<div class="arcana-box arcana-token"><h4>' . esc_html__('Bot token', 'arcana') . '</h4>';
        if ($bot !== null) {
            printf(
                '<p><code>%s</code> <span class="arcana-badge arcana-good">%s</span></p><p><label><input type="checkbox" name="arcana_forget_token" value="1"> %s</label></p>',
                esc_html($bot['mask']),
                esc_html__('sealed', 'arcana'),
                esc_html__('Forget this token when saving', 'arcana')
            );
        }
        foreach (Report::aboutBot(Keys::of($post->ID)) as $words) {
            printf('<p class="arcana-note arcana-bad">%s</p>', esc_html($words));
        }
        if ($is_paired) {
            printf(
                '<p><label for="arcana_bot_token">%s</label><br><input type="password" id="arcana_bot_token" name="arcana_bot_token" class="regular-text" autocomplete="new-password" spellcheck="false" placeholder="123456789:…"></p>',
                $bot === null ? esc_html__('Token from @BotFather', 'arcana') : esc_html__('New token, to replace it', 'arcana')
            );
            echo '<p class="description">' . esc_html__('It is sealed with the backend’s key when you save. Nobody can read it here afterwards, not even you.', 'arcana') . '</p>';
        } else {
            printf(
                '<p class="arcana-hint">%s <a href="%s">%s</a></p>',
                esc_html__('A token can be entered once the store is paired with the backend, because it is sealed with the backend’s key.', 'arcana'),
                esc_url(ArcanaPage::url()),
                esc_html__('Pair the store first', 'arcana')
            );
        }
        echo '</div>';
    }

    /** WooCommerce has checked its nonce and the right to edit before this runs. */
    public function save(int $post_id): void
    {
        $token = trim((string) wp_unslash($_POST['arcana_bot_token'] ?? ''));
        unset($_POST['arcana_bot_token'], $_REQUEST['arcana_bot_token']);
        if (!empty($_POST['arcana_forget_token'])) {
            BotToken::forget($post_id);
        }
        if ($token === '') {
            return;
        }
        try {
            BotToken::save($post_id, $token);
        } catch (BackendError $error) {
            \WC_Admin_Meta_Boxes::add_error($error->getMessage());
        }
    }
}
