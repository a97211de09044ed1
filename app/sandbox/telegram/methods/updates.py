"""How updates leave: getUpdates, setWebhook, deleteWebhook, getWebhookInfo."""

import asyncio
import re
import time
from typing import Any
from urllib.parse import urlsplit

from app.sandbox.telegram.bots import Bot, Webhook
from app.sandbox.telegram.errors import bad_request, conflict, too_many_requests
from app.sandbox.telegram.methods.request import ApiRequest, Method

LONGEST_POLL_SECONDS = 50
SECRET_TOKEN = re.compile(r"[A-Za-z0-9_-]*")
PORTS = (80, 88, 443, 8443)
WEBHOOK_ACTIVE = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
OTHER_POLL = "terminated by other getUpdates request; make sure that only one bot instance is running"


def _allow(request: ApiRequest) -> None:
    """Left out, the former list stays; an empty one means Telegram's default."""
    allowed = request.json("allowed_updates", what="allowed updates")
    if isinstance(allowed, list):
        request.bot.allowed_updates = [str(kind) for kind in allowed] or None


def _stop_poll(bot: Bot, message: str) -> None:
    if bot.poll is not None and not bot.poll.done():
        bot.poll.set_result(message)


async def get_updates(request: ApiRequest) -> list[dict[str, Any]]:
    bot = request.bot
    if bot.webhook is not None:
        raise conflict(WEBHOOK_ACTIVE)
    offset = request.integer("offset", 0)
    limit = request.integer("limit", 100, least=1, most=100)
    deadline = time.monotonic() + request.integer("timeout", 0, least=0, most=LONGEST_POLL_SECONDS)
    _allow(request)
    _stop_poll(bot, OTHER_POLL)
    stopped: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    bot.poll = stopped
    try:
        if offset > 0:
            for update_id in [known for known in bot.updates if known < offset]:
                del bot.updates[update_id]
        elif offset < 0:
            for update_id in sorted(bot.updates)[:offset]:
                del bot.updates[update_id]
        while not bot.updates and (left := deadline - time.monotonic()) > 0 and not stopped.done():
            arrived = asyncio.ensure_future(bot.arrived.wait())
            waiters: set[asyncio.Future[Any]] = {arrived, stopped}
            await asyncio.wait(waiters, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            arrived.cancel()
        if stopped.done():
            raise conflict(stopped.result())
        # The order is that of the updates' ids; a repeated one stands at the end of the dictionary.
        bot.fresh.clear()
        return [bot.updates[update_id] for update_id in sorted(bot.updates)[:limit]]
    finally:
        if bot.poll is stopped:
            bot.poll = None


def _check_webhook_url(url: str, *, local: bool) -> None:
    """A local Bot API server takes http, any port and any address; Telegram's own does not."""
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        port = parts.port
    except ValueError as error:
        raise bad_request("invalid webhook URL specified") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise bad_request("invalid webhook URL specified")
    if local:
        return
    if parts.scheme != "https":
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if (port or 443) not in PORTS:
        raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
    if parts.hostname in ("localhost", "127.0.0.1"):
        raise bad_request("bad webhook: IP address 127.0.0.1 is reserved")


async def set_webhook(request: ApiRequest) -> bool:
    bot, url, secret = request.bot, request.text("url"), request.text("secret_token")
    if not url:
        return await delete_webhook(request)
    now = time.monotonic()
    if now < bot.next_webhook_at:
        raise too_many_requests(1)
    bot.next_webhook_at = now + 1
    if len(secret) > 256:
        raise bad_request("secret token is too long")
    if not SECRET_TOKEN.fullmatch(secret):
        raise bad_request("secret token contains unallowed characters")
    _check_webhook_url(url, local=request.desk.local)
    _stop_poll(bot, "terminated by setWebhook request")
    if request.flag("drop_pending_updates"):
        bot.updates.clear()
    _allow(request)
    bot.webhook = Webhook(url, secret, request.integer("max_connections", 40, least=1, most=100))
    request.delivery.restart(bot)
    return True


async def delete_webhook(request: ApiRequest) -> bool:
    if request.flag("drop_pending_updates"):
        request.bot.updates.clear()
    request.bot.webhook = None
    request.delivery.restart(request.bot)
    return True


async def get_webhook_info(request: ApiRequest) -> dict[str, Any]:
    bot = request.bot
    body: dict[str, Any] = {
        "url": bot.webhook.url if bot.webhook else "",
        "has_custom_certificate": False,
        "pending_update_count": len(bot.updates),
    }
    if bot.webhook:
        body["max_connections"] = bot.webhook.max_connections
        if bot.webhook.last_error:
            body["last_error_date"] = bot.webhook.last_error_date
            body["last_error_message"] = bot.webhook.last_error
    if bot.allowed_updates:
        body["allowed_updates"] = bot.allowed_updates
    return body


METHODS: dict[str, Method] = {
    "getUpdates": get_updates,
    "setWebhook": set_webhook,
    "deleteWebhook": delete_webhook,
    "getWebhookInfo": get_webhook_info,
}
