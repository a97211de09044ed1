<?php

declare(strict_types=1);

namespace Arcana\Fields;

use Arcana\Settings;

/** The fields of a project, by the tab of the product-data panel that they stand on. */
final class ProjectFields
{
    /** @return array<string, list<array<string, mixed>>> */
    public static function tabs(): array
    {
        return [
            'main' => self::main(),
            'texts' => self::texts(),
            'look' => self::look(),
            'catalogue' => self::catalogue(),
            'bot' => self::bot(),
            'payments' => self::payments(),
        ];
    }

    /** @return list<array<string, mixed>> */
    private static function main(): array
    {
        $languages = Settings::languages();
        return [
            Field::make('text', 'project_slug', __('Address', 'arcana'), [
                'instructions' => __('The last part of the Mini App’s address, such as “luna”. It cannot be changed once the project has been live.', 'arcana'),
                'maxlength' => 40,
                'required' => 1,
                'prepend' => '/',
                'wrapper' => ['class' => 'arcana-half'],
            ]),
            Field::choice('project_status', __('State', 'arcana'), [
                'draft' => __('In preparation: nobody can enter', 'arcana'),
                'live' => __('Live: open to everybody', 'arcana'),
                'off' => __('Switched off: existing users see a notice', 'arcana'),
            ], 'draft', __('Counts once the product is published.', 'arcana')),
            Field::make('checkbox', 'project_languages', __('Languages', 'arcana'), [
                'choices' => $languages,
                'default_value' => array_keys($languages),
                'layout' => 'horizontal',
                'return_format' => 'value',
                'wrapper' => ['class' => 'arcana-half'],
            ]),
            Field::choice('project_default_language', __('Default language', 'arcana'), $languages, (string) array_key_first($languages)),
            Field::number('project_free_readings', __('Free readings for a newcomer', 'arcana'), 3, 0, 1000, __('Given once to everybody who comes.', 'arcana')),
            Field::number('project_free_follow_ups', __('Free follow-up questions', 'arcana'), 2, 0, 100, __('For each reading.', 'arcana')),
        ];
    }

    /** @return list<array<string, mixed>> */
    private static function texts(): array
    {
        return [
            Field::text('project_name', __('Name', 'arcana'), 'text', __('What people see. Left empty, the product’s title is used.', 'arcana')),
            Field::text('project_tagline', __('Tagline', 'arcana'), 'text', __('One line under the name.', 'arcana')),
            Field::text('project_description', __('Description', 'arcana'), 'textarea'),
            Field::text('project_welcome', __('Welcome', 'arcana'), 'textarea', __('The bot’s answer to /start and the first screen.', 'arcana')),
            Field::text('project_notice', __('Additional consent text', 'arcana'), 'textarea', __('Shown before the first question, after the obligatory text.', 'arcana'), 3),
        ];
    }

    /** @return list<array<string, mixed>> */
    private static function look(): array
    {
        $fields = [
            Field::choice('project_scheme', __('Scheme', 'arcana'), ['dark' => __('Dark', 'arcana'), 'light' => __('Light', 'arcana')], 'dark'),
            Field::choice('project_font', __('Font', 'arcana'), [
                'sans' => __('Plain (sans serif)', 'arcana'),
                'serif' => __('Classic (serif)', 'arcana'),
                'rounded' => __('Rounded', 'arcana'),
                'mono' => __('Monospaced', 'arcana'),
            ], 'sans'),
            Field::choice('project_pattern', __('Background pattern', 'arcana'), [
                'none' => __('None', 'arcana'),
                'stars' => __('Stars', 'arcana'),
                'botanical' => __('Botanical', 'arcana'),
                'geometric' => __('Geometric', 'arcana'),
            ], 'none'),
        ];
        $fields = array_map(static fn (array $field): array => ['wrapper' => ['class' => 'arcana-third']] + $field, $fields);
        foreach (self::colourLabels() as $name => $label) {
            $fields[] = Field::make('color_picker', "project_colour_$name", $label, [
                'instructions' => $name === 'background' ? __('A colour left empty follows the scheme.', 'arcana') : '',
                'enable_opacity' => 0,
                'wrapper' => ['class' => 'arcana-third'],
            ]);
        }
        $fields[] = Field::picture('project_logo', __('Logo', 'arcana'), __('Square, at least 512 pixels.', 'arcana'));
        $fields[] = Field::picture('project_cover', __('Cover', 'arcana'), __('Shown at the top of the home screen.', 'arcana'));
        return $fields;
    }

