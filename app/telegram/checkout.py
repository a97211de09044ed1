"""Pre-checkout queries: Telegram waits ten seconds for the answer (https://core.telegram.org/bots/api#precheckoutquery).

Whoever takes such an update in answers it at once, the API's process by a plain HTTP call, for it does without
aiogram. The update is kept first, under a lease: if the answer could not be given, the workers try as soon as it ends.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx

from app.catalogue.library import Project
from app.errors import Unavailable
from app.kit.clock import utc_now
from app.kit.database import Database
from app.kit.telemetry import get_logger
from app.locales import plain
from app.settings import Settings
from app.telegram.inbox import Inbox
from app.telegram.updates import Arrival, Claimed, Incoming, UpdateRepository, tell_workers
from app.users.repository import UserRepository

log = get_logger("app.telegram.checkout")

KIND = "pre_checkout_query"
DECIDE_SECONDS = 4.0
ANSWER_SECONDS = 4.0
# Longer than both: nobody else answers meanwhile.
LEASE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class CheckoutQuery:
    """`amount` in the currency's smallest units; for Stars (`XTR`) in Stars. `payload` is the invoice's own."""

    id: str
    telegram_id: int
    language: str | None
    currency: str
    amount: int
    payload: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why it cannot be paid: a key of the bots' texts with its values, shown to the person."""

    key: str
    values: dict[str, Any] = field(default_factory=dict)


# What payments offers: None lets the payment happen. It has `DECIDE_SECONDS`, and must not call Telegram.
PreCheckout = Callable[[Database, Project, CheckoutQuery], Awaitable[Refusal | None]]

CLOSED = Refusal("checkout.closed")
UNDECIDED = Refusal("checkout.undecided")


class Unanswered(Exception):
    """Telegram did not take the answer now; it may later."""


class Checkout:
    """`decide` is asked about each payment; without it none is taken."""

    def __init__(
        self, *, settings: Settings, database: Database, http: httpx.AsyncClient, decide: PreCheckout | None = None
    ) -> None:
        self._base = settings.telegram_api_url
        self._place = "/test/answerPreCheckoutQuery" if settings.demo else "/answerPreCheckoutQuery"
        self._database = database
        self._http = http
        self._decide = decide

    async def receive(self, inbox: Inbox, *, project: Project, incoming: Incoming) -> bool:
        """Keeps and answers an update of this kind; false if it was kept before. Raises `Unavailable` if it cannot
        be kept."""
        assert project.bot is not None  # noqa: S101  # it was found by its bot
        is_new = await inbox.keep(Arrival(project.id, project.bot.id, incoming, LEASE))
        # Telegram says it again when nobody thanked it: whoever kept it died before he could answer, and the lease of
        # the dead is as long as the person waits. Of two answers Telegram takes the first.
        if not is_new and not await self._is_waiting(project.bot.id, incoming.update_id):
            return False
        claimed = Claimed(
            project.id, project.bot.id, incoming.update_id, incoming.chat_id, {}, attempt=1, failures=0,
            received_at=utc_now(), reply=None,
        )  # fmt: skip
        try:
            note = await self._answer(project, incoming.content)
        except Unanswered as error:
            log.warning("a payment could not be answered at once", bot_id=project.bot.id, reason=str(error))
            async with self._database.transaction() as connection:
                repository = UpdateRepository(connection, project.id)
                await repository.try_again(claimed, after=timedelta(0), failed=False, error=str(error))
                await tell_workers(connection)
            return is_new
        try:
            async with self._database.connection() as connection:
                await UpdateRepository(connection, project.id).finish(claimed, note=note)
        except Unavailable:
            # The lease ends, and Telegram tells the worker that it is answered.
            log.warning("the outcome of a payment's question could not be written", bot_id=project.bot.id)
        return is_new

    async def _is_waiting(self, bot_id: int, update_id: int) -> bool:
        async with self._database.connection() as connection:
            return bool(
                await connection.fetchval(
                    "SELECT state = 'pending' FROM telegram_updates WHERE bot_id = $1 AND update_id = $2",
                    bot_id, update_id,
                )
            )  # fmt: skip

    async def words(self, project: Project, query: CheckoutQuery) -> str | None:
        """None to let it happen, else why not, in the person's language."""
        try:
            async with asyncio.timeout(DECIDE_SECONDS):
                refusal = CLOSED if self._decide is None else await self._decide(self._database, project, query)
        except Exception:  # whatever it is, an unanswered question would keep the person waiting for ten seconds
            log.exception("a payment was refused, for it could not be checked", project_id=project.id)
            refusal = UNDECIDED
        if refusal is None:
            return None
        return plain(await self._language(project, query), refusal.key, **refusal.values)

    async def _language(self, project: Project, query: CheckoutQuery) -> str:
        chosen = query.language
        try:
            async with asyncio.timeout(1), self._database.connection() as connection:
                user = await UserRepository(connection, project.id).by_telegram_id(query.telegram_id)
            chosen = user.language if user else chosen
        except (Unavailable, TimeoutError):
            pass
        return project.language(chosen)

    async def _answer(self, project: Project, content: Any) -> str | None:
        """A note if it was not simply accepted. Raises `Unanswered`."""
        query = read_query(content)
        if query is None:
            return "unreadable pre-checkout query"
        words = await self.words(project, query)
        answer: dict[str, Any] = {"pre_checkout_query_id": query.id, "ok": words is None}
        if words is not None:
            answer["error_message"] = words
        assert project.bot is not None  # noqa: S101  # as above
        address = f"{self._base}/bot{project.bot.token.get_secret_value()}{self._place}"
        try:
            response = await self._http.post(address, json=answer, timeout=ANSWER_SECONDS)
        except httpx.HTTPError as error:
            # Not its text: the address holds the token.
            raise Unanswered(type(error).__name__) from None
        if response.status_code == 429 or response.status_code >= 500:
            raise Unanswered(f"Telegram answered {response.status_code}")
        if response.status_code != 200:
            return f"Telegram refused the answer: {response.status_code}"
        return None if words is None else "refused"


def read_query(content: Any) -> CheckoutQuery | None:
    """From the update as it came; None for what is none."""
    try:
        person = content["from"]
        return CheckoutQuery(
            str(content["id"]),
            int(person["id"]),
            person.get("language_code"),
            str(content["currency"]),
            int(content["total_amount"]),
            str(content["invoice_payload"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
