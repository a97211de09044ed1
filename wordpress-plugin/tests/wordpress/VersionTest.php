<?php

declare(strict_types=1);

namespace Arcana\Tests;

use Arcana\Catalogue\Catalogue;
use Arcana\Catalogue\Changes;
use Arcana\Catalogue\State;
use Arcana\Content\Cards;
use Arcana\Content\Keys;
use Arcana\Content\Positions;
use Arcana\Kind;
use Arcana\Settings;

/** The version moves with everything that matters, and with nothing else. */
final class VersionTest extends StoreCase
{
    private int $project = 0;
    private int $spread = 0;
    private int $deck = 0;
    private int $card = 0;
    private int $package = 0;

    protected function setUp(): void
    {
        parent::setUp();
        $this->spread = $this->spread();
        $this->deck = $this->product(Kind::Deck, 'Deck');
        $this->card = $this->card($this->deck, 0);
        $this->project = $this->project('luna', ['spreads' => [$this->key($this->spread)], 'decks' => [$this->key($this->deck)]]);
        $this->package = $this->product(Kind::Package, 'Ten', ['project' => $this->key($this->project), 'readings' => '10', '_regular_price' => '599']);
        $this->version();
    }

    /** @dataProvider relevant */
    public function testMoves(callable $change): void
    {
        $before = $this->version();
        $change->call($this);
        self::assertNotSame($before, $this->version());
        $version = $this->version();
        self::assertSame($version, Catalogue::current(rebuild: true)->version, 'building again gives the same version');
    }

    /** @return array<string, array{callable}> */
    public static function relevant(): array
    {
        return [
            'text' => [fn () => update_post_meta($this->project, 'arcana_project_tagline_ru', 'Ночь')],
            'text removed' => [fn () => delete_post_meta($this->project, 'arcana_project_slug') && update_post_meta($this->project, 'arcana_project_name_ru', 'Луна')],
            'positions' => [fn () => Positions::save($this->spread, [['key' => 'past', 'name' => ['en' => 'Past'], 'x' => 10, 'y' => 10]])],
            'price' => [fn () => update_post_meta($this->package, '_regular_price', '699')],
            'sale price' => [fn () => update_post_meta($this->package, '_sale_price', '399')],
            'title' => [fn () => wp_update_post(['ID' => $this->spread, 'post_title' => 'Other'])],
            'unpublished' => [fn () => wp_update_post(['ID' => $this->spread, 'post_status' => 'draft'])],
            'trashed' => [fn () => wp_trash_post($this->project)],
            'deleted' => [fn () => wp_delete_post($this->package, true)],
            'terms' => [fn () => wp_set_object_terms($this->package, 'simple', 'product_type')],
            'card' => [fn () => update_post_meta($this->card, 'arcana_card_meaning_upright_en', 'Begin')],
            'card trashed' => [fn () => wp_trash_post($this->card)],
            'another card' => [fn () => $this->card($this->deck, 1)],
            'currency' => [fn () => update_option('woocommerce_currency', get_option('woocommerce_currency') === 'RUB' ? 'EUR' : 'RUB')],
            'name of the store' => [fn () => update_option('blogname', 'Store ' . wp_rand())],
            'languages' => [fn () => Settings::save(['en'], true)],
            'plain SQL' => [function (): void {
                global $wpdb;
                $wpdb->query("UPDATE {$wpdb->postmeta} SET meta_value = '777' WHERE post_id = {$this->package} AND meta_key = '_regular_price'");
            }],
        ];
    }

    /** @dataProvider irrelevant */
    public function testStays(callable $change): void
    {
        $before = $this->version();
        $change->call($this);
        self::assertSame($before, $this->version());
        self::assertSame($before, Catalogue::current(rebuild: true)->version);
    }

    /** @return array<string, array{callable}> */
    public static function irrelevant(): array
    {
        return [
            'edit lock' => [fn () => update_post_meta($this->project, '_edit_lock', time() . ':1')],
            'counter of views' => [fn () => update_post_meta($this->spread, 'post_views_count', '41')],
            'sales' => [fn () => update_post_meta($this->package, 'total_sales', '7')],
            'saved without a change' => [fn () => wp_update_post(['ID' => $this->project])],
            'field written again' => [fn () => update_post_meta($this->project, 'arcana_project_slug', 'luna')],
            'another product' => [function (): void {
                $id = wp_insert_post(['post_type' => 'product', 'post_status' => 'publish', 'post_title' => 'Mug']);
                wp_set_object_terms($id, 'simple', 'product_type');
                update_post_meta($id, '_regular_price', '10');
            }],
            'page' => [fn () => wp_insert_post(['post_type' => 'page', 'post_status' => 'publish', 'post_title' => 'About'])],
            'draft nobody refers to' => [fn () => $this->product(Kind::Spread, 'Later', [], 'draft')],
            'category of the shop' => [function (): void {
                register_taxonomy('product_cat', 'product');
                wp_set_object_terms($this->spread, 'tarot', 'product_cat');
            }],
            'another option' => [fn () => update_option('blogdescription', 'x' . wp_rand())],
        ];
    }

