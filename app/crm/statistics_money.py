"""Money in the statistics: sums of each currency, buyers, and what runs."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.crm.statistics import Period
from app.kit.database import Connection
from app.locales import html
from app.payments.revenue import Customers, Revenue, customers, revenue, sales_by_bar
from app.payments.sums import show

# A shop has one currency and Stars; whoever changed it has more for a while.
MOST_CURRENCIES = 4


@dataclass(frozen=True, slots=True)
class Money:
    """`revenue` is of all the projects together; `bars` are sales, the oldest first."""

    revenue: list[Revenue]
    by_project: dict[int, list[Revenue]]
    customers: dict[int, Customers]
    bars: tuple[int, ...]


async def money(connection: Connection, *, project_ids: Sequence[int], period: Period) -> Money:
    total = await revenue(connection, project_ids=project_ids, since=period.since)
    by_project = {}
    if len(project_ids) > 1:
        for project_id in project_ids:
            by_project[project_id] = await revenue(connection, project_ids=[project_id], since=period.since)
    found = await customers(connection, project_ids=project_ids, since=period.since)
    bars = await sales_by_bar(
        connection, project_ids=project_ids, since=period.since, step=period.step, bars=period.bars
    )
    return Money(total, by_project, found, bars)


def revenue_lines(money: Money, *, active: int, language: str) -> list[str]:
    """In HTML. `active` people were here; those of them who bought are the conversion."""
    lines = [
        html(
            language,
            "stats.revenue",
            net=show(row.net, row.currency, language),
            count=row.orders,
            average=show(row.average, row.currency, language),
            refunds=show(row.refunds, row.currency, language),
        )
        for row in money.revenue[:MOST_CURRENCIES]
    ]
    buyers = sum(found.buyers for found in money.customers.values())
    # Some pay without being here at that moment, and were here all the same.
    active = max(active, buyers)
    running = sum(found.subscriptions for found in money.customers.values())
    share = f"{round(100 * buyers / active)} %" if active else "—"
    lines = lines or [html(language, "stats.no_revenue")]
    return [*lines, html(language, "stats.buyers", buyers=buyers, active=active, share=share, subscriptions=running)]


def project_line(money: Money, project_id: int, language: str) -> str:
    """What one of several projects earned, to follow its other figures."""
    rows = money.by_project.get(project_id, [])[:MOST_CURRENCIES]
    return "".join(f" · {show(row.net, row.currency, language)}" for row in rows)
