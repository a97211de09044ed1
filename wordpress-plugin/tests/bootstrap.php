<?php
/** Starts a real WordPress on an SQLite file of its own, and loads the plugin into it as a must-use plugin. */

declare(strict_types=1);

$core = rtrim((string) getenv('ARCANA_TEST_CORE'), '/');
$scratch = rtrim((string) getenv('ARCANA_TEST_SCRATCH'), '/');
if ($core === '' || $scratch === '') {
    fwrite(STDERR, "Use tests/run.\n");
    exit(2);
}

// A content folder of this run: WordPress' files stay untouched and may be shared.
mkdir("$scratch/mu-plugins", 0700, true);
mkdir("$scratch/uploads");
symlink("$core/wp-content/themes", "$scratch/themes");
$driver = file_get_contents("$core/wp-content/sqlite/db.copy");
$driver = str_replace(
    ["'{SQLITE_IMPLEMENTATION_FOLDER_PATH}'", '{SQLITE_PLUGIN}'],
    ["'$core/wp-content/sqlite'", 'sqlite'],
    $driver
);
file_put_contents("$scratch/db.php", $driver);
file_put_contents("$scratch/mu-plugins/arcana.php", '<?php require ' . var_export(dirname(__DIR__) . '/arcana.php', true) . ';');

define('ABSPATH', "$core/");
define('WP_CONTENT_DIR', $scratch);
define('WP_CONTENT_URL', 'http://store.test/wp-content');
define('DB_DIR', $scratch);
define('DB_FILE', 'wordpress.sqlite');
define('DB_NAME', 'arcana');
define('DB_USER', '');
define('DB_PASSWORD', '');
define('DB_HOST', '');
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
define('WP_DEBUG', true);
define('WP_DEBUG_DISPLAY', true);
define('WP_HTTP_BLOCK_EXTERNAL', false);
define('DISABLE_WP_CRON', true);
define('WP_INSTALLING', true);
foreach (['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'] as $name) {
    define("{$name}_KEY", bin2hex(random_bytes(16)));
    define("{$name}_SALT", bin2hex(random_bytes(16)));
}
$_SERVER += ['HTTP_HOST' => 'store.test', 'SERVER_NAME' => 'store.test', 'REQUEST_URI' => '/', 'REQUEST_METHOD' => 'GET', 'SERVER_PROTOCOL' => 'HTTP/1.1'];
$table_prefix = 'wp_';
$GLOBALS['table_prefix'] = $table_prefix;

if (getenv('ARCANA_TEST_SUITE') === 'wordpress') {
    require __DIR__ . '/partners.php';
}

/** No test sends mail, nor does the installation of WordPress. */
function wp_mail(): bool
{
    return true;
}

// PHP 8.2 finds fault with WordPress 6.5 itself; those notices are not ours.
error_reporting(E_ALL & ~E_DEPRECATED);
require ABSPATH . 'wp-settings.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';

// The database is SQLite, so a function of MySQL that it lacks is lent to it.
$pdo = $GLOBALS['wpdb']->dbh->get_pdo();
$pdo->exec('PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY');
$pdo->sqliteCreateFunction('CRC32', static fn (mixed $text): int => crc32((string) $text), 1);
$pdo->sqliteCreateFunction('CONCAT_WS', static fn (string $separator, mixed ...$parts): string =>
    implode($separator, array_filter($parts, static fn (mixed $part): bool => $part !== null)), -1);
wp_install('Arcana store', 'admin', 'admin@store.test', true, '', wp_generate_password());
wp_installing(false);
update_option('siteurl', 'http://store.test');
update_option('home', 'http://store.test');
update_option('woocommerce_currency', 'RUB');
error_reporting(E_ALL & ~E_DEPRECATED);
require __DIR__ . '/StoreCase.php';
