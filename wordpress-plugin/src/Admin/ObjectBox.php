<?php

declare(strict_types=1);

namespace Arcana\Admin;

use Arcana\Backend\Pairing;
use Arcana\Backend\Report;
use Arcana\Catalogue\State;
use Arcana\Content\Keys;
use Arcana\Content\Slugs;
use Arcana\Kind;
use Arcana\Requirements;
use Arcana\Service;

/** The box beside the editor: what the object is called outside of WordPress, what it lacks, what the backend said. */
final class ObjectBox implements Service
{
    public function register(): void
    {
        add_action('add_meta_boxes_product', [$this, 'addBox'], 100);
    }

    public function addBox(\WP_Post $post): void
    {
        if (Kind::ofPost($post->ID) !== null && $post->post_status !== 'auto-draft' && Requirements::isReady()) {
            add_meta_box('arcana_object', 'Arcana', [$this, 'box'], 'product', 'side', 'high');
        }
    }

    public function box(\WP_Post $post): void
    {
        $kind = Kind::ofPost($post->ID);
        if ($kind === null) {
            return;
        }
        $key = Keys::of($post->ID);
        $reported = Report::about($kind, $key);
        $lacking = Checks::of($post->ID, $kind);
        $is_current = (Report::load()['version'] ?? '') === State::load()?->version;
        $title = $is_current ? __('The backend could not take this over:', 'arcana') : __('Before the last change, the backend could not take this over:', 'arcana');
        self::list($title, $reported, 'arcana-bad');
        $bot = $kind === Kind::Project ? Report::aboutBot($key) : [];
        self::list(__('The bot does not work:', 'arcana'), $bot, 'arcana-bad');
        $books = $kind === Kind::Package ? Report::aboutBooks($key) : [];
        self::list(__('The books:', 'arcana'), $books, 'arcana-bad');
        self::list(__('Still to do:', 'arcana'), $lacking, 'arcana-warn');
        if ($reported === [] && $lacking === [] && $bot === [] && $books === []) {
            echo '<p class="arcana-note arcana-good">' . esc_html__('Everything is in place.', 'arcana') . '</p>';
        }
        if ($kind === Kind::Project) {
            self::address($post->ID);
        }
        printf('<p class="description">%s<br><code>%s</code></p>', esc_html__('Stable key', 'arcana'), esc_html($key ?: '—'));
        printf('<p><a href="%s">%s</a></p>', esc_url(ArcanaPage::url()), esc_html__('State of the catalogue', 'arcana'));
    }

    private static function address(int $post_id): void
    {
        $slug = Slugs::live($post_id) ?: (string) get_post_meta($post_id, 'arcana_project_slug', true);
        $pairing = Pairing::load();
        if ($slug !== '' && $pairing !== null) {
            $url = $pairing->address . '/' . $slug . '/';
            printf('<p>%s<br><a href="%s" target="_blank" rel="noopener">%s</a></p>', esc_html__('Mini App', 'arcana'), esc_url($url), esc_html($url));
        }
    }

    /** @param list<string> $words */
    private static function list(string $title, array $words, string $class): void
    {
        if ($words !== []) {
            printf(
                '<div class="arcana-note %s"><strong>%s</strong><ul><li>%s</li></ul></div>',
                esc_attr($class),
                esc_html($title),
                implode('</li><li>', array_map('esc_html', $words))
            );
        }
    }
}
