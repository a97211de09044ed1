<?php

declare(strict_types=1);

namespace Arcana\Catalogue;

use Arcana\Content\BotToken;
use Arcana\Content\Positions;
use Arcana\Content\ProviderKeys;
use Arcana\Content\Slugs;
use Arcana\Fields\Theme;
use Arcana\Kind;
use Arcana\Settings;

/** The shape of each kind of object in the document. */
final class Shapes
{
    /** @var array<string, array<string, true>> Kind => keys of what is published. */
    private array $published = [];

    /** @var array<string, list<string>> Project's key => keys of its packages in order. */
    private array $packages = [];

    public function __construct(private readonly Snapshot $snapshot, private readonly Pictures $pictures)
    {
        foreach ([Kind::Spread, Kind::Deck] as $kind) {
            $keys = array_map(static fn (Row $row): string => $row->key(), $snapshot->published($kind));
            $this->published[$kind->value] = array_fill_keys($keys, true);
        }
        foreach ($snapshot->of(Kind::Project) as $project) {
            if ($project->status !== 'trash' && self::slug($project) !== '') {
                $this->packages[$project->key()] = [];
            }
        }
        foreach (Document::sortedPackages($snapshot) as $package) {
            $project = $this->projectOf($package);
            if ($project !== '') {
                $this->packages[$project][] = $package->key();
            }
        }
    }

    /** @return array<string, mixed>|null Null for a draft that has no address yet: nobody could reach it. */
    public function project(Row $row): ?array
    {
        $slug = self::slug($row);
        if ($slug === '') {
            return null;
        }
        return [
            'key' => $row->key(),
            'slug' => $slug,
            'status' => self::status($row),
            'languages' => self::languages($row),
            'name' => self::map($row->name('arcana_project_name')),
            'tagline' => self::map($row->text('arcana_project_tagline')),
            'description' => self::map($row->text('arcana_project_description')),
            'welcome' => self::map($row->text('arcana_project_welcome')),
            'notice' => $row->text('arcana_project_notice') ?: null,
            'theme' => Theme::of($row),
            'logo' => $this->pictures->picture($row, 'arcana_project_logo'),
            'cover' => $this->pictures->picture($row, 'arcana_project_cover'),
            'spreads' => $this->references($row, 'arcana_project_spreads', Kind::Spread),
            'decks' => $this->references($row, 'arcana_project_decks', Kind::Deck),
            'packages' => $this->packages[$row->key()],
            'free_readings' => $row->integer('arcana_project_free_readings', 3, 0, 1000),
            'free_follow_ups' => $row->integer('arcana_project_free_follow_ups', 2, 0, 100),
            'voice' => self::map($row->text('arcana_project_voice')),
            'model_profile' => $row->string('arcana_project_model_profile') ?: null,
            'bot' => self::bot($row),
            'refund_used' => $row->choice('arcana_project_refund_used', ['refuse', 'forgive', 'debt']),
            'other_providers_in_telegram' => $row->string('arcana_project_other_providers_in_telegram') === '1',
            'payments' => self::payments($row),
        ];
    }

    /** @return array<string, mixed> */
    public function spread(Row $row): array
    {
        $positions = [];
        foreach (Positions::clean($row->meta[Positions::META] ?? '') as $position) {
            $position['name'] = self::map(self::inLanguages($position['name']));
            $position['meaning'] = self::map(self::inLanguages($position['meaning']));
            $position['x'] = self::number($position['x']);
            $position['y'] = self::number($position['y']);
            $positions[] = $position;
        }
        return [
            'key' => $row->key(),
            'name' => self::map($row->name('arcana_spread_name')),
            'description' => self::map($row->text('arcana_spread_description')),
            'cost' => $row->integer('arcana_spread_cost', 1, 1, 100),
            'cards' => $row->choice('arcana_spread_cards', ['all', 'major']),
            'picture' => $this->pictures->picture($row, 'arcana_spread_picture'),
            'positions' => $positions,
        ];
    }

