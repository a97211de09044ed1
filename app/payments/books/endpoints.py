"""Refunds that begin on an order's screen in WordPress."""

from fastapi import APIRouter, Depends, Request, Response

from app.container import container
from app.kit.database import Connection
from app.kit.http import error_responses, json_response
from app.payments.books import outbox
from app.payments.books.records import order_record
from app.payments.books.schemas import RefundAsked, RefundBegun
from app.payments.errors import OrderNotFound, RefundRefused
from app.woocommerce.endpoints import limit, signature_headers, signed_store

router = APIRouter(prefix="/api/v1/wordpress", tags=["wordpress"])


@router.post(
    "/refunds",
    status_code=202,
    response_model=RefundBegun,
    responses=error_responses(401, 404, 409),
    dependencies=[Depends(limit), Depends(signature_headers)],
    summary="Give the money of an order in the store's books back",
)
async def refund(body: RefundAsked, request: Request) -> Response:
    services = container(request)
    async with services.database.transaction() as connection:
        store = await signed_store(request, connection)
        project_id = await outbox.project_of(connection, body.order, store_id=store.id)
        project = services.catalogue.library().project_by_id(project_id) if project_id is not None else None
        record = await order_record(connection, project.id, body.order) if project else None
        if project is None or record is None:
            raise OrderNotFound
        if record.currency != body.currency:
            raise RefundRefused(reason="wrong_currency")
        begun = await _asked_before(connection, project.id, body)
        if begun is None:
            asked = await services.payments.refund(
                connection,
                project,
                body.order,
                started_by="woocommerce",
                amount=body.amount,
                actor=body.actor or None,
                reason=body.reason or None,
            )
            begun = RefundBegun(refund=asked.id, state="wanted")
    return json_response(begun.model_dump(), 202)


async def _asked_before(connection: Connection, project_id: int, body: RefundAsked) -> RefundBegun | None:
    """The refund that a former answer of ours told of, if that answer got lost: the store does not count it yet."""
    rows = await connection.fetch(
        """
        SELECT r.id, r.amount, r.state, r.started_by FROM refunds r
        JOIN payments p ON p.project_id = r.project_id AND p.id = r.payment_id AND p.state IN ('paid', 'refunded')
        WHERE r.project_id = $1 AND r.order_id = $2 AND r.state <> 'failed' ORDER BY r.id DESC
        """,
        project_id, body.order,
    )  # fmt: skip
    if not rows or rows[0]["started_by"] != "woocommerce" or rows[0]["amount"] != body.amount:
        return None
    before = sum(row["amount"] for row in rows[1:])
    return RefundBegun(refund=rows[0]["id"], state=rows[0]["state"]) if before == body.refunded else None
