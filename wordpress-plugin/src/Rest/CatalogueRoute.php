<?php

declare(strict_types=1);

namespace Arcana\Rest;

use Arcana\Catalogue\BuildError;
use Arcana\Catalogue\Catalogue;
use Arcana\Catalogue\State;

/** `GET /catalogue`: the whole document, or 304 for the version that the caller already has. */
final class CatalogueRoute implements Route
{
    public function path(): string
    {
        return '/catalogue';
    }

    public function method(): string
    {
        return 'GET';
    }

    public function arguments(): array
    {
        return [];
    }

    public function needsEverything(): bool
    {
        return true;
    }

    public function handle(\WP_REST_Request $request): \WP_REST_Response
    {
        // WordPress would forbid storing the answer at all, as it does for everybody who is signed in.
        add_filter('rest_send_nocache_headers', '__return_false');
        try {
            $state = Catalogue::current();
            $headers = self::headers($state);
            if (self::matches((string) $request->get_header('If-None-Match'), $state->version)) {
                return new \WP_REST_Response(null, 304, $headers);
            }
            return RawJson::of(Catalogue::body($state), $headers);
        } catch (BuildError $error) {
            throw Routes::notReady($error->getMessage());
        }
    }

    /** @return array<string, string> */
    public static function headers(State $state): array
    {
        return ['ETag' => '"' . $state->version . '"', 'Cache-Control' => 'private, no-cache'];
    }

    /** A server that compresses on the way makes a strong ETag weak, so a weak one is taken for the same. */
    public static function matches(string $header, string $version): bool
    {
        foreach (explode(',', $header) as $tag) {
            $tag = trim($tag);
            $tag = str_starts_with($tag, 'W/') ? substr($tag, 2) : $tag;
            if ($tag === '"' . $version . '"') {
                return true;
            }
        }
        return false;
    }
}
