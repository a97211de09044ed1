"""The catalogue in one process: what the product reads, and the finished answers that the world gets."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
from redis.asyncio import Redis

from app.catalogue.bodies import CatalogueBody, finish
from app.catalogue.cache import CatalogueCache
from app.catalogue.library import Bot, Library, Project, StripeKeys, YooKassaKeys
from app.catalogue.media import MediaFiles
from app.catalogue.mirror import Mirror
from app.catalogue.public import catalogue_body, catalogue_path, deck_body, deck_path
from app.catalogue.reader import Snapshot, read
from app.catalogue.refresh import Outcome, Refresher
from app.catalogue.repository import CatalogueRepository
from app.catalogue.secrets import KeysUnreadable, TokenUnreadable, open_bot, open_keys, sandbox_bot, sandbox_keys
from app.catalogue.warm import WarmAnswer
from app.errors import Unavailable
from app.kit.crypto import Keyring, derive_key
from app.kit.database import Database
from app.kit.telemetry import get_logger
from app.settings import Settings
from app.woocommerce.errors import PairingRejected
from app.woocommerce.pairing import active_store

log = get_logger("app.catalogue")

# Project key, language, deck key (`None`: the catalogue itself).
BodyKey = tuple[str, str, str | None]
MEMORY_LIMIT = 128 * 1024 * 1024
REWARM_SECONDS = 0.5
FIRST_REFRESH_SECONDS = 5.0


@dataclass(slots=True)
class _Memory:
    """Finished bodies of one library, and the addresses that the edge answers without asking anybody."""

    library: Library
    bodies: dict[BodyKey, CatalogueBody] = field(default_factory=dict)
    warm: dict[tuple[str, bytes], WarmAnswer] = field(default_factory=dict)
    size: int = 0

    def keep(self, project: Project, key: BodyKey, body: CatalogueBody) -> None:
        if key in self.bodies:
            return
        if self.size + body.size > MEMORY_LIMIT:
            self.bodies.clear()
            self.warm.clear()
            self.size = 0
        self.bodies[key] = body
        self.size += body.size
        _, lang, deck = key
        path = catalogue_path(project.slug) if deck is None else deck_path(project.slug, deck)
        answer = WarmAnswer(body, is_deck=deck is not None)
        self.warm[path, f"lang={lang}".encode()] = answer
        if lang == project.default_language:
            self.warm[path, b""] = answer


class Catalogue:
    """`library()` is the current snapshot; `public()` and `deck()` are finished answers.

    Order of what is asked: this process's memory, Redis, the library (read from Postgres, or from Redis while
    Postgres is away). `memory=False` leaves the first step out, for measuring the second.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        secret: str,
        keyring: Keyring,
        database: Database,
        redis: Redis,
        http: httpx.AsyncClient,
        memory: bool = True,
    ) -> None:
        self._settings = settings
        self._keyring = keyring
        self._database = database
        self._http = http
        self._sandbox_key = derive_key(secret, "sandbox bots") if settings.demo else None
        self._cache = CatalogueCache(redis)
        self._refresher = Refresher(
            settings, keyring, database, http, self._bot_for_acceptance, self._keys_for_acceptance
        )
        self.media = MediaFiles(database)
        self._mirror = Mirror(database, http, self.changed)
        self._memory_enabled = memory
        self._memory = _Memory(Library())
        self._reloading = asyncio.Lock()
        self._building: dict[tuple[str, BodyKey], asyncio.Task[CatalogueBody]] = {}
        self._listeners: list[Callable[[Library], None]] = []
        self._tasks: list[asyncio.Task[None]] = []

    # What the product reads.

    def library(self) -> Library:
        """The current snapshot; empty before the first catalogue has arrived. Never waits."""
        return self._memory.library

    @property
    def ready(self) -> bool:
        return bool(self._memory.library.stamp)

    @property
    def warm(self) -> Mapping[tuple[str, bytes], WarmAnswer]:
        """Finished answers by path and query string. The mapping is replaced as a whole: do not keep it."""
        return self._memory.warm

    def on_change(self, listener: Callable[[Library], None]) -> None:
        """`listener` is called with each new library; it must be quick and must not raise."""
        self._listeners.append(listener)

    # What the world gets.

    async def public(self, slug: str, lang: str | None) -> CatalogueBody | None:
        """The public catalogue of a live project; an unknown language means the project's default."""
        project = self.library().project_by_slug(slug)
        return await self._body(project, lang, None) if project else None

    async def deck(self, slug: str, deck_key: str, lang: str | None) -> CatalogueBody | None:
        """The cards and meanings of one deck of a live project."""
        project = self.library().project_by_slug(slug)
        if project is None or project.deck(deck_key) is None:
            return None
        return await self._body(project, lang, deck_key)

    async def _body(self, project: Project, lang: str | None, deck_key: str | None) -> CatalogueBody:
        memory = self._memory
        key: BodyKey = (project.key, project.language(lang), deck_key)
        if found := memory.bodies.get(key):
            return found
        # One caller at a time makes it; the others wait for the same bytes.
        flight = (memory.library.stamp, key)
        task = self._building.get(flight)
        if task is None:
            task = asyncio.create_task(self._make_body(memory.library, project, key))
            self._building[flight] = task
            task.add_done_callback(lambda _: self._building.pop(flight, None))
        body = await asyncio.shield(task)
        if self._memory_enabled:
            memory.keep(project, key, body)
        return body

    async def _make_body(
        self, library: Library, project: Project, key: BodyKey, former: CatalogueBody | None = None
    ) -> CatalogueBody:
        found = await self._cache.body(library.stamp, *key)
        if found is not None:
            return found
        body = await asyncio.to_thread(_finish, project, key, former)
        await self._cache.put_body(library.stamp, *key, body)
        return body

    # Coming up, keeping up.

    async def start(self, *, refreshing: bool = True) -> None:
        """Reads what is stored and follows changes; with `refreshing` also asks the source regularly.

        Returns without a library when neither Postgres nor Redis has one; it comes when one of them does.
        """
        await self.reload()
        if not self.ready:
            first = asyncio.create_task(self._first_refresh(), name="catalogue-first")
            # A slow store must not keep the process from starting; the question goes on behind.
            await asyncio.wait({first}, timeout=FIRST_REFRESH_SECONDS)
            self._tasks.append(first)
        self._tasks += [
            asyncio.create_task(self._cache.listen(self._hear), name="catalogue-news"),
            asyncio.create_task(self._keep_up(refreshing=refreshing), name="catalogue-poll"),
        ]

    async def _first_refresh(self) -> None:
        try:
            await self.refresh()
        except Unavailable:
            log.warning("the catalogue cannot be read yet; neither postgres nor redis has it")

    async def stop(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _hear(self) -> None:
        try:
            await self.reload()
        except Exception:  # one bad reload must not end the listening; the next news brings the next try
            log.exception("catalogue reload failed")

    async def _keep_up(self, *, refreshing: bool) -> None:
        """News by Redis may get lost, and there may be no Redis at all: so we also look by ourselves."""
        period = self._settings.catalogue_poll_seconds
        while True:
            await asyncio.sleep(min(period, 1.0) if self._cache.away or not self.ready else period)
            try:
                if refreshing:
                    await self.refresh(max_age=timedelta(seconds=period * 0.9), wait=False)
                await self.reload()
            except Unavailable:
                continue
            except Exception:  # the loop has to outlive whatever one round brings
                log.exception("catalogue round failed")

    async def refresh(self, *, max_age: timedelta = timedelta(0), wait: bool = True) -> Outcome:
        """Asks the source (see `Refresher.refresh`) and tells all processes what came of it."""
        outcome = await self._refresher.refresh(max_age=max_age, wait=wait)
        if outcome == "accepted":
            await self._publish()
        elif wait:
            await self.reload()
        return outcome

    async def mirror_pictures(self) -> int:
        """Fetches the pictures that are due; returns how many were settled."""
        async with self._database.connection() as connection:
            try:
                access = await active_store(connection, self._keyring, self._settings)
            except PairingRejected:
                access = None
        return await self._mirror.run(access)

    async def changed(self) -> None:
        """To be called when something that the library is read from besides its document has changed."""
        async with self._database.transaction() as connection:
            repository = CatalogueRepository(connection)
            state = await repository.serving()
            if state is None:
                return
            await repository.bump(state.source)
        await self._publish()

    async def _publish(self) -> None:
        """Puts snapshot and finished bodies where the other processes find them, then tells them."""
        await self.reload()
        memory = self._memory
        for project in memory.library.live_projects:
            for key in _keys(project):
                body = await self._make_body(memory.library, project, key, memory.bodies.get(key))
                if self._memory_enabled:
                    memory.keep(project, key, body)
        await self._cache.announce(memory.library.stamp)

    async def reload(self) -> None:
        """Takes over the stored catalogue if it differs from ours; a storage that is away changes nothing."""
        async with self._reloading:
            try:
                snapshot = await self._stored()
                if snapshot is None or snapshot.stamp == self.library().stamp:
                    return
                library = await asyncio.to_thread(read, snapshot, bot_of=self._bot_or_none, keys_of=self._keys_or_none)
            except (KeyError, TypeError, ValueError):
                # Of another release: the next answer of the source is checked by our own rules.
                log.exception("the stored catalogue cannot be read")
                return
            fresh = _Memory(library)
            await self._rewarm(self._memory, fresh)
            self._memory = fresh
        for listener in self._listeners:
            listener(library)

    async def _stored(self) -> Snapshot | None:
        """What Postgres has (the truth), else what Redis has; `None` also when it is what we have already."""
        current = self.library().stamp
        try:
            async with self._database.connection() as connection:
                state = await CatalogueRepository(connection).serving()
                if state is None or state.stamp == current:
                    return None
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    snapshot = await CatalogueRepository(connection).snapshot()
        except Unavailable:
            return await self._cache.snapshot() if not current or await self._cache.stamp() != current else None
        if snapshot is not None:
            await self._cache.put_snapshot(snapshot)
        return snapshot

    async def _rewarm(self, old: _Memory, fresh: _Memory) -> None:
        """Prepares what was in use before the new library takes its place, as far as that goes quickly."""
        try:
            async with asyncio.timeout(REWARM_SECONDS):
                for key, former in list(old.bodies.items()):
                    project = fresh.library.project_by_key(key[0])
                    if project is not None and project.live and key in _keys(project):
                        body = await asyncio.to_thread(_unchanged, project, key, former)
                        body = body or await self._cache.body(fresh.library.stamp, *key)
                        if body is not None:
                            fresh.keep(project, key, body)
        except TimeoutError:
            return

    # Secrets.

    def _bot_for_acceptance(self, project_key: str, bot: Mapping[str, Any] | None) -> Bot | None:
        if self._sandbox_key is not None:
            return sandbox_bot(self._sandbox_key, project_key)
        return open_bot(self._keyring, project_key, bot)

    def _bot_or_none(self, project_key: str, bot: Mapping[str, Any] | None) -> Bot | None:
        try:
            return self._bot_for_acceptance(project_key, bot)
        except TokenUnreadable as error:
            # It opened when it was accepted: the keyring was lost since.
            log.error("a bot token does not open any more; enter it again", project=project_key, reason=str(error))
            return None

    def _keys_for_acceptance(
        self, project_key: str, provider: str, row: Mapping[str, Any] | None
    ) -> StripeKeys | YooKassaKeys | None:
        return open_keys(self._keyring, project_key, provider, row, demo=self._settings.demo)

    def _keys_or_none(
        self, project_key: str, provider: str, row: Mapping[str, Any] | None
    ) -> StripeKeys | YooKassaKeys | None:
        try:
            keys = self._keys_for_acceptance(project_key, provider, row)
            if keys is None and self._sandbox_key is not None and self._settings.plays(provider):
                receipts = self._settings.sandbox_receipts
                return sandbox_keys(self._sandbox_key, project_key, provider, receipts=receipts)
            return keys
        except KeysUnreadable as error:
            log.error(
                "keys of a payment provider do not open any more; enter them again",
                project=project_key,
                provider=provider,
                reason=str(error),
            )
            return None


def _keys(project: Project) -> list[BodyKey]:
    return [
        (project.key, lang, deck)
        for lang in project.languages
        for deck in (None, *(deck.key for deck in project.decks))
    ]


def _value(project: Project, key: BodyKey) -> dict[str, Any]:
    _, lang, deck_key = key
    deck = project.deck(deck_key) if deck_key is not None else None
    return catalogue_body(project, lang) if deck is None else deck_body(project, deck, lang)


def _finish(project: Project, key: BodyKey, former: CatalogueBody | None) -> CatalogueBody:
    return finish(_value(project, key), former)


def _unchanged(project: Project, key: BodyKey, former: CatalogueBody) -> CatalogueBody | None:
    """`former` if the new library says the same, without compressing anything."""
    return former if former.says(_value(project, key)) else None
