"""Where updates arrive: kept before they are acknowledged, many in one statement when many come at once."""

from collections.abc import Sequence

import asyncpg

from app.kit.database import Database
from app.telegram.grouping import GroupCommit
from app.telegram.updates import Arrival, keep_all


class Inbox:
    """One for a process and a transport ("webhook" or "polling")."""

    def __init__(self, database: Database, *, transport: str) -> None:
        self._database = database
        self._transport = transport
        self._group: GroupCommit[Arrival, bool] = GroupCommit(self._keep, one_by_one=(asyncpg.PostgresError,))

    async def keep(self, arrival: Arrival) -> bool:
        """Returns when it is committed; false if it was kept before. Raises `Unavailable` while Postgres is away."""
        return await self._group.add(arrival)

    async def _keep(self, arrivals: Sequence[Arrival]) -> Sequence[bool]:
        async with self._database.connection() as connection:
            return await keep_all(connection, arrivals, transport=self._transport)
