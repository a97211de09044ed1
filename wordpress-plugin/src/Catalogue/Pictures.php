<?php

declare(strict_types=1);

namespace Arcana\Catalogue;

use Arcana\Settings;

/** Turns attachment ids into the document's pictures, and remembers which attachments were used. */
final class Pictures
{
    /** Hash of the attached file, kept with its size and time so that a file is read only when it has changed. */
    public const HASH_META = '_arcana_sha256';

    /** @var array<int, true> */
    private array $used = [];

    /** @return array{url: string, sha256: string|null, alt: array<string, string>|null}|null */
    public function picture(Row $row, string $name): ?array
    {
        $id = $row->integer($name, 0);
        if ($id === 0) {
            return null;
        }
        $this->used[$id] = true;
        $url = get_post_type($id) === 'attachment' && wp_attachment_is_image($id) ? wp_get_attachment_url($id) : false;
        if (!is_string($url) || $url === '') {
            return null;
        }
        return [
            'url' => set_url_scheme($url, (string) wp_parse_url(home_url(), PHP_URL_SCHEME)),
            'sha256' => self::hash($id),
            'alt' => self::alternative($id) ?: null,
        ];
    }

    /** @return list<int> */
    public function used(): array
    {
        $ids = array_keys($this->used);
        sort($ids);
        return $ids;
    }

    /** @return array<string, string> WordPress' own alternative text is the first language's; further ones have a field. */
    private static function alternative(int $id): array
    {
        $texts = [];
        foreach (array_keys(Settings::languages()) as $place => $language) {
            $name = $place === 0 ? '_wp_attachment_image_alt' : "arcana_alt_$language";
            $text = trim((string) get_post_meta($id, $name, true));
            if ($text !== '') {
                $texts[$language] = $text;
            }
        }
        return $texts;
    }

    private static function hash(int $id): ?string
    {
        $file = get_attached_file($id);
        if (!is_string($file) || !is_file($file)) {
            return null;
        }
        $mark = filesize($file) . ':' . filemtime($file);
        $known = get_post_meta($id, self::HASH_META, true);
        if (is_array($known) && ($known['mark'] ?? null) === $mark && is_string($known['sha256'] ?? null)) {
            return $known['sha256'];
        }
        $hash = hash_file('sha256', $file);
        if ($hash === false) {
            return null;
        }
        update_post_meta($id, self::HASH_META, ['mark' => $mark, 'sha256' => $hash]);
        return $hash;
    }
}
