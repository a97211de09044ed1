<?php

declare(strict_types=1);

namespace Arcana\Cli;

use Arcana\Catalogue\Money;
use Arcana\Content\Cards;
use Arcana\Content\Keys;
use Arcana\Content\Positions;
use Arcana\Fields\Theme;
use Arcana\Kind;
use Arcana\Products\Package;

/** Writes the demo catalogue into the store. Objects are found by their keys, so that repeating it makes no doubles. */
final class DemoImport
{
    private DemoPictures $pictures;

    /** @var array<string, int> */
    private array $counts = ['created' => 0, 'updated' => 0];

    /** @var list<string> */
    private array $warnings = [];

    /** @param callable(string): void $progress */
    public function __construct(private readonly string $folder, private readonly mixed $progress)
    {
        $this->pictures = new DemoPictures($folder . '/pictures');
    }

    /** @return array{counts: array<string, int>, warnings: list<string>} */
    public function run(): array
    {
        $catalogue = self::json($this->folder . '/catalogue.json');
        $decks = array_map(self::json(...), glob($this->folder . '/decks/*.json') ?: []);
        foreach ($decks as $deck) {
            $this->deck($deck);
        }
        array_map($this->spread(...), $catalogue['spreads']);
        array_map($this->project(...), $catalogue['projects']);
        $orders = [];
        foreach ($catalogue['projects'] as $project) {
            $orders += array_flip(array_values($project['packages']));
        }
        foreach ($catalogue['packages'] as $package) {
            $this->package($package, ($orders[$package['key']] ?? 0) + 1);
        }
        foreach ($catalogue['coupons'] ?? [] as $coupon) {
            $this->coupon($coupon);
        }
        return ['counts' => $this->counts, 'warnings' => $this->warnings];
    }

    /** @param array<string, mixed> $deck */
    private function deck(array $deck): void
    {
        $id = $this->product(Kind::Deck, $deck);
        $this->fields($id, 'deck', [
            'name' => $deck['name'],
            'description' => $deck['description'] ?? [],
            'reversals' => $deck['reversals'] ? 1 : 0,
            'back' => $this->pictures->import($deck['back'] ?? null),
        ]);
        foreach ($deck['cards'] as $card) {
            $this->card($id, $card);
        }
    }

    /** @param array<string, mixed> $card */
    private function card(int $deck_id, array $card): void
    {
        $id = Cards::holders($card['key'], $deck_id)[0] ?? 0;
        $post = [
            'post_type' => Cards::POST_TYPE,
            'post_status' => 'publish',
            'post_parent' => $deck_id,
            'post_title' => wp_slash(self::title($card['name'])),
        ];
        if ($id === 0) {
            $id = wp_insert_post($post, true);
            if (is_wp_error($id)) {
                throw new \RuntimeException("{$card['key']}: " . $id->get_error_message());
            }
            $this->counts['created']++;
        } elseif (self::differs($id, $post)) {
            wp_update_post(['ID' => $id] + $post);
            $this->counts['updated']++;
        }
        update_post_meta($id, Keys::META, $card['key']);
        $this->fields($id, 'card', [
            'name' => $card['name'],
            'number' => $card['number'],
            'arcana' => $card['arcana'],
            'suit' => $card['suit'] ?? '',
            'rank' => $card['rank'] ?? '',
            'keywords_upright' => array_map(static fn (array $words): string => implode(', ', $words), $card['keywords']['upright']),
            'keywords_reversed' => array_map(static fn (array $words): string => implode(', ', $words), $card['keywords']['reversed']),
            'meaning_upright' => $card['meaning']['upright'],
            'meaning_reversed' => $card['meaning']['reversed'],
            'picture' => $this->pictures->import($card['picture'] ?? null),
        ]);
    }

    /** @param array<string, mixed> $spread */
    private function spread(array $spread): void
    {
        $id = $this->product(Kind::Spread, $spread);
        $this->fields($id, 'spread', [
            'name' => $spread['name'],
            'description' => $spread['description'] ?? [],
            'cost' => $spread['cost'],
            'cards' => $spread['cards'],
            'picture' => $this->pictures->import($spread['picture'] ?? null),
        ]);
        Positions::save($id, $spread['positions']);
    }

    /** @param array<string, mixed> $project */
    private function project(array $project): void
    {
        $id = $this->product(Kind::Project, $project);
        $fields = [
            'slug' => $project['slug'],
            'status' => $project['status'],
            'languages' => $project['languages'],
            'default_language' => $project['languages'][0],
            'free_readings' => $project['free_readings'],
            'free_follow_ups' => $project['free_follow_ups'],
            'scheme' => $project['theme']['scheme'],
            'font' => $project['theme']['font'],
            'pattern' => $project['theme']['pattern'],
            'logo' => $this->pictures->import($project['logo'] ?? null),
            'cover' => $this->pictures->import($project['cover'] ?? null),
            'spreads' => $project['spreads'],
            'decks' => $project['decks'],
            'model_profile' => $project['model_profile'] ?? '',
            'refund_used' => $project['refund_used'] ?? 'refuse',
            'other_providers_in_telegram' => (int) ($project['other_providers_in_telegram'] ?? false),
        ];
        foreach (['name', 'tagline', 'description', 'welcome', 'notice', 'voice'] as $text) {
            $fields[$text] = $project[$text] ?? [];
        }
        foreach (array_keys(Theme::COLOURS['dark']) as $colour) {
            $fields["colour_$colour"] = $project['theme'][$colour];
        }
        if (($project['bot']['username'] ?? null) !== null) {
            $fields['bot_username'] = $project['bot']['username'];
        }
        $this->fields($id, 'project', $fields);
    }

