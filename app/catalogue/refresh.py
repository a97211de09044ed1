"""Asks the store for its catalogue: one question at a time over all processes; nothing good is lost."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import httpx
from prometheus_client import Counter, Gauge

from app.catalogue import demo, reports, schema
from app.catalogue.acceptance import Acceptance, KnownProject, OpenBot, OpenKeys, accept
from app.catalogue.pictures import PicturesRepository
from app.catalogue.reader import pictures_of
from app.catalogue.repository import CatalogueRepository, Lease, LeaseLost, Source, State
from app.errors import Unavailable
from app.kit import json
from app.kit.crypto import Keyring
from app.kit.database import Connection, Database
from app.kit.ids import new_id
from app.kit.telemetry import get_logger
from app.payments.books.problems import book_faults
from app.projects.repository import ProjectsRepository, WantedProject
from app.settings import Settings
from app.telegram.repository import bot_faults
from app.woocommerce.client import StoreAccess, StoreClient
from app.woocommerce.errors import PairingRejected, StoreError
from app.woocommerce.pairing import active_store
from app.worker.port import enqueue

log = get_logger("app.catalogue")

ROUTE = "wc-arcana/v1/catalogue"
MIRROR_JOB = "catalogue.mirror"
DOCUMENT_LIMIT = 32 * 1024 * 1024
# Longer than a question may take (30 s) with the work after it.
LEASE = timedelta(seconds=60)
# A report that the store does not take is not sent with every question.
REPORT_PAUSE_SECONDS = 60.0
# One failed question may be chance; three are news.
ALERT_AFTER = 3

REFRESHES = Counter("arcana_catalogue_refreshes_total", "Questions to the source of the catalogue", ["outcome"])
FAILING = Gauge("arcana_catalogue_failing", "1 while the last question to the store failed")

Outcome = Literal["accepted", "unchanged", "fresh", "refused", "failed", "busy", "nothing"]


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a source said: the parsed document (`None` for rubbish), or nothing new."""

    etag: str | None
    received: Any
    words: str = ""


