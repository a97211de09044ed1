<?php

declare(strict_types=1);

namespace Arcana\Catalogue;

use Arcana\Content\Keys;

/** One post with its meta, as raw strings, and typed ways of reading them. */
final class Row
{
    /**
     * @param array<string, string> $meta
     * @param list<string> $languages In which texts are looked for.
     */
    public function __construct(
        public readonly int $id,
        public readonly string $status,
        public readonly string $title,
        public readonly int $parent,
        public readonly array $meta,
        private readonly array $languages,
    ) {
    }

    public function key(): string
    {
        $key = $this->string(Keys::META);
        return preg_match(Keys::PATTERN, $key) === 1 ? $key : '';
    }

    public function isPublished(): bool
    {
        return $this->status === 'publish';
    }

    public function string(string $name): string
    {
        return trim($this->meta[$name] ?? '');
    }

    public function integer(string $name, int $default, int $least = 0, int $most = PHP_INT_MAX): int
    {
        $value = $this->string($name);
        return preg_match('/^-?\d{1,15}$/D', $value) === 1 ? max($least, min($most, (int) $value)) : $default;
    }

    /** @param list<string> $allowed The first is the default. */
    public function choice(string $name, array $allowed): string
    {
        $value = $this->string($name);
        return in_array($value, $allowed, true) ? $value : $allowed[0];
    }

    public function colour(string $name, string $default): string
    {
        $value = strtolower($this->string($name));
        if (preg_match('/^#([0-9a-f])([0-9a-f])([0-9a-f])$/D', $value, $digit) === 1) {
            $value = "#$digit[1]$digit[1]$digit[2]$digit[2]$digit[3]$digit[3]";
        }
        return preg_match('/^#[0-9a-f]{6}$/D', $value) === 1 ? $value : $default;
    }

    /** @return array<string, string> Language => text, without the languages that are empty. */
    public function text(string $name): array
    {
        $text = [];
        foreach ($this->languages as $language) {
            $words = str_replace("\r\n", "\n", $this->string("{$name}_$language"));
            if ($words !== '') {
                $text[$language] = $words;
            }
        }
        return $text;
    }

    /** @return array<string, string> The text, or the post's title in the first language when there is none. */
    public function name(string $name): array
    {
        $text = $this->text($name);
        return $text === [] && $this->title !== '' ? [$this->languages[0] => $this->title] : $text;
    }

    /** @return array<string, list<string>> Language => the items of a comma-separated text. */
    public function items(string $name): array
    {
        $items = [];
        foreach ($this->text($name) as $language => $words) {
            $split = array_map('trim', preg_split('/[,;\n]/u', $words) ?: []);
            $items[$language] = array_values(array_unique(array_filter($split, static fn (string $item): bool => $item !== '')));
        }
        return $items;
    }

    /** @return list<string> The references of a relation field: keys, or row numbers that something else stored. */
    public function references(string $name): array
    {
        $value = maybe_unserialize($this->meta[$name] ?? '');
        $list = is_array($value) ? $value : [$value];
        $list = array_map(static fn (mixed $item): string => is_scalar($item) ? trim((string) $item) : '', $list);
        return array_values(array_unique(array_filter($list, static fn (string $item): bool => $item !== '')));
    }

    /** @return list<string> */
    public function strings(string $name): array
    {
        return $this->references($name);
    }
}
