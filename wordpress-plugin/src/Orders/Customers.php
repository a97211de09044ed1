<?php

declare(strict_types=1);

namespace Arcana\Orders;

/** People of the bots among the shop's customers. They have no e-mail, so an address that cannot exist names them. */
final class Customers
{
    /** `.invalid` is reserved (RFC 2606): no mail to it can ever arrive anywhere. */
    public const DOMAIN = '@telegram.invalid';
    /** Who he is. WooCommerce's REST API leaves out what begins with an underscore, unless it is told that it may pass. */
    private const META = ['_arcana_user', '_arcana_telegram_id', '_arcana_project'];

    public static function letPass(mixed $protected, mixed $key, mixed $type): bool
    {
        return (bool) $protected && !($type === 'user' && in_array($key, self::META, true));
    }

    /** Asked of the database itself. */
    public static function known(string $email): bool
    {
        global $wpdb;
        return $wpdb->get_var($wpdb->prepare("SELECT ID FROM {$wpdb->users} WHERE user_email = %s", $email)) !== null;
    }
}
