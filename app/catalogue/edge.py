"""The warm catalogue, answered in front of everything else: nothing is parsed, queried or validated."""

import os
import time
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from app.catalogue.bodies import choose_encoding, matches
from app.kit.http import REQUEST_ID
from app.kit.telemetry import REQUEST_SECONDS, REQUESTS

if TYPE_CHECKING:
    from app.container import Container

CATALOGUE_ROUTE = "/api/v1/projects/{slug}/catalogue"
DECK_ROUTE = "/api/v1/projects/{slug}/catalogue/decks/{key}"

# Clients send a handful of different values; the memory is bounded all the same.
_encoding_for = lru_cache(maxsize=256)(choose_encoding)


class CatalogueEdge:
    """Pure ASGI around the application; what it has no finished answer for goes on to the documented route.

    It does what the rest of the chain does for such a request (request id, security headers, metrics), only
    ahead of time. A request with an Origin goes the long way, through CORS.
    """

    def __init__(self, app: ASGIApp, api: FastAPI) -> None:
        self._app = app
        self._api = api
        routes = (CATALOGUE_ROUTE, DECK_ROUTE)
        self._full = [REQUESTS.labels(route, "GET", "200").inc for route in routes]
        self._not_modified = [REQUESTS.labels(route, "GET", "304").inc for route in routes]
        self._seconds = [REQUEST_SECONDS.labels(route).observe for route in routes]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        services = cast("Container | None", getattr(self._api.state, "container", None))
        answer = services.catalogue.warm.get((scope["path"], scope["query_string"])) if services else None
        request = dict(scope["headers"])
        if answer is None or b"origin" in request:
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = request.get(b"x-request-id")
        if request_id is None or not REQUEST_ID.fullmatch(request_id):
            request_id = os.urandom(8).hex().encode()
        accept = request.get(b"accept-encoding")
        encoding = _encoding_for(accept) if accept else "identity"
        known = request.get(b"if-none-match")
        if known is not None and matches(known, answer.body.digest):
            headers, body = answer.not_modified[encoding], b""
            count, status = self._not_modified[answer.is_deck], 304
        else:
            headers, body = answer.full[encoding]
            count, status = self._full[answer.is_deck], 200
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [*headers, (b"x-request-id", request_id)],
            }
        )
        await send({"type": "http.response.body", "body": body})
        count()
        self._seconds[answer.is_deck](time.perf_counter() - started)
