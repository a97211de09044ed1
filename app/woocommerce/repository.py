"""Rows of stores and of the nonces of their requests."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.kit.database import Connection

NONCE_LIFETIME = timedelta(minutes=15)
COLUMNS = "id, state, sealed_secret, sealed_credentials, url, rest_url, name, expires_at, paired_at"


@dataclass(frozen=True, slots=True)
class Store:
    id: UUID
    state: str
    sealed_secret: str
    sealed_credentials: str | None
    url: str | None
    rest_url: str | None
    name: str | None
    expires_at: datetime
    paired_at: datetime | None


class StoresRepository:
    """Looked up by the store's own id, which every signed request carries."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    async def add(self, store_id: UUID, *, sealed_secret: str, lifetime: timedelta) -> None:
        await self.connection.execute(
            "INSERT INTO stores (id, sealed_secret, expires_at) VALUES ($1, $2, now() + $3)",
            store_id,
            sealed_secret,
            lifetime,
        )

    async def get(self, store_id: UUID) -> Store | None:
        row = await self.connection.fetchrow(f"SELECT {COLUMNS} FROM stores WHERE id = $1", store_id)  # noqa: S608  # constants only
        return Store(**dict(row)) if row else None

    async def paired(self) -> Store | None:
        row = await self.connection.fetchrow(f"SELECT {COLUMNS} FROM stores WHERE state = 'paired'")  # noqa: S608  # constants only
        return Store(**dict(row)) if row else None

    async def pair(
        self,
        store_id: UUID,
        *,
        url: str,
        rest_url: str,
        name: str,
        plugin_version: str,
        sealed_credentials: str,
    ) -> datetime | None:
        """Uses an offer up; the store that was paired before is retired. `None` if there is no such offer."""
        # One pairing at a time: only one store can be the paired one.
        await self.connection.execute("SELECT pg_advisory_xact_lock(hashtext('stores.pair'))")
        offered = await self.connection.fetchval(
            "SELECT true FROM stores WHERE id = $1 AND state = 'offered' AND expires_at > now() FOR NO KEY UPDATE",
            store_id,
        )
        if offered is None:
            return None
        await self.connection.execute(
            "UPDATE stores SET state = 'retired', sealed_credentials = NULL WHERE state = 'paired'"
        )
        paired_at: datetime = await self.connection.fetchval(
            "UPDATE stores SET state = 'paired', url = $2, rest_url = $3, name = $4, plugin_version = $5,"
            " sealed_credentials = $6, paired_at = now() WHERE id = $1 RETURNING paired_at",
            store_id,
            url,
            rest_url,
            name,
            plugin_version,
            sealed_credentials,
        )
        return paired_at

    async def remember_nonce(self, store_id: UUID, nonce: str) -> bool:
        """False if this nonce was seen before."""
        added = await self.connection.fetchval(
            "INSERT INTO store_nonces (store_id, nonce) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING true",
            store_id,
            nonce,
        )
        return added is not None

    async def forget_nonces(self) -> None:
        """Drops those that the time window of signatures has made harmless."""
        await self.connection.execute("DELETE FROM store_nonces WHERE seen_at < now() - $1::interval", NONCE_LIFETIME)
