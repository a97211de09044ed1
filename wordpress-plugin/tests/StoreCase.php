<?php

declare(strict_types=1);

namespace Arcana\Tests;

use Arcana\Backend\Notices;
use Arcana\Backend\Pairing;
use Arcana\Catalogue\Catalogue;
use Arcana\Catalogue\State;
use Arcana\Content\Cards;
use Arcana\Content\Keys;
use Arcana\Content\Positions;
use Arcana\Kind;
use PHPUnit\Framework\TestCase;

/** A store with nothing in it before each test, and short ways to put something in. */
abstract class StoreCase extends TestCase
{
    /** @var list<array{method: string, url: string, headers: array<string, string>, body: string}> */
    protected array $sent = [];

    /** @var callable(string): array<string, mixed>|\WP_Error */
    protected $backend;

    protected function setUp(): void
    {
        global $wpdb;
        foreach (['posts', 'postmeta', 'term_relationships'] as $table) {
            $wpdb->query("DELETE FROM {$wpdb->$table}");
        }
        foreach (['arcana_tombstones', 'arcana_report', 'arcana_settings', Pairing::OPTION, Notices::OPTION, State::OPTION, State::DOCUMENT_OPTION] as $option) {
            delete_option($option);
        }
        wp_cache_flush();
        wp_set_current_user(0);
        $this->sent = [];
        $this->backend = static fn (string $url): array => ['response' => ['code' => 202, 'message' => ''], 'headers' => [], 'body' => '{}', 'cookies' => [], 'filename' => null];
        add_filter('pre_http_request', [$this, 'answer'], 10, 3);
    }

    protected function tearDown(): void
    {
        remove_filter('pre_http_request', [$this, 'answer']);
    }

    /** Stands for the network: keeps what was sent and gives the answer of the test. */
    public function answer(mixed $answer, array $request, string $url): mixed
    {
        $this->sent[] = ['method' => $request['method'], 'url' => $url, 'headers' => $request['headers'], 'body' => (string) $request['body']];
        return ($this->backend)($url);
    }

    /** @param array<string, mixed> $meta Without the prefix that fields of this kind have. */
    protected function product(Kind $kind, string $title, array $meta = [], string $status = 'publish'): int
    {
        $id = (int) wp_insert_post(['post_type' => 'product', 'post_status' => $status, 'post_title' => $title]);
        wp_set_object_terms($id, $kind->productType(), 'product_type');
        foreach ($meta as $name => $value) {
            update_post_meta($id, str_starts_with($name, '_') ? $name : "arcana_{$kind->value}_$name", $value);
        }
        return $id;
    }

    protected function project(string $slug, array $meta = [], string $status = 'publish'): int
    {
        return $this->product(Kind::Project, ucfirst($slug), $meta + ['slug' => $slug, 'status' => 'live'], $status);
    }

    protected function spread(string $title = 'Three', array $meta = []): int
    {
        $id = $this->product(Kind::Spread, $title, $meta);
        Positions::save($id, [['name' => ['en' => 'Past'], 'meaning' => ['en' => 'What was'], 'x' => '20', 'y' => '50.55']]);
        return $id;
    }

    /** @param array<string, mixed> $meta */
    protected function card(int $deck_id, int $number, array $meta = []): int
    {
        $id = (int) wp_insert_post(['post_type' => Cards::POST_TYPE, 'post_status' => 'publish', 'post_parent' => $deck_id, 'post_title' => "Card $number"]);
        foreach ($meta + ['number' => (string) $number, 'arcana' => 'major'] as $name => $value) {
            update_post_meta($id, "arcana_card_$name", $value);
        }
        return $id;
    }

    /** @return array<string, mixed> */
    protected function document(): array
    {
        return json_decode(Catalogue::body(Catalogue::current()), true, 512, JSON_THROW_ON_ERROR);
    }

    protected function version(): string
    {
        return Catalogue::current()->version;
    }

    protected function key(int $post_id): string
    {
        return Keys::ensure($post_id);
    }

    protected function pair(): array
    {
        $pair = sodium_crypto_box_keypair();
        $pairing = new Pairing('http://backend.test', 'store-1', base64_encode(random_bytes(32)), 'k1', base64_encode(sodium_crypto_box_publickey($pair)), '2026-01-01T00:00:00Z');
        $pairing->save();
        return [$pairing, $pair];
    }
}
