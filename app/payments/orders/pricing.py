"""What a package costs, by each provider and with a coupon: the same sum before, during and after the payment.

All sums are integers in the smallest units; everything is rounded by `app.payments.sums.share`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from app.catalogue.library import Coupon, Package, Project
from app.kit.money import STARS
from app.payments.errors import CouponInvalid
from app.payments.port import Provider
from app.payments.sums import share

WHOLE = 10_000
CODE_LIMIT = 64


@dataclass(frozen=True, slots=True)
class Line:
    """`regular` is without a sale, `price` with it, `total` with the coupon as well: total = price - discount."""

    provider: str
    currency: str
    regular: int
    price: int
    discount: int
    total: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A provider that sells this package, but does not take such a sum: `limit` is what it takes at least or at most.

    `reason`: below_minimum, above_maximum.
    """

    provider: str
    currency: str
    total: int
    reason: str
    limit: int


@dataclass(frozen=True, slots=True)
class Quote:
    """One line a provider; those that cannot take such a sum are among the `refused`."""

    package: Package
    coupon: Coupon | None
    lines: tuple[Line, ...]
    refused: tuple[Refused, ...] = ()

    def line(self, provider: str) -> Line | None:
        return next((line for line in self.lines if line.provider == provider), None)


def clean_code(code: str | None) -> str | None:
    """As coupons are known: lower case, no spaces around. Raises `CouponInvalid` for what is none."""
    if code is None or not (cleaned := code.strip().lower()):
        return None
    if len(cleaned) > CODE_LIMIT or "\x00" in cleaned:
        raise CouponInvalid(reason="unknown")
    return cleaned


def find_coupon(project: Project, code: str | None, now: datetime) -> Coupon | None:
    """Raises `CouponInvalid` with `unknown` or `expired`; says nothing of packages and limits."""
    cleaned = clean_code(code)
    if cleaned is None:
        return None
    coupon = project.coupon(cleaned)
    if coupon is None or (coupon.projects is not None and project.key not in coupon.projects):
        raise CouponInvalid(reason="unknown")
    if coupon.expires_at is not None and coupon.expires_at <= now:
        raise CouponInvalid(reason="expired")
    return coupon


def check_package(coupon: Coupon, project: Project, package: Package) -> None:
    """Whether the coupon fits this package at its price. Raises `CouponInvalid`."""
    if not coupon.holds_for(project.key, package.key):
        raise CouponInvalid(reason="not_for_this")
    price = package.price
    fixed = coupon.kind != "percent" and not coupon.free
    limited = coupon.minimum is not None or coupon.maximum is not None
    if (fixed or limited) and price is None:
        raise CouponInvalid(reason="not_for_this")
    if fixed and price is not None and coupon.currency != price.currency:
        raise CouponInvalid(reason="not_for_this")
    if price is not None and coupon.minimum is not None and price.amount < coupon.minimum:
        raise CouponInvalid(reason="below_minimum", minimum=coupon.minimum, currency=price.currency)
    if price is not None and coupon.maximum is not None and price.amount > coupon.maximum:
        raise CouponInvalid(reason="above_maximum", maximum=coupon.maximum, currency=price.currency)


def discount(coupon: Coupon, package: Package, amount: int) -> int:
    """What the coupon takes off `amount`, the package's price in any currency.

    A fixed one takes off the same share as off the price in money. Only a coupon for all of it makes it free.
    """
    if coupon.free:
        return amount
    if coupon.kind == "percent":
        part, whole = coupon.amount, WHOLE
    else:
        price = package.price
        part, whole = coupon.amount, price.amount if price is not None else 0
    if part >= whole:
        return amount
    return min(share(amount, part, whole), amount - 1)


def quote(project: Project, package: Package, coupon: Coupon | None, providers: Iterable[Provider]) -> Quote:
    """Raises `CouponInvalid` when the coupon does not fit the package."""
    if coupon is not None:
        check_package(coupon, project, package)
    found = [_line(project, package, coupon, provider) for provider in providers]
    lines = tuple(line for line in found if isinstance(line, Line))
    return Quote(package, coupon, lines, tuple(row for row in found if isinstance(row, Refused)))


def _line(project: Project, package: Package, coupon: Coupon | None, provider: Provider) -> Line | Refused | None:
    money = package.price
    sums = provider.price(
        project, stars=package.stars, money=(money.amount, money.currency) if money is not None else None
    )
    if sums is None or sums[0] <= 0:
        return None
    price, currency = sums
    before = package.stars_regular if currency == STARS else money.regular if money is not None else None
    off = discount(coupon, package, price) if coupon is not None else 0
    total = price - off
    # A provider may not take sums as small as this.
    if total and off:
        in_stars = currency == STARS
        if (
            provider.price(project, stars=total if in_stars else None, money=None if in_stars else (total, currency))
            is None
        ):
            return None
    limits = provider.limits(currency)
    if total and (broken := limits.broken_by(total)):
        limit = limits.minimum if broken == "below_minimum" else limits.maximum
        return Refused(provider.name, currency, total, broken, limit or 0)
    return Line(provider.name, currency, max(before or price, price), price, off, total)
