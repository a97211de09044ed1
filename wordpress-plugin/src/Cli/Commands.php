<?php

declare(strict_types=1);

namespace Arcana\Cli;

use Arcana\Backend\BackendError;
use Arcana\Backend\Notices;
use Arcana\Backend\Pairer;
use Arcana\Backend\Pairing;
use Arcana\Catalogue\BuildError;
use Arcana\Catalogue\Catalogue;
use Arcana\Catalogue\Explanation;
use Arcana\Rest\StatusRoute;
use Arcana\Service;
use WP_CLI;

/** Manages the Arcana catalogue of this store. */
final class Commands implements Service
{
    public function register(): void
    {
        if (defined('WP_CLI') && WP_CLI) {
            WP_CLI::add_command('arcana', self::class);
        }
    }

    /**
     * Writes the demo catalogue into the store; repeating it changes nothing and makes no doubles.
     *
     * ## OPTIONS
     *
     * [<folder>]
     * : Folder with catalogue.json, decks/ and pictures/. Default: the demo folder inside the plugin.
     *
     * @subcommand import-demo
     * @param list<string> $args
     */
    public function import_demo(array $args): void
    {
        $folder = rtrim($args[0] ?? dirname(ARCANA_FILE) . '/demo', '/');
        if (!is_readable($folder . '/catalogue.json')) {
            WP_CLI::error("There is no catalogue.json in $folder.");
        }
        try {
            $result = (new DemoImport($folder, static fn (string $done) => WP_CLI::log($done)))->run();
        } catch (\RuntimeException $error) {
            WP_CLI::error($error->getMessage());
        }
        array_map(WP_CLI::warning(...), $result['warnings']);
        WP_CLI::success(sprintf('%d created, %d updated. Version %s.', $result['counts']['created'], $result['counts']['updated'], self::currentVersion()));
    }

    /** Shows what this store runs on and how it stands with the backend. */
    public function status(): void
    {
        foreach (StatusRoute::collect() as $name => $value) {
            WP_CLI::log(sprintf('%-12s %s', $name, is_bool($value) ? ($value ? 'yes' : 'no') : ($value ?? '-')));
        }
        $pairing = Pairing::load();
        WP_CLI::log(sprintf('%-12s %s', 'backend', $pairing === null ? 'not paired' : "$pairing->address since $pairing->paired_at"));
        $last = Notices::last();
        if ($last !== null) {
            $outcome = $last['ok'] ? 'received' : $last['error'];
            WP_CLI::log(sprintf('%-12s %s at %s: %s', 'last notice', $last['version'], gmdate('c', $last['at']), $outcome));
        }
    }

    /**
     * Prints the version of the catalogue.
     *
     * ## OPTIONS
     *
     * [--explain]
     * : Builds the document anew, says what is different from the one served until now, and lists every object's hash.
     *
     * @param list<string> $args
     * @param array<string, mixed> $options
     */
    public function version(array $args, array $options): void
    {
        if (!isset($options['explain'])) {
            WP_CLI::log(self::currentVersion());
            return;
        }
        $former = Explanation::served();
        $version = self::currentVersion(rebuild: true);
        $now = Explanation::served();
        WP_CLI::log($version);
        $differences = Explanation::differences($former, $now);
        WP_CLI::log($differences === [] ? 'Nothing has changed since it was built last.' : implode("\n", $differences));
        $rows = [];
        foreach ($now as $object => $hash) {
            $rows[] = ['object' => $object, 'hash' => substr($hash, 0, 16)];
        }
        WP_CLI\Utils\format_items('table', $rows, ['object', 'hash']);
    }

    /**
     * Pairs this store with a backend.
     *
     * ## OPTIONS
     *
     * <string>
     * : What `python -m app pair` printed on the backend's machine; "-" reads it from standard input, where no list of
     * processes shows it.
     *
     * @param list<string> $args
     */
    public function pair(array $args): void
    {
        $managers = get_users(['role__in' => ['administrator', 'shop_manager'], 'number' => 1, 'orderby' => 'ID', 'fields' => 'ID']);
        $user_id = get_current_user_id() ?: (int) ($managers[0] ?? 0);
        try {
            $text = $args[0] === '-' ? (string) stream_get_contents(STDIN) : $args[0];
            $pairing = Pairer::pair($text, $user_id);
        } catch (BackendError $error) {
            WP_CLI::error($error->getMessage());
        }
        WP_CLI::success("Paired with $pairing->address.");
    }

    /** Disconnects this store from its backend and deletes the API key that was made for it. */
    public function unpair(): void
    {
        Pairer::unpair();
        WP_CLI::success('Not paired any more.');
    }

    private static function currentVersion(bool $rebuild = false): string
    {
        try {
            return Catalogue::current($rebuild)->version;
        } catch (BuildError $error) {
            WP_CLI::error($error->getMessage());
        }
    }
}
