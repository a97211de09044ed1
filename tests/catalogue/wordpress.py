"""A WordPress with our plugin, as far as the backend can tell: real HTTP, real keys, and faults on demand."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import unquote

from aiohttp import web
from woocommerce.oauth import OAuth

from app.kit import json
from app.kit.crypto import seal_to
from app.settings import Settings

CONSUMER_KEY = "ck_" + "test" * 10
CONSUMER_SECRET = "cs_" + "test" * 10


class WordPress:
    """`fault` replaces the catalogue's answers: by a status, or by bytes. `asked` is set by a question."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.url = ""
        self.document = document
        self.asked = asyncio.Event()
        self.fault: int | bytes | None = None
        self.fault_body: bytes = b"{}"
        self.delay = 0.0
        self.fetches = 0
        self.full_answers = 0
        self.reports: list[dict[str, Any]] = []
        self.report_status = 200
        self.pictures: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.picture_requests: list[str] = []
        self.last_headers: dict[str, str] = {}
        self.last_query = ""

    def settings(self, settings: Settings, **changes: Any) -> Settings:
        """The settings of a backend that reads from here, outside demo mode."""
        return Settings(
            _env_file=None,
            **{
                **settings.model_dump(),
                "demo": False,
                "woocommerce_url": self.url,
                "woocommerce_consumer_key": CONSUMER_KEY,
                "woocommerce_consumer_secret": CONSUMER_SECRET,
                **changes,
            },
        )

    def change(self, version: str, **changes: Any) -> None:
        self.document = {**self.document, **changes, "version": version}

    async def answer(self, request: web.Request) -> web.Response:
        self.last_headers = {name.lower(): value for name, value in request.headers.items()}
        self.last_query = request.query_string
        if request.path.startswith("/pictures/"):
            self.picture_requests.append(request.path)
            status, headers, body = self.pictures.get(request.path, (404, {}, b""))
            return web.Response(status=status, headers=headers, body=body)
        if not self._authorized(request.method, request.path):
            return web.Response(status=401, body=b'{"code":"woocommerce_rest_cannot_view"}')
        match request.method, request.path:
            case "PUT", "/wp-json/wc-arcana/v1/report":
                if self.report_status == 200:
                    self.reports.append(json.loads(await request.read()))
                return web.Response(status=self.report_status, body=b"{}")
            case "GET", "/wp-json/wc-arcana/v1/catalogue":
                return await self._catalogue()
        return web.Response(status=404, body=b'{"code":"rest_no_route"}')

    async def _catalogue(self) -> web.Response:
        self.fetches += 1
        self.asked.set()
        await asyncio.sleep(self.delay)
        if isinstance(self.fault, int):
            headers = {"location": "https://elsewhere.example/"}
            return web.Response(status=self.fault, body=self.fault_body, headers=headers)
        if isinstance(self.fault, bytes):
            return web.Response(body=self.fault, headers={"etag": '"rubbish"'})
        etag = f'"{self.document["version"]}"'
        if self.last_headers.get("if-none-match") == etag:
            return web.Response(status=304, headers={"etag": etag})
        self.full_answers += 1
        return web.Response(body=json.dumps(self.document), headers={"etag": etag})

    def _authorized(self, method: str, path: str) -> bool:
        """As WooCommerce checks a key over plain http; the package makes the expected signature."""
        header = self.last_headers.get("authorization", "")
        given = {name: unquote(value) for name, value in re.findall(r'(oauth_\w+)="([^"]*)"', header)}
        if not header.startswith("OAuth ") or given.get("oauth_consumer_key") != CONSUMER_KEY:
            return False
        signature = given.pop("oauth_signature", "")
        oauth = OAuth(
            url=f"{self.url}{path}",
            consumer_key=CONSUMER_KEY,
            consumer_secret=CONSUMER_SECRET,
            version="wc/v3",
            method=method,
        )
        expected = oauth.generate_oauth_signature(given, f"{self.url}{path}")
        return signature == (expected.decode() if isinstance(expected, bytes) else expected)


