<?php

declare(strict_types=1);

namespace Arcana;

/** The plugin: a list of services, each of which hooks itself in. */
final class Plugin
{
    private static ?self $instance = null;

    public static function instance(): self
    {
        return self::$instance ??= new self();
    }

    public function register(): void
    {
        add_action('init', static fn () => load_plugin_textdomain('arcana', false, basename(dirname(ARCANA_FILE)) . '/languages'), 0);
        foreach (self::services() as $service) {
            $service->register();
        }
    }

    /** @return list<Service> */
    private static function services(): array
    {
        return [
            new Requirements(),
            new Activation(),
            new Products\ProductTypes(),
            new Products\ShopGuard(),
            new Products\OrderGuard(),
            new Orders\Stars(),
            new Orders\BookKeeping(),
            new Orders\Decimals(),
            new Orders\Refunds(),
            new Content\Cards(),
            new Content\Keys(),
            new Content\Projects(),
            new Fields\FieldGroups(),
            new Fields\Relations(),
            new Fields\Validation(),
            new Catalogue\Changes(),
            new Backend\Notices(),
            new Rest\QuickAnswer(),
            new Rest\Routes(),
            new Admin\Assets(),
            new Admin\ProductPanels(),
            new Admin\ObjectBox(),
            new Admin\ProjectList(),
            new Admin\ProductColumns(),
            new Admin\CouponBox(),
            new Admin\OrderBox(),
            new Admin\CardScreen(),
            new Admin\ArcanaPage(),
            new Cli\Commands(),
        ];
    }
}
