"""The last good documents and the state of their sources, in Postgres."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from app.catalogue.reader import Snapshot, mirrored, pictures_of
from app.kit import json
from app.kit.database import Connection

Source = Literal["demo", "store"]
KEPT_DOCUMENTS = 5
STATE = (
    "source, epoch, revision, document_id, etag, rules, seen_version, refused, received_at, problems,"
    " reported, checked_at, failures, failing_since, failure, alerted"
)
SELECT = f"SELECT {STATE} FROM catalogue_states"  # noqa: S608  # constants only
WELL = "refused = false, failures = 0, failing_since = NULL, failure = NULL, alerted = false"


@dataclass(frozen=True, slots=True)
class State:
    source: Source
    epoch: str
    revision: int
    document_id: int | None
    etag: str | None
    rules: str | None
    seen_version: str | None
    refused: bool
    received_at: datetime | None
    problems: list[Any]
    reported: str | None
    checked_at: datetime | None
    failures: int
    failing_since: datetime | None
    failure: str | None
    alerted: bool

    @property
    def stamp(self) -> str:
        return f"{self.source}-{self.epoch}-{self.revision}"


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to ask a source, until `leased_at` plus the lease's length by the database's clock."""

    owner: UUID
    leased_at: datetime
    state: State


@dataclass(frozen=True, slots=True)
class StoredDocument:
    document: dict[str, Any]
    version: str


class LeaseLost(Exception):
    """Another process took over while we worked; our result is not wanted."""