    public function testUnchangedCatalogueIsNotBuiltAgain(): void
    {
        $this->version();
        $state = get_option(State::OPTION);
        update_option(State::OPTION, ['built_at' => 1] + $state, false);
        $this->version();
        self::assertSame(1, State::load()->built_at);
    }

    public function testLostDocumentIsBuiltAgain(): void
    {
        $body = Catalogue::body(Catalogue::current());
        update_option(State::DOCUMENT_OPTION, ['version' => 'other', 'body' => 'rubbish'], false);
        self::assertSame($body, Catalogue::body(Catalogue::current()));
    }

    public function testEndOfTheRequestTellsTheBackendOnce(): void
    {
        $this->pair();
        $changes = self::listener();
        update_post_meta($this->package, '_regular_price', '650');
        update_post_meta($this->package, '_regular_price', '651');
        $changes->finish();
        $changes->finish();
        self::assertSame(['{"version":"' . $this->version() . '"}'], array_column($this->sent, 'body'));
    }

    public function testEndOfTheRequestIsQuietWhenNothingMoved(): void
    {
        $this->pair();
        $changes = self::listener();
        update_post_meta($this->package, '_regular_price', '650');
        $changes->finish();
        $this->sent = [];
        update_post_meta($this->project, '_edit_lock', 'x');
        wp_update_post(['ID' => $this->project]);
        update_post_meta($this->package, '_regular_price', '652');
        update_post_meta($this->package, '_regular_price', '650');
        $changes->finish();
        self::assertSame([], $this->sent);
    }

    public function testBackendThatIsDownDoesNotDisturbTheManager(): void
    {
        $this->pair();
        $this->backend = static fn (): \WP_Error => new \WP_Error('http_request_failed', 'Connection refused');
        $changes = self::listener();
        update_post_meta($this->package, '_regular_price', '650');
        $changes->finish();
        self::assertCount(1, $this->sent);
    }

    public function testKeysAreMadeOnceAndNeverCopied(): void
    {
        $key = $this->key($this->spread);
        self::assertMatchesRegularExpression(Keys::PATTERN, $key);
        wp_update_post(['ID' => $this->spread, 'post_title' => 'Renamed', 'post_name' => 'renamed']);
        self::assertSame($key, $this->key($this->spread));
        $copy = $this->product(Kind::Spread, 'Copy', [Keys::META => $key]);
        $keys = array_column($this->document()['spreads'], 'key');
        self::assertCount(2, array_unique($keys));
        self::assertSame($key, $this->key($this->spread), 'the older one keeps it');
        self::assertNotSame($key, $this->key($copy));
        $excluded = apply_filters('woocommerce_duplicate_product_exclude_meta', ['_foreign'], []);
        self::assertSame(['_foreign', Keys::META, '_arcana_bot', '_arcana_stripe', '_arcana_yookassa', '_arcana_live_slug', 'arcana_project_slug', '_arcana_project_slug'], $excluded);
    }

    public function testTwoDecksMayHoldTheSameCards(): void
    {
        $other = $this->product(Kind::Deck, 'Other');
        $this->card($other, 0);
        $decks = $this->document()['decks'];
        self::assertSame(['major-00-fool'], array_column($decks[0]['cards'], 'key'));
        self::assertSame(['major-00-fool'], array_column($decks[1]['cards'], 'key'));
    }

    public function testCardsGoAndComeBackWithTheirDeck(): void
    {
        wp_trash_post($this->deck);
        self::assertSame('trash', get_post_status($this->card));
        wp_untrash_post($this->deck);
        wp_publish_post($this->deck);
        self::assertSame(['major-00-fool'], array_column($this->document()['decks'][0]['cards'], 'key'));
        wp_delete_post($this->deck, true);
        self::assertNull(get_post($this->card));
        self::assertSame([], Cards::ids($this->deck, 'any'));
    }

    private static function listener(): Changes
    {
        $changes = new Changes();
        $changes->register();
        return $changes;
    }
}
