<?php

declare(strict_types=1);

namespace Arcana\Catalogue;

use Arcana\Content\Keys;
use Arcana\Content\Projects;
use Arcana\Kind;
use Arcana\Requirements;

/** The one way to the current document. */
final class Catalogue
{
    private const TRIES = 3;

    /**
     * The state of the document as of now: the stored one while nothing has changed, else a newly built one.
     *
     * @throws BuildError when it cannot be built; an empty or half catalogue is never made instead.
     */
    public static function current(bool $rebuild = false): State
    {
        if (!Requirements::isReady()) {
            throw new BuildError(implode(' ', Requirements::problems()));
        }
        $state = State::load();
        return $state !== null && !$rebuild && self::isFresh($state) ? $state : self::build($state);
    }

    /**
     * True while a document is still what the database says.
     *
     * @throws BuildError
     */
    public static function isFresh(State $state): bool
    {
        $is_due = $state->valid_until !== null && time() >= $state->valid_until;
        return !$is_due && hash_equals($state->fingerprint, Fingerprint::take($state->attachments));
    }

    /** @throws BuildError */
    public static function body(State $state): string
    {
        $body = $state->body() ?? self::build($state)->body();
        return $body ?? throw new BuildError('The catalogue could not be stored.');
    }

    /** @throws BuildError */
    private static function build(?State $former): State
    {
        self::settle();
        $attachments = $former->attachments ?? [];
        $fingerprint = Fingerprint::take($attachments);
        for ($try = 1; ; $try++) {
            try {
                $document = Document::build(Reader::read());
                $body = $document->body();
            } catch (\JsonException $error) {
                throw new BuildError('A text of the catalogue is not valid UTF-8.', 0, $error);
            }
            // Several statements read the content. If it moved meanwhile they may not belong together: read again.
            $after = Fingerprint::take($document->attachments);
            if ($after === $fingerprint || $try === self::TRIES) {
                break;
            }
            $fingerprint = $after;
        }
        $state = new State($document->version, $fingerprint, $document->attachments, $document->valid_until, time());
        if ($former === null || !$state->equals($former) || $former->body() === null) {
            $state->save($body);
        }
        return $state;
    }

    /** Before the content is read: what has no key of its own gets one, and live projects get their slug fixed. */
    private static function settle(): void
    {
        $snapshot = Reader::read();
        foreach ([...array_values($snapshot->products), ...array_values($snapshot->cards)] as $family) {
            $taken = [];
            foreach ($family as $row) {
                // A raw copy has brought the key of its original along; Keys tells which of the two is the copy.
                if ($row->status !== 'trash' && ($row->key() === '' || isset($taken[$row->key()]))) {
                    Keys::ensure($row->key() === '' ? $row->id : max($row->id, $taken[$row->key()]));
                }
                $taken[$row->key()] = max($row->id, $taken[$row->key()] ?? 0);
            }
        }
        foreach ($snapshot->of(Kind::Project) as $row) {
            if ($row->status !== 'trash') {
                Projects::settle($row->id, $row->key(), Shapes::slug($row), Shapes::status($row) === 'live');
            }
        }
    }
}
