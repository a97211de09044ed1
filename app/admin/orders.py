"""The admin API of orders and refunds. The caller is a manager (see `auth`); all is of his project alone."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from app.admin import schemas
from app.admin.auth import CurrentManager
from app.admin.views import listed_payment_view, order_view, payment_view, refund_view
from app.container import container
from app.crm.audit import record
from app.errors import InvalidRequest
from app.kit import json
from app.kit.database import Connection
from app.kit.http import error_responses, json_response
from app.kit.idempotency import Once
from app.payments.errors import OrderNotFound
from app.payments.orders import listing
from app.payments.orders.listing import Filters, Listed
from app.payments.orders.payments import PaymentRepository
from app.payments.orders.payments_listing import PaymentFilters, payments_page
from app.payments.refunds.repository import RefundRepository, refunds_page
from app.payments.refunds.unused import unused_part
from app.payments.sums import show
from app.readings.endpoints import IdempotencyKey

router = APIRouter(prefix="/api/v1/admin", tags=["admin"])

ERRORS = error_responses(401, 403)
Cursor = Annotated[UUID | None, Query(description="The `next_cursor` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=100)]
Name = Annotated[str | None, Query(min_length=1, max_length=64, pattern=r"^[^\x00]*$")]
Currency = Annotated[str | None, Query(pattern=r"^[A-Z]{3}$")]
Moment = Annotated[datetime | None, Query(description="RFC 3339 with its offset.")]


def check_moments(**moments: datetime | None) -> None:
    """Raises `InvalidRequest` for what is no moment of this world."""
    for name, moment in moments.items():
        if moment is not None and moment.tzinfo is None:
            raise InvalidRequest(f"`{name}` has no offset from UTC.")
        if moment is not None and not 2000 <= moment.year < 2200:
            raise InvalidRequest(f"`{name}` is far from today.")


def chosen(
    state: Annotated[list[schemas.State] | None, Query(description="Any of these.")] = None,
    user: UUID | None = None,
    provider: Name = None,
    package: Name = None,
    currency: Currency = None,
    coupon: Name = None,
    since: Moment = None,
    until: Moment = None,
    not_in_books: Annotated[bool, Query(description="Only those that the store's books still lack.")] = False,
) -> Filters:
    """The filters of a list and of its export."""
    check_moments(since=since, until=until)
    return Filters(
        states=tuple(state or ()), user_id=user, provider=provider, package=package, currency=currency,
        coupon=coupon, since=since, until=until, waits=not_in_books,
    )  # fmt: skip


Chosen = Annotated[Filters, Depends(chosen)]


@router.get("/orders", response_model=schemas.ManagedOrders, responses=ERRORS, summary="Orders, the newest first")
async def page(
    manager: CurrentManager, request: Request, filters: Chosen, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    project = manager.project
    async with container(request).database.connection() as connection:
        found = await listing.page(
            connection, project_ids=[project.id], filters=filters, older_than=cursor, limit=limit + 1
        )
    items = [order_view(one, project.default_language) for one in found[:limit]]
    return json_response({"items": items, "next_cursor": items[-1]["id"] if len(found) > limit else None})


@router.get(
    "/orders/{order_id}",
    response_model=schemas.ManagedOrderInFull,
    responses=ERRORS,
    summary="One order with its payments, refunds, disputes and what providers said",
)
async def one(order_id: UUID, manager: CurrentManager, request: Request) -> Response:
    project_id = manager.project.id
    async with container(request).database.connection() as connection:
        found = await listing.get(connection, project_ids=[project_id], order_id=order_id)
        if found is None:
            raise OrderNotFound
        payments = await PaymentRepository(connection, project_id).of_orders([order_id])
        refunds = await RefundRepository(connection, project_id).of_order(order_id)
        unused = await unused_part(connection, found.order) if found.order.state == "paid" else 0
        disputes = await _disputes(connection, found)
        events = await _events(connection, found)
    body = {
        **order_view(found, manager.project.default_language),
        "unused": unused,
        "payments": [payment_view(payment) for payment in payments],
        "refunds": [refund_view(refund) for refund in refunds],
        "disputes": disputes,
        "events": events,
    }
    return json_response(body)


async def _disputes(connection: Connection, found: Listed) -> list[dict[str, object]]:
    rows = await connection.fetch(
        """
        SELECT id, state, amount, currency, reference, created_at, closed_at FROM disputes
        WHERE project_id = $1 AND order_id = $2 ORDER BY id
        """,
        found.order.project_id, found.order.id,
    )  # fmt: skip
    return [dict(row) for row in rows]


async def _events(connection: Connection, found: Listed) -> list[dict[str, object]]:
    """Those that name one of its payments; what exactly was said is not shown, for it tells of people."""
    rows = await connection.fetch(
        """
        SELECT e.id, e.provider, e.kind, e.state, e.note, e.attempts, e.received_at, e.done_at
        FROM provider_events e
        WHERE e.project_id = $1 AND e.received_at >= $3 AND EXISTS (
            SELECT FROM payments p
            WHERE p.project_id = $1 AND p.order_id = $2 AND p.provider = e.provider AND p.account = e.account
                AND (strpos(e.body::text, p.id::text) > 0 OR strpos(e.body::text, p.reference) > 0
                    OR strpos(e.body::text, p.charge) > 0)
        )
        ORDER BY e.id LIMIT 100
        """,
        found.order.project_id, found.order.id, found.order.created_at,
    )  # fmt: skip
    return [dict(row) for row in rows]


def payments_chosen(
    state: Annotated[list[schemas.PaymentState] | None, Query(description="Any of these.")] = None,
    user: UUID | None = None,
    order: UUID | None = None,
    provider: Name = None,
    currency: Currency = None,
    reference: Annotated[Name, Query(description="The provider's name of the attempt, or of the money.")] = None,
    since: Moment = None,
    until: Moment = None,
) -> PaymentFilters:
    """The filters of a list; moments are those at which an attempt began."""
    check_moments(since=since, until=until)
    return PaymentFilters(
        states=tuple(state or ()), user_id=user, order_id=order, provider=provider, currency=currency, name=reference,
        since=since, until=until,
    )  # fmt: skip


@router.get(
    "/payments",
    response_model=schemas.ManagedPayments,
    responses=ERRORS,
    summary="Payments: every attempt to pay, the newest first",
)
async def payments(
    manager: CurrentManager,
    request: Request,
    filters: Annotated[PaymentFilters, Depends(payments_chosen)],
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    async with container(request).database.connection() as connection:
        found = await payments_page(connection, manager.project.id, filters=filters, before=cursor, limit=limit + 1)
    items = [listed_payment_view(row) for row in found[:limit]]
    return json_response({"items": items, "next_cursor": items[-1]["id"] if len(found) > limit else None})


@router.get("/refunds", response_model=schemas.ManagedRefunds, responses=ERRORS, summary="Refunds, the newest first")
async def refunds(
    manager: CurrentManager,
    request: Request,
    state: Literal["wanted", "sent", "done", "failed"] | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    async with container(request).database.connection() as connection:
        found = await refunds_page(connection, manager.project.id, state=state, before=cursor, limit=limit + 1)
    items = [refund_view(refund) for refund in found[:limit]]
    return json_response({"items": items, "next_cursor": items[-1]["id"] if len(found) > limit else None})


@router.post(
    "/orders/{order_id}/refunds",
    status_code=201,
    response_model=schemas.ManagedRefund,
    responses=error_responses(401, 403, 404, 409),
    summary="Give money back: all that is left of an order, or a part of it",
)
async def refund(
    order_id: UUID,
    body: schemas.NewRefund,
    manager: CurrentManager,
    request: Request,
    idempotency_key: IdempotencyKey,
) -> Response:
    """A worker sends it to the provider. `refund_refused` says why nothing goes back."""
    services, project = container(request), manager.project
    values = {"order": str(order_id), **body.model_dump()}
    once = Once(project.id, manager.user_id, "admin.refunds", idempotency_key, values)
    async with services.database.transaction() as connection:
        kept = await once.replay(connection)
        if kept is None:
            begun = await services.payments.refund(
                connection, project, order_id, started_by="admin", amount=body.amount,
                actor=str(manager.actor.telegram_id), reason=body.reason,
            )  # fmt: skip
            found = await listing.get(connection, project_ids=[project.id], order_id=order_id)
            assert found is not None  # noqa: S101  # what was refunded is there
            await record(
                connection,
                project_id=project.id,
                actor=manager.actor,
                action="order.refund",
                user_id=found.order.user_id if found.telegram_id is not None else None,
                details={
                    "number": f"№ {found.order.number}",
                    "sum": show(begun.amount, begun.currency, project.default_language),
                    "reason": body.reason,
                    "refund": str(begun.id),
                },
            )
            kept = json.dumps(refund_view(begun))
            await once.keep(connection, kept)
    return Response(kept, 201, media_type="application/json")
