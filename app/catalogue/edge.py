"""The warm catalogue, answered in front of everything else: nothing is parsed, queried or validated."""

import secrets
from functools import lru_cache
from itertools import count

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from app.catalogue.bodies import choose_encoding, matches
from app.catalogue.service import Catalogue
from app.container import Container
from app.kit.http import REQUEST_ID
from app.kit.telemetry import REQUESTS

CATALOGUE_ROUTE = "/api/v1/projects/{slug}/catalogue"
DECK_ROUTE = "/api/v1/projects/{slug}/catalogue/decks/{key}"

# Clients send a handful of different values; the memory is bounded all the same.
_encoding_for = lru_cache(maxsize=256)(choose_encoding)


class CatalogueEdge:
    """Pure ASGI around the application; what it has no finished answer for goes on to the documented route.

    It does what the rest of the chain does for such a request (request id, security headers, count), only ahead
    of time; it writes no log line and measures no duration, each of which would cost more than the answer. A
    request with an Origin goes the long way, through CORS.
    """

    def __init__(self, app: ASGIApp, api: FastAPI) -> None:
        self._app = app
        self._api = api
        self._catalogue: Catalogue | None = None
        routes = (CATALOGUE_ROUTE, DECK_ROUTE)
        self._count_full = [REQUESTS.labels(route, "GET", "200").inc for route in routes]
        self._count_not_modified = [REQUESTS.labels(route, "GET", "304").inc for route in routes]
        # Unique without asking the system for random bytes each time.
        self._process = secrets.token_hex(6).encode()
        self._numbers = count()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            if scope["type"] == "lifespan":
                self._catalogue = None
            await self._app(scope, receive, send)
            return
        catalogue = self._catalogue or self._find_catalogue()
        answer = catalogue.warm.get((scope["path"], scope["query_string"])) if catalogue else None
        if answer is None:
            await self._app(scope, receive, send)
            return
        request = dict(scope["headers"])
        if b"origin" in request:
            await self._app(scope, receive, send)
            return
        request_id = request.get(b"x-request-id")
        if request_id is None or not REQUEST_ID.fullmatch(request_id):
            request_id = b"%b-%x" % (self._process, next(self._numbers))
        accept = request.get(b"accept-encoding")
        encoding = _encoding_for(accept) if accept else "identity"
        known = request.get(b"if-none-match")
        if known is not None and matches(known, answer.body.digest):
            headers, body = answer.not_modified[encoding], b""
            status, counted = 304, self._count_not_modified
        else:
            headers, body = answer.full[encoding]
            status, counted = 200, self._count_full
        headers = [*headers, (b"x-request-id", request_id)]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        counted[answer.is_deck]()

    def _find_catalogue(self) -> "Catalogue | None":
        services: Container | None = getattr(self._api.state, "container", None)
        self._catalogue = services.catalogue if services else None
        return self._catalogue
