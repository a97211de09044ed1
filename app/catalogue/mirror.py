"""Fetches the pictures that documents name, from the store's own host only, and keeps what is sound."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urljoin

import httpx

from app.catalogue import demo
from app.catalogue.images import BYTES_LIMIT, PictureRefused, Rendition, content_hash, render
from app.catalogue.pictures import DuePicture, PicturesRepository
from app.kit.database import Database
from app.kit.telemetry import get_logger
from app.woocommerce.client import StoreAccess, TooLarge, read_limited

log = get_logger("app.catalogue")

BATCH = 16
DOWNLOADS = 4
REDIRECTS = 3
# Every announcement makes all bodies anew.
ANNOUNCE_SECONDS = 2.0
SECONDS = 30.0
TIMEOUT = httpx.Timeout(10.0, connect=5.0)
# Statuses that will not change by asking again.
GONE = frozenset({400, 401, 403, 404, 405, 410, 414, 451})


class _Unreachable(Exception):
    """This time it did not work; it may the next time."""


class Mirror:
    """One pass fetches what is due; `changed` is awaited now and then, and at the end, if pictures came."""

    def __init__(self, database: Database, http: httpx.AsyncClient, changed: Callable[[], Awaitable[None]]) -> None:
        self._database = database
        self._http = http
        self._changed = changed
        self._downloads = asyncio.Semaphore(DOWNLOADS)
        # Decoding takes memory and a core: one at a time.
        self._rendering = asyncio.Semaphore(1)

    async def run(self, access: StoreAccess | None) -> int:
        """Mirrors everything that is due; returns how many pictures were settled, well or not."""
        settled = unannounced = 0
        announced_at = -ANNOUNCE_SECONDS
        while True:
            async with self._database.transaction() as connection:
                due = await PicturesRepository(connection).claim(BATCH)
            if not due:
                if unannounced:
                    await self._changed()
                return settled
            outcomes = await asyncio.gather(*(self._mirror(picture, access) for picture in due))
            settled += sum(outcomes)
            unannounced += sum(outcomes)
            if unannounced and time.monotonic() - announced_at >= ANNOUNCE_SECONDS:
                await self._changed()
                unannounced, announced_at = 0, time.monotonic()

    async def _mirror(self, picture: DuePicture, access: StoreAccess | None) -> bool:
        try:
            async with self._downloads:
                content = await self._content(picture.url, access)
            async with self._rendering:
                renditions = await asyncio.to_thread(render, content)
        except PictureRefused as refused:
            async with self._database.transaction() as connection:
                await PicturesRepository(connection).refuse(picture.id, refused.reason)
            log.warning("picture refused", picture=picture.id, reason=refused.reason)
            return True
        except _Unreachable as error:
            async with self._database.transaction() as connection:
                await PicturesRepository(connection).note(picture.id, str(error))
            return False
        await self._keep(picture, content, renditions)
        return True

    async def _keep(self, picture: DuePicture, content: bytes, renditions: list[Rendition]) -> None:
        async with self._database.transaction() as connection:
            await PicturesRepository(connection).add(picture.id, content_hash(content), renditions)

    async def _content(self, url: str, access: StoreAccess | None) -> bytes:
        if url.startswith("demo:"):
            try:
                return await asyncio.to_thread(demo.picture, url.removeprefix("demo:"))
            except FileNotFoundError as error:
                raise PictureRefused("not_found") from error
        try:
            async with asyncio.timeout(SECONDS):
                return await self._download(url, access)
        except TimeoutError as error:
            raise _Unreachable("timeout") from error
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise _Unreachable(type(error).__name__) from error

    async def _download(self, url: str, access: StoreAccess | None) -> bytes:
        for _ in range(REDIRECTS + 1):
            if access is None:
                raise _Unreachable("no store")
            if not is_own_address(url, access):
                raise PictureRefused("foreign_address")
            async with self._http.stream("GET", url, timeout=TIMEOUT, follow_redirects=False) as response:
                if response.is_redirect:
                    url = urljoin(url, response.headers.get("location", ""))
                    continue
                if response.status_code in GONE:
                    raise PictureRefused("not_found")
                if response.status_code != 200:
                    raise _Unreachable(f"status {response.status_code}")
                try:
                    return await read_limited(response, BYTES_LIMIT)
                except TooLarge as error:
                    raise PictureRefused("too_large") from error
        raise PictureRefused("not_found")


def is_own_address(url: str, access: StoreAccess) -> bool:
    """Whether an address is on the store's own host and port: nobody may send us into the inner network."""
    try:
        wanted = httpx.URL(url)
        allowed = {_origin(httpx.URL(address)) for address in (access.url, access.rest_url)}
    except httpx.InvalidURL:
        return False
    if wanted.scheme not in ("http", "https") or wanted.userinfo:
        return False
    # A site moves to https under the same name.
    allowed |= {(host, 443) for host, port in allowed if port == 80}
    return _origin(wanted) in allowed


def _origin(url: httpx.URL) -> tuple[str, int]:
    return url.host.lower().rstrip("."), url.port or (443 if url.scheme == "https" else 80)
