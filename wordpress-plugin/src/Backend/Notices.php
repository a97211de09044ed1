<?php

declare(strict_types=1);

namespace Arcana\Backend;

use Arcana\Service;

/**
 * Tells the backend that the catalogue has moved. The first try leaves at the end of the request, after its response;
 * Action Scheduler repeats only what failed, because it starts a minute late at best.
 */
final class Notices implements Service
{
    public const OPTION = 'arcana_notice';
    public const HOOK = 'arcana_send_notice';
    private const GROUP = 'arcana';

    /** Seconds before each further try. */
    private const BACKOFF = [60, 300, 1800, 7200, 18000, 36000, 36000];

    public function register(): void
    {
        add_action(self::HOOK, [self::class, 'retry']);
    }

    /** Sends a notice unless the backend was already told of this version. */
    public static function announce(string $version): void
    {
        $pairing = Pairing::load();
        $last = self::last();
        if ($pairing === null || ($last !== null && $last['version'] === $version && $last['ok'])) {
            return;
        }
        self::cancelRetries();
        self::send($pairing, $version, 0);
    }

    /** A further try, with the version of now: an older one is of no interest any more. */
    public static function retry(mixed $attempt): void
    {
        $pairing = Pairing::load();
        $version = \Arcana\Catalogue\State::load()?->version;
        if ($pairing !== null && $version !== null) {
            self::send($pairing, $version, max(1, (int) $attempt));
        }
    }

    public static function cancelRetries(): void
    {
        if (function_exists('as_unschedule_all_actions')) {
            as_unschedule_all_actions(self::HOOK, null, self::GROUP);
        }
    }

    /** @return array{version: string, at: int, ok: bool, error: string, attempt: int}|null */
    public static function last(): ?array
    {
        $last = get_option(self::OPTION);
        return is_array($last) && isset($last['version'], $last['ok']) ? $last : null;
    }

    private static function send(Pairing $pairing, string $version, int $attempt): void
    {
        $error = '';
        try {
            (new Client($pairing))->request('POST', '/api/v1/wordpress/notices', ['version' => $version], 3);
        } catch (BackendError $failure) {
            $error = $failure->getMessage();
        }
        update_option(self::OPTION, [
            'version' => $version,
            'at' => time(),
            'ok' => $error === '',
            'error' => $error,
            'attempt' => $attempt,
        ], false);
        if ($error !== '' && isset(self::BACKOFF[$attempt]) && function_exists('as_schedule_single_action')) {
            as_schedule_single_action(time() + self::BACKOFF[$attempt], self::HOOK, [$attempt + 1], self::GROUP);
        }
    }
}
