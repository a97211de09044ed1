<?php

declare(strict_types=1);

namespace Arcana\Content;

/** The 78 cards of the Rider–Waite–Smith order, with their established names. */
final class StandardDeck
{
    private const MAJORS = [
        'ru' => [
            'Шут', 'Маг', 'Верховная Жрица', 'Императрица', 'Император', 'Иерофант', 'Влюблённые', 'Колесница', 'Сила',
            'Отшельник', 'Колесо Фортуны', 'Справедливость', 'Повешенный', 'Смерть', 'Умеренность', 'Дьявол', 'Башня',
            'Звезда', 'Луна', 'Солнце', 'Суд', 'Мир',
        ],
        'en' => [
            'The Fool', 'The Magician', 'The High Priestess', 'The Empress', 'The Emperor', 'The Hierophant', 'The Lovers',
            'The Chariot', 'Strength', 'The Hermit', 'Wheel of Fortune', 'Justice', 'The Hanged Man', 'Death', 'Temperance',
            'The Devil', 'The Tower', 'The Star', 'The Moon', 'The Sun', 'Judgement', 'The World',
        ],
    ];
    private const RANKS = [
        'ru' => [
            'Туз', 'Двойка', 'Тройка', 'Четвёрка', 'Пятёрка', 'Шестёрка', 'Семёрка', 'Восьмёрка', 'Девятка', 'Десятка', 'Паж',
            'Рыцарь', 'Королева', 'Король',
        ],
        'en' => [
            'Ace', 'Two', 'Three', 'Four', 'Five', 'Six', 'Seven', 'Eight', 'Nine', 'Ten', 'Page', 'Knight', 'Queen', 'King',
        ],
    ];
    private const SUITS = [
        'ru' => ['wands' => 'Жезлов', 'cups' => 'Кубков', 'swords' => 'Мечей', 'pentacles' => 'Пентаклей'],
        'en' => ['wands' => 'Wands', 'cups' => 'Cups', 'swords' => 'Swords', 'pentacles' => 'Pentacles'],
    ];

    /** @return array<string, array{number: int, arcana: string, suit: string, rank: int, name: array<string, string>}> By key. */
    public static function cards(): array
    {
        $cards = [];
        foreach (Cards::MAJORS as $number => $word) {
            $name = ['ru' => self::MAJORS['ru'][$number], 'en' => self::MAJORS['en'][$number]];
            $key = Cards::keyFor('major', '', 0, (string) $number);
            $cards[$key] = ['number' => $number, 'arcana' => 'major', 'suit' => '', 'rank' => 0, 'name' => $name];
        }
        foreach (Cards::SUITS as $place => $suit) {
            for ($rank = 1; $rank <= 14; $rank++) {
                $cards[Cards::keyFor('minor', $suit, $rank, '')] = [
                    'number' => 22 + $place * 14 + $rank - 1,
                    'arcana' => 'minor',
                    'suit' => $suit,
                    'rank' => $rank,
                    'name' => [
                        'ru' => self::RANKS['ru'][$rank - 1] . ' ' . self::SUITS['ru'][$suit],
                        'en' => self::RANKS['en'][$rank - 1] . ' of ' . self::SUITS['en'][$suit],
                    ],
                ];
            }
        }
        return $cards;
    }

    /** Adds the cards that a deck does not have yet, and says how many those were. */
    public static function complete(int $deck_id): int
    {
        $present = array_map([Keys::class, 'of'], Cards::ids($deck_id, 'any'));
        $missing = array_diff_key(self::cards(), array_flip(array_filter($present)));
        $language = substr((string) get_locale(), 0, 2);
        foreach ($missing as $key => $card) {
            $id = wp_insert_post([
                'post_type' => Cards::POST_TYPE,
                'post_status' => 'publish',
                'post_parent' => $deck_id,
                'post_title' => $card['name'][$language] ?? $card['name']['en'],
            ]);
            update_post_meta($id, Keys::META, $key);
            foreach (['number', 'arcana', 'suit', 'rank', 'name'] as $field) {
                update_field("field_arcana_card_$field", $card[$field] ?: ($field === 'number' ? 0 : ''), $id);
            }
        }
        return count($missing);
    }
}
