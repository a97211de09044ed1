"""The shop and orders of the person who asks."""

from contextlib import suppress
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.catalogue.library import Project
from app.container import Container, container
from app.kit import json
from app.kit.database import Connection
from app.kit.http import error_responses, json_response
from app.kit.idempotency import Once
from app.payments import schemas
from app.payments.errors import OrderNotFound, OrderNotPayable
from app.payments.orders.payments import Payment, PaymentRepository
from app.payments.orders.repository import Order, OrderRepository
from app.payments.orders.service import Wish
from app.payments.port import Place, ProviderAway, ProviderRefused
from app.payments.refunds.repository import RefundRepository
from app.payments.shop import show_shop
from app.payments.views import by_order, order_view, payment_view
from app.readings.endpoints import IdempotencyKey
from app.users.auth import CurrentPrincipal
from app.users.errors import ProjectNotFound
from app.users.repository import User, UserRepository
from app.users.service import admit
from app.users.tokens import Principal

router = APIRouter(prefix="/api/v1", tags=["shop"])

# Codes of coupons must not be found by trying.
COUPONS_PER_MINUTE = 20


def project_of(services: Container, principal: Principal) -> Project:
    """Raises `ProjectNotFound` when it is not live any more."""
    project = services.catalogue.library().project_by_id(principal.project_id)
    if project is None or not project.live:
        raise ProjectNotFound
    return project


def place_of(principal: Principal) -> Place:
    """Where the session was begun; not what the client says."""
    return "web" if principal.place == "web" else "telegram"


def limit_orders(services: Container, principal: Principal) -> None:
    per_minute = services.settings.rate_limit_orders_per_minute
    services.limits.check("orders", principal.user_id, per_minute=per_minute, shared=True)


async def person(connection: Connection, principal: Principal) -> User:
    return admit(await UserRepository(connection, principal.project_id).get(principal.user_id))


@router.get(
    "/shop",
    response_model=schemas.Shop,
    responses=error_responses(401, 403, 404),
    summary="What is for sale here, and what it costs with each way to pay",
)
async def shop(
    principal: CurrentPrincipal, request: Request, coupon: Annotated[str | None, Query(max_length=64)] = None
) -> Response:
    services = container(request)
    if coupon:
        services.limits.check("coupons", principal.user_id, per_minute=COUPONS_PER_MINUTE, shared=True)
    project = project_of(services, principal)
    async with services.database.connection() as connection:
        user = await person(connection, principal)
        body = await show_shop(connection, services.payments, project, user, coupon=coupon, place=place_of(principal))
    return json_response(body)


@router.post(
    "/orders",
    status_code=201,
    response_model=schemas.Placed,
    responses=error_responses(401, 402, 403, 404, 409, 502),
    summary="Buy a package: an order, and where to pay for it",
)
async def create(
    body: schemas.NewOrder, principal: CurrentPrincipal, request: Request, idempotency_key: IdempotencyKey
) -> Response:
    """After `provider_away` the same request leads to the same payment; after `provider_refused` pay the order anew."""
    services = container(request)
    limit_orders(services, principal)
    project = project_of(services, principal)
    once = Once(principal.project_id, principal.user_id, "orders", idempotency_key, body.model_dump())
    async with services.database.transaction() as connection:
        kept = await once.replay(connection)
        if kept is None:
            user = await person(connection, principal)
            wish = Wish(
                package_key=body.package,
                provider=body.provider,
                place=place_of(principal),
                language=project.language(user.language),
                coupon=body.coupon,
                expected_total=body.expected_total,
                currency=body.currency,
                gift=body.gift,
                trial=body.trial,
                renews=body.renews,
                contact=body.contact,
            )
            order = await services.payments.create(connection, project, principal.user_id, wish)
            payment: Payment | None = None
            if order.state == "pending":
                payment = await services.payments.attempt(connection, project, order, provider=body.provider)
            kept = json.dumps({"order": order.id, "payment": payment.id if payment else None})
            await once.keep(connection, kept)
    names = json.loads(kept)
    return await _placed(services, project, principal, names["order"], names["payment"], status=201)


