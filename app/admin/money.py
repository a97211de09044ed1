"""The admin API of ledgers, credits and revenue. The caller is a manager (see `auth`); all is of his project alone."""

from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.admin import ledger, schemas
from app.admin.auth import CurrentManager
from app.admin.errors import UserNotFound
from app.admin.orders import Cursor, Limit
from app.admin.views import buyer_view, revenue_view
from app.container import container
from app.crm.audit import record
from app.crm.gifts import give
from app.errors import InvalidRequest
from app.kit import json
from app.kit.clock import utc_now
from app.kit.database import Connection
from app.kit.http import error_responses, json_response
from app.kit.idempotency import Once
from app.payments.revenue import revenue
from app.readings.endpoints import IdempotencyKey
from app.users.repository import User, UserRepository
from app.wallet.balance import UNITS
from app.wallet.service import wallet

router = APIRouter(prefix="/api/v1/admin", tags=["admin"])

ERRORS = error_responses(401, 403)
MOST_DAYS = 366
DEFAULT_DAYS = 30


async def _person(connection: Connection, project_id: int, user_id: UUID) -> User:
    user = await UserRepository(connection, project_id).get(user_id)
    if user is None:
        raise UserNotFound
    return user


async def _balances(connection: Connection, project_id: int, user_id: UUID) -> list[dict[str, Any]]:
    found = await wallet.get(connection, project_id=project_id, user_id=user_id)
    owed = await wallet.debts(connection, project_id=project_id, user_id=user_id)
    return [{"unit": unit, **found[unit].body(), "owed": owed.get(unit, 0)} for unit in UNITS]


@router.get(
    "/users/{user_id}/ledger",
    response_model=schemas.Ledger,
    responses=ERRORS,
    summary="What somebody was given and what he used, the newest first",
)
async def show_ledger(
    user_id: UUID, manager: CurrentManager, request: Request, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    project_id = manager.project.id
    async with container(request).database.connection() as connection:
        user = await _person(connection, project_id, user_id)
        balances = await _balances(connection, project_id, user_id)
        lots = await ledger.open_lots(connection, project_id=project_id, user_id=user_id)
        found = await ledger.entries(connection, project_id=project_id, user_id=user_id, before=cursor, limit=limit + 1)
    body = {
        "user": buyer_view(user),
        "balances": balances,
        "lots": [asdict(lot) for lot in lots],
        "entries": [asdict(entry) for entry in found[:limit]],
        "next_cursor": found[limit - 1].id if len(found) > limit else None,
    }
    return json_response(body)


@router.post(
    "/users/{user_id}/credits",
    status_code=201,
    response_model=schemas.Credited,
    responses=error_responses(401, 403, 404, 409),
    summary="Give somebody readings or follow-ups, with a reason that stays in the ledger",
)
async def credit(
    user_id: UUID, body: schemas.NewCredit, manager: CurrentManager, request: Request, idempotency_key: IdempotencyKey
) -> Response:
    project_id = manager.project.id
    values = {"user": str(user_id), **body.model_dump()}
    once = Once(project_id, manager.user_id, "admin.credits", idempotency_key, values)
    async with container(request).database.transaction() as connection:
        kept = await once.replay(connection)
        if kept is None:
            user = await UserRepository(connection, project_id).get(user_id, lock="KEY SHARE")
            if user is None or user.telegram_id is None:
                raise UserNotFound
            await give(
                connection, project_id=project_id, user_id=user_id, unit=body.unit, amount=body.amount,
                key=f"admin:{manager.user_id}:{idempotency_key}", reason=body.reason, by_bot=True,
            )  # fmt: skip
            await record(
                connection,
                project_id=project_id,
                actor=manager.actor,
                action="user.credit",
                user_id=user_id,
                details={"amount": body.amount, "unit": body.unit, "reason": body.reason},
            )
            kept = json.dumps({"balances": await _balances(connection, project_id, user_id)})
            await once.keep(connection, kept)
    return Response(kept, 201, media_type="application/json")


@router.get(
    "/revenue",
    response_model=schemas.RevenueReport,
    responses=ERRORS,
    summary="What was sold and what went back, of each currency, by day, package or provider",
)
async def report(
    manager: CurrentManager,
    request: Request,
    by: Literal["day", "package", "provider"] = "day",
    since: Annotated[date | None, Query(description="A day of UTC, included.")] = None,
    until: Annotated[date | None, Query(description="A day of UTC, included; today without it.")] = None,
) -> Response:
    first, last = days(since, until)
    begins, ends = midnight(first), midnight(last + timedelta(days=1))
    async with container(request).database.connection() as connection:
        rows = await revenue(connection, project_ids=[manager.project.id], since=begins, until=ends, by=by)
        totals = await revenue(connection, project_ids=[manager.project.id], since=begins, until=ends)
    body = {
        "since": first.isoformat(),
        "until": last.isoformat(),
        "by": by,
        "items": [revenue_view(row) for row in rows],
        "totals": [revenue_view(row) for row in totals],
    }
    return json_response(body)


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def days(since: date | None, until: date | None) -> tuple[date, date]:
    """The first and the last day of a report. Raises `InvalidRequest` for none, and for more than a year of them."""
    today = utc_now().date()
    last = until or today
    first = since or (last - timedelta(days=DEFAULT_DAYS - 1) if last >= date(2000, 1, 1) else last)
    if not date(2000, 1, 1) <= first <= last <= today + timedelta(days=1):
        raise InvalidRequest("`since` and `until` are days of this century up to today, in their order.")
    if (last - first).days >= MOST_DAYS:
        raise InvalidRequest(f"At most {MOST_DAYS} days at once.")
    return first, last
