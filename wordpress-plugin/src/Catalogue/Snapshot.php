<?php

declare(strict_types=1);

namespace Arcana\Catalogue;

use Arcana\Kind;

/** Everything that the document is made of, as it was read at one moment. */
final class Snapshot
{
    /** @var array<int, string> */
    private array $keys = [];

    /** @var array<string, list<Row>> */
    private array $known = [];

    /**
     * @param array<string, list<Row>> $products Kind => its products in any status but auto-draft.
     * @param array<int, list<Row>> $cards Deck's id => its published cards in order.
     * @param list<string> $tombstones Keys of projects deleted for good.
     * @param array{key: string, name: string, url: string, currency: string, language: string} $store
     * @param list<Row> $coupons
     */
    public function __construct(
        public readonly array $products,
        public readonly array $cards,
        public readonly array $tombstones,
        public readonly array $store,
        public readonly int $now,
        public readonly array $coupons = [],
    ) {
        foreach ($products as $rows) {
            foreach ($rows as $row) {
                $this->keys[$row->id] = $row->key();
            }
        }
    }

    /** @return list<Row> Those that have a key. Of two that share one (a raw copy), the older. */
    public function of(Kind $kind): array
    {
        if (isset($this->known[$kind->value])) {
            return $this->known[$kind->value];
        }
        $rows = [];
        foreach ($this->products[$kind->value] ?? [] as $row) {
            $key = $row->key();
            if ($key !== '' && (!isset($rows[$key]) || $row->id < $rows[$key]->id)) {
                $rows[$key] = $row;
            }
        }
        return $this->known[$kind->value] = array_values($rows);
    }

    /** @return list<Row> */
    public function published(Kind $kind): array
    {
        return array_values(array_filter($this->of($kind), static fn (Row $row): bool => $row->isPublished()));
    }

    /** The key that a reference means: a key stands for itself, a row number for the key of its post. */
    public function resolve(string $reference): string
    {
        return ctype_digit($reference) ? ($this->keys[(int) $reference] ?? '') : $reference;
    }
}