@asynccontextmanager
async def open_wordpress(document: dict[str, Any]) -> AsyncIterator[WordPress]:
    wordpress = WordPress(document)
    server = web.Server(wordpress.answer, access_log=None)
    runner = web.ServerRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    wordpress.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield wordpress
    finally:
        await runner.cleanup()


def sealed_bot(public_key: str, project: str, *, number: int = 7000000001, key_id: str = "k") -> dict[str, Any]:
    """A bot as the plugin writes it into the document."""
    token = f"{number}:SANDBOX_{'x' * 27}"
    content = json.dumps({"project": project, "key_id": key_id, "token": token})
    return {
        "id": number,
        "username": f"{project}_bot",
        "sealed_token": seal_to(public_key, content),
        "key_id": key_id,
    }


def label(ru: str) -> dict[str, str]:
    return {"ru": ru, "en": ru}


def make_project(key: str, **changes: Any) -> dict[str, Any]:
    colours = dict.fromkeys(("background", "surface", "text", "muted", "accent", "accent_text"), "#112233")
    return {
        "key": key,
        "slug": key,
        "status": "live",
        "languages": ["ru", "en"],
        "name": label(key),
        "tagline": {},
        "description": {},
        "welcome": label("welcome"),
        "notice": None,
        "theme": {"scheme": "dark", **colours, "font": "serif", "pattern": "stars"},
        "logo": None,
        "cover": None,
        "spreads": ["one"],
        "decks": ["small"],
        "packages": [],
        "free_readings": 3,
        "free_follow_ups": 2,
        "voice": label("the secret voice"),
        "model_profile": "profile-of-the-operator",
        "bot": None,
        **changes,
    }


def make_spread(key: str, **changes: Any) -> dict[str, Any]:
    position = {"key": "card", "name": label("card"), "meaning": {}, "x": 50, "y": 50, "rotation": 0}
    return {
        "key": key,
        "name": label(key),
        "description": {},
        "cost": 1,
        "cards": "all",
        "picture": None,
        "positions": [position],
        **changes,
    }


def make_card(key: str, **changes: Any) -> dict[str, Any]:
    return {
        "key": key,
        "number": 0,
        "arcana": "major",
        "suit": None,
        "rank": None,
        "name": label(key),
        "keywords": {
            "upright": {"ru": ["свет"], "en": ["light"]},
            "reversed": {"ru": ["тень"], "en": ["shade"]},
        },
        "meaning": {"upright": label("up"), "reversed": label("down")},
        "picture": None,
        **changes,
    }


def make_deck(key: str, **changes: Any) -> dict[str, Any]:
    return {
        "key": key,
        "name": label(key),
        "description": {},
        "reversals": True,
        "back": None,
        "cards": [make_card("major-00-fool"), make_card("major-01-magician", number=1)],
        **changes,
    }


def make_package(key: str, project: str, **changes: Any) -> dict[str, Any]:
    return {
        "key": key,
        "project": project,
        "name": label(key),
        "description": {},
        "kind": "readings",
        "readings": 10,
        "follow_ups": 0,
        "price": {"amount": 49900, "regular": None, "currency": "RUB"},
        "stars": 250,
        "badge": None,
        **changes,
    }


def make_coupon(code: str, **changes: Any) -> dict[str, Any]:
    return {
        "code": code,
        "kind": "percent",
        "amount": 2000,
        "currency": None,
        "used_elsewhere": 0,
        **changes,
    }


def sealed_keys(public_key: str, project: str, **keys: Any) -> dict[str, Any]:
    """Keys of a payment provider as the plugin writes them into the document."""
    content = json.dumps({"project": project, "key_id": "k", **keys})
    return {"sealed": seal_to(public_key, content), "key_id": "k"}


def make_document(**changes: Any) -> dict[str, Any]:
    """A small sound catalogue with two projects."""
    return {
        "schema": 1,
        "version": "v1",
        "store": {
            "key": "s",
            "name": "Shop",
            "url": "http://shop.example",
            "currency": "RUB",
            "language": "ru",
        },
        "projects": [make_project("alpha"), make_project("beta")],
        "spreads": [make_spread("one"), make_spread("two")],
        "decks": [make_deck("small")],
        "packages": [],
        "coupons": [],
        "tombstones": [],
        **changes,
    }