@router.post(
    "/orders/{order_id}/pay",
    response_model=schemas.Placed,
    responses=error_responses(401, 403, 404, 409, 502),
    summary="Pay for a pending order: once more, or in another way that takes its currency",
)
async def pay(order_id: UUID, body: schemas.Again, principal: CurrentPrincipal, request: Request) -> Response:
    services = container(request)
    limit_orders(services, principal)
    project = project_of(services, principal)
    async with services.database.transaction() as connection:
        payment = await services.payments.again(
            connection, project, principal.user_id, order_id, provider=body.provider, contact=body.contact
        )
    return await _placed(services, project, principal, str(order_id), str(payment.id), status=200)


async def _placed(
    services: Container, project: Project, principal: Principal, order_id: str, payment_id: str | None, *, status: int
) -> Response:
    """Between transactions: the provider is asked for the page, unless it was, or the order is over by now."""
    async with services.database.connection() as connection:
        current = await PaymentRepository(connection, project.id).get(UUID(payment_id)) if payment_id else None
        order = await OrderRepository(connection, project.id).get(UUID(order_id), user_id=principal.user_id)
    is_open = order is not None and order.state == "pending"
    if current is not None and is_open and current.state in ("new", "started"):
        try:
            # What has come to its end in this very moment is answered as it stands now.
            with suppress(OrderNotPayable):
                await services.payments.start(services.database, project, payment_id=current.id)
        except (ProviderAway, ProviderRefused) as error:
            # Whoever asked may go on with this order, or leave it.
            error.facts.update(order=order_id)
            raise
    async with services.database.connection() as connection:
        user = await person(connection, principal)
        order = await OrderRepository(connection, project.id).get(UUID(order_id), user_id=principal.user_id)
        if order is None:
            raise OrderNotFound
        body = (await _views(connection, project, user, [order]))[0]
        payment = await PaymentRepository(connection, project.id).get(UUID(payment_id)) if payment_id else None
    return json_response({"order": body, "payment": payment_view(payment) if payment else None}, status)


async def _views(connection: Connection, project: Project, user: User, orders: list[Order]) -> list[dict[str, object]]:
    ids = [order.id for order in orders]
    payments = by_order(await PaymentRepository(connection, project.id).of_orders(ids))
    refunds = by_order(await RefundRepository(connection, project.id).of_orders(ids))
    language = project.language(user.language)
    return [order_view(order, language, payments.get(order.id, []), refunds.get(order.id, [])) for order in orders]


@router.get(
    "/orders",
    response_model=schemas.Orders,
    responses=error_responses(401, 403, 404),
    summary="My purchases, the newest first, without those that came to nothing",
)
async def history(
    principal: CurrentPrincipal,
    request: Request,
    cursor: Annotated[UUID | None, Query(description="The `next_cursor` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Response:
    services = container(request)
    project = project_of(services, principal)
    async with services.database.connection() as connection:
        user = await person(connection, principal)
        rows = await OrderRepository(connection, project.id).page(user.id, before=cursor, limit=limit + 1)
        items = await _views(connection, project, user, rows[:limit])
    return json_response({"items": items, "next_cursor": str(rows[limit - 1].id) if len(rows) > limit else None})


@router.get(
    "/orders/{order_id}",
    response_model=schemas.Order,
    responses=error_responses(401, 403, 404),
    summary="One purchase, with its receipt and refunds",
)
async def show(order_id: UUID, principal: CurrentPrincipal, request: Request) -> Response:
    services = container(request)
    project = project_of(services, principal)
    async with services.database.connection() as connection:
        user = await person(connection, principal)
        order = await OrderRepository(connection, project.id).get(order_id, user_id=user.id)
        if order is None:
            raise OrderNotFound
        body = (await _views(connection, project, user, [order]))[0]
    return json_response(body)


@router.post(
    "/orders/{order_id}/cancel",
    response_model=schemas.Order,
    responses=error_responses(401, 403, 404, 409),
    summary="I do not want it any more; what is paid late all the same is given all the same",
)
async def cancel(order_id: UUID, principal: CurrentPrincipal, request: Request) -> Response:
    services = container(request)
    project = project_of(services, principal)
    async with services.database.transaction() as connection:
        order = await services.payments.cancel(connection, project, principal.user_id, order_id)
        user = await person(connection, principal)
        body = (await _views(connection, project, user, [order]))[0]
    return json_response(body)