    /** @param array<string, mixed> $package */
    private function package(array $package, int $order): void
    {
        $id = $this->product(Kind::Package, $package);
        $this->fields($id, 'package', [
            'project' => $package['project'],
            'name' => $package['name'],
            'description' => $package['description'] ?? [],
            'kind' => $package['kind'],
            'readings' => $package['readings'],
            'follow_ups' => $package['follow_ups'],
            'stars' => $package['stars_regular'] ?? $package['stars'] ?? '',
            'stars_sale' => isset($package['stars_regular']) ? $package['stars'] : '',
            'period' => $package['period'] ?? 'month',
            'renews' => (int) ($package['renews'] ?? true),
            'fair_use' => $package['fair_use'] ?? '',
            'expires_days' => $package['expires_days'] ?? '',
            'trial_days' => $package['trial_days'] ?? '',
            'gift' => (int) ($package['gift'] ?? true),
            'badge' => $package['badge'] ?? [],
            'order' => $order,
        ]);
        $this->price(new Package($id), $package['price'] ?? null);
    }

    /** @param array<string, mixed> $coupon Projects are chosen like products. */
    private function coupon(array $coupon): void
    {
        $currency = get_woocommerce_currency();
        if (($coupon['currency'] ?? null) !== null && $coupon['currency'] !== $currency) {
            $this->warnings[] = "The coupon “{$coupon['code']}” was left out: it is in {$coupon['currency']}, the store sells in $currency.";
            return;
        }
        $ids = static fn (Kind $kind, array $keys): array => array_values(array_filter(array_map(
            static fn (string $key): int => Keys::find($kind, $key),
            $keys
        )));
        $money = static fn (?int $amount): string => $amount === null ? '' : Money::decimal($amount, $currency);
        $saved = new \WC_Coupon($coupon['code']);
        $saved->set_code($coupon['code']);
        $saved->set_discount_type($coupon['kind']);
        $saved->set_amount(Money::decimal($coupon['amount'], $coupon['kind'] === 'percent' ? 'USD' : $currency));
        $saved->set_date_expires($coupon['expires_at'] ?? null);
        $saved->set_usage_limit($coupon['usage_limit'] ?? 0);
        $saved->set_usage_limit_per_user($coupon['usage_limit_per_user'] ?? 0);
        $saved->set_minimum_amount($money($coupon['minimum'] ?? null));
        $saved->set_maximum_amount($money($coupon['maximum'] ?? null));
        $saved->set_product_ids([...$ids(Kind::Project, $coupon['projects'] ?? []), ...$ids(Kind::Package, $coupon['packages'] ?? [])]);
        $saved->set_excluded_product_ids($ids(Kind::Package, $coupon['excluded_packages'] ?? []));
        if ($saved->get_id() === 0 || $saved->get_changes() !== []) {
            $this->counts[$saved->get_id() === 0 ? 'created' : 'updated']++;
            $saved->save();
        }
        ($this->progress)("coupon {$coupon['code']}");
    }

    /** @param array{amount: int, regular: int|null, currency: string}|null $price */
    private function price(Package $product, ?array $price): void
    {
        $currency = get_woocommerce_currency();
        if ($price !== null && $price['currency'] !== $currency) {
            $this->warnings[] = "“{$product->get_name()}” got no price: the demo's are in {$price['currency']}, the store sells in $currency.";
            return;
        }
        $amount = $price === null ? '' : Money::decimal($price['amount'], $currency);
        $regular = $price === null || $price['regular'] === null ? $amount : Money::decimal($price['regular'], $currency);
        $product->set_regular_price($regular);
        $product->set_sale_price($regular === $amount ? '' : $amount);
        $product->save();
    }

    /** @param array<string, mixed> $data */
    private function product(Kind $kind, array $data): int
    {
        $id = Keys::find($kind, $data['key']);
        if ($id !== 0 && get_post_status($id) === 'trash') {
            wp_untrash_post($id);
        }
        $class = '\Arcana\Products\\' . $kind->name;
        $product = new $class($id);
        $product->set_name(self::title($data['name']));
        $product->set_status('publish');
        if ($id === 0 || $product->get_changes() !== []) {
            $this->counts[$id === 0 ? 'created' : 'updated']++;
            $id = $product->save();
        }
        update_post_meta($id, Keys::META, $data['key']);
        ($this->progress)("$kind->value {$data['key']}");
        return $id;
    }

    /** @param array<string, mixed> $values Field's name without its prefix => value as ACF takes it. */
    private function fields(int $id, string $kind, array $values): void
    {
        foreach ($values as $name => $value) {
            update_field("field_arcana_{$kind}_$name", $value, $id);
        }
    }

    /** @param array<string, mixed> $post */
    private static function differs(int $id, array $post): bool
    {
        $saved = get_post($id);
        return $saved->post_status !== $post['post_status'] || $saved->post_title !== wp_unslash($post['post_title']);
    }

    /** @param array<string, string> $name */
    private static function title(array $name): string
    {
        $language = substr((string) get_locale(), 0, 2);
        return $name[$language] ?? (string) reset($name);
    }

    /** @return array<string, mixed> */
    private static function json(string $file): array
    {
        $data = is_readable($file) ? json_decode((string) file_get_contents($file), true) : null;
        return is_array($data) ? $data : throw new \RuntimeException("$file cannot be read.");
    }
}
