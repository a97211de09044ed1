"""The admin API's exports: streamed page by page, in UTC, each sum in smallest units and as a decimal number."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from app.admin import csv
from app.admin.auth import CurrentManager, Manager
from app.admin.money import days, midnight
from app.admin.orders import Chosen
from app.catalogue.library import text
from app.container import Container, container
from app.crm.audit import record
from app.kit.clock import utc_now
from app.kit.database import Database
from app.kit.http import error_responses
from app.kit.money import to_decimal
from app.payments.orders import listing
from app.payments.orders.listing import Filters
from app.payments.revenue import By, revenue

router = APIRouter(prefix="/api/v1/admin/exports", tags=["admin"])

RESPONSES: dict[int | str, dict[str, Any]] = {
    **error_responses(401, 403),
    200: {"description": "CSV in UTF-8.", "content": {"text/csv": {"schema": {"type": "string"}}}},
}
Day = Annotated[date | None, Query(description="A day of UTC, included.")]

ORDERS = (
    "number", "id", "created_at", "paid_at", "state", "kind", "package", "package_name", "currency", "price_minor",
    "price", "discount_minor", "discount", "total_minor", "total", "refunded_minor", "refunded", "coupon", "provider",
    "charge", "place", "telegram_id", "client", "username", "book_number", "book_state",
)  # fmt: skip
PAYMENTS = (
    "id", "order_number", "created_at", "paid_at", "provider", "state", "currency", "amount_minor", "amount",
    "refunded_minor", "refunded", "charge", "reference", "failure",
)  # fmt: skip
REFUNDS = (
    "id", "order_number", "created_at", "done_at", "provider", "state", "currency", "amount_minor", "amount",
    "started_by", "actor", "reason", "reference", "failure",
)  # fmt: skip
LEDGER = ("id", "created_at", "user_id", "telegram_id", "unit", "kind", "amount", "balance_after", "reason")
REVENUE = (
    "group", "currency", "orders", "sales_minor", "sales", "refunds_minor", "refunds", "net_minor", "net",
)  # fmt: skip


def both(amount: int, currency: str) -> tuple[int, Decimal]:
    """In smallest units, and as a decimal number."""
    return amount, Decimal(to_decimal(amount, currency))


async def _answer(
    services: Container, manager: Manager, name: str, header: tuple[str, ...], rows: AsyncIterator[tuple[Any, ...]]
) -> Response:
    """Who took what with him is written down before the first row leaves."""
    async with services.database.transaction() as connection:
        await record(
            connection, project_id=manager.project.id, actor=manager.actor, action="export", details={"kind": name}
        )
    file = f"{manager.project.slug}-{name}-{utc_now():%Y-%m-%d}.csv"
    headers = {"content-disposition": f'attachment; filename="{file}"', "cache-control": "no-store"}
    return StreamingResponse(csv.stream(header, rows), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/orders.csv", response_class=StreamingResponse, responses=RESPONSES, summary="Orders as CSV")
async def orders(manager: CurrentManager, request: Request, filters: Chosen) -> Response:
    services = container(request)
    rows = _orders(services.database, manager, filters, at_once=services.settings.export_page_rows)
    return await _answer(services, manager, "orders", ORDERS, rows)


async def _orders(
    database: Database, manager: Manager, filters: Filters, *, at_once: int
) -> AsyncIterator[tuple[Any, ...]]:
    before: UUID | None = None
    while True:
        # A connection for each page: a slow reader must not keep one.
        async with database.connection() as connection:
            page = await listing.page(
                connection, project_ids=[manager.project.id], filters=filters, older_than=before, limit=at_once
            )
        for found in page:
            order, currency = found.order, found.order.currency
            yield (
                order.number, order.id, order.created_at, order.paid_at, order.state, order.kind, order.package_key,
                text(order.package["name"], manager.project.default_language), currency, *both(order.price, currency),
                *both(order.discount, currency), *both(order.total, currency),
                *both(order.refunded_amount, currency), order.coupon, found.provider, found.charge, order.place,
                found.telegram_id, found.client_name or None, found.username if found.telegram_id else None,
                found.book_number, found.book_state,
            )  # fmt: skip
        if len(page) < at_once:
            return
        before = page[-1].order.id


_PAYMENTS = """
    SELECT p.id, o.number, p.created_at, p.paid_at, p.provider, p.state, p.currency, p.amount, p.refunded_amount,
        p.charge, p.reference, p.failure
    FROM payments p JOIN orders o ON o.project_id = p.project_id AND o.id = p.order_id
    WHERE p.project_id = $1 AND p.created_at >= $2 AND p.created_at < $3 AND ($4::uuid IS NULL OR p.id < $4)
    ORDER BY p.id DESC LIMIT $5