    /** @return array<string, mixed> */
    public function deck(Row $row): array
    {
        return [
            'key' => $row->key(),
            'name' => self::map($row->name('arcana_deck_name')),
            'description' => self::map($row->text('arcana_deck_description')),
            'reversals' => $row->string('arcana_deck_reversals') !== '0',
            'back' => $this->pictures->picture($row, 'arcana_deck_back'),
            'cards' => array_map($this->card(...), $this->cardsOf($row)),
        ];
    }

    /** @return array<string, mixed>|null Null for a package that belongs to no project: nobody could buy it. */
    public function package(Row $row): ?array
    {
        $project = $this->projectOf($row);
        if ($project === '') {
            return null;
        }
        $price = Prices::of($row, $this->snapshot->store['currency'], $this->snapshot->now);
        $stars = Settings::starsEnabled() ? Prices::stars($row, $price) : null;
        $kind = $row->choice('arcana_package_kind', ['readings', 'follow_ups', 'subscription']);
        $is_subscription = $kind === 'subscription';
        $days = static fn (string $name, int $most): ?int => $row->integer($name, 0, 0, $most) ?: null;
        return [
            'key' => $row->key(),
            'project' => $project,
            'name' => self::map($row->name('arcana_package_name')),
            'description' => self::map($row->text('arcana_package_description')),
            'kind' => $kind,
            'readings' => $is_subscription ? 0 : $row->integer('arcana_package_readings', 0, 0, 100000),
            'follow_ups' => $row->integer('arcana_package_follow_ups', 0, 0, 100000),
            'price' => $price,
            'stars' => $stars['amount'] ?? null,
            'stars_regular' => $stars['regular'] ?? null,
            'period' => $is_subscription && in_array($row->string('arcana_package_period'), ['month', 'year'], true)
                ? $row->string('arcana_package_period') : null,
            'renews' => $is_subscription && $row->string('arcana_package_renews') !== '0',
            'fair_use' => $is_subscription ? $days('arcana_package_fair_use', 1000) : null,
            'expires_days' => $is_subscription ? null : $days('arcana_package_expires_days', 3650),
            'trial_days' => $is_subscription ? $days('arcana_package_trial_days', 365) : null,
            'gift' => $row->string('arcana_package_gift') !== '0',
            'product_id' => $row->id,
            // WooCommerce's own product image.
            'picture' => $this->pictures->picture($row, '_thumbnail_id'),
            'badge' => $row->text('arcana_package_badge') ?: null,
        ];
    }

    /** The slug that counts: once live, the one it went live with. */
    public static function slug(Row $row): string
    {
        $slug = $row->string(Slugs::LIVE_META) ?: $row->string('arcana_project_slug');
        return in_array(Slugs::fault($slug), [null, 'reserved'], true) ? $slug : '';
    }

    /** `live` needs a published product; a live one that was unpublished is off, never back to a draft. */
    public static function status(Row $row): string
    {
        $chosen = $row->choice('arcana_project_status', ['draft', 'live', 'off']);
        if ($row->isPublished()) {
            return $chosen;
        }
        return $row->string(Slugs::LIVE_META) !== '' ? 'off' : 'draft';
    }

    /** @return array<string, mixed> */
    private function card(Row $row): array
    {
        $is_minor = $row->choice('arcana_card_arcana', ['major', 'minor']) === 'minor';
        return [
            'key' => $row->key(),
            'number' => $row->integer('arcana_card_number', 0, 0, 999),
            'arcana' => $is_minor ? 'minor' : 'major',
            'suit' => $is_minor ? $row->choice('arcana_card_suit', ['wands', 'cups', 'swords', 'pentacles']) : null,
            'rank' => $is_minor ? $row->integer('arcana_card_rank', 1, 1, 14) : null,
            'name' => self::map($row->name('arcana_card_name')),
            'keywords' => [
                'upright' => self::map($row->items('arcana_card_keywords_upright')),
                'reversed' => self::map($row->items('arcana_card_keywords_reversed')),
            ],
            'meaning' => [
                'upright' => self::map($row->text('arcana_card_meaning_upright')),
                'reversed' => self::map($row->text('arcana_card_meaning_reversed')),
            ],
            'picture' => $this->pictures->picture($row, 'arcana_card_picture'),
        ];
    }

