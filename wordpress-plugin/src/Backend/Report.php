<?php

declare(strict_types=1);

namespace Arcana\Backend;

use Arcana\Kind;

/** The backend's last word on the catalogue: which objects it could not take over, and why. */
final class Report
{
    public const OPTION = 'arcana_report';
    public const KINDS = ['document', 'project', 'spread', 'deck', 'card', 'package', 'coupon'];
    /** Codes of what is wrong beside the catalogue, which itself was taken over: a project's bot, orders for the books. */
    private const BESIDE = ['bot_', 'book_'];
    private const LIMIT = 500;

    /** @param array<string, mixed> $body The report as the backend sent it, already checked by the route's schema. */
    public static function save(array $body): void
    {
        $problems = [];
        foreach (array_slice((array) ($body['problems'] ?? []), 0, self::LIMIT) as $problem) {
            $detail = [];
            foreach ((array) ($problem['detail'] ?? []) as $language => $text) {
                if (is_string($language) && preg_match('/^[a-z]{2}$/D', $language) === 1 && is_string($text)) {
                    $detail[$language] = mb_substr(sanitize_textarea_field($text), 0, 1000);
                }
            }
            $problems[] = [
                'kind' => (string) $problem['kind'],
                'key' => mb_substr(sanitize_text_field((string) ($problem['key'] ?? '')), 0, 64),
                'path' => mb_substr(sanitize_text_field((string) ($problem['path'] ?? '')), 0, 300),
                'code' => mb_substr(sanitize_key((string) ($problem['code'] ?? '')), 0, 64),
                'detail' => $detail,
            ];
        }
        update_option(self::OPTION, [
            'version' => mb_substr(sanitize_text_field((string) ($body['version'] ?? '')), 0, 128),
            'received_at' => mb_substr(sanitize_text_field((string) ($body['received_at'] ?? '')), 0, 40),
            'problems' => $problems,
        ], false);
    }

    /** @return array{version: string, received_at: string, problems: list<array<string, mixed>>}|null */
    public static function load(): ?array
    {
        $report = get_option(self::OPTION);
        return is_array($report) && isset($report['version'], $report['problems']) ? $report : null;
    }

    /** @return list<string> What the backend could not take over of one object, in the manager's language. */
    public static function about(Kind $kind, string $key): array
    {
        return self::words($kind, $key, '');
    }

    /** @return list<string> Why a project's bot does not work, in the manager's language; empty while it is well. */
    public static function aboutBot(string $key): array
    {
        return self::words(Kind::Project, $key, 'bot_');
    }

    /** @return list<string> Why orders of a package are not in the shop's books. */
    public static function aboutBooks(string $key): array
    {
        return self::words(Kind::Package, $key, 'book_');
    }

    /** @return list<string> */
    private static function words(Kind $kind, string $key, string $beside): array
    {
        $words = [];
        foreach (self::load()['problems'] ?? [] as $problem) {
            if ($problem['kind'] === $kind->value && $problem['key'] === $key && self::beside($problem) === $beside) {
                $words[] = self::inWords($problem);
            }
        }
        return $words;
    }

    /** @param array<string, mixed> $problem */
    private static function beside(array $problem): string
    {
        foreach (self::BESIDE as $prefix) {
            if (str_starts_with((string) $problem['code'], $prefix)) {
                return $prefix;
            }
        }
        return '';
    }

    /** @param array<string, mixed> $problem */
    public static function inWords(array $problem): string
    {
        $detail = (array) $problem['detail'];
        $language = substr((string) get_user_locale(), 0, 2);
        $text = (string) ($detail[$language] ?? $detail['en'] ?? (reset($detail) ?: $problem['code']));
        return $problem['path'] === '' || self::beside($problem) !== '' ? $text : sprintf('%s (%s)', $text, $problem['path']);
    }
}
