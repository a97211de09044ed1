<?php

declare(strict_types=1);

namespace Arcana\Admin;

use Arcana\Backend\Report;
use Arcana\Content\Keys;
use Arcana\Kind;
use Arcana\Service;

/** In the list of products, a project whose bot does not work says so beside its name. */
final class ProjectList implements Service
{
    public function register(): void
    {
        add_filter('display_post_states', [$this, 'states'], 10, 2);
    }

    /**
     * @param array<string, string> $states
     * @return array<string, string>
     */
    public function states(array $states, \WP_Post $post): array
    {
        // Only a report with problems is worth looking at the kind of every product.
        if ($post->post_type === 'product' && (Report::load()['problems'] ?? []) !== [] && Kind::ofPost($post->ID) === Kind::Project) {
            if (Report::aboutBot(Keys::of($post->ID)) !== []) {
                $states['arcana_bot'] = esc_html__('the bot does not work', 'arcana');
            }
        }
        return $states;
    }
}