    /** @return array<string, string> */
    private static function colourLabels(): array
    {
        return [
            'background' => __('Background', 'arcana'),
            'surface' => __('Surface of panels', 'arcana'),
            'text' => __('Text', 'arcana'),
            'muted' => __('Quiet text', 'arcana'),
            'accent' => __('Accent', 'arcana'),
            'accent_text' => __('Text on the accent', 'arcana'),
        ];
    }

    /** @return list<array<string, mixed>> */
    private static function catalogue(): array
    {
        $relation = ['post_type' => ['product'], 'filters' => ['search'], 'elements' => '', 'return_format' => 'id'];
        return [
            Field::make('relationship', 'project_spreads', __('Spreads', 'arcana'), $relation + [
                'instructions' => __('In this order on the home screen. Drafts are shown once they are published.', 'arcana'),
            ]),
            Field::make('relationship', 'project_decks', __('Decks', 'arcana'), $relation + [
                'instructions' => __('The first one is the default.', 'arcana'),
            ]),
        ];
    }

    /** @return list<array<string, mixed>> */
    private static function payments(): array
    {
        return [
            Field::choice('project_refund_used', __('Refund of what was used', 'arcana'), [
                'refuse' => __('Refund only what is unused', 'arcana'),
                'forgive' => __('Forgive it and refund all', 'arcana'),
                'debt' => __('Refund all of it, as a debt', 'arcana'),
            ], 'refuse', __('What happens when somebody wants his money back after he has used a part. A debt is paid by the next purchase.', 'arcana')),
            Field::yesNo(
                'project_other_providers_in_telegram',
                __('Other ways to pay inside Telegram', 'arcana'),
                __('Offer cards inside Telegram too', 'arcana'),
                false,
                __('Telegram wants digital goods to be sold for Stars alone and may hide a bot that does otherwise. In an ordinary browser all ways are always offered.', 'arcana')
            ),
            Field::yesNo('project_yookassa_receipts', __('YooKassa: receipts', 'arcana'), __('Send receipts by 54-FZ through YooKassa', 'arcana'), false),
            Field::choice('project_yookassa_vat', __('YooKassa: VAT', 'arcana'), [
                '1' => __('Without VAT', 'arcana'), '2' => '0 %', '3' => '10 %', '4' => '20 %', '5' => '10/110', '6' => '20/120',
                '7' => '5 %', '8' => '7 %', '9' => '5/105', '10' => '7/107', '11' => '22 %', '12' => '22/122',
            ], '1'),
            Field::choice('project_yookassa_tax', __('YooKassa: tax system', 'arcana'), [
                '' => __('As set up at YooKassa', 'arcana'),
                '1' => __('General', 'arcana'),
                '2' => __('Simplified, income', 'arcana'),
                '3' => __('Simplified, income less expenses', 'arcana'),
                '4' => __('Imputed income', 'arcana'),
                '5' => __('Agricultural', 'arcana'),
                '6' => __('Patent', 'arcana'),
            ], ''),
            Field::choice('project_yookassa_mode', __('YooKassa: what receipts call the payment', 'arcana'), [
                'full_payment' => __('Payment in full', 'arcana'),
                'full_prepayment' => __('Prepayment of the whole price', 'arcana'),
                'advance' => __('Advance', 'arcana'),
            ], 'full_payment', __('Ask your accountant, above all if you sell gifts and periods. A prepayment and an advance need a second receipt when the service has been given; YooKassa’s own pages or your cash desk make it, Arcana does not.', 'arcana')),
        ];
    }

    /** @return list<array<string, mixed>> */
    private static function bot(): array
    {
        return [
            Field::make('text', 'project_bot_username', __('Bot’s user name', 'arcana'), [
                'prepend' => '@',
                'maxlength' => 33,
                'instructions' => __('For links. The backend learns it from the token as well.', 'arcana'),
                'wrapper' => ['class' => 'arcana-half'],
            ]),
            Field::make('text', 'project_model_profile', __('Model profile', 'arcana'), [
                'maxlength' => 64,
                'instructions' => __('Name of a profile that the operator has set up. Empty means the default one.', 'arcana'),
                'wrapper' => ['class' => 'arcana-half'],
            ]),
            Field::text('project_voice', __('Voice', 'arcana'), 'textarea', __('How interpretations sound: who speaks, in what tone, what he avoids. Users never see it.', 'arcana'), 8),
        ];
    }
}
