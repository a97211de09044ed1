"""The catalogue, answered in front of everything else: nothing is queried or validated."""

import re
import secrets
from functools import lru_cache
from itertools import count

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from app.catalogue.bodies import CatalogueBody, choose_encoding, header_list, matches
from app.catalogue.service import Catalogue
from app.container import Container
from app.kit.http import REQUEST_ID
from app.kit.telemetry import REQUESTS

CATALOGUE_ROUTE = "/api/v1/projects/{slug}/catalogue"
DECK_ROUTE = "/api/v1/projects/{slug}/catalogue/decks/{key}"

# The addresses that clients of ours use; any other spelling goes the documented way.
_PATH = re.compile(r"/api/v1/projects/([A-Za-z0-9_-]{1,100})/catalogue(?:/decks/([A-Za-z0-9_-]{1,100}))?")
_QUERY = re.compile(rb"(?:lang=([A-Za-z-]{2,35}))?")

# Clients send a handful of different values; the memory is bounded all the same.
_encoding_for = lru_cache(maxsize=256)(choose_encoding)


class CatalogueEdge:
    """Pure ASGI around the application; what it has no finished answer for goes on to the documented route.

    Warm, every byte and header is ready in this process; cold, the bytes come ready from Redis once.
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
        self._process = secrets.token_hex(4).encode()
        self._numbers = count()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            if scope["type"] == "lifespan":
                self._catalogue = None
            await self._app(scope, receive, send)
            return
        catalogue = self._catalogue or self._find_catalogue()
        answer = catalogue.warm.get((scope["path"], scope["query_string"])) if catalogue else None
        request = dict(scope["headers"])
        if b"origin" in request:
            await self._app(scope, receive, send)
            return
        body, is_deck = (answer.body, answer.is_deck) if answer else await self._cold(catalogue, scope)
        if body is None:
            await self._app(scope, receive, send)
            return
        request_id = request.get(b"x-request-id")
        if request_id is None or not REQUEST_ID.fullmatch(request_id):
            request_id = b"%b%08x" % (self._process, next(self._numbers))
        accept = request.get(b"accept-encoding")
        encoding = _encoding_for(accept) if accept else "identity"
        known = request.get(b"if-none-match")
        if known is not None and matches(known, body.digest):
            headers = answer.not_modified[encoding] if answer else header_list(body, encoding, not_modified=True)
            content, status, counted = b"", 304, self._count_not_modified
        else:
            headers, content = (
                answer.full[encoding]
                if answer
                else (header_list(body, encoding, not_modified=False), body.content(encoding))
            )
            status, counted = 200, self._count_full
        headers = [*headers, (b"x-request-id", request_id)]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})
        counted[is_deck]()

    @staticmethod
    async def _cold(catalogue: Catalogue | None, scope: Scope) -> tuple[CatalogueBody | None, bool]:
        """What the process has not at hand but can have, and whether it is a deck."""
        path, query = _PATH.fullmatch(scope["path"]), _QUERY.fullmatch(scope["query_string"])
        if catalogue is None or not catalogue.ready or path is None or query is None:
            return None, False
        lang = query[1].decode() if query[1] else None
        if path[2] is None:
            return await catalogue.public(path[1], lang), False
        return await catalogue.deck(path[1], path[2], lang), True

    def _find_catalogue(self) -> "Catalogue | None":
        services: Container | None = getattr(self._api.state, "container", None)
        self._catalogue = services.catalogue if services else None
        return self._catalogue
