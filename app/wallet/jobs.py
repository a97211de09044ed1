"""What expires is written off, a wallet at a time."""

from datetime import timedelta
from typing import Any

from app.container import Container
from app.kit.telemetry import get_logger
from app.wallet.expiry import due_wallets
from app.wallet.service import wallet
from app.worker.port import Job, JobRegistry

log = get_logger("app.wallet")

PAGE = 200


async def expire(services: Container, _: dict[str, Any]) -> None:
    """All that is due; whoever begins to use his units meanwhile does it for his own wallet."""
    last, count = None, 0
    while True:
        async with services.database.connection() as connection:
            due = await due_wallets(connection, after=last, limit=PAGE)
        for wallet_row in due:
            async with services.database.transaction() as connection:
                await wallet.write_off(
                    connection,
                    project_id=wallet_row.project_id,
                    user_id=wallet_row.user_id,
                    unit=wallet_row.unit,
                )
        count += len(due)
        if len(due) < PAGE:
            break
        last = due[-1]
    if count:
        log.info("wrote off what had expired", wallets=count)


def register(registry: JobRegistry) -> None:
    registry.add(Job("wallet.expire", expire, concurrency=1, every=timedelta(minutes=1)))