    /** @return list<Row> */
    private function cardsOf(Row $deck): array
    {
        $cards = [];
        foreach ($this->snapshot->cards[$deck->id] ?? [] as $card) {
            if ($card->key() !== '') {
                $cards[$card->key()] ??= $card;
            }
        }
        return array_values($cards);
    }

    /** @return list<string> Keys of what is published; a reference to a draft is left out until it is published. */
    private function references(Row $row, string $name, Kind $kind): array
    {
        $keys = array_unique(array_map($this->snapshot->resolve(...), $row->references($name)));
        return array_values(array_filter($keys, fn (string $key): bool => isset($this->published[$kind->value][$key])));
    }

    /** The key of the project that a package belongs to; '' when there is no such project in the document. */
    private function projectOf(Row $package): string
    {
        $key = $this->snapshot->resolve($package->references('arcana_package_project')[0] ?? '');
        return isset($this->packages[$key]) ? $key : '';
    }

    /** @return list<string> The default language first. */
    private static function languages(Row $row): array
    {
        $known = array_keys(Settings::languages());
        $chosen = array_values(array_intersect($known, $row->strings('arcana_project_languages'))) ?: $known;
        $default = $row->string('arcana_project_default_language');
        return in_array($default, $chosen, true) ? array_values(array_unique([$default, ...$chosen])) : $chosen;
    }

    /** @return array{id: int|null, username: string|null, sealed_token: string|null, key_id: string|null} */
    private static function bot(Row $row): array
    {
        $bot = BotToken::read($row->meta[BotToken::META] ?? '', $row->key());
        $username = ltrim($row->string('arcana_project_bot_username'), '@');
        return [
            'id' => $bot === null ? null : (int) $bot['id'],
            'username' => preg_match('/^[A-Za-z]\w{3,31}$/D', $username) === 1 ? $username : null,
            'sealed_token' => $bot['sealed'] ?? null,
            'key_id' => $bot['key_id'] ?? null,
        ];
    }

    /** @return array<string, array<string, mixed>|null> Provider => its sealed keys, and what receipts say. */
    private static function payments(Row $row): array
    {
        $payments = [];
        foreach (ProviderKeys::PROVIDERS as $provider) {
            $keys = ProviderKeys::read($row->meta[ProviderKeys::meta($provider)] ?? '', $row->key());
            $payments[$provider] = $keys === null ? null : ['sealed' => $keys['sealed'], 'key_id' => $keys['key_id']];
        }
        if ($payments['yookassa'] !== null) {
            $payments['yookassa'] += [
                'receipts' => $row->string('arcana_project_yookassa_receipts') === '1',
                'vat_code' => $row->integer('arcana_project_yookassa_vat', 1, 1, 12),
                'tax_system' => $row->integer('arcana_project_yookassa_tax', 0, 0, 6) ?: null,
                'payment_mode' => $row->choice('arcana_project_yookassa_mode', ['full_payment', 'full_prepayment', 'advance']),
            ];
        }
        return $payments;
    }

    /**
     * @param array<string, string> $text
     * @return array<string, string>
     */
    private static function inLanguages(array $text): array
    {
        return array_intersect_key($text, Settings::languages());
    }

    /** @param array<string, mixed> $map An empty one has to become `{}` in JSON, not `[]`. */
    private static function map(array $map): array|\stdClass
    {
        return $map === [] ? new \stdClass() : $map;
    }

    private static function number(float $number): int|float
    {
        return floor($number) === $number ? (int) $number : $number;
    }
}