class Refresher:
    """`open_bot` opens the sealed token of a project, or makes a sandbox bot; `open_keys` a payment provider's keys."""

    def __init__(
        self,
        settings: Settings,
        keyring: Keyring,
        database: Database,
        http: httpx.AsyncClient,
        open_bot: OpenBot,
        open_keys: OpenKeys,
    ) -> None:
        self._settings = settings
        self._keyring = keyring
        self._database = database
        self._http = http
        self._open_bot = open_bot
        self._open_keys = open_keys
        self._reported: object = None
        self._report_at = 0.0

    async def refresh(self, *, max_age: timedelta = timedelta(0), wait: bool = True) -> Outcome:
        """Asks once. What another process was answered meanwhile, or at most `max_age` ago, is as good.

        With `wait`, waits for the process that is asking; without, answers `busy`. Raises `Unavailable`
        without Postgres, and nothing for what the store does.
        """
        source: Source = "store"
        async with self._database.connection() as connection:
            await self._wake_mirror(connection)
            repository = CatalogueRepository(connection)
            asked_at = await repository.now() - max_age
            try:
                access = await active_store(connection, self._keyring, self._settings)
            except PairingRejected:
                access = None
            else:
                if access is None and (await repository.state("store")).document_id is not None:
                    # The store was disconnected; its last catalogue goes on being served.
                    return "nothing"
                if access is None and await self._demo_is_stored(repository):
                    return "unchanged"
                source = "demo" if access is None else "store"
        return await self._with_lease(source, asked_at, wait, access)

    async def _wake_mirror(self, connection: Connection) -> None:
        """Pictures that failed before are due again some time."""
        if await PicturesRepository(connection).any_due():
            await enqueue(connection, MIRROR_JOB, dedupe_key=MIRROR_JOB)

    async def _demo_is_stored(self, repository: CatalogueRepository) -> bool:
        state = await repository.state("demo")
        return (
            state.document_id is not None
            and state.seen_version == demo.load()["version"]
            and state.rules == schema.rules_digest()
        )

    async def _with_lease(self, source: Source, asked_at: datetime, wait: bool, access: StoreAccess | None) -> Outcome:
        owner, pause = new_id(), 0.02
        while True:
            async with self._database.connection() as connection:
                repository = CatalogueRepository(connection)
                await repository.state(source)
                lease = await repository.lease(source, owner, asked_at=asked_at, lifetime=LEASE)
            if isinstance(lease, Lease):
                break
            if lease == "fresh" or not wait:
                return lease
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.5)
        try:
            outcome = await self._ask(lease, access)
        except LeaseLost:
            log.warning("catalogue refresh took too long; another process has taken over")
            return "busy"
        except BaseException:  # goes on its way
            # Cancelled, or Postgres went away: the others need not wait until the lease runs out.
            await self._give_back(lease)
            raise
        REFRESHES.labels(outcome).inc()
        if source == "store":
            FAILING.set(outcome in ("failed", "refused"))
            if access is not None:
                await self._report(access)
        return outcome

    async def _give_back(self, lease: Lease) -> None:
        try:
            async with self._database.connection() as connection:
                await CatalogueRepository(connection).give_back(lease)
        except Unavailable:
            return

    async def _ask(self, lease: Lease, access: StoreAccess | None) -> Outcome:
        try:
            answer = await self._question(lease, access)
        except StoreError as error:
            return await self._failed(lease, error)
        if answer is None:
            return await self._unchanged(lease, lease.state.etag)
        rules = schema.rules_digest()
        async with self._database.connection() as connection:
            former = await CatalogueRepository(connection).document(lease.state)
            known = {
                row.key: KnownProject(row.slug, row.ever_live)
                for row in await ProjectsRepository(connection).all()
                if not row.removed
            }
        version = _version(answer.received)
        if former is not None and lease.state.rules == rules and version == former.version:
            return await self._unchanged(lease, answer.etag)
        verdict = await asyncio.to_thread(
            accept,
            answer.received,
            previous=former.document if former else None,
            known=known,
            open_bot=self._open_bot,
            open_keys=self._open_keys,
        )
        if verdict.document is None:
            return await self._refused(lease, answer, verdict, rules, version)
        await self._accepted(lease, verdict.document, answer.etag, rules, verdict)
        return "accepted"

    async def _question(self, lease: Lease, access: StoreAccess | None) -> _Answer | None:
        """`None`: nothing new. Raises `StoreError`."""
        if lease.state.source == "demo":
            return _Answer(None, demo.load())
        if access is None:
            raise StoreError("credentials_unreadable", "The store's API key was sealed with a key that is gone.")
        state = lease.state
        # After a change of our own rules, what was refused or cut is looked at again.
        known = state.etag if state.rules == schema.rules_digest() else None
        answer = await StoreClient(self._http, access).get(ROUTE, etag=known, limit=DOCUMENT_LIMIT)
        if answer.status == 304:
            return None
        try:
            return _Answer(answer.etag, await asyncio.to_thread(json.loads, answer.body))
        except ValueError:
            # Without an ETag, so that it is asked for again in full.
            return _Answer(None, None)

    async def _failed(self, lease: Lease, error: StoreError) -> Outcome:
        async with self._database.transaction() as connection:
            alert = await CatalogueRepository(connection).finish_failed(lease, error.code, alert_after=ALERT_AFTER)
        if alert:
            self._alert(lease.state, error.code, str(error))
        return "failed"

    async def _refused(
        self, lease: Lease, answer: _Answer, verdict: Acceptance, rules: str, version: str | None
    ) -> Outcome:
        async with self._database.transaction() as connection:
            alert = await CatalogueRepository(connection).finish_refused(
                lease,
                etag=answer.etag if version else None,
                rules=rules,
                version=version,
                problems=[problem.body() for problem in verdict.problems],
            )
        if alert:
            self._alert(lease.state, "refused", verdict.problems[0].en)
        return "refused"

    def _alert(self, state: State, reason: str, words: str) -> None:
        log.error(
            "catalogue refresh is failing; the last good catalogue is served",
            alert=True,
            cause="catalogue",
            source=state.source,
            reason=reason,
            words=words,
            served=state.document_id is not None,
        )

    async def _unchanged(self, lease: Lease, etag: str | None) -> Outcome:
        async with self._database.transaction() as connection:
            recovered = await CatalogueRepository(connection).finish_unchanged(lease, etag=etag)
        if recovered:
            self._recovered(lease.state)
        return "unchanged"

    def _recovered(self, state: State) -> None:
        log.warning(
            "catalogue refresh works again",
            alert=True,
            over="catalogue",
            source=state.source,
            failing_since=state.failing_since,
        )

    async def _accepted(
        self, lease: Lease, document: Mapping[str, Any], etag: str | None, rules: str, verdict: Acceptance
    ) -> None:
        source = lease.state.source
        wanted = [
            WantedProject(row["key"], row["slug"], row["status"], verdict.bots.get(row["key"]))
            for row in document["projects"]
        ]
        async with self._database.transaction() as connection:
            await CatalogueRepository(connection).finish_accepted(
                lease,
                document=document,
                etag=etag,
                rules=rules,
                problems=[problem.body() for problem in verdict.problems],
            )
            await ProjectsRepository(connection).sync(source, wanted)
            if await PicturesRepository(connection).register(pictures_of(document)):
                await enqueue(connection, MIRROR_JOB, dedupe_key=MIRROR_JOB)
        if lease.state.alerted:
            self._recovered(lease.state)
        log.info(
            "catalogue accepted",
            source=source,
            version=document["version"],
            projects=len(wanted),
            problems=len(verdict.problems),
        )

    # Telling WordPress.

    async def _report(self, access: StoreAccess) -> None:
        """Sends the problems when they differ from what was sent last; a failure is made up for next time."""
        async with self._database.connection() as connection:
            repository = CatalogueRepository(connection)
            state = await repository.state("store")
            faults = await bot_faults(connection)
            waiting = await book_faults(connection)
            seen = (access.id, state.revision, state.received_at, *faults, *waiting)
            if state.received_at is None or seen == self._reported or time.monotonic() < self._report_at:
                return
            self._reported = seen
            problems = [
                *state.problems,
                *await self._picture_problems(connection, repository, state),
                *(problem.body() for problem in reports.bot_problems(faults)),
                *(problem.body() for problem in reports.book_problems(waiting)),
            ]
            body = {"version": state.seen_version or "unknown", "problems": problems}
            digest = json.digest([access.id, body])
            if not await repository.claim_report("store", digest):
                return
        try:
            await StoreClient(self._http, access).put(reports.ROUTE, {**body, "received_at": state.received_at})
        except StoreError as error:
            log.warning("the report did not reach wordpress", reason=error.code)
            self._reported = None
            self._report_at = time.monotonic() + REPORT_PAUSE_SECONDS
            async with self._database.connection() as connection:
                await CatalogueRepository(connection).claim_report("store", None)

    async def _picture_problems(
        self, connection: Connection, repository: CatalogueRepository, state: State
    ) -> list[Any]:
        stored = await repository.document(state)
        if stored is None:
            return []
        refused = await PicturesRepository(connection).refused(list(pictures_of(stored.document)))
        return [problem.body() for problem in reports.picture_problems(stored.document, refused)] if refused else []


def _version(received: Any) -> str | None:
    """What the document calls its version, if it is one."""
    version = received.get("version") if isinstance(received, dict) else None
    return version if isinstance(version, str) and version.isprintable() and len(version) <= 128 else None
