<?php

declare(strict_types=1);

namespace Arcana\Catalogue;

use Arcana\Kind;

/** The catalogue document of a snapshot. Only what is described in its published JSON Schema leaves WordPress here. */
final class Document
{
    public const SCHEMA = 1;

    /**
     * @param array<string, mixed> $content Everything but the version.
     * @param list<int> $attachments Ids of the attachments that the document shows.
     * @param int|null $valid_until Unix time from which on the content is different by itself.
     */
    private function __construct(
        public readonly array $content,
        public readonly string $version,
        public readonly array $attachments,
        public readonly ?int $valid_until,
    ) {
    }

    public static function build(Snapshot $snapshot): self
    {
        $pictures = new Pictures();
        $shapes = new Shapes($snapshot, $pictures);
        $packages = array_filter(array_map($shapes->package(...), self::sortedPackages($snapshot)));
        $content = [
            'schema' => self::SCHEMA,
            'store' => $snapshot->store,
            'projects' => array_values(array_filter(array_map($shapes->project(...), self::existing($snapshot)))),
            'spreads' => array_map($shapes->spread(...), $snapshot->published(Kind::Spread)),
            'decks' => array_map($shapes->deck(...), $snapshot->published(Kind::Deck)),
            'packages' => array_values($packages),
            'coupons' => (new Coupons($snapshot, array_values($packages)))->all(),
            'tombstones' => self::tombstones($snapshot),
        ];
        $changes = array_filter(array_map(
            static fn (Row $row): ?int => Prices::nextChange($row, $snapshot->now),
            $snapshot->published(Kind::Package)
        ));
        return new self($content, Canonical::hash($content), $pictures->used(), $changes === [] ? null : min($changes));
    }

    /** The finished JSON. */
    public function body(): string
    {
        return Canonical::encode(['version' => $this->version] + $this->content);
    }

    /** @return list<Row> Projects that are not in the trash. */
    private static function existing(Snapshot $snapshot): array
    {
        return array_values(array_filter($snapshot->of(Kind::Project), static fn (Row $row): bool => $row->status !== 'trash'));
    }

    /** @return list<Row> */
    public static function sortedPackages(Snapshot $snapshot): array
    {
        $rows = $snapshot->published(Kind::Package);
        usort($rows, static fn (Row $one, Row $other): int =>
            [$one->integer('arcana_package_order', 0), $one->id] <=> [$other->integer('arcana_package_order', 0), $other->id]);
        return $rows;
    }

    /** @return list<array{kind: string, key: string}> */
    private static function tombstones(Snapshot $snapshot): array
    {
        $alive = array_map(static fn (Row $row): string => $row->key(), self::existing($snapshot));
        $dead = $snapshot->tombstones;
        foreach ($snapshot->of(Kind::Project) as $row) {
            if ($row->status === 'trash' && Shapes::slug($row) !== '') {
                $dead[] = $row->key();
            }
        }
        $dead = array_values(array_unique(array_diff($dead, $alive)));
        sort($dead);
        return array_map(static fn (string $key): array => ['kind' => 'project', 'key' => $key], $dead);
    }
}
