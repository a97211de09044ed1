"""What became of a fact, and keeping money that does not fit anything."""

from dataclasses import asdict, dataclass
from typing import Any, Literal
from uuid import UUID

from app.catalogue.library import Project
from app.crm.cards.store import announce
from app.kit.database import Connection
from app.kit.ids import new_id
from app.kit.telemetry import get_logger
from app.payments.orders.payments import Bill
from app.payments.port import Disputed, Fact, Paid, Refunded, RefundFailed

log = get_logger("app.payments")

# A card of the staff: money that came (or went) and that nothing of ours explains.
CARD = "payment_refused"
# Reasons for which it says that money is with us again that had gone back to the client by the books.
MONEY_IS_BACK = ("won_after_lost", "refund_failed")


State = Literal["done", "repeated", "ignored", "refused", "later"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`done` changed something, `repeated` was known, `ignored` has no meaning for us, `refused` does not fit and is
    kept for the staff, `later` speaks of something that has not come yet: the same fact is to be applied again.
    """

    state: State
    note: str = ""
    order_id: UUID | None = None
    payment_id: UUID | None = None

    @classmethod
    def of(cls, bill: Bill, state: State, note: str = "") -> "Outcome":
        return cls(state, note, bill.order.id, bill.payment.id)


@dataclass(frozen=True, slots=True)
class Source:
    """Whose word a fact is. `project` is the catalogue's, None for one that it has no more."""

    project_id: int
    provider: str
    account: str
    project: Project | None = None


async def refuse(
    connection: Connection,
    source: Source,
    fact: Paid | Refunded | RefundFailed | Disputed,
    reason: str,
    *,
    order_id: UUID | None = None,
) -> Outcome:
    """Gives and takes nothing; keeps what was said and tells the staff, once. `order_id` if it is about one of ours."""
    body = fact_body(fact) | ({"order": str(order_id)} if order_id is not None else {})
    match fact:
        case Refunded() | RefundFailed():
            name = fact.refund
        case Disputed():
            name = fact.dispute
        case _:
            name = fact.charge
    row_id = await connection.fetchval(
        """
        INSERT INTO provider_events (id, project_id, provider, account, event_id, kind, body, state, note, done_at)
        VALUES ($1, $2, $3, $4, $5, 'refused', $6, 'refused', $7, now())
        ON CONFLICT (provider, account, event_id) DO NOTHING RETURNING id
        """,
        new_id(), source.project_id, source.provider, source.account, f"refused:{body['fact']}:{name}", body, reason,
    )  # fmt: skip
    if row_id is not None:
        log.error(
            "a provider's fact was refused",
            provider=source.provider,
            project_id=source.project_id,
            reason=reason,
            row=str(row_id),
        )
        facts = {"provider": source.provider, "reason": reason, **body}
        await announce(connection, project_id=source.project_id, kind=CARD, subject=str(row_id), facts=facts)
    return Outcome("refused", reason)


def fact_body(fact: Fact) -> dict[str, Any]:
    """A fact as JSON, without what later charges are made with."""
    values = {
        name: value.isoformat() if hasattr(value, "isoformat") else str(value) if isinstance(value, UUID) else value
        for name, value in asdict(fact).items()
        if name != "method" and value is not None
    }
    return {"fact": type(fact).__name__.lower(), **values}
