<?php

declare(strict_types=1);

namespace Arcana\Tests;

use Arcana\Catalogue\Canonical;
use Arcana\Catalogue\Catalogue;
use Arcana\Kind;
use Arcana\Settings;

final class DocumentTest extends StoreCase
{
    public function testVersionIsTheHashOfTheContent(): void
    {
        $this->project('luna');
        $body = Catalogue::body(Catalogue::current());
        $document = json_decode($body);
        $version = $document->version;
        unset($document->version);
        self::assertSame($version, Canonical::hash($document));
        self::assertSame(1, $document->schema);
    }

    public function testProject(): void
    {
        $spread = $this->spread();
        $draft = $this->product(Kind::Spread, 'Draft', [], 'draft');
        $deck = $this->product(Kind::Deck, 'Deck');
        $id = $this->project('luna', [
            'name_ru' => ' Луна ', 'tagline_en' => 'Moon', 'welcome_ru' => "Добрый\r\nвечер", 'languages' => ['ru', 'en'], 'default_language' => 'en',
            'scheme' => 'light', 'colour_accent' => '#ABC', 'colour_text' => 'red', 'font' => 'comic', 'pattern' => 'stars',
            'free_readings' => '5', 'free_follow_ups' => '-1', 'model_profile' => 'fast', 'bot_username' => '@luna_bot',
            'spreads' => [$this->key($draft), $this->key($spread), 'gone'], 'decks' => [(string) $deck],
        ]);
        $project = $this->document()['projects'][0];
        self::assertSame($this->key($id), $project['key']);
        self::assertSame(['luna', 'live'], [$project['slug'], $project['status']]);
        self::assertSame(['en', 'ru'], $project['languages']);
        self::assertSame(['ru' => 'Луна'], $project['name']);
        self::assertSame(['ru' => "Добрый\nвечер"], $project['welcome']);
        self::assertNull($project['notice']);
        self::assertSame([$this->key($spread)], $project['spreads'], 'what is not published is left out');
        self::assertSame([$this->key($deck)], $project['decks'], 'a row number is read as the key of its post');
        self::assertSame(['light', '#aabbcc', '#25302b', 'sans', 'stars'], [$project['theme']['scheme'], $project['theme']['accent'], $project['theme']['text'], $project['theme']['font'], $project['theme']['pattern']]);
        self::assertSame([5, 0, 'fast', 'luna_bot'], [$project['free_readings'], $project['free_follow_ups'], $project['model_profile'], $project['bot']['username']]);
    }

    public function testEmptyTextsAreMapsAndNamesFallBackToTheTitle(): void
    {
        $this->project('luna');
        $body = Catalogue::body(Catalogue::current());
        self::assertStringContainsString('"tagline":{}', $body);
        self::assertStringContainsString('"name":{"ru":"Luna"}', $body);
    }

    public function testSpread(): void
    {
        $this->spread('Three', ['cost' => '3', 'cards' => 'major', 'name_en' => 'Three cards']);
        $spread = $this->document()['spreads'][0];
        self::assertSame([3, 'major', ['en' => 'Three cards']], [$spread['cost'], $spread['cards'], $spread['name']]);
        self::assertSame([['key' => 'past', 'meaning' => ['en' => 'What was'], 'name' => ['en' => 'Past'], 'rotation' => 0, 'x' => 20, 'y' => 50.6]], $spread['positions']);
    }

    public function testDeckWithItsCardsInOrder(): void
    {
        $deck = $this->product(Kind::Deck, 'Deck', ['reversals' => '0']);
        $this->card($deck, 22, ['arcana' => 'minor', 'suit' => 'wands', 'rank' => '1', 'keywords_upright_en' => 'fire, start,, fire ']);
        $this->card($deck, 0);
        $trashed = $this->card($deck, 1);
        wp_trash_post($trashed);
        $shown = $this->document()['decks'][0];
        self::assertFalse($shown['reversals']);
        self::assertSame(['major-00-fool', 'wands-01'], array_column($shown['cards'], 'key'));
        self::assertSame([null, 'wands'], array_column($shown['cards'], 'suit'));
        self::assertSame(['en' => ['fire', 'start']], $shown['cards'][1]['keywords']['upright']);
    }

