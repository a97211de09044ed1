"""A worker shows a text in the chat as it is written, and then sends it, once.

While it is written, a draft grows in the chat (`sendMessageDraft`), or where Telegram refuses drafts, a message that
is edited. `sending` is committed before the final messages leave: a worker that dies before that is replaced by
another one, and what one was sending when it died is never sent again by itself.
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from aiogram import Bot
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)

from app.errors import Unavailable
from app.kit.telemetry import get_logger, redact
from app.readings import telegram_pages as pages
from app.readings.chats import ReadingChat, ReadingChatRepository
from app.readings.generations import GenerationRepository, Snapshot
from app.readings.telegram_cards import send_cards
from app.readings.telegram_pages import Showing
from app.readings.telegram_text import blocks, messages, tail
from app.telegram.limiter import Congested
from app.telegram.replies import NO_PREVIEW, keyboard
from app.telegram.session import never_sent
from app.worker.container import WorkerContainer

log = get_logger("app.readings.chat")

# Telegram takes about one message a second in a chat, drafts and edits included.
DRAFT_SECONDS = 1.2
EDIT_SECONDS = 3.0
# A draft disappears after 30 s: one that stands still is shown again.
DRAFT_LASTS_SECONDS = 20.0
MOST_FAILURES = 20
REFUSED = (TelegramRetryAfter, Congested, TelegramUnauthorizedError)


async def run(container: WorkerContainer, payload: dict[str, Any]) -> None:
    """The job: one text on its way into one chat."""
    async with container.database.transaction() as connection:
        claimed = await ReadingChatRepository(connection, payload["project"]).claim(UUID(payload["chat"]))
    if claimed is not None:
        await Delivery(container, *claimed).run()


class Delivery:
    def __init__(self, container: WorkerContainer, chat: ReadingChat, user_id: UUID) -> None:
        self._container = container
        self._database = container.database
        self._chat = chat
        self._user_id = user_id
        self._sending = False

    async def run(self) -> None:
        try:
            await self._run()
        except asyncio.CancelledError:
            # This worker is being stopped. If nothing final has left, the next one may go on at once.
            if self._sending:
                await asyncio.shield(self._end("uncertain", "the worker was stopped"))
            else:
                await asyncio.shield(self._again(timedelta(0), failed=False))
            raise
        except TelegramForbiddenError as error:
            await self._end("gone", error.message)
        except (*REFUSED, TelegramNetworkError, TelegramServerError, ClientDecodeError) as error:
            after = error.retry_after if isinstance(error, TelegramRetryAfter) else 5
            await self._again(timedelta(seconds=after), failed=True, error=error)
        except TelegramAPIError as error:
            if "chat not found" in error.message:
                # He signed in by the app and never started the bot.
                await self._end("gone", error.message)
                return
            log.error("a reading cannot be sent", chat=str(self._chat.id), reason=redact(error.message))
            await self._end("failed", error.message)

    async def _run(self) -> None:
        project = self._container.catalogue.library().project_by_id(self._chat.project_id)
        bot = self._container.bots.bot(project.bot.id) if project and project.bot else None
        async with self._database.connection() as connection:
            showing = await pages.showing(connection, self._chat, self._user_id, project) if project else None
        if project is None or bot is None or showing is None:
            await self._again(timedelta(seconds=60), failed=True)
            return
        if showing.user.state != "active":
            await self._end("gone", "the person left or was shut out")
            return
        if self._chat.question_id is None and not self._chat.cards_shown:
            if not await self._change("show_cards"):
                return
            try:
                await send_cards(self._container, bot, project, showing, chat_id=self._chat.chat_id)
            except REFUSED:
                await self._change("hide_cards")
                raise
            self._chat = replace(self._chat, cards_shown=True)
        snapshot = await self._follow(bot, showing)
        if snapshot is None:
            return
        # From here on a stop must not come between a message and its record.
        sending = asyncio.create_task(self._send(bot, showing, snapshot))
        try:
            await asyncio.shield(sending)
        except asyncio.CancelledError:
            await asyncio.wait({sending}, timeout=4)
            if not sending.done():
                sending.cancel()
            raise

    async def _follow(self, bot: Bot, showing: Showing) -> Snapshot | None:
        """Shows the text as it grows, until it has ended; None if the lease was lost or the reading is gone."""
        screen = Screen(self, bot, showing)
        while True:
            async with self._database.connection() as connection:
                snapshot = await GenerationRepository(connection).snapshot(
                    project_id=self._chat.project_id,
                    reading_id=self._chat.reading_id,
                    question_id=self._chat.question_id,
                )
                if snapshot is None or not await ReadingChatRepository(connection, self._chat.project_id).renew(
                    self._chat
                ):
                    return None
            if snapshot.ended:
                return snapshot
            latest = await self._container.listener.latest(self._chat.project_id, snapshot.generation_id)
            _, text = max(latest or (0, ""), (snapshot.attempt, snapshot.text))
            await screen.show(text)
            await asyncio.sleep(DRAFT_SECONDS)

    async def _send(self, bot: Bot, showing: Showing, snapshot: Snapshot) -> None:
        """The final messages."""
        if not await self._change("begin_sending"):
            return
        self._sending = True
        rows = pages.after_rows(
            self._container.settings, showing, failed=snapshot.state == "failed", crisis=snapshot.kind == "crisis"
        )
        parts = messages([pages.head(showing), *self._body(showing, snapshot)])
        for number in range(self._chat.parts_sent, len(parts)):
            markup = keyboard(rows) if number == len(parts) - 1 else None
            try:
                await self._send_part(bot, parts[number], markup, replaces=number == 0)
            except (TelegramNetworkError, TelegramServerError, ClientDecodeError) as error:
                if isinstance(error, TelegramNetworkError) and never_sent(error):
                    self._sending = False
                    raise
                await self._end("uncertain", f"{type(error).__name__}: {error}")
                self._sending = False
                return
            except (TelegramAPIError, Congested):
                # A refusal has sent nothing.
                self._sending = False
                raise
            self._chat = replace(self._chat, parts_sent=number + 1)
            await self._change("part_sent", number + 1)
        await self._end("sent")
        self._sending = False
        async with self._database.connection() as connection:
            # It needs no notice that it is ready.
            await GenerationRepository(connection).see(
                project_id=self._chat.project_id,
                reading_id=self._chat.reading_id,
                question_id=self._chat.question_id,
            )

    def _body(self, showing: Showing, snapshot: Snapshot) -> list[str]:
        if snapshot.state == "failed":
            return [showing.words.html("chat.failed")]
        note = pages.note(showing.words, kind=snapshot.kind, offline=snapshot.offline)
        return [*blocks(snapshot.text), *([note] if note else [])]

    async def _send_part(self, bot: Bot, text: str, markup: Any, *, replaces: bool) -> None:
        chat = self._chat
        if replaces and chat.message_id is not None:
            try:
                await bot.edit_message_text(
                    text,
                    chat_id=chat.chat_id,
                    message_id=chat.message_id,
                    reply_markup=markup,
                    link_preview_options=NO_PREVIEW,
                )
            except TelegramBadRequest as error:
                if "not modified" in error.message:
                    return
                # The person deleted it; a refusal has sent nothing.
            else:
                return
        await bot.send_message(chat.chat_id, text, reply_markup=markup, link_preview_options=NO_PREVIEW)

    async def keep_message(self, message_id: int) -> None:
        self._chat = replace(self._chat, message_id=message_id)
        await self._change("keep_message", message_id)

    @property
    def chat(self) -> ReadingChat:
        return self._chat

    async def _change(self, name: str, *values: object) -> bool:
        async with self._database.connection() as connection:
            changed = await getattr(ReadingChatRepository(connection, self._chat.project_id), name)(self._chat, *values)
        return changed is not False

    async def _again(self, after: timedelta, *, failed: bool, error: Exception | None = None) -> None:
        if self._chat.failures >= MOST_FAILURES:
            await self._end("failed", "too many failures")
            return
        if error is not None:
            log.warning("a reading waits", chat=str(self._chat.id), reason=type(error).__name__)
        # Without the database the lease just ends.
        with suppress(Unavailable):
            async with self._database.connection() as connection:
                await ReadingChatRepository(connection, self._chat.project_id).again(
                    self._chat, after=after, failed=failed
                )

    async def _end(self, state: str, error: str | None = None) -> None:
        reason = redact(error)[:300] if error else None
        async with self._database.connection() as connection:
            await ReadingChatRepository(connection, self._chat.project_id).end(self._chat, state, error=reason)
        if state not in ("sent", "gone"):
            log.warning("a reading did not surely reach the chat", chat=str(self._chat.id), state=state, reason=reason)


class Screen:
    """What the person sees meanwhile. Losing a step of it loses nothing."""

    def __init__(self, delivery: Delivery, bot: Bot, showing: Showing) -> None:
        self._delivery = delivery
        self._bot = bot
        self._showing = showing
        self._draft_id = (delivery.chat.id.int & 0x7FFFFFFF) or 1
        self._drafts = delivery.chat.message_id is None
        self._shown: str | None = None
        self._shown_at = 0.0

    async def show(self, text: str) -> None:
        markup = tail([pages.head(self._showing), *blocks(text)]) if text else ""
        since = time.monotonic() - self._shown_at
        if markup == self._shown and (not self._drafts or since < DRAFT_LASTS_SECONDS):
            return
        try:
            if self._drafts:
                await self._draft(markup)
            elif since >= EDIT_SECONDS:
                await self._edit(markup)
            else:
                return
        except (TelegramForbiddenError, TelegramUnauthorizedError):
            raise
        except (TelegramAPIError, ClientDecodeError, Congested) as error:
            log.info("a step of a draft is left out", reason=type(error).__name__)
            if isinstance(error, TelegramRetryAfter):
                self._shown_at = time.monotonic()
            return
        self._shown, self._shown_at = markup, time.monotonic()

    async def _draft(self, markup: str) -> None:
        """Empty shows Telegram's own "Thinking…"."""
        chat_id = self._delivery.chat.chat_id
        try:
            await self._bot.send_message_draft(chat_id, self._draft_id, text=markup)
        except (TelegramBadRequest, TelegramNotFound):
            self._drafts = False
            await self._edit(markup)

    async def _edit(self, markup: str) -> None:
        chat = self._delivery.chat
        text = markup or self._showing.words.html("chat.writing")
        if chat.message_id is None:
            message = await self._bot.send_message(chat.chat_id, text, link_preview_options=NO_PREVIEW)
            await self._delivery.keep_message(message.message_id)
        else:
            await self._bot.edit_message_text(
                text, chat_id=chat.chat_id, message_id=chat.message_id, link_preview_options=NO_PREVIEW
            )
