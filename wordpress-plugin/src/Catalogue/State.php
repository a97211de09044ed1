<?php

declare(strict_types=1);

namespace Arcana\Catalogue;

/** What is known of the document that was built last: small, so that an unchanged catalogue is answered without it. */
final class State
{
    public const OPTION = 'arcana_state';
    public const DOCUMENT_OPTION = 'arcana_document';

    /** @param list<int> $attachments */
    public function __construct(
        public readonly string $version,
        public readonly string $fingerprint,
        public readonly array $attachments,
        public readonly ?int $valid_until,
        public readonly int $built_at,
    ) {
    }

    /** True when nothing but the time of building is different. */
    public function equals(self $other): bool
    {
        return [$this->version, $this->fingerprint, $this->attachments, $this->valid_until]
            === [$other->version, $other->fingerprint, $other->attachments, $other->valid_until];
    }

    public static function load(): ?self
    {
        $saved = get_option(self::OPTION);
        if (!is_array($saved) || !isset($saved['version'], $saved['fingerprint'], $saved['attachments'])) {
            return null;
        }
        return new self(
            (string) $saved['version'],
            (string) $saved['fingerprint'],
            array_map('intval', (array) $saved['attachments']),
            isset($saved['valid_until']) ? (int) $saved['valid_until'] : null,
            (int) ($saved['built_at'] ?? 0),
        );
    }

    public function save(string $body): void
    {
        // The document first: a state must never name a version whose document is not there yet.
        update_option(self::DOCUMENT_OPTION, ['version' => $this->version, 'body' => $body], false);
        update_option(self::OPTION, get_object_vars($this), false);
    }

    /** The stored document of this version, or null when it is gone or of another version. */
    public function body(): ?string
    {
        $saved = get_option(self::DOCUMENT_OPTION);
        $is_whole = is_array($saved) && is_string($saved['body'] ?? null) && ($saved['version'] ?? null) === $this->version;
        return $is_whole ? $saved['body'] : null;
    }

    public static function forget(): void
    {
        delete_option(self::OPTION);
        delete_option(self::DOCUMENT_OPTION);
    }
}
