"""Beginning to pay: the attempt is a row of ours first, then the provider is asked under the row's id, outside of any
transaction, and what it answered is kept. Whatever breaks in between, the same call again leads to the same payment.
"""

from urllib.parse import urlsplit
from uuid import UUID

from app.catalogue.library import Project
from app.kit.database import Connection, Database
from app.kit.hosts import is_public
from app.kit.telemetry import get_logger
from app.payments.errors import ContactNeeded, OrderNotFound, OrderNotPayable, ProviderNotOffered
from app.payments.orders.payments import Bill, Payment, PaymentRepository
from app.payments.orders.repository import Order
from app.payments.port import Ask, Photo, Place, ProviderRefused, Started
from app.payments.providers import Registry
from app.settings import Settings

log = get_logger("app.payments")

REFUSED = "refused"


def return_address(settings: Settings, project: Project, order_id: UUID) -> str:
    """Where the browser comes back to; the Mini App shows what became of the order there."""
    return f"{settings.public_url}/{project.slug}/orders/{order_id}"


def photo_of(settings: Settings, project: Project, package_key: str) -> Photo | None:
    """The package's picture as it is now; None where nobody but us could fetch it, for then it would be refused."""
    package, parts = project.package(package_key), urlsplit(settings.public_url)
    if package is None or package.picture is None or parts.scheme != "https" or not is_public(parts.hostname or ""):
        return None
    width, height = package.picture.widths[-1]
    return Photo(f"{settings.public_url}{package.picture.address(width, 'jpg')}", width, height)


def build_ask(settings: Settings, project: Project, bill: Bill) -> Ask:
    order, payment = bill.order, bill.payment
    place: Place = "telegram" if order.place == "telegram" else "web"
    return Ask(
        id=payment.id,
        project=project,
        order_id=order.id,
        telegram_id=bill.telegram_id,
        language=project.language(order.language),
        title=project.text(order.package["name"], project.language(order.language)),
        description=project.text(order.package["description"], project.language(order.language)),
        amount=payment.amount,
        currency=payment.currency,
        place=place,
        return_url=return_address(settings, project, order.id),
        expires_at=order.expires_at,
        renews=order.renews,
        period=order.package["period"] if order.renews else None,
        contact=order.contact,
        photo=photo_of(settings, project, order.package["key"]),
    )


def log_over(order: Order, state: str) -> None:
    """Somebody wanted to pay for what is not to be paid any more."""
    log.warning("an order is not to be paid any more", project_id=order.project_id, order=str(order.id), state=state)


async def attempt(
    connection: Connection, registry: Registry, project: Project, order: Order, *, provider: str
) -> Payment:
    """The open attempt with this provider, or a new one. The order must be locked or new in this transaction.

    Raises `OrderNotPayable`, `ProviderNotOffered` and `ContactNeeded`; the currency is the one that was agreed.
    """
    if order.state != "pending" or order.total == 0:
        log_over(order, order.state)
        raise OrderNotPayable(state=order.state)
    chosen = registry.choose(project, "telegram" if order.place == "telegram" else "web", provider)
    payments = PaymentRepository(connection, project.id)
    if known := await payments.open_attempt(order.id, provider=provider):
        return known
    account = chosen.account(project)
    amounts = {"stars": order.total, "money": None} if order.currency == "XTR" else {}
    taken = chosen.price(project, stars=amounts.get("stars"), money=None if amounts else (order.total, order.currency))
    beyond = chosen.limits(order.currency).broken_by(order.total)
    if account is None or taken is None or taken[1] != order.currency or beyond:
        raise ProviderNotOffered(offered=[], currency=order.currency)
    if chosen.needs_contact(project) and not order.contact:
        raise ContactNeeded(provider=provider)
    return await payments.add(order, provider=provider, account=account)


async def start(
    database: Database, registry: Registry, settings: Settings, project: Project, *, payment_id: UUID
) -> Started:
    """Asks the provider for the page to pay on. Raises `ProviderAway` (the same again later), `ProviderRefused` (this
    attempt is over, the order is not), `OrderNotPayable` and `OrderNotFound`.
    """
    async with database.connection() as connection:
        bill = await PaymentRepository(connection, project.id).bill(payment_id)
    if bill is None:
        raise OrderNotFound
    payment = bill.payment
    if bill.order.state != "pending" or payment.state not in ("new", "started"):
        log_over(bill.order, bill.order.state)
        raise OrderNotPayable(state=bill.order.state)
    if payment.reference is not None and payment.url is not None and payment.opens is not None:
        return Started(payment.reference, payment.url, "invoice" if payment.opens == "invoice" else "redirect")
    provider = registry.get(payment.provider)
    if provider is None or provider.account(project) != payment.account:
        raise ProviderNotOffered(offered=[])
    try:
        started = await provider.start(build_ask(settings, project, bill))
    except ProviderRefused as error:
        log.warning("a provider refused to begin a payment", provider=provider.name, payment=str(payment.id),
                    project_id=project.id, reason=str(error))  # fmt: skip
        async with database.connection() as connection:
            await PaymentRepository(connection, project.id).fail(payment.id, failure=REFUSED)
        raise
    async with database.connection() as connection:
        await PaymentRepository(connection, project.id).started(
            payment.id, reference=started.reference, url=started.url, opens=started.opens
        )
    return started
