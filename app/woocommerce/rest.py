"""The store's own REST API by the `woocommerce` package: synchronous, so its calls run in threads."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from woocommerce import API

from app.kit import json
from app.woocommerce.client import StoreAccess
from app.woocommerce.errors import StoreError

TIMEOUT_SECONDS = 30
MOST_BYTES = 4 * 1024 * 1024
STANDARD = "wc/v3"
OURS = "wc-arcana/v1"
PRETTY = "wp-json/"


@dataclass(frozen=True, slots=True)
class RestAnswer:
    """`code` is WooCommerce's own name of an error, "" otherwise."""

    status: int
    body: Any

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def code(self) -> str:
        return str(self.body.get("code", "")) if not self.ok and isinstance(self.body, dict) else ""

    @property
    def data(self) -> Mapping[str, Any]:
        """What an error says besides."""
        data = self.body.get("data") if isinstance(self.body, dict) else None
        return data if isinstance(data, dict) else {}


class StoreRest:
    """One store. Answers of 2xx and 4xx come back; everything else is a `StoreError` with a stable code.

    The package knows pretty permalinks only, which WooCommerce's own API wants too.
    """

    def __init__(self, access: StoreAccess, *, timeout: int = TIMEOUT_SECONDS) -> None:
        self._access = access
        self._timeout = timeout

    async def call(
        self,
        method: str,
        route: str,
        *,
        data: Any = None,
        params: Mapping[str, Any] | None = None,
        version: str = STANDARD,
    ) -> RestAnswer:
        """Raises `StoreError`, whose `code` is one of those of `_call` and `_answer`."""
        return await asyncio.to_thread(self._call, method, route, data, dict(params or {}), version)

    def _call(self, method: str, route: str, data: Any, params: dict[str, Any], version: str) -> RestAnswer:
        base = self._access.rest_url
        if not base.endswith(PRETTY):
            raise StoreError("permalinks", "The store's REST API needs permalinks other than “plain”.")
        api = API(
            url=base.removesuffix(PRETTY),
            consumer_key=self._access.consumer_key.get_secret_value(),
            consumer_secret=self._access.consumer_secret.get_secret_value(),
            version=version,
            timeout=self._timeout,
        )
        # With the key in hand we go nowhere but where the operator sent us, and take no more than we can hold.
        options: dict[str, Any] = {"params": params, "allow_redirects": False, "stream": True}
        try:
            if method in ("GET", "DELETE"):
                response = getattr(api, method.lower())(route, **options)
            else:
                response = getattr(api, method.lower())(route, data, **options)
            with response:
                content = _limited(response)
        except requests.Timeout as error:
            raise StoreError("timeout", "The store did not answer in time.") from error
        except requests.RequestException as error:
            # Its own text has the address in it, with the key's name and the signature.
            raise StoreError("unreachable", f"The store cannot be reached ({type(error).__name__}).") from None
        return _answer(response.status_code, content)


def _limited(response: requests.Response) -> bytes:
    content = bytearray()
    for piece in response.iter_content(65536):
        content += piece
        if len(content) > MOST_BYTES:
            raise StoreError("answer", f"The answer is larger than {MOST_BYTES} bytes.")
    return bytes(content)


def _answer(status: int, content: bytes) -> RestAnswer:
    if 300 <= status < 400:
        raise StoreError("redirected", "The store redirects; connect it under its final address.")
    try:
        body = json.loads(content) if content else None
    except ValueError:
        body = None
    answer = RestAnswer(status, body)
    if status in (401, 403) and answer.code in (
        "",
        "woocommerce_rest_cannot_view",
        "woocommerce_rest_authentication_error",
    ):
        raise StoreError("unauthorized", "The store refused the API key; pair it again or check the key's rights.")
    if status == 503 and answer.code == "arcana_not_ready":
        raise StoreError("not_ready", "The store says that WooCommerce or ACF is off.")
    if status == 503 and answer.code == "arcana_busy":
        raise StoreError("busy", "The store is busy with the same order.")
    if status >= 500:
        raise StoreError("status", f"The store answered {status} {answer.code}".rstrip() + ".")
    if status < 300 and body is None:
        raise StoreError("answer", "The store's answer is no JSON.")
    return answer
