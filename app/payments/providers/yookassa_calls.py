"""How YooKassa is called: JSON over HTTPS, Basic auth, and the same `Idempotence-Key` when nobody knows what happened.

Source: https://yookassa.ru/developers/using-api/interaction-format and …/response-handling/http-codes.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx

from app.catalogue.library import YooKassaKeys
from app.kit import json
from app.kit.telemetry import get_logger
from app.payments.port import ProviderAway, ProviderRefused

log = get_logger("app.payments.yookassa")

TIMEOUT = httpx.Timeout(12.0, connect=5.0)
ATTEMPTS = 2
PAUSE_SECONDS = 0.5
PAGE = 100


class Calls:
    """Raises `ProviderAway`, and `ProviderRefused` whose `reason` is YooKassa's code or the field that it named."""

    def __init__(self, http: httpx.AsyncClient, *, api_url: str) -> None:
        self._http = http
        self._api_url = api_url

    async def get(self, keys: YooKassaKeys, path: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        return await self._call(keys, "GET", path, params=params)

    async def post(self, keys: YooKassaKeys, path: str, body: Mapping[str, Any], *, key: str) -> dict[str, Any]:
        """`key` is at most 64 characters; for a day the same one gives the same object."""
        return await self._call(keys, "POST", path, body=body, key=key)

    async def pages(self, keys: YooKassaKeys, path: str, params: Mapping[str, str]) -> AsyncIterator[dict[str, Any]]:
        """All objects of a list, the newest first."""
        asked = {**params, "limit": str(PAGE)}
        while True:
            page = await self.get(keys, path, asked)
            for item in page["items"]:
                yield item
            if not page.get("next_cursor"):
                return
            asked["cursor"] = page["next_cursor"]

    async def _call(
        self,
        keys: YooKassaKeys,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> dict[str, Any]:
        reason = ""
        for attempt in range(ATTEMPTS):
            if attempt:
                await asyncio.sleep(PAUSE_SECONDS)
            try:
                answer = await self._http.request(
                    method,
                    f"{self._api_url}{path}",
                    params=params,
                    content=json.dumps(body) if body is not None else None,
                    headers=_headers(key),
                    auth=(keys.shop_id, keys.secret_key.get_secret_value()),
                    timeout=TIMEOUT,
                    follow_redirects=False,
                )
            except httpx.HTTPError as error:
                reason = type(error).__name__
                continue
            if 400 <= answer.status_code < 500 and answer.status_code not in (408, 429):
                raise _refusal(answer)
            if answer.status_code == 200 and (found := _decoded(answer)) is not None:
                return found
            reason = f"status_{answer.status_code}"
        log.warning("YooKassa is away", reason=reason, call=f"{method} {path.split('/')[1]}")
        raise ProviderAway(reason=reason)


def _headers(key: str | None) -> dict[str, str]:
    headers = {"content-type": "application/json", "accept": "application/json"}
    return headers | {"idempotence-key": key} if key is not None else headers


def _decoded(answer: httpx.Response) -> dict[str, Any] | None:
    try:
        found = json.loads(answer.content)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _refusal(answer: httpx.Response) -> ProviderRefused:
    """Its description may repeat what was sent: what is told is the code, the field, and the number for support."""
    error = _decoded(answer) or {}
    code, field = (str(error.get(name) or "")[:80] for name in ("code", "parameter"))
    log.warning("YooKassa refused", status=answer.status_code, code=code, field=field, error=str(error.get("id"))[:80])
    return ProviderRefused(reason=f"{code or f'status_{answer.status_code}'}{':' if field else ''}{field}")
