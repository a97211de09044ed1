<?php

declare(strict_types=1);

namespace Arcana\Tests;

use Arcana\Catalogue\BuildError;
use Arcana\Catalogue\Catalogue;
use Arcana\Requirements;
use PHPUnit\Framework\TestCase;

/** The plugin alone on WordPress, with neither WooCommerce nor Advanced Custom Fields. */
final class NotReadyTest extends TestCase
{
    /** @dataProvider routes */
    public function testRoutesAnswer503WithAReason(string $method, string $route): void
    {
        $answer = rest_do_request(new \WP_REST_Request($method, "/wc-arcana/v1/$route"));
        self::assertSame(503, $answer->get_status());
        self::assertSame('arcana_not_ready', $answer->get_data()['code']);
        self::assertStringContainsString('WooCommerce', $answer->get_data()['message']);
    }

    /** @return array<string, array{string, string}> */
    public static function routes(): array
    {
        return ['catalogue' => ['GET', 'catalogue'], 'status' => ['GET', 'status']];
    }

    public function testNoCatalogueIsBuiltInsteadOfTheRealOne(): void
    {
        $this->expectException(BuildError::class);
        Catalogue::current();
    }

    public function testTheManagerIsToldWhatIsMissing(): void
    {
        self::assertFalse(Requirements::isReady());
        wp_set_current_user(1);
        ob_start();
        do_action('admin_notices');
        $html = (string) ob_get_clean();
        self::assertStringContainsString('WooCommerce is not active.', $html);
        self::assertStringContainsString('Advanced Custom Fields is not active.', $html);
    }
}
