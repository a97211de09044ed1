<?php

declare(strict_types=1);

namespace Arcana\Tests;

use Arcana\Backend\Report;
use Arcana\Kind;

final class RestTest extends StoreCase
{
    protected function setUp(): void
    {
        parent::setUp();
        get_role('administrator')->add_cap('manage_woocommerce');
        foreach (['edit_products', 'edit_others_products', 'edit_published_products'] as $capability) {
            get_role('administrator')->add_cap($capability);
        }
    }

    /** @dataProvider routes */
    public function testNobodyIsLetInWithoutAKey(string $method, string $route): void
    {
        self::assertSame(401, $this->ask($method, $route, self::report())->get_status());
        wp_set_current_user(self::subscriber());
        self::assertSame(403, $this->ask($method, $route, self::report())->get_status());
        self::assertNull(Report::load());
    }

    /** @return array<string, array{string, string}> */
    public static function routes(): array
    {
        return ['catalogue' => ['GET', 'catalogue'], 'status' => ['GET', 'status'], 'report' => ['PUT', 'report']];
    }

    public function testCatalogueWithItsEtag(): void
    {
        $this->project('luna');
        wp_set_current_user(1);
        $answer = $this->ask('GET', 'catalogue');
        self::assertSame(200, $answer->get_status());
        $version = $answer->get_data()['version'];
        self::assertSame('"' . $version . '"', $answer->get_headers()['ETag']);
        self::assertSame('private, no-cache', $answer->get_headers()['Cache-Control']);
        $same = $this->ask('GET', 'catalogue', null, ['If-None-Match' => '"' . $version . '"']);
        self::assertSame(304, $same->get_status());
        self::assertNull($same->get_data());
        self::assertSame('"' . $version . '"', $same->get_headers()['ETag']);
        $other = $this->ask('GET', 'catalogue', null, ['If-None-Match' => '"other"']);
        self::assertSame(200, $other->get_status());
    }

    public function testStatus(): void
    {
        wp_set_current_user(1);
        $status = $this->ask('GET', 'status')->get_data();
        self::assertSame(['plugin', 'wordpress', 'woocommerce', 'acf', 'php', 'hpos', 'version'], array_keys($status));
        self::assertSame($this->version(), $status['version']);
    }

    public function testReportIsKeptForTheManager(): void
    {
        $spread = $this->spread();
        wp_set_current_user(1);
        $report = self::report($this->key($spread));
        self::assertSame(200, $this->ask('PUT', 'report', $report)->get_status());
        self::assertSame(['No positions. (/spreads/0/positions)'], Report::about(Kind::Spread, $this->key($spread)));
        self::assertSame([], Report::about(Kind::Deck, $this->key($spread)));
        $this->ask('PUT', 'report', ['problems' => []] + $report);
        self::assertSame([], Report::load()['problems'], 'a new report takes the place of the old one');
    }

    public function testWhatIsWrongWithABotIsToldApartAndForgottenWhenItIsWell(): void
    {
        $project = $this->project('luna');
        wp_set_current_user(1);
        $report = self::report();
        $report['problems'] = [[
            'kind' => 'project', 'key' => $this->key($project), 'path' => '/bot', 'code' => 'bot_token_refused',
            'detail' => ['ru' => 'Токен отозван.', 'en' => 'The token was revoked.'],
        ]];
        self::assertSame(200, $this->ask('PUT', 'report', $report)->get_status());
        self::assertSame(['The token was revoked.'], Report::aboutBot($this->key($project)));
        self::assertSame([], Report::about(Kind::Project, $this->key($project)));
        $list = new \Arcana\Admin\ProjectList();
        self::assertSame(['arcana_bot' => 'the bot does not work'], $list->states([], get_post($project)));
        $this->ask('PUT', 'report', ['problems' => []] + $report);
        self::assertSame([], Report::aboutBot($this->key($project)));
        self::assertSame([], $list->states([], get_post($project)));
    }

    public function testMarkupInAReportIsTakenOut(): void
    {
        wp_set_current_user(1);
        $report = self::report();
        $report['problems'][0]['detail'] = ['en' => 'Bad <script>alert(1)</script> text'];
        $this->ask('PUT', 'report', $report);
        self::assertStringNotContainsString('<', Report::inWords(Report::load()['problems'][0]));
    }

    /** @dataProvider badReports */
    public function testBadReportIsRefusedAndChangesNothing(array $report): void
    {
        wp_set_current_user(1);
        self::assertSame(400, $this->ask('PUT', 'report', $report)->get_status());
        self::assertNull(Report::load());
    }

    /** @return array<string, array{array<string, mixed>}> */
    public static function badReports(): array
    {
        $report = self::report();
        $problem = $report['problems'][0];
        return [
            'no version' => [array_diff_key($report, ['version' => 1])],
            'problems are no list' => [['problems' => 'many'] + $report],
            'unknown kind' => [['problems' => [['kind' => 'user'] + $problem]] + $report],
            'detail without languages' => [['problems' => [['detail' => 'words'] + $problem]] + $report],
            'no time' => [['received_at' => 'yesterday'] + $report],
        ];
    }

    public function testPublicApiDoesNotShowOurProducts(): void
    {
        $ours = $this->project('luna');
        $mug = (int) wp_insert_post(['post_type' => 'product', 'post_status' => 'publish', 'post_title' => 'Mug']);
        wp_set_object_terms($mug, 'simple', 'product_type');
        if (!defined('REST_REQUEST')) {
            define('REST_REQUEST', true);
        }
        $list = rest_do_request(new \WP_REST_Request('GET', '/wp/v2/product'));
        self::assertSame([$mug], array_column($list->get_data(), 'id'));
        self::assertSame(404, rest_do_request(new \WP_REST_Request('GET', "/wp/v2/product/$ours"))->get_status());
        self::assertSame(200, rest_do_request(new \WP_REST_Request('GET', "/wp/v2/product/$mug"))->get_status());
        wp_set_current_user(1);
        self::assertSame(200, rest_do_request(new \WP_REST_Request('GET', "/wp/v2/product/$ours"))->get_status());
    }

    /** @return array<string, mixed> */
    private static function report(string $key = 'three'): array
    {
        return [
            'version' => 'abc',
            'received_at' => '2026-01-01T10:00:00Z',
            'problems' => [['kind' => 'spread', 'key' => $key, 'path' => '/spreads/0/positions', 'code' => 'schema', 'detail' => ['ru' => 'Нет позиций.', 'en' => 'No positions.']]],
        ];
    }

    /**
     * @param array<string, mixed>|null $body
     * @param array<string, string> $headers
     */
    private function ask(string $method, string $route, ?array $body = null, array $headers = []): \WP_REST_Response
    {
        $request = new \WP_REST_Request($method, "/wc-arcana/v1/$route");
        $request->set_headers(['Content-Type' => 'application/json'] + $headers);
        if ($method !== 'GET') {
            $request->set_body((string) json_encode($body));
        }
        return rest_do_request($request);
    }

    private static function subscriber(): int
    {
        $user = get_user_by('login', 'reader');
        return $user instanceof \WP_User ? $user->ID : (int) wp_create_user('reader', wp_generate_password(), 'reader@store.test');
    }
}
