"""The store's REST API by the package: bounded, never elsewhere with a key, and with stable names for what fails."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from app.woocommerce.client import StoreAccess
from app.woocommerce.errors import StoreError
from app.woocommerce.rest import MOST_BYTES, StoreRest

SECRET = "cs_" + "test" * 10


class Answering:
    """A store that answers what the test says, and keeps what it was asked."""

    def __init__(self) -> None:
        self.status, self.body, self.headers = 200, b"{}", {"location": "https://elsewhere.example/"}
        self.delay = 0.0
        self.asked: list[str] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(f"{request.method} {request.path_qs}")
        await asyncio.sleep(self.delay)
        return web.Response(status=self.status, body=self.body, headers=self.headers)


@asynccontextmanager
async def answering() -> AsyncIterator[tuple[Answering, StoreAccess]]:
    store = Answering()
    runner = web.ServerRunner(web.Server(store.answer, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield store, StoreAccess("s", url, f"{url}/wp-json/", SecretStr("ck_" + "test" * 10), SecretStr(SECRET))
    finally:
        await runner.cleanup()


async def code_of(access: StoreAccess, **options: Any) -> str:
    with pytest.raises(StoreError) as failure:
        await StoreRest(access, **options).call("GET", "orders/1", params={"a": "б"})
    assert SECRET not in str(failure.value) and "oauth" not in str(failure.value)
    return failure.value.code


class TestAnswers:
    async def test_what_the_store_says_comes_back(self) -> None:
        async with answering() as (store, access):
            store.body = b'{"id": 7}'
            answer = await StoreRest(access).call("POST", "orders", data={"name": "Анна"})
            assert (answer.ok, answer.body, answer.code) == (True, {"id": 7}, "")
            store.status, store.body = 409, b'{"code": "arcana_order_exists", "data": {"order_id": 7}}'
            answer = await StoreRest(access).call("POST", "orders", data={})
            assert (answer.ok, answer.code, answer.data) == (False, "arcana_order_exists", {"order_id": 7})
            assert store.asked[0].startswith("POST /wp-json/wc/v3/orders?")
            assert all(SECRET not in asked for asked in store.asked)

    @pytest.mark.parametrize(
        ("status", "body", "code"),
        [
            (302, b"", "redirected"),
            (401, b'{"code": "woocommerce_rest_cannot_view"}', "unauthorized"),
            (403, b"<html>forbidden", "unauthorized"),
            (500, b"<html>", "status"),
            (503, b'{"code": "arcana_not_ready"}', "not_ready"),
            (503, b'{"code": "arcana_busy"}', "busy"),
            (200, b"<html>a page of an errant cache", "answer"),
            (200, b"x" * (MOST_BYTES + 1), "answer"),
        ],
        ids=lambda value: str(value)[:40],
    )
    async def test_what_is_wrong_has_a_name(self, status: int, body: bytes, code: str) -> None:
        async with answering() as (store, access):
            store.status, store.body = status, body
            assert await code_of(access) == code
            assert len(store.asked) == 1

    async def test_a_slow_store_and_one_that_is_gone(self) -> None:
        async with answering() as (store, access):
            store.delay = 3
            assert await code_of(access, timeout=1) == "timeout"
        assert await code_of(access) == "unreachable"

    async def test_plain_permalinks_are_told(self) -> None:
        access = StoreAccess("s", "http://x.example", "http://x.example/?rest_route=/", SecretStr("a"), SecretStr("b"))
        assert await code_of(access) == "permalinks"
