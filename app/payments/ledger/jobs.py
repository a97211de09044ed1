"""The books are proved every day; who is in charge hears of what breaks them."""

from datetime import timedelta
from typing import Any

from app.container import Container
from app.kit.telemetry import get_logger
from app.payments.ledger.rules import ALL, check
from app.worker.port import Job, JobRegistry

log = get_logger("app.payments.ledger")


async def run_check(services: Container, _: dict[str, Any]) -> None:
    broken = await check(services.database, most=3)
    for row in broken:
        log.warning("a row breaks the books", rule=row.rule.name, project_id=row.project_id, row=row.row,
                    found=row.found)  # fmt: skip
    if broken:
        rules = ", ".join(dict.fromkeys(row.rule.name for row in broken))
        first = broken[0]
        log.error("the books do not agree: python -m app ledger check", rules=rules, row=first.row, found=first.found)
    else:
        log.info("the books agree", rules=len(ALL))


def register(registry: JobRegistry) -> None:
    registry.add(Job("ledger.check", run_check, concurrency=1, every=timedelta(days=1)))
