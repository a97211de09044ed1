"""How orders are written for the staff: sums, states, and what became of them, in Telegram HTML."""

from datetime import datetime
from html import escape

from app.catalogue.library import text
from app.locales import html, plain, texts
from app.payments.orders.listing import Listed
from app.payments.orders.payments import Payment
from app.payments.orders.repository import Order
from app.payments.refunds.repository import Refund
from app.payments.sums import show

STATES = ("pending", "paid", "expired", "canceled", "refunded")


def moment(at: datetime) -> str:
    return at.strftime("%d.%m.%y %H:%M")


def named(language: str, prefix: str, name: str) -> str:
    """The words for a name of ours, or the name where there are none: a provider's own words, a later version's."""
    key = f"{prefix}.{name}"
    return plain(language, key) if key in texts(language) else name


def package_name(order: Order, language: str) -> str:
    return text(order.package["name"], language)


def state(order: Order, language: str) -> str:
    """In words; a part that was given back is named."""
    words = plain(language, f"orders.state.{order.state}")
    if order.state == "paid" and order.refunded_amount:
        words += " · " + plain(language, "orders.partly", sum=show(order.refunded_amount, order.currency, language))
    return words


def line(found: Listed, language: str, *, project: str | None = None) -> str:
    """One order in a list."""
    order = found.order
    name, total = escape(package_name(order, language), quote=False), show(order.total, order.currency, language)
    parts = [
        f"<b>№ {order.number}</b> {name}, {total}",
        escape(state(order, language), quote=False),
        escape(found.client if found.telegram_id else plain(language, "orders.somebody"), quote=False),
    ]
    if project:
        parts.append(escape(project))
    parts.append(order.created_at.strftime("%d.%m.%y"))
    return " · ".join(parts)


def lines(found: Listed, language: str) -> list[str]:
    """What was bought, for how much, and how; without who bought it."""
    order = found.order
    told = [
        html(language, f"orders.title.{order.kind}", number=order.number),
        html(language, "orders.package", package=package_name(order, language)),
        html(language, "orders.sum", sum=show(order.total, order.currency, language), state=state(order, language)),
    ]
    if order.discount:
        told.append(
            html(
                language,
                "orders.discount",
                coupon=order.coupon or "—",
                sum=show(order.discount, order.currency, language),
                price=show(order.price, order.currency, language),
            )
        )
    if found.provider is not None:
        told.append(html(language, "orders.provider", provider=named(language, "provider", found.provider)))
    if order.paid_at is not None:
        told.append(html(language, "orders.paid_at", time=moment(order.paid_at)))
    return told


def book_line(found: Listed, language: str) -> str | None:
    """Where it stands in the shop's books; None for what does not belong there."""
    if found.book_url is not None:
        link = f'<a href="{escape(found.book_url)}">№ {found.book_number}</a>'
        return html(language, "orders.book.done", number="{link}").replace("{link}", link)
    if found.book_state is None:
        return None
    if found.book_state in ("waiting", "sending") and found.book_problem:
        return html(language, "orders.book.problem", problem=named(language, "orders.problem", found.book_problem))
    return html(language, f"orders.book.{found.book_state}", number=found.book_number or "—")


def payment_line(payment: Payment, language: str) -> str:
    provider = escape(named(language, "provider", payment.provider), quote=False)
    words = f"💳 {provider}, {show(payment.amount, payment.currency, language)}: "
    words += plain(language, f"payments.state.{payment.state}")
    if payment.failure and payment.state == "failed":
        words += " · " + escape(named(language, "payments.failure", payment.failure), quote=False)
    if payment.charge:
        words += f" · <code>{escape(payment.charge, quote=False)}</code>"
    return words


def refund_line(refund: Refund, language: str) -> str:
    told = [
        plain(language, f"refunds.state.{refund.state}"),
        plain(language, f"refunds.by.{refund.started_by}"),
        f"{moment(refund.created_at)} UTC",
    ]
    return f"↩️ {show(refund.amount, refund.currency, language)}: {', '.join(told)}"
