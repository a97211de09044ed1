"""Orders and payments, as edges use them. Services never commit; `start` alone works between transactions."""

from uuid import UUID

from app.catalogue.library import Project
from app.kit.clock import utc_now
from app.kit.database import Connection, Database
from app.kit.telemetry import get_logger
from app.payments import fulfilment, machine
from app.payments.errors import OrderNotFound, OrderNotPayable
from app.payments.orders import checkout, closing, coupons, pricing, starting
from app.payments.orders import service as orders
from app.payments.orders.payments import Payment
from app.payments.orders.pricing import Quote
from app.payments.orders.repository import Order, OrderRepository
from app.payments.orders.service import Wish
from app.payments.outcome import Outcome, Source
from app.payments.parts import Parts
from app.payments.port import Fact, Place, Started
from app.payments.providers import IN_TELEGRAM, Registry
from app.payments.refunds import service as refunds
from app.payments.refunds.repository import Refund
from app.settings import Settings
from app.telegram.checkout import CheckoutQuery, Refusal
from app.users.repository import User, UserRepository
from app.users.service import admit
from app.users.sessions import SessionService

log = get_logger("app.payments")

# Ids of ours have 36 characters; what else a payload may carry is not ours.
PAYLOAD_LOGGED = 64


class PaymentService:
    """Built once a process, with all providers; keeps nothing between calls."""

    def __init__(self, *, settings: Settings, registry: Registry, sessions: SessionService, parts: Parts) -> None:
        self.registry = registry
        self.parts = parts
        self._settings = settings
        self._sessions = sessions

    async def quote(
        self,
        connection: Connection,
        project: Project,
        user: User,
        *,
        package_key: str,
        coupon: str | None,
        place: Place,
    ) -> Quote:
        """What it costs now with each provider that is offered there. Raises `PackageNotFound`, `CouponInvalid`."""
        package = orders.find_package(project, package_key)
        found = pricing.find_coupon(project, coupon, utc_now())
        quote = pricing.quote(project, package, found, self.registry.offered(project, place))
        if found is not None:
            await coupons.check_limits(OrderRepository(connection, project.id), found, self.person_hash(project, user))
        return quote

    async def create(self, connection: Connection, project: Project, user_id: UUID, wish: Wish) -> Order:
        """A pending order, or one that is `paid` and given at once when it costs nothing.

        Raises `PackageNotFound`, `ProviderNotOffered`, `CouponInvalid`, `PriceChanged`, `AlreadySubscribed`,
        `TrialUsed`, `Unauthenticated` and `UserBlocked`.
        """
        user = admit(await UserRepository(connection, project.id).get(user_id, lock="KEY SHARE"))
        order = await orders.place_order(
            connection, self.registry, project, user, wish, person_hash=self.person_hash(project, user)
        )
        if order.total:
            return order
        paid = await OrderRepository(connection, project.id).settle(order.id)
        assert paid is not None  # noqa: S101  # it was made in this transaction
        await fulfilment.give(self.parts, connection, paid, None)
        return paid

    async def attempt(self, connection: Connection, project: Project, order: Order, *, provider: str) -> Payment:
        """A payment for a pending order, or the open one with this provider. Raises `OrderNotPayable`,
        `ProviderNotOffered`. The provider is asked by `start`, after the commit."""
        return await starting.attempt(connection, self.registry, project, order, provider=provider)

    async def start(self, database: Database, project: Project, *, payment_id: UUID) -> Started:
        """The page or invoice to pay on; the same again for the same payment. Call it outside of any transaction.

        Raises `ProviderAway`, `ProviderRefused`, `OrderNotPayable`, `OrderNotFound`, `ProviderNotOffered`.
        """
        return await starting.start(database, self.registry, self._settings, project, payment_id=payment_id)

    async def again(
        self,
        connection: Connection,
        project: Project,
        user_id: UUID,
        order_id: UUID,
        *,
        provider: str,
        contact: str | None = None,
    ) -> Payment:
        """Another attempt for an order of this person; `contact` is kept if the order has none.

        Raises as `attempt`, and `OrderNotFound`.
        """
        admit(await UserRepository(connection, project.id).get(user_id, lock="KEY SHARE"))
        orders_ = OrderRepository(connection, project.id)
        order = await orders_.get(order_id, user_id=user_id, lock=True)
        if order is None:
            raise OrderNotFound
        if order.state == "pending" and order.expires_at <= utc_now():
            starting.log_over(order, "expired")
            raise OrderNotPayable(state="expired")
        if order.state == "pending" and order.contact is None and contact is not None:
            order = await orders_.add_contact(order.id, contact)
        return await self.attempt(connection, project, order, provider=provider)

    async def cancel(self, connection: Connection, project: Project, user_id: UUID, order_id: UUID) -> Order:
        """The person does not want it any more. Raises `OrderNotFound`, `OrderNotPayable` if it is paid or over."""
        admit(await UserRepository(connection, project.id).get(user_id, lock="KEY SHARE"))
        orders_ = OrderRepository(connection, project.id)
        order = await orders_.get(order_id, user_id=user_id, lock=True)
        if order is None:
            raise OrderNotFound
        if order.state == "canceled":
            return order
        canceled = await orders_.move(order_id, "canceled")
        if canceled is None:
            raise OrderNotPayable(state=order.state)
        await closing.close_later(connection, project.id, [order_id])
        return canceled

    async def apply(self, connection: Connection, source: Source, fact: Fact) -> Outcome:
        """Whatever a provider says happened, however often, late and out of order; decided, and given, in this
        transaction."""
        return await machine.apply(self.parts, connection, source, fact)

    async def check(self, connection: Connection, project: Project, query: CheckoutQuery) -> Refusal | None:
        """What a pre-checkout query of Telegram is answered: None lets the payment happen."""
        refusal = await checkout.check(connection, project.id, IN_TELEGRAM, query)
        if refusal is not None:
            log.warning("a payment was refused before it was made", project_id=project.id, provider=IN_TELEGRAM,
                        payment=query.payload[:PAYLOAD_LOGGED], reason=refusal.key)  # fmt: skip
        return refusal

    async def decide(self, database: Database, project: Project, query: CheckoutQuery) -> Refusal | None:
        """As `check`, in a connection of its own: `app.telegram.checkout.PreCheckout`."""
        async with database.connection() as connection:
            return await self.check(connection, project, query)

    async def refund(
        self,
        connection: Connection,
        project: Project,
        order_id: UUID,
        *,
        started_by: str,
        amount: int | None = None,
        actor: str | None = None,
        reason: str | None = None,
    ) -> Refund:
        """Begins a refund; see `refunds.ask` for what is refused. `started_by`: bot, admin, woocommerce, system."""
        name = await refunds.paid_with(connection, project.id, order_id)
        provider = self.registry.get(name) if name else None
        return await refunds.ask(
            self.parts, connection, project, order_id=order_id, started_by=started_by, amount=amount, actor=actor,
            reason=reason, provider=provider,
        )  # fmt: skip

    def person_hash(self, project: Project, user: User) -> bytes:
        """Who he is for limits, also after he has left and come back."""
        assert user.telegram_id is not None  # noqa: S101  # only those who left have none
        return self._sessions.person_hash(project, user.telegram_id)
