"""Making orders: what is bought is copied, priced and held against limits, before anybody is asked for money."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.catalogue.library import Coupon, Package, Project
from app.kit.clock import utc_now
from app.kit.database import Connection
from app.kit.ids import new_id
from app.payments.errors import AlreadySubscribed, CouponInvalid, PackageNotFound, PriceChanged, TrialUsed
from app.payments.orders import coupons, pricing
from app.payments.orders.closing import close_later
from app.payments.orders.pricing import Line
from app.payments.orders.repository import NewOrder, Order, OrderRepository
from app.payments.port import Place, Provider
from app.payments.providers import Registry
from app.users.repository import User

# How long the price and the coupon's place are kept for somebody who has begun to pay.
LIFETIME = timedelta(hours=1)
# Whoever begins one more leaves the oldest one; money that comes for it all the same still gets what was agreed.
MOST_OPEN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person asked to buy. `expected_total` and `currency` are what he saw; None for whoever shows none."""

    package_key: str
    provider: str
    place: Place
    language: str
    coupon: str | None = None
    expected_total: int | None = None
    currency: str | None = None
    gift: bool = False
    trial: bool = False
    renews: bool = True
    contact: str | None = None


def package_copy(package: Package) -> dict[str, Any]:
    """What an order keeps of a package, under the catalogue's names: editing it never changes what was bought."""
    return {
        "key": package.key,
        "kind": package.kind,
        "name": dict(package.name),
        "description": dict(package.description),
        "readings": package.readings,
        "follow_ups": package.follow_ups,
        "period": package.period,
        "renews": package.renews,
        "fair_use": package.fair_use,
        "expires_days": package.expires_days,
        "trial_days": package.trial_days,
        "product_id": package.product_id,
    }


def find_package(project: Project, key: str) -> Package:
    """Raises `PackageNotFound`."""
    package = project.package(key)
    if package is None or not project.live:
        raise PackageNotFound
    return package


def can_renew(package: Package, provider: Provider, total: int) -> bool:
    """Whether this subscription repeats by itself when it is paid this way."""
    if package.kind != "subscription" or not package.renews:
        return False
    return provider.renews(period=package.period, amount=total)


async def place_order(
    connection: Connection, registry: Registry, project: Project, user: User, wish: Wish, *, person_hash: bytes
) -> Order:
    """A pending order at today's price. Raises what `app.payments.errors` has for each reason not to.

    The person must be locked, so that he does not leave meanwhile.
    """
    package = find_package(project, wish.package_key)
    now = utc_now()
    orders = OrderRepository(connection, project.id)
    is_subscription = package.kind == "subscription"
    if wish.gift and (wish.trial or not package.gift):
        raise PackageNotFound
    if wish.trial:
        await orders.lock_person(user.id)
    if is_subscription and not wish.gift:
        await _check_subscription(orders, user.id, trial=wish.trial)
    if wish.trial:
        line, coupon, expires_at = await _trial(orders, registry, project, package, wish, person_hash), None, now
    else:
        line, coupon = await _priced(connection, orders, registry, project, package, wish, person_hash, user.id, now)
        expires_at = now + LIFETIME
        if coupon is not None and coupon.expires_at is not None:
            expires_at = min(expires_at, coupon.expires_at)
    await close_later(connection, project.id, await orders.cancel_oldest(user.id, keep=MOST_OPEN - 1))
    provider = registry.get(wish.provider)
    renewable = provider is not None and can_renew(package, provider, line.total)
    kind = "gift" if wish.gift else "trial" if wish.trial else "purchase"
    return await orders.add(
        NewOrder(
            id=new_id(),
            user_id=user.id,
            kind=kind,
            package_key=package.key,
            package=package_copy(package) | coupons.limits_copy(coupon),
            currency=line.currency,
            regular=line.regular,
            price=line.price,
            discount=line.discount,
            total=line.total,
            coupon=coupon.code if coupon else None,
            person_hash=person_hash,
            renews=wish.renews and renewable and kind == "purchase" and line.total > 0,
            place=wish.place,
            language=wish.language,
            contact=wish.contact,
            expires_at=expires_at if line.total else now + LIFETIME,
        )
    )


async def _check_subscription(orders: OrderRepository, user_id: UUID, *, trial: bool) -> None:
    """One that renews by itself would be paid for twice; to one that runs out, another may be added."""
    running = await orders.running_subscription(user_id)
    if running is not None and (running[1] or trial):
        raise AlreadySubscribed(until=running[0])


async def _trial(
    orders: OrderRepository, registry: Registry, project: Project, package: Package, wish: Wish, person_hash: bytes
) -> Line:
    """The package's price with all of it taken off. Raises `PackageNotFound` and `TrialUsed`."""
    if not package.trial_days:
        raise PackageNotFound
    if await orders.trial_used(person_hash):
        raise TrialUsed
    registry.choose(project, wish.place, wish.provider)
    line = pricing.quote(project, package, None, registry.offered(project, wish.place)).line(wish.provider)
    if line is None:
        raise PackageNotFound
    _check_expected(wish, 0, line.currency)
    return Line(line.provider, line.currency, line.regular, line.price, line.price, 0)


async def _priced(
    connection: Connection,
    orders: OrderRepository,
    registry: Registry,
    project: Project,
    package: Package,
    wish: Wish,
    person_hash: bytes,
    user_id: UUID,
    now: datetime,
) -> tuple[Line, Coupon | None]:
    provider = registry.choose(project, wish.place, wish.provider)
    coupon = pricing.find_coupon(project, wish.coupon, now)
    quote = pricing.quote(project, package, coupon, [provider])
    line = quote.line(provider.name)
    if line is None and quote.refused and coupon is not None:
        [refused] = quote.refused
        raise CouponInvalid(reason=refused.reason, provider=provider.name)
    if line is None:
        raise PackageNotFound
    _check_expected(wish, line.total, line.currency)
    if coupon is not None:
        await orders.lock_coupon(coupon.code)
        await close_later(connection, project.id, await orders.cancel_with_coupon(user_id, coupon.code))
        await coupons.check_limits(orders, coupon, person_hash)
    return line, coupon


def _check_expected(wish: Wish, total: int, currency: str) -> None:
    if wish.expected_total not in (None, total) or wish.currency not in (None, currency):
        raise PriceChanged(total=total, currency=currency)
