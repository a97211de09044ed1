"""Weeks that a journey does not wait for: the demo's own rows are made older, and its worker does what is due."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg

from app.kit import json
from app.kit.embedded.postgres import database_address
from app.payments.subscriptions.renewals import CHARGE_JOB, job_payload
from app.worker.port import enqueue

ONES = "user_id IN (SELECT id FROM users WHERE telegram_id = $1)"


class TimeMachine:
    """`person` is a Telegram id; whoever it is, in all projects."""

    def __init__(self, data: Path) -> None:
        self._state = data / "servers.json"

    def _run(self, work: Callable[[Any], Awaitable[None]]) -> None:
        server = json.loads(self._state.read_bytes())["postgres"]

        async def connected() -> None:
            connection = await asyncpg.connect(database_address(server["password"], server["port"]))
            try:
                async with connection.transaction():
                    await connection.set_type_codec(
                        "jsonb", encoder=lambda value: json.dumps(value).decode(), decoder=json.loads,
                        schema="pg_catalog",
                    )  # fmt: skip
                    await work(connection)
            finally:
                await connection.close()

        # The browser's own loop runs in this thread.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, connected()).result()

    def expire_orders(self, person: int) -> None:
        """The hour in which they can be paid is over."""
        statement = f"UPDATE orders SET expires_at = now() - interval '1 second' WHERE state = 'pending' AND {ONES}"
        self._run(lambda connection: connection.execute(statement, person))

    def ask_providers(self, person: int) -> None:
        """What is not decided yet is asked for at once, not only when its turn comes."""
        statement = f"UPDATE payments SET look_at = now() WHERE order_id IN (SELECT id FROM orders WHERE {ONES})"
        self._run(lambda connection: connection.execute(statement, person))

    def end_period(self, person: int) -> None:
        """The paid time of the subscription has just ended, and the saved method is charged."""

        async def work(connection: Any) -> None:
            row = await connection.fetchrow(
                f"""
                UPDATE subscriptions SET until = now() - interval '1 minute', renew_at = now() - interval '1 minute',
                    grace_until = now() + interval '3 days'
                WHERE state <> 'ended' AND {ONES} RETURNING project_id, id
                """,
                person,
            )
            await enqueue(connection, CHARGE_JOB, job_payload(row["project_id"], row["id"]))
            for seconds in (0, 1, 3):
                # A row that is being charged is passed over until the next tick.
                await enqueue(connection, "subscriptions.tick", {}, delay=timedelta(seconds=seconds))

        self._run(work)
