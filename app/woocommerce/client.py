"""The store's REST API over httpx: bounded in bytes and time, never going elsewhere with a key."""

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from app.kit import json
from app.woocommerce import oauth
from app.woocommerce.errors import StoreError

TOTAL_SECONDS = 30.0
TIMEOUT = httpx.Timeout(10.0, connect=5.0)
SMALL_ANSWER = 256 * 1024


@dataclass(frozen=True, slots=True)
class StoreAccess:
    """Where a store is and how to get in. `rest_url` is the REST base, with pretty or plain permalinks."""

    id: str
    url: str
    rest_url: str
    consumer_key: SecretStr
    consumer_secret: SecretStr

    def route(self, route: str) -> str:
        """The absolute address of a REST route such as `wc-arcana/v1/catalogue`.

        The base is `…/wp-json/` or, with plain permalinks, `…/?rest_route=/`.
        """
        return f"{self.rest_url.rstrip('/')}/{route}"


@dataclass(frozen=True, slots=True)
class StoreAnswer:
    status: int
    etag: str | None
    body: bytes


class StoreClient:
    """One store. Every failure is a `StoreError` with a stable code."""

    def __init__(self, http: httpx.AsyncClient, access: StoreAccess, *, total_seconds: float = TOTAL_SECONDS) -> None:
        self._http = http
        self.access = access
        self._total_seconds = total_seconds

    async def get(self, route: str, *, etag: str | None = None, limit: int = SMALL_ANSWER) -> StoreAnswer:
        """200, or 304 when `etag` still holds; at most `limit` bytes."""
        headers = {"if-none-match": etag} if etag else {}
        answer = await self._request("GET", route, headers=headers, limit=limit)
        if answer.status == 304 and etag is None:
            raise StoreError("status", "The store answered 304 to a question without an ETag.")
        return answer

    async def put(self, route: str, value: Any) -> StoreAnswer:
        headers = {"content-type": "application/json"}
        return await self._request("PUT", route, headers=headers, content=json.dumps(value))

    def _authorization(self, method: str, url: str) -> dict[str, str]:
        key, secret = (
            self.access.consumer_key.get_secret_value(),
            self.access.consumer_secret.get_secret_value(),
        )
        if urlsplit(url).scheme == "https":
            request = next(httpx.BasicAuth(key, secret).auth_flow(httpx.Request(method, url)))
            return {"authorization": request.headers["authorization"]}
        return {"authorization": oauth.authorization(method, url, consumer_key=key, consumer_secret=secret)}

    async def _request(
        self,
        method: str,
        route: str,
        *,
        headers: dict[str, str],
        content: bytes | None = None,
        limit: int = SMALL_ANSWER,
    ) -> StoreAnswer:
        url = self.access.route(route)
        headers = {"accept": "application/json", **headers, **self._authorization(method, url)}
        try:
            async with (
                asyncio.timeout(self._total_seconds),
                self._http.stream(
                    method, url, headers=headers, content=content, timeout=TIMEOUT, follow_redirects=False
                ) as response,
            ):
                body = await read_limited(response, limit)
        except TimeoutError as error:
            raise StoreError("timeout", "The store did not answer in time.") from error
        except httpx.TimeoutException as error:
            raise StoreError("timeout", "The store did not answer in time.") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise StoreError("unreachable", f"The store cannot be reached ({type(error).__name__}).") from error
        if response.status_code not in (200, 304):
            raise _refusal(response, body)
        return StoreAnswer(response.status_code, response.headers.get("etag"), body)


class TooLarge(StoreError):
    def __init__(self, limit: int) -> None:
        super().__init__("too_large", f"The answer is larger than {limit} bytes.")


async def read_limited(response: httpx.Response, limit: int) -> bytes:
    """The decoded body; raises `TooLarge` as soon as it is more than `limit` bytes."""
    declared = response.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise TooLarge(limit)
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > limit:
            raise TooLarge(limit)
    return bytes(body)


def _refusal(response: httpx.Response, body: bytes) -> StoreError:
    status = response.status_code
    if response.is_redirect:
        # With the key in hand we go nowhere but where the operator sent us.
        host = urlsplit(response.headers.get("location", "")).netloc or "another address"
        return StoreError("redirected", f"The store redirects to {host[:200]}; connect it under its final address.")
    if status in (401, 403):
        return StoreError("unauthorized", "The store refused the API key; pair it again or check the key's rights.")
    if status == 404:
        return StoreError("plugin_missing", "The store has no such route; is the Arcana plugin active?")
    try:
        code = json.loads(body).get("code")
    except (ValueError, AttributeError):
        code = None
    if status == 503 and code == "arcana_not_ready":
        return StoreError("not_ready", "The store says that WooCommerce or ACF is off, or its catalogue is not ready.")
    return StoreError("status", f"The store answered {status}.")
