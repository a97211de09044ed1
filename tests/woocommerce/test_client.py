"""The store's client is bounded in bytes and time, and takes its key nowhere but where it was sent."""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
from aiohttp import web
from pydantic import SecretStr

from app.woocommerce.client import StoreAccess, StoreClient
from app.woocommerce.errors import StoreError

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def store(handler: Handler, *, total_seconds: float = 5.0) -> AsyncIterator[StoreClient]:
    runner = web.ServerRunner(web.Server(handler, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    access = StoreAccess("s", url, f"{url}/wp-json/", SecretStr("ck_key"), SecretStr("cs_secret"))
    async with httpx.AsyncClient() as http:
        yield StoreClient(http, access, total_seconds=total_seconds)
    await runner.cleanup()


async def failure(handler: Handler, **options: float) -> StoreError:
    async with store(handler, **options) as client:
        with pytest.raises(StoreError) as raised:
            await client.get("wc-arcana/v1/catalogue", limit=1000)
    assert "cs_secret" not in str(raised.value)
    return raised.value


class TestBounds:
    async def test_a_declared_size_is_believed(self) -> None:
        async def large(_: web.BaseRequest) -> web.Response:
            return web.Response(body=b"x" * 1001)

        assert (await failure(large)).code == "too_large"

    async def test_an_endless_answer_is_cut(self) -> None:
        async def endless(request: web.BaseRequest) -> web.StreamResponse:
            answer = web.StreamResponse()
            await answer.prepare(request)
            while True:
                await answer.write(b"x" * 100)
                await asyncio.sleep(0)

        assert (await failure(endless)).code == "too_large"

    async def test_a_compressed_bomb_is_cut(self) -> None:
        async def bomb(_: web.BaseRequest) -> web.Response:
            answer = web.Response(body=b"\x00" * 5_000_000)
            answer.enable_compression(web.ContentCoding.gzip)
            return answer

        assert (await failure(bomb)).code == "too_large"

    async def test_a_trickle_is_cut_by_the_total_time(self) -> None:
        async def trickle(request: web.BaseRequest) -> web.StreamResponse:
            answer = web.StreamResponse()
            await answer.prepare(request)
            for _ in range(100):
                await answer.write(b"x")
                await asyncio.sleep(0.05)
            return answer

        assert (await failure(trickle, total_seconds=0.3)).code == "timeout"

    async def test_a_connection_that_breaks_is_unreachable(self) -> None:
        async def broken(request: web.BaseRequest) -> web.StreamResponse:
            answer = web.StreamResponse(headers={"content-length": "500"})
            await answer.prepare(request)
            await answer.write(b"half")
            assert request.transport is not None
            request.transport.close()
            return answer

        assert (await failure(broken)).code == "unreachable"


class TestAnswers:
    @pytest.mark.parametrize(
        ("status", "body", "code"),
        [
            (301, "", "redirected"),
            (302, "", "redirected"),
            (401, "{}", "unauthorized"),
            (403, "{}", "unauthorized"),
            (404, "{}", "plugin_missing"),
            (503, '{"code":"arcana_not_ready"}', "not_ready"),
            (503, "<html>", "status"),
            (503, "[]", "status"),
            (500, "", "status"),
            (204, "", "status"),
            (304, "", "status"),
        ],
    )
    async def test_what_is_no_document_is_a_named_failure(self, status: int, body: str, code: str) -> None:
        asked: list[str] = []

        async def answer(request: web.BaseRequest) -> web.Response:
            asked.append(request.path)
            return web.Response(status=status, text=body, headers={"location": "/elsewhere"})

        assert (await failure(answer)).code == code
        assert asked == ["/wp-json/wc-arcana/v1/catalogue"], "nobody is followed"

    async def test_a_store_that_is_away(self, unused_tcp_port: int) -> None:
        url = f"http://127.0.0.1:{unused_tcp_port}"
        access = StoreAccess("s", url, f"{url}/wp-json/", SecretStr("ck"), SecretStr("cs"))
        async with httpx.AsyncClient() as http:
            with pytest.raises(StoreError) as raised:
                await StoreClient(http, access).get("x")
        assert raised.value.code == "unreachable"


class TestCredentials:
    def client(self, url: str, rest_url: str | None = None) -> StoreClient:
        access = StoreAccess("s", url, rest_url or f"{url}/wp-json/", SecretStr("ck_key"), SecretStr("cs_secret"))
        return StoreClient(httpx.AsyncClient(), access)

    def test_over_https_the_key_goes_as_basic(self) -> None:
        header = self.client("https://x.example")._authorization("GET", "https://x.example/a")["authorization"]
        assert base64.b64decode(header.removeprefix("Basic ")) == b"ck_key:cs_secret"

    def test_over_http_the_secret_never_travels(self) -> None:
        header = self.client("http://x.example")._authorization("GET", "http://x.example/a")["authorization"]
        assert header.startswith("OAuth ")
        assert "cs_secret" not in header

    def test_routes_of_plain_permalinks(self) -> None:
        plain = self.client("https://x.example", "https://x.example/index.php?rest_route=/")
        assert plain.access.route("wc-arcana/v1/x") == "https://x.example/index.php?rest_route=/wc-arcana/v1/x"
