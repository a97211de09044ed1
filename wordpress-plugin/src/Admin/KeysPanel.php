<?php

declare(strict_types=1);

namespace Arcana\Admin;

use Arcana\Backend\BackendError;
use Arcana\Backend\Pairing;
use Arcana\Content\ProviderKeys;
use Arcana\Content\Slugs;
use Arcana\Kind;

/** The keys of payment providers: taken once, sealed at once, shown only masked. */
final class KeysPanel implements PanelExtra
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
        return 'payments';
    }

    public function render(\WP_Post $post): void
    {
        $pairing = Pairing::load();
        foreach (ProviderKeys::PROVIDERS as $provider) {
            echo '<div class="arcana-box arcana-token"><h4>' . esc_html(self::title($provider)) . '</h4>';
            $keys = ProviderKeys::load($post->ID, $provider);
            if ($keys !== null) {
                echo '<p>';
                foreach (ProviderKeys::parts($provider) as $part) {
                    printf('%s <code>%s</code><br>', esc_html(self::label($provider, $part)), esc_html($keys['masks'][$part] ?? ''));
                }
                printf(
                    '<span class="arcana-badge arcana-good">%s</span></p><p><label><input type="checkbox" name="arcana_forget_keys[]" value="%s"> %s</label></p>',
                    esc_html__('sealed', 'arcana'),
                    esc_attr($provider),
                    esc_html__('Forget these keys when saving', 'arcana')
                );
            }
            if ($pairing === null) {
                printf(
                    '<p class="arcana-hint">%s <a href="%s">%s</a></p></div>',
                    esc_html__('Keys can be entered once the store is paired with the backend, because they are sealed with the backend’s key.', 'arcana'),
                    esc_url(ArcanaPage::url()),
                    esc_html__('Pair the store first', 'arcana')
                );
                continue;
            }
            foreach (ProviderKeys::parts($provider) as $part) {
                $id = "arcana_{$provider}_$part";
                printf(
                    '<p><label for="%1$s">%2$s</label><br><input type="%3$s" id="%1$s" name="arcana_keys[%4$s][%5$s]" class="regular-text" autocomplete="%6$s" spellcheck="false"></p>',
                    esc_attr($id),
                    esc_html($keys === null ? self::label($provider, $part) : sprintf(__('%s, to replace it', 'arcana'), self::label($provider, $part))),
                    $part === 'shop_id' ? 'text' : 'password',
                    esc_attr($provider),
                    esc_attr($part),
                    $part === 'shop_id' ? 'off' : 'new-password'
                );
            }
            self::webhook($post, $pairing, $provider);
            echo '</div>';
        }
        if ($pairing !== null) {
            echo '<p class="description arcana-below">' . esc_html__('They are sealed with the backend’s key when you save. Nobody can read them here afterwards, not even you.', 'arcana') . '</p>';
        }
    }

    /** WooCommerce has checked its nonce and the right to edit before this runs. */
    public function save(int $post_id): void
    {
        $sent = (array) wp_unslash($_POST['arcana_keys'] ?? []);
        $forgotten = array_map('strval', (array) wp_unslash($_POST['arcana_forget_keys'] ?? []));
        unset($_POST['arcana_keys'], $_REQUEST['arcana_keys']);
        foreach (ProviderKeys::PROVIDERS as $provider) {
            if (in_array($provider, $forgotten, true)) {
                ProviderKeys::forget($post_id, $provider);
            }
            $keys = array_map(static fn (mixed $part): string => is_string($part) ? trim($part) : '', (array) ($sent[$provider] ?? []));
            if (implode('', $keys) === '') {
                continue;
            }
            try {
                ProviderKeys::save($post_id, $provider, $keys);
            } catch (BackendError $error) {
                \WC_Admin_Meta_Boxes::add_error($error->getMessage());
            }
        }
    }

    /** The provider has to be told where its events go. */
    private static function webhook(\WP_Post $post, Pairing $pairing, string $provider): void
    {
        $slug = Slugs::live($post->ID) ?: (string) get_post_meta($post->ID, 'arcana_project_slug', true);
        if ($slug === '') {
            return;
        }
        printf(
            '<p class="description">%s<br><code>%s</code></p>',
            esc_html(sprintf(__('Address for events, to be entered at %s:', 'arcana'), self::title($provider))),
            esc_html("$pairing->address/api/v1/payments/$provider/$slug")
        );
    }

    private static function title(string $provider): string
    {
        return ['stripe' => 'Stripe', 'yookassa' => __('YooKassa', 'arcana')][$provider];
    }

    private static function label(string $provider, string $part): string
    {
        return match ($part) {
            'webhook_secret' => __('Webhook secret', 'arcana'),
            'shop_id' => __('Shop’s number (shopId)', 'arcana'),
            default => __('Secret key', 'arcana'),
        };
    }
}
