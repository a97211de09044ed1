"""What an order makes of a subscription: pure rules about time and agreements."""

import calendar
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from app.kit.clock import utc_now
from app.payments.orders.repository import Order
from app.payments.port import Paid
from app.payments.subscriptions.repository import Subscription, Terms

# Two ends that are nearer to each other than this are the same one, told by two clocks.
SAME_END = timedelta(days=1)


def add_months(moment: datetime, months: int) -> datetime:
    """The same day of the month later, or the last one where that month is shorter."""
    month = moment.month - 1 + months
    year, month = moment.year + month // 12, month % 12 + 1
    return moment.replace(year=year, month=month, day=min(moment.day, calendar.monthrange(year, month)[1]))


def period_after(start: datetime, period: str) -> datetime:
    return add_months(start, 12 if period == "year" else 1)


def end_after(order: Order, fact: Paid | None, running: Subscription | None, *, now: datetime, gift: bool) -> datetime:
    """Where the time that this order pays for ends, after what is paid for already.

    What the provider says counts, except where time came from elsewhere (a gift, another purchase): that is not lost.
    Money for a period that is over by now adds none.
    """
    end = running.until if running is not None and running.state != "ended" else None
    paid_until = fact.paid_until if fact is not None and not gift else None
    period = str(order.package["period"])
    if paid_until is not None and paid_until <= now:
        return max(paid_until, end) if end else paid_until
    if paid_until is not None and (end is None or paid_until > end + SAME_END):
        return paid_until
    # A renewal pays from where the last period ended, for the grace was used as well.
    start = now if end is None else end if order.kind == "renewal" else max(end, now)
    if order.kind == "trial":
        return start + timedelta(days=int(order.package["trial_days"] or 0))
    return period_after(start, period)


def brought_by(order: Order) -> timedelta:
    """How much time a paid order has given, as we count it; its provider may have said a day or two more."""
    start = order.paid_at or utc_now()
    return end_after(order, None, None, now=start, gift=False) - start


def end_of(given: Iterable[tuple[datetime, str, dict[str, Any]]]) -> datetime | None:
    """Where the time of several orders ends, (when it was given, kind, package) each, the first one first."""
    end: datetime | None = None
    for at, kind, package in given:
        start = max(end, at) if end else at
        is_trial = kind == "trial"
        days = timedelta(days=int(package["trial_days"] or 0))
        end = start + days if is_trial else period_after(start, str(package["period"]))
    return end


def terms_after(
    order: Order,
    fact: Paid | None,
    running: Subscription | None,
    *,
    provider: str | None,
    account: str | None,
    sealed_method: str | None,
    until: datetime,
    gift: bool,
) -> Terms:
    """What the subscription is from now on.

    What brings time alone, as a gift does, leaves an agreement as it is. A renewal keeps what was agreed; one that was
    canceled meanwhile stays so.
    """
    keeps = running is not None and running.state != "ended"
    reference = fact.subscription if fact else None
    begins = order.renews and order.kind == "purchase" and (reference is not None or sealed_method is not None)
    if running is not None and keeps and running.renews and order.kind != "renewal" and not begins:
        return _prolonged(running, until)
    price, currency = order.total, order.currency
    if running is not None and order.kind == "renewal":
        renews = running.renews or (running.state == "ended" and _agreed(fact))
        # The same agreement goes on, whatever its provider calls this payment of it.
        method = sealed_method or running.sealed_method
        agreement = (running.provider or provider, running.account or account, running.reference or reference, method)
    elif begins and not gift:
        renews, agreement = True, (provider, account, reference, sealed_method)
    elif running is not None and keeps:
        # It was canceled, but may be taken up again, at its provider as well: then it costs what it did.
        renews, method = False, running.sealed_method if gift else None
        agreement = (running.provider, running.account, running.reference, method)
        if running.reference is not None or method is not None:
            price, currency = running.price, running.currency
    else:
        renews, agreement = False, (None, None, None, None)
    package = order.package
    return Terms(
        package_key=order.package_key,
        package=package,
        period=str(package["period"]),
        fair_use=package["fair_use"],
        trial=order.kind == "trial",
        renews=renews,
        until=until,
        provider=agreement[0],
        account=agreement[1],
        reference=agreement[2],
        sealed_method=agreement[3],
        currency=currency,
        price=price,
        renew_at=until if renews and agreement[3] is not None and agreement[2] is None else None,
    )


def _prolonged(running: Subscription, until: datetime) -> Terms:
    return Terms(
        package_key=running.package_key,
        package=running.package,
        period=running.period,
        fair_use=running.fair_use,
        trial=running.trial,
        renews=running.renews,
        until=until,
        provider=running.provider,
        account=running.account,
        reference=running.reference,
        sealed_method=running.sealed_method,
        currency=running.currency,
        price=running.price,
        renew_at=until if running.reference is None else None,
    )


def _agreed(fact: Paid | None) -> bool:
    return fact is not None and (fact.subscription is not None or fact.method is not None)
