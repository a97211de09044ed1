<?php

declare(strict_types=1);

namespace Arcana\Orders;

/** People of the bots among the shop's customers. They have no e-mail, so an address that cannot exist names them. */
final class Customers
{
    /** `.invalid` is reserved (RFC 2606): no mail to it can ever arrive anywhere. */
    public const DOMAIN = '@telegram.invalid';
}