class CatalogueRepository:
    """The catalogue belongs to all projects of the installation, so it is built without one."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    async def now(self) -> datetime:
        moment: datetime = await self.connection.fetchval("SELECT clock_timestamp()")
        return moment

    async def state(self, source: Source) -> State:
        row = await self.connection.fetchrow(SELECT + " WHERE source = $1", source)
        if row is None:
            await self.connection.execute(
                "INSERT INTO catalogue_states (source) VALUES ($1) ON CONFLICT DO NOTHING", source
            )
            return await self.state(source)
        return State(**dict(row))

    async def serving(self) -> State | None:
        """The state of what is served: the store's catalogue once there was a good one, else the demo's."""
        row = await self.connection.fetchrow(SELECT + " WHERE document_id IS NOT NULL ORDER BY source DESC LIMIT 1")
        return State(**dict(row)) if row else None

    async def document(self, state: State) -> StoredDocument | None:
        if state.document_id is None:
            return None
        row = await self.connection.fetchrow(
            "SELECT version, document FROM catalogue_documents WHERE id = $1", state.document_id
        )
        return StoredDocument(json.loads(row["document"]), row["version"]) if row else None

    async def snapshot(self) -> Snapshot | None:
        """Everything needed to read the catalogue. Call it in a repeatable-read transaction."""
        state = await self.serving()
        stored = await self.document(state) if state else None
        if state is None or stored is None:
            return None
        ids = await self.connection.fetch("SELECT key, id FROM projects WHERE removed_at IS NULL")
        names = list(pictures_of(stored.document))
        rows = await self.connection.fetch(
            "SELECT id, hash, widths FROM pictures WHERE state = 'mirrored' AND id = ANY($1::text[])", names
        )
        managed = await self.connection.fetch(
            "SELECT p.key, m.sealed_token, m.username FROM managed_bots m JOIN projects p ON p.id = m.project_id"
            " WHERE p.removed_at IS NULL ORDER BY m.bot_id"
        )
        return Snapshot(
            stamp=state.stamp,
            revision=state.revision,
            source=state.source,
            document=stored.document,
            project_ids={row["key"]: row["id"] for row in ids},
            pictures={row["id"]: mirrored(row["hash"], row["widths"]) for row in rows},
            managed_bots={
                row["key"]: {"sealed_token": row["sealed_token"], "username": row["username"]} for row in managed
            },
        )

    # One at a time.

    async def lease(
        self, source: Source, owner: UUID, *, asked_at: datetime, lifetime: timedelta
    ) -> Lease | Literal["fresh", "busy"]:
        """The lease; or `fresh` if a question that began after `asked_at` has been answered, or `busy`."""
        row = await self.connection.fetchrow(
            "UPDATE catalogue_states SET lease_owner = $2, lease_until = clock_timestamp() + $4::interval"  # noqa: S608  # constants only
            " WHERE source = $1 AND (lease_until IS NULL OR lease_until < clock_timestamp())"
            " AND (checked_at IS NULL OR checked_at < $3)"
            f" RETURNING {STATE}, clock_timestamp() AS leased_at",
            source,
            owner,
            asked_at,
            lifetime,
        )
        if row is not None:
            values = dict(row)
            return Lease(owner, values.pop("leased_at"), State(**values))
        state = await self.state(source)
        return "fresh" if state.checked_at is not None and state.checked_at >= asked_at else "busy"

    async def _finish(self, lease: Lease, assignments: str, *values: Any) -> None:
        finished = await self.connection.fetchval(
            f"UPDATE catalogue_states SET {assignments}, checked_at = $3,"  # noqa: S608  # constants only
            " lease_owner = NULL, lease_until = NULL WHERE source = $1 AND lease_owner = $2 RETURNING true",
            lease.state.source,
            lease.owner,
            lease.leased_at,
            *values,
        )
        if finished is None:
            raise LeaseLost

    async def give_back(self, lease: Lease) -> None:
        """Ends a lease without an answer."""
        await self.connection.execute(
            "UPDATE catalogue_states SET lease_owner = NULL, lease_until = NULL WHERE source = $1 AND lease_owner = $2",
            lease.state.source,
            lease.owner,
        )

    async def finish_unchanged(self, lease: Lease, *, etag: str | None) -> bool:
        """The source is well and has nothing new; true if this ends a failure that was told of."""
        if lease.state.refused and etag == lease.state.etag:
            await self._finish(lease, "failure = 'refused'")
            return False
        await self._finish(
            lease,
            f"etag = $4, {WELL}",
            etag,
        )
        return lease.state.alerted

    async def finish_failed(self, lease: Lease, failure: str, *, alert_after: int) -> bool:
        """Counts a failure; true if it is time to tell somebody, which happens once."""
        alert = not lease.state.alerted and lease.state.failures + 1 >= alert_after
        await self._finish(
            lease,
            "failures = failures + 1, failing_since = coalesce(failing_since, clock_timestamp()),"
            " failure = $4, alerted = alerted OR $5",
            failure,
            alert,
        )
        return alert

    async def finish_refused(
        self,
        lease: Lease,
        *,
        etag: str | None,
        rules: str,
        version: str | None,
        problems: Iterable[Mapping[str, Any]],
    ) -> bool:
        """The answer was no catalogue: the former one stays. True if it is time to tell somebody."""
        await self.connection.execute(
            "UPDATE catalogue_states SET refused = true, etag = $2, rules = $3, seen_version = $4,"
            " problems = $5, received_at = now() WHERE source = $1 AND lease_owner = $6",
            lease.state.source,
            etag,
            rules,
            version,
            list(problems),
            lease.owner,
        )
        return await self.finish_failed(lease, "refused", alert_after=1)

    async def finish_accepted(
        self,
        lease: Lease,
        *,
        document: Mapping[str, Any],
        etag: str | None,
        rules: str,
        problems: Iterable[Mapping[str, Any]],
    ) -> None:
        """Makes a new document the one that is served, and drops the oldest ones."""
        source = lease.state.source
        document_id = await self.connection.fetchval(
            "INSERT INTO catalogue_documents (source, version, document) VALUES ($1, $2, $3) RETURNING id",
            source,
            document["version"],
            json.dumps(document),
        )
        await self._finish(
            lease,
            "document_id = $4, revision = revision + 1, etag = $5, rules = $6, seen_version = $7,"
            f" problems = $8, received_at = now(), {WELL}",
            document_id,
            etag,
            rules,
            document["version"],
            list(problems),
        )
        await self.connection.execute(
            "DELETE FROM catalogue_documents WHERE source = $1 AND id NOT IN"
            " (SELECT id FROM catalogue_documents WHERE source = $1 ORDER BY id DESC LIMIT $2)",
            source,
            KEPT_DOCUMENTS,
        )

    async def bump(self, source: Source) -> None:
        """The catalogue changed without a new document: pictures were mirrored, a bot was made inside Telegram."""
        await self.connection.execute("UPDATE catalogue_states SET revision = revision + 1 WHERE source = $1", source)

    async def claim_report(self, source: Source, digest: str | None) -> bool:
        """Notes what is about to be reported; false if it has been reported already. `None` takes it back."""
        claimed = await self.connection.fetchval(
            "UPDATE catalogue_states SET reported = $2 WHERE source = $1 AND reported IS DISTINCT FROM $2"
            " RETURNING true",
            source,
            digest,
        )
        return claimed is not None
