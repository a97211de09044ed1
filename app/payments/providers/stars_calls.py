"""How the Bot API is asked about Stars: by plain HTTP, for the API's process does without aiogram.

Source: https://core.telegram.org/bots/api#making-requests (errors) and https://core.telegram.org/bots/payments-stars.
"""

from typing import Any

import httpx

from app.catalogue.library import Bot
from app.kit import json
from app.kit.telemetry import get_logger
from app.payments.port import ProviderAway, ProviderRefused
from app.settings import Settings

log = get_logger("app.payments.stars")

CALL_SECONDS = 10.0
# A token that was revoked is replaced one day, and then the same call works.
AWAY = frozenset({401, 408, 429})


class Refused(ProviderRefused):
    """`reason` is Telegram's own description; it holds nothing of what was sent, and is not shown to people."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


class BotApi:
    """The demo's bots live in Telegram's test environment (https://core.telegram.org/bots/features#testing-your-bot)."""

    def __init__(self, settings: Settings, http: httpx.AsyncClient) -> None:
        self._base = settings.telegram_api_url
        self._place = "/test" if settings.demo else ""
        self._http = http

    async def call(self, bot: Bot, method: str, body: dict[str, Any]) -> Any:
        """The result. Raises `ProviderAway`, and `Refused`."""
        address = f"{self._base}/bot{bot.token.get_secret_value()}{self._place}/{method}"
        try:
            response = await self._http.post(address, json=body, timeout=CALL_SECONDS)
            answer = json.loads(response.content)
        except (httpx.HTTPError, ValueError) as error:
            log.warning("Telegram does not answer", method=method, bot_id=bot.id, reason=type(error).__name__)
            # Its own words could quote the address, and the address holds the token.
            raise ProviderAway from None
        if isinstance(answer, dict) and answer.get("ok") is True and response.status_code == 200:
            return answer.get("result")
        reason = str(answer.get("description", "")) if isinstance(answer, dict) else ""
        log.warning("Telegram refused", method=method, bot_id=bot.id, status=response.status_code, reason=reason[:200])
        if not 400 <= response.status_code < 500 or response.status_code in AWAY:
            raise ProviderAway
        raise Refused(reason)
