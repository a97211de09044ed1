"""Refusals around orders and payments, with the facts that a person is shown."""

from app.errors import ArcanaError


class PackageNotFound(ArcanaError):
    status, code, detail = 404, "package_not_found", "There is no such package, or it is not for sale now."


class PriceChanged(ArcanaError):
    """`total` and `currency` are what it costs now; the person saw another sum."""

    status, code, detail = 409, "price_changed", "The price has changed; look at it once more."


class CouponInvalid(ArcanaError):
    """`reason`: unknown, expired, used_up, used_by_you, not_for_this, below_minimum, above_maximum, signed_in_only."""

    status, code, detail = 422, "coupon_invalid", "This coupon cannot be used."


class ProviderNotOffered(ArcanaError):
    """`offered` lists the names of the providers that are."""

    status, code, detail = 422, "provider_not_offered", "This cannot be paid that way here."


class ContactNeeded(ArcanaError):
    """`provider` sends receipts, and has to know where to: an e-mail address or a phone number."""

    status, code, detail = 422, "contact_needed", "This provider needs an address for the receipt."


class OrderNotFound(ArcanaError):
    status, code, detail = 404, "order_not_found", "There is no such order."


class OrderNotPayable(ArcanaError):
    """`state` is the order's."""

    status, code, detail = 409, "order_not_payable", "This order can no longer be paid."


class AlreadySubscribed(ArcanaError):
    """`until` is where the running one ends."""

    status, code, detail = 409, "already_subscribed", "There is a running subscription already."


class TrialUsed(ArcanaError):
    status, code, detail = 409, "trial_used", "The trial was used before."


class GiftNotFound(ArcanaError):
    status, code, detail = 404, "gift_not_found", "There is no such gift."


class GiftTaken(ArcanaError):
    """`mine` is true for the one who redeemed it."""

    status, code, detail = 409, "gift_taken", "This gift was redeemed before."


class SubscriptionNotFound(ArcanaError):
    status, code, detail = 404, "subscription_not_found", "There is no such subscription."


class RefundRefused(ArcanaError):
    """`reason`: already (all of it went back), changed (it is not what was looked at any more), not_paid, too_much and
    whole_only (with what is `left`, and its `currency`), amount_not_payable (the provider cannot write it down),
    under_way, used (with the units and how many are missing, where that is known), wrong_currency.
    """

    status, code, detail = 409, "refund_refused", "This cannot be refunded."


class FairUseReached(ArcanaError):
    """`limit` readings a day; `free_at` is when the next one is."""

    status, code, detail = 402, "fair_use_reached", "The subscription's share of today is used up."
