<?php

declare(strict_types=1);

namespace Arcana\Fields;

use Arcana\Content\Cards;
use Arcana\Settings;

/** The fields of spreads, decks, packages and cards. */
final class ContentFields
{
    /** @return list<array<string, mixed>> */
    public static function spread(): array
    {
        return [
            Field::text('spread_name', __('Name', 'arcana'), 'text', __('Left empty, the product’s title is used.', 'arcana')),
            Field::text('spread_description', __('Description', 'arcana'), 'textarea', __('When to choose this spread.', 'arcana'), 3),
            Field::number('spread_cost', __('Cost in readings', 'arcana'), 1, 1, 100),
            Field::choice('spread_cards', __('Cards in play', 'arcana'), [
                'all' => __('The whole deck', 'arcana'),
                'major' => __('Major Arcana only', 'arcana'),
            ], 'all'),
            Field::picture('spread_picture', __('Picture', 'arcana')),
        ];
    }

    /** @return list<array<string, mixed>> */
    public static function deck(): array
    {
        return [
            Field::text('deck_name', __('Name', 'arcana'), 'text', __('Left empty, the product’s title is used.', 'arcana')),
            Field::text('deck_description', __('Description', 'arcana'), 'textarea', '', 3),
            Field::make('true_false', 'deck_reversals', __('Reversed cards', 'arcana'), [
                'message' => __('Cards of this deck may fall reversed', 'arcana'),
                'default_value' => 1,
                'ui' => 1,
                'wrapper' => ['class' => 'arcana-half'],
            ]),
            Field::picture('deck_back', __('Back of the cards', 'arcana')),
        ];
    }

    /** @return array<string, list<array<string, mixed>>> */
    public static function package(): array
    {
        $subscription = [[['field' => 'field_arcana_package_kind', 'operator' => '==', 'value' => 'subscription']]];
        $lasting = [[['field' => 'field_arcana_package_kind', 'operator' => '!=', 'value' => 'subscription']]];
        $fields = [
            Field::make('post_object', 'package_project', __('Project', 'arcana'), [
                'post_type' => ['product'],
                'return_format' => 'id',
                'multiple' => 0,
                'allow_null' => 0,
                'required' => 1,
                'ui' => 1,
                'instructions' => __('The project that sells this package.', 'arcana'),
                'wrapper' => ['class' => 'arcana-half'],
            ]),
            Field::choice('package_kind', __('What is sold', 'arcana'), [
                'readings' => __('Readings', 'arcana'),
                'follow_ups' => __('Follow-up questions', 'arcana'),
                'subscription' => __('Subscription: unlimited readings', 'arcana'),
            ], 'readings'),
            ['conditional_logic' => $lasting] + Field::number('package_readings', __('Readings', 'arcana'), 0, 0, 100000),
            Field::number('package_follow_ups', __('Follow-up questions', 'arcana'), 0, 0, 100000, __('A subscription gives them for each period.', 'arcana')),
            ['conditional_logic' => $lasting] + Field::number('package_expires_days', __('Valid for, days', 'arcana'), '', 1, 3650, __('Left empty, what was bought never expires.', 'arcana')),
            ['conditional_logic' => $subscription] + Field::choice('package_period', __('Period', 'arcana'), [
                'month' => __('A month', 'arcana'),
                'year' => __('A year', 'arcana'),
            ], 'month', __('The price is for one period.', 'arcana')),
            ['conditional_logic' => $subscription] + Field::number('package_fair_use', __('Fair use, readings a day', 'arcana'), '', 1, 1000, __('Left empty, there is no limit.', 'arcana')),
            ['conditional_logic' => $subscription] + Field::number('package_trial_days', __('Free trial, days', 'arcana'), '', 1, 365, __('Once for each person. Left empty, there is none.', 'arcana')),
            ['conditional_logic' => $subscription] + Field::yesNo(
                'package_renews',
                __('Renewal', 'arcana'),
                __('Renews by itself until it is cancelled', 'arcana'),
                true,
                __('Telegram Stars can renew a month, not a year.', 'arcana')
            ),
        ];
        if (Settings::starsEnabled()) {
            $fields[] = Field::number('package_stars', __('Price in Telegram Stars', 'arcana'), '', 1, 100000, __('Inside Telegram, readings are sold for Stars. Left empty, the package is not sold there.', 'arcana'));
            $fields[] = Field::number('package_stars_sale', __('Sale price in Stars', 'arcana'), '', 1, 100000, __('Counts while the sale of the tab “Price” runs. Left empty, Stars fall by the same share as the price.', 'arcana'));
        }
        $fields[] = Field::yesNo('package_gift', __('Gift', 'arcana'), __('May be bought for somebody else', 'arcana'), true);
        return ['main' => $fields, 'texts' => [
            Field::number('package_order', __('Order', 'arcana'), 0, 0, 9999, __('Smaller numbers come first.', 'arcana')),
            Field::text('package_name', __('Name', 'arcana'), 'text', __('Left empty, the product’s title is used.', 'arcana')),
            Field::text('package_description', __('Description', 'arcana'), 'textarea', '', 3),
            Field::text('package_badge', __('Badge', 'arcana'), 'text', __('A word or two, such as “Best value”.', 'arcana')),
        ]];
    }

    /** @return list<array<string, mixed>> */
    public static function card(): array
    {
        $if_minor = [[['field' => 'field_arcana_card_arcana', 'operator' => '==', 'value' => 'minor']]];
        $comma = __('Separate them with commas.', 'arcana');
        return [
            Field::text('card_name', __('Name', 'arcana'), 'text', __('Left empty, the title is used.', 'arcana')),
            Field::number('card_number', __('Place in the deck', 'arcana'), 0, 0, 999, __('0 is The Fool, 22 the first of the Minor Arcana.', 'arcana')),
            Field::choice('card_arcana', __('Arcana', 'arcana'), ['major' => __('Major', 'arcana'), 'minor' => __('Minor', 'arcana')], 'major'),
            ['conditional_logic' => $if_minor] + Field::choice('card_suit', __('Suit', 'arcana'), self::suits(), 'wands'),
            ['conditional_logic' => $if_minor] + Field::number('card_rank', __('Rank', 'arcana'), 1, 1, 14, __('1 is the Ace, 11 Page, 12 Knight, 13 Queen, 14 King.', 'arcana')),
            Field::text('card_keywords_upright', __('Keywords, upright', 'arcana'), 'textarea', $comma, 2),
            Field::text('card_meaning_upright', __('Meaning, upright', 'arcana'), 'textarea', '', 5),
            Field::text('card_keywords_reversed', __('Keywords, reversed', 'arcana'), 'textarea', $comma, 2),
            Field::text('card_meaning_reversed', __('Meaning, reversed', 'arcana'), 'textarea', '', 5),
            Field::picture('card_picture', __('Picture', 'arcana'), __('Upright, about 3 to 5, at least 700 pixels wide.', 'arcana')),
        ];
    }

    /** @return list<array<string, mixed>> WordPress itself has one alternative text; it is taken for the first language. */
    public static function picture(): array
    {
        $fields = [];
        foreach (array_slice(Settings::languages(), 1) as $code => $language) {
            $fields[] = Field::make('text', "alt_$code", sprintf(__('Alternative text, %s', 'arcana'), $language), ['maxlength' => 200]);
        }
        return $fields;
    }

    /** @return array<string, string> */
    public static function suits(): array
    {
        return array_combine(Cards::SUITS, [
            __('Wands', 'arcana'), __('Cups', 'arcana'), __('Swords', 'arcana'), __('Pentacles', 'arcana'),
        ]);
    }
}
