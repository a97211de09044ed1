<?php

declare(strict_types=1);

namespace Arcana\Catalogue;

/** Says what in the document makes its version what it is. */
final class Explanation
{
    /** @return array<string, string> Object ("spread celtic-cross") => hash of its part of the served document. */
    public static function served(): array
    {
        $body = State::load()?->body();
        $document = $body === null ? null : json_decode($body);
        $hashes = [];
        foreach ($document instanceof \stdClass ? get_object_vars($document) : [] as $part => $value) {
            if ($part === 'version') {
                continue;
            }
            if (!is_array($value) || $part === 'tombstones') {
                $hashes[$part] = Canonical::hash($value);
                continue;
            }
            foreach ($value as $object) {
                if ($part === 'decks') {
                    $hashes += self::cards($object);
                }
                $hashes[rtrim($part, 's') . ' ' . ($object->key ?? $object->code)] = Canonical::hash($object);
            }
        }
        ksort($hashes);
        return $hashes;
    }

    /**
     * @param array<string, string> $former
     * @param array<string, string> $now
     * @return list<string>
     */
    public static function differences(array $former, array $now): array
    {
        $lines = [];
        foreach (array_keys($former + $now) as $object) {
            $lines[] = match (true) {
                !isset($former[$object]) => "added    $object",
                !isset($now[$object]) => "removed  $object",
                $former[$object] !== $now[$object] => "changed  $object",
                default => '',
            };
        }
        return array_values(array_filter($lines));
    }

    /** @return array<string, string> */
    private static function cards(\stdClass $deck): array
    {
        $hashes = [];
        foreach ($deck->cards as $card) {
            $hashes["card $deck->key/$card->key"] = Canonical::hash($card);
        }
        return $hashes;
    }
}
