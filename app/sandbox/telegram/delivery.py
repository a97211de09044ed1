"""Updates on their way to a webhook: in order per chat, many chats at once, again until taken."""

import asyncio
import logging
import time
from collections import deque
from typing import Any

import httpx

from app.kit import json
from app.sandbox.telegram.bots import Bot
from app.sandbox.telegram.state import Desk

log = logging.getLogger("app.sandbox.telegram")

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  # the header's name
LONGEST_DELAY_SECONDS = 60.0


def lane(update: dict[str, Any]) -> int:
    """What Telegram keeps in order: the updates of one chat, or of one person outside a chat."""
    content: dict[str, Any] = next((value for name, value in update.items() if name != "update_id"), {})
    source = content.get("chat") or (content.get("message") or {}).get("chat") or content.get("from") or {}
    return int(source.get("id", 0))


class WebhookDelivery:
    """One task a bot watches its queue; one task a lane posts. A lane waits after a failure."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._watchers: dict[int, asyncio.Task[None]] = {}
        self._http = httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=200))

    def restart(self, bot: Bot) -> None:
        """To be called when a webhook was set or deleted."""
        if watcher := self._watchers.pop(bot.id, None):
            watcher.cancel()
        if bot.webhook is not None:
            self._watchers[bot.id] = asyncio.create_task(self._watch(bot))

    async def close(self) -> None:
        for watcher in self._watchers.values():
            watcher.cancel()
        await asyncio.gather(*self._watchers.values(), return_exceptions=True)
        await self._http.aclose()

    async def _watch(self, bot: Bot) -> None:
        room = asyncio.Semaphore(bot.webhook.max_connections if bot.webhook else 1)
        lanes: dict[int, deque[int]] = {}
        # Those that an earlier delivery had seen wait too.
        bot.fresh = deque(bot.updates)
        async with asyncio.TaskGroup() as group:
            while True:
                arrived = bot.arrived
                while bot.fresh:
                    update_id = bot.fresh.popleft()
                    if update_id not in bot.updates:
                        continue
                    number = lane(bot.updates[update_id])
                    if number in lanes:
                        lanes[number].append(update_id)
                    else:
                        lanes[number] = deque([update_id])
                        group.create_task(self._drain(bot, number, lanes, room))
                await arrived.wait()

    async def _drain(self, bot: Bot, number: int, lanes: dict[int, deque[int]], room: asyncio.Semaphore) -> None:
        """Delivers the updates of one lane until none is left; the lane is then gone."""
        waiting, failures = lanes[number], 0
        while waiting:
            update = bot.updates.get(waiting[0])
            if update is None:
                waiting.popleft()
                continue
            async with room:
                taken = await self._post(bot, update)
            if taken:
                bot.updates.pop(waiting.popleft(), None)
                failures = 0
                continue
            # The first repetition follows at once, as with Telegram.
            if failures:
                await asyncio.sleep(min(LONGEST_DELAY_SECONDS, self._desk.resend_seconds * 2**failures))
            failures += 1
        del lanes[number]

    async def _post(self, bot: Bot, update: dict[str, Any]) -> bool:
        webhook = bot.webhook
        if webhook is None:
            return False
        headers = {"content-type": "application/json"}
        if webhook.secret_token:
            headers[SECRET_HEADER] = webhook.secret_token
        try:
            answer = await self._http.post(webhook.url, content=json.dumps(update), headers=headers)
        except httpx.HTTPError as error:
            problem = f"Connection failed: {type(error).__name__}"
        else:
            if answer.is_success:
                return True
            problem = f"Wrong response from the webhook: {answer.status_code} {answer.reason_phrase}"
        webhook.last_error, webhook.last_error_date = problem, int(time.time())
        return False