"""
_REFUNDS = """
    SELECT r.id, o.number, r.created_at, r.done_at, p.provider, r.state, r.currency, r.amount, r.started_by, r.actor,
        r.reason, r.reference, r.failure
    FROM refunds r
    JOIN orders o ON o.project_id = r.project_id AND o.id = r.order_id
    JOIN payments p ON p.project_id = r.project_id AND p.id = r.payment_id
    WHERE r.project_id = $1 AND r.created_at >= $2 AND r.created_at < $3 AND ($4::uuid IS NULL OR r.id < $4)
    ORDER BY r.id DESC LIMIT $5
"""
_LEDGER = """
    SELECT e.id, e.created_at, e.user_id, u.telegram_id, e.unit, e.kind, e.amount, e.balance_after, e.reason
    FROM wallet_entries e JOIN users u ON u.project_id = e.project_id AND u.id = e.user_id
    WHERE e.project_id = $1 AND e.created_at >= $2 AND e.created_at < $3 AND ($4::uuid IS NULL OR e.id < $4)
    ORDER BY e.id DESC LIMIT $5
"""


async def _rows(
    services: Container, statement: str, project_id: int, since: datetime, until: datetime
) -> AsyncGenerator[Any, None]:
    at_once = services.settings.export_page_rows
    before: UUID | None = None
    while True:
        async with services.database.connection() as connection:
            page = await connection.fetch(statement, project_id, since, until, before, at_once)
        for row in page:
            yield row
        if len(page) < at_once:
            return
        before = page[-1]["id"]


def _between(since: date | None, until: date | None) -> tuple[datetime, datetime]:
    first, last = days(since, until)
    return midnight(first), midnight(last + timedelta(days=1))


@router.get("/payments.csv", response_class=StreamingResponse, responses=RESPONSES, summary="Payments as CSV")
async def payments(manager: CurrentManager, request: Request, since: Day = None, until: Day = None) -> Response:
    """Of the days on which they were begun."""
    services, span = container(request), _between(since, until)

    async def made() -> AsyncIterator[tuple[Any, ...]]:
        async with aclosing(_rows(services, _PAYMENTS, manager.project.id, *span)) as rows:
            async for row in rows:
                amounts = (*both(row["amount"], row["currency"]), *both(row["refunded_amount"], row["currency"]))
                yield (*row[:7], *amounts, *row[9:])

    return await _answer(services, manager, "payments", PAYMENTS, made())


@router.get("/refunds.csv", response_class=StreamingResponse, responses=RESPONSES, summary="Refunds as CSV")
async def refunds(manager: CurrentManager, request: Request, since: Day = None, until: Day = None) -> Response:
    """Of the days on which they were begun."""
    services, span = container(request), _between(since, until)

    async def made() -> AsyncIterator[tuple[Any, ...]]:
        async with aclosing(_rows(services, _REFUNDS, manager.project.id, *span)) as rows:
            async for row in rows:
                yield (*row[:7], *both(row["amount"], row["currency"]), *row[8:])

    return await _answer(services, manager, "refunds", REFUNDS, made())


@router.get("/ledger.csv", response_class=StreamingResponse, responses=RESPONSES, summary="Ledgers' entries as CSV")
async def ledger(manager: CurrentManager, request: Request, since: Day = None, until: Day = None) -> Response:
    services, span = container(request), _between(since, until)

    async def made() -> AsyncIterator[tuple[Any, ...]]:
        async with aclosing(_rows(services, _LEDGER, manager.project.id, *span)) as rows:
            async for row in rows:
                yield tuple(row)

    return await _answer(services, manager, "ledger", LEDGER, made())


@router.get("/revenue.csv", response_class=StreamingResponse, responses=RESPONSES, summary="Revenue as CSV")
async def revenues(
    manager: CurrentManager, request: Request, by: By = "day", since: Day = None, until: Day = None
) -> Response:
    services, span = container(request), _between(since, until)
    async with services.database.connection() as connection:
        found = await revenue(connection, project_ids=[manager.project.id], since=span[0], until=span[1], by=by)

    async def made() -> AsyncIterator[tuple[Any, ...]]:
        for row in found:
            sums = (*both(row.sales, row.currency), *both(row.refunds, row.currency), *both(row.net, row.currency))
            yield (row.group, row.currency, row.orders, *sums)

    return await _answer(services, manager, "revenue", REVENUE, made())
