"""What is for sale, as a person sees it: every package with its prices, and what his coupon does to them."""

from typing import Any

from app.catalogue.library import Coupon, Package, Project
from app.kit.clock import utc_now
from app.kit.database import Connection
from app.payments import orders, pricing
from app.payments.errors import CouponInvalid
from app.payments.port import Place, Provider
from app.payments.repository import OrderRepository
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
            await orders.check_limits(rows, found, person_hash)
    except CouponInvalid as error:
        reason, found = str(error.facts["reason"]), None
    has_trials = any(package.trial_days for package in project.packages)
    trials = has_trials and not await rows.trial_used(person_hash) and await rows.running_subscription(user.id) is None
    items = [_offer(project, package, found, providers, trials=trials) for package in project.packages]
    code = (coupon or "").strip().lower()
    return {
        "place": place,
        "providers": [provider.name for provider in providers],
        "contact_for": [provider.name for provider in providers if provider.needs_contact(project)],
        "items": [item for item in items if item["prices"]],
        "coupon": {"code": code, "valid": reason is None, "reason": reason} if code else None,
    }


def _offer(
    project: Project, package: Package, coupon: Coupon | None, providers: list[Provider], *, trials: bool
) -> dict[str, Any]:
    reason = None
    try:
        quote = pricing.quote(project, package, coupon, providers)
    except CouponInvalid as error:
        reason = str(error.facts["reason"])
        quote = pricing.quote(project, package, None, providers)
    return {
        "package": package.key,
        "prices": [line_view(line) for line in quote.lines],
        "trial": trials and bool(package.trial_days),
        "coupon_reason": reason,
    }
