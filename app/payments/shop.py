"""What is for sale, as a person sees it: every package with its prices, and what his coupon does to them."""

from dataclasses import asdict
from typing import Any

from app.catalogue.library import Coupon, Package, Project
from app.kit.clock import utc_now
from app.kit.database import Connection
from app.payments.errors import CouponInvalid
from app.payments.orders import coupons, pricing
from app.payments.orders.pricing import Line
from app.payments.orders.repository import OrderRepository
from app.payments.orders.service import can_renew
from app.payments.port import Place, Provider
from app.payments.service import PaymentService
from app.payments.views import line_view
from app.users.repository import User


async def show_shop(
    connection: Connection, payments: PaymentService, project: Project, user: User, *, coupon: str | None, place: Place
) -> dict[str, Any]:
    """`Shop` of the API. A coupon that does not count is told, and changes no price."""
    providers = payments.registry.offered(project, place)
    rows = OrderRepository(connection, project.id)
    person_hash = payments.person_hash(project, user)
    reason, found = None, None
    try:
        found = pricing.find_coupon(project, coupon, utc_now())
        if found is not None:
            await coupons.check_limits(rows, found, person_hash)
    except CouponInvalid as error:
        reason, found = str(error.facts["reason"]), None
    has_trials = any(package.trial_days for package in project.packages)
    trials = has_trials and not await rows.trial_used(person_hash) and await rows.running_subscription(user.id) is None
    items = [_offer(project, package, found, providers, trials=trials) for package in project.packages]
    code = (coupon or "").strip().lower()
    contact_for = [provider.name for provider in providers if provider.needs_contact(project)]
    return {
        "place": place,
        "providers": [provider.name for provider in providers],
        "contact_for": contact_for,
        "contact": await rows.last_contact(user.id) if contact_for else None,
        "items": [item for item in items if item["prices"]],
        "coupon": {"code": code, "valid": reason is None, "reason": reason} if code else None,
    }


def _offer(
    project: Project, package: Package, coupon: Coupon | None, providers: list[Provider], *, trials: bool
) -> dict[str, Any]:
    reason, limit = None, None
    try:
        quote = pricing.quote(project, package, coupon, providers)
        if coupon is not None and quote.refused and not quote.lines:
            # So little that nobody takes it.
            raise CouponInvalid(reason=quote.refused[0].reason)
    except CouponInvalid as error:
        reason = str(error.facts["reason"])
        amount = error.facts.get("minimum", error.facts.get("maximum"))
        limit = {"amount": amount, "currency": error.facts["currency"]} if amount is not None else None
        quote = pricing.quote(project, package, None, providers)
    by_name = {provider.name: provider for provider in providers}
    return {
        "package": package.key,
        "prices": [_price(line, package, by_name[line.provider]) for line in quote.lines],
        "refused": [asdict(row) for row in quote.refused],
        "trial": trials and bool(package.trial_days),
        "coupon_reason": reason,
        "coupon_limit": limit,
    }


def _price(line: Line, package: Package, provider: Provider) -> dict[str, Any]:
    limits = provider.limits(line.currency)
    return {
        **line_view(line),
        "minimum": limits.minimum,
        "maximum": limits.maximum,
        "renews": line.total > 0 and can_renew(package, provider, line.total),
    }