    public function testPackageAndItsSale(): void
    {
        $project = $this->project('luna');
        $package = $this->product(Kind::Package, 'Ten', ['project' => $this->key($project), 'readings' => '10', 'stars' => '250', 'order' => '2', '_regular_price' => '599', '_sale_price' => '499.9']);
        $first = $this->product(Kind::Package, 'Five', ['project' => (string) $project, 'order' => '1', '_regular_price' => '299']);
        $this->product(Kind::Package, 'Of nobody', ['_regular_price' => '1']);
        $document = $this->document();
        self::assertSame([$this->key($first), $this->key($package)], $document['projects'][0]['packages']);
        self::assertSame([$this->key($first), $this->key($package)], array_column($document['packages'], 'key'));
        self::assertSame(['amount' => 49990, 'currency' => 'RUB', 'regular' => 59900], $document['packages'][1]['price']);
        self::assertSame(['amount' => 29900, 'currency' => 'RUB', 'regular' => null], $document['packages'][0]['price']);
        self::assertSame([209, 250], [$document['packages'][1]['stars'], $document['packages'][1]['stars_regular']]);
        self::assertSame($package, $document['packages'][1]['product_id']);
        Settings::save(['ru', 'en'], false);
        self::assertNull($this->document()['packages'][1]['stars']);
    }

    public function testAPackageShowsItsProductImage(): void
    {
        $project = $this->project('luna');
        $package = $this->product(Kind::Package, 'Ten', ['project' => $this->key($project), '_regular_price' => '599']);
        self::assertNull($this->document()['packages'][0]['picture']);
        $before = $this->version();
        $id = wp_insert_attachment(['post_title' => 'Ten', 'post_mime_type' => 'image/png', 'post_status' => 'inherit', 'guid' => 'x'], '2026/11/ten.png');
        update_post_meta($package, '_thumbnail_id', (string) $id);
        self::assertNotSame($before, $this->version());
        self::assertStringEndsWith('/2026/11/ten.png', $this->document()['packages'][0]['picture']['url']);
    }

    public function testScheduledSaleBeginsAndEndsByTheClock(): void
    {
        $project = $this->project('luna');
        $now = time();
        $package = $this->product(Kind::Package, 'Ten', ['project' => $this->key($project), '_regular_price' => '599', '_sale_price' => '499', '_sale_price_dates_from' => (string) ($now + 3), '_sale_price_dates_to' => (string) ($now + 100)]);
        self::assertSame(59900, $this->document()['packages'][0]['price']['amount']);
        $state = Catalogue::current();
        self::assertSame($now + 3, $state->valid_until);
        time_sleep_until($now + 3.2);
        $later = Catalogue::current();
        self::assertNotSame($state->version, $later->version, 'no hook and no cron has run, only the clock');
        self::assertSame(49900, $this->document()['packages'][0]['price']['amount']);
        self::assertSame($now + 101, $later->valid_until);
        update_post_meta($package, '_sale_price_dates_to', (string) ($now - 1));
        update_post_meta($package, '_sale_price_dates_from', (string) ($now - 50));
        self::assertSame(59900, $this->document()['packages'][0]['price']['amount']);
        self::assertNull(Catalogue::current()->valid_until);
    }

    public function testStatusesOfAProject(): void
    {
        $live = $this->project('luna');
        $this->project('draft-one', ['status' => 'live'], 'draft');
        $this->project('off-one', ['status' => 'off']);
        $this->product(Kind::Project, 'No address', ['status' => 'live']);
        $statuses = static fn (array $document): array => array_column($document['projects'], 'status', 'slug');
        self::assertSame(['luna' => 'live', 'draft-one' => 'draft', 'off-one' => 'off'], $statuses($this->document()));
        wp_update_post(['ID' => $live, 'post_status' => 'draft']);
        self::assertSame('off', $statuses($this->document())['luna'], 'one that has been live does not become a draft again');
    }

    public function testSlugOfALiveProjectStays(): void
    {
        $id = $this->project('luna');
        $this->document();
        update_post_meta($id, 'arcana_project_slug', 'sun');
        self::assertSame('luna', $this->document()['projects'][0]['slug']);
    }

    public function testTombstones(): void
    {
        $trashed = $this->project('luna');
        $deleted = $this->project('verbena');
        $keys = [$this->key($trashed), $this->key($deleted)];
        self::assertSame([], $this->document()['tombstones']);
        wp_trash_post($trashed);
        wp_delete_post($deleted, true);
        sort($keys);
        $document = $this->document();
        self::assertSame([], $document['projects']);
        self::assertSame(array_map(static fn (string $key): array => ['key' => $key, 'kind' => 'project'], $keys), $document['tombstones']);
        $key = $this->key($trashed);
        wp_untrash_post($trashed);
        self::assertSame($key, $this->document()['projects'][0]['key']);
        self::assertNotContains($key, array_column($this->document()['tombstones'], 'key'));
    }

    public function testTextThatIsNotUtf8IsNotServedInHalves(): void
    {
        global $wpdb;
        $id = $this->project('luna');
        // Past wpdb, which would have mended it.
        $wpdb->dbh->get_pdo()->exec("INSERT INTO {$wpdb->postmeta} (post_id, meta_key, meta_value) VALUES ($id, 'arcana_project_tagline_ru', '\xff\xfe')");
        $this->expectException(\Arcana\Catalogue\BuildError::class);
        Catalogue::current(rebuild: true);
    }
}
