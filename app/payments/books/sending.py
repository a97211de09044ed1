"""Working the outbox off: as fast as the store takes it, and patiently while it does not."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from prometheus_client import Counter

from app.catalogue.library import Library, text
from app.kit.crypto import Keyring
from app.kit.database import Database
from app.kit.telemetry import get_logger
from app.payments.books import outbox
from app.payments.books.outbox import Entry
from app.payments.books.records import OrderRecord, RefundRecord, order_record, refund_record
from app.payments.books.store import BookProblem, StoreBooks
from app.settings import Settings
from app.woocommerce.errors import PairingRejected, StoreError
from app.woocommerce.pairing import active_store, parse_store_id
from app.woocommerce.rest import StoreRest

log = get_logger("app.payments.books")

# Questions to the store at once: it has other things to do.
AT_ONCE = 3
FIRST_PAUSE = timedelta(seconds=15)
LONGEST_PAUSE = timedelta(minutes=15)
# What waits for somebody is tried again all the same: he may have done it.
PAUSE_FOR_PEOPLE = timedelta(hours=1)
# Answers in a row that say that the store is not well.
FAILURES = 5
REFUND_PAUSE = timedelta(seconds=30)

ENTRIES = Counter("arcana_book_entries_total", "Lines sent to WooCommerce's books", ["outcome"])


class BookSender:
    """`library` gives the catalogue of now, which knows the products' numbers in the store of now."""

    def __init__(
        self,
        settings: Settings,
        keyring: Keyring,
        database: Database,
        library: Callable[[], Library],
        *,
        timeout: int = 30,
    ) -> None:
        self._settings = settings
        self._keyring = keyring
        self._database = database
        self._library = library
        self._timeout = timeout

    async def run(self) -> int:
        """Sends what is due until nothing is, or until the store does not answer; how many lines it took."""
        try:
            async with self._database.connection() as connection:
                access = await active_store(connection, self._keyring, self._settings)
        except PairingRejected:
            log.error("the store's API key does not open any more; pair it again", alert=True)
            return 0
        if access is None:
            # Without a store the lines wait for one.
            return 0
        work = _Run(self, StoreBooks(StoreRest(access, timeout=self._timeout)), parse_store_id(access.id))
        await asyncio.gather(*(work.lane() for _ in range(AT_ONCE)))
        if work.sent:
            async with self._database.transaction() as connection:
                await outbox.wake(connection)
        return work.sent

    def product(self, record: OrderRecord) -> tuple[int | None, str]:
        """The product's number in the store of now, and the name that was bought."""
        project = self._library().project_by_key(record.project_key)
        package = project.package(record.package_key) if project else None
        known = package.product_id if package and package.product_id else record.package.get("product_id")
        language = project.default_language if project else ""
        return known, text(record.package.get("name"), language) or record.package_key

    @property
    def database(self) -> Database:
        return self._database


class _Run:
    """One working-off by several lanes; the first failure of the store as such ends all of them."""

    def __init__(self, sender: BookSender, books: StoreBooks, store_id: UUID | None) -> None:
        self._sender = sender
        self._database = sender.database
        self._books = books
        self._store_id = store_id
        self._away = False
        self._failures = 0
        self.sent = 0

    async def lane(self) -> None:
        while not self._away:
            async with self._database.transaction() as connection:
                entries = await outbox.lease(connection, limit=1)
            if not entries:
                return
            await self._work(entries[0])

    async def _work(self, entry: Entry) -> None:
        try:
            remote_id = await self._send(entry)
        except _NotYet:
            await self._postpone(entry, None, REFUND_PAUSE)
        except StoreError as error:
            # Whoever comes next would hear the same; a single order that the store breaks at must not hold up the rest.
            self._failures += error.code != "busy"
            self._away = self._away or error.code in outbox.AWAY + outbox.CONNECTION or self._failures >= FAILURES
            pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(entry.attempts - 1, 10))
            await self._postpone(entry, error.code, pause, words=str(error))
        except BookProblem as problem:
            await self._postpone(entry, problem.code, PAUSE_FOR_PEOPLE, words=str(problem), remote_id=problem.remote_id)
        else:
            async with self._database.transaction() as connection:
                await outbox.finish(connection, entry, remote_id=remote_id, store_id=self._store_id)
            self._failures = 0
            self.sent += 1
            ENTRIES.labels("done").inc()

    async def _send(self, entry: Entry) -> int | None:
        async with self._database.connection() as connection:
            record = await order_record(connection, entry.project_id, entry.order_id)
            refund: RefundRecord | None = None
            order_number: int | None = None
            if entry.refund_id is not None:
                refund = await refund_record(connection, entry.project_id, entry.refund_id)
                order_number = await outbox.remote_order(connection, entry.project_id, entry.order_id)
        if record is None or record.state not in ("paid", "refunded") or (entry.refund_id and refund is None):
            raise BookProblem("order_unpaid", "the outbox names an order that is not paid")
        if refund is None:
            product_id, name = self._sender.product(record)
            return await self._books.put_order(record, product_id=product_id, name=name)
        if refund.payment_id != record.payment_id:
            # Money that came twice never stood in the store, so neither does its way back.
            return None
        if refund.state not in ("done", "failed") or order_number is None:
            raise _NotYet
        return await self._books.put_refund(record, refund, order_number)

    async def _postpone(
        self, entry: Entry, problem: str | None, delay: timedelta, *, words: str = "", remote_id: int | None = None
    ) -> None:
        async with self._database.transaction() as connection:
            is_new = await outbox.postpone(connection, entry, problem=problem, delay=delay, remote_id=remote_id)
        if problem is None:
            return
        ENTRIES.labels(problem).inc()
        if is_new:
            log.warning(
                "an order waits to be entered into woocommerce's books",
                alert=problem not in outbox.PASSING,
                problem=problem,
                words=words,
                order=str(entry.order_id),
                project=entry.project_id,
            )


class _NotYet(Exception):
    """The refund has not ended."""
