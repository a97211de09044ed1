"""Pairing, notices and keys over the real API: signed, once, in time, and with the rights of one store."""

import asyncio
import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest
import time_machine

from app.kit import json
from app.kit.crypto import Keyring, seal_to
from app.settings import Settings
from app.woocommerce.pairing import PREFIX, create_pairing
from app.woocommerce.repository import NONCE_LIFETIME, StoresRepository
from tests.conftest import Api, open_api

CREDENTIALS = {"consumer_key": "ck_" + "test" * 10, "consumer_secret": "cs_" + "test" * 10}


@dataclass
class Plugin:
    """The other side, written from the contract: it knows only what the pairing string says."""

    api: Api
    text: str
    content: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        packed = self.text.removeprefix(PREFIX)
        self.content = json.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))

    def headers(self, method: str, path: str, body: bytes, **changes: str) -> dict[str, str]:
        timestamp = changes.get("timestamp", str(int(time.time())))
        nonce = changes.get("nonce", secrets.token_hex(16))
        message = "\n".join((method, path, timestamp, nonce, hashlib.sha256(body).hexdigest())).encode()
        secret = base64.b64decode(self.content["secret"])
        return {
            "X-Arcana-Store": changes.get("store", self.content["store"]),
            "X-Arcana-Timestamp": timestamp,
            "X-Arcana-Nonce": nonce,
            "X-Arcana-Signature": "v1=" + hmac.new(secret, message, "sha256").hexdigest(),
            "Content-Type": "application/json",
        }

    async def send(self, method: str, route: str, value: Any = None, **changes: str) -> httpx.Response:
        path = f"/api/v1/wordpress/{route}"
        body = b"" if value is None else json.dumps(value)
        headers = self.headers(method, path, body, **changes)
        return await self.api.client.request(method, path, content=body, headers=headers)

    def pair_body(self, **changes: Any) -> dict[str, Any]:
        return {
            "url": "https://shop.example",
            "rest_url": "https://shop.example/wp-json/",
            "name": "Лавка",
            "plugin_version": "0.1.0",
            "sealed_credentials": seal_to(self.content["key"]["public"], json.dumps(CREDENTIALS)),
            **changes,
        }

    async def pair(self, **changes: Any) -> httpx.Response:
        return await self.send("POST", "pair", self.pair_body(**changes))


async def offer(api: Api) -> Plugin:
    async with api.database.transaction() as connection:
        return Plugin(api, await create_pairing(connection, api.services.keyring, "http://backend.example/"))


@pytest.fixture
async def plugin(api: Api) -> Plugin:
    return await offer(api)


@pytest.fixture
async def paired(plugin: Plugin) -> Plugin:
    assert (await plugin.pair()).status_code == 200
    return plugin


def error(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


async def queued(api: Api) -> int:
    async with api.database.connection() as connection:
        count: int = await connection.fetchval("SELECT count(*) FROM pgqueuer WHERE entrypoint = 'catalogue.refresh'")
    return count


class TestPairing:
    async def test_the_string_says_everything(self, api: Api, plugin: Plugin) -> None:
        assert plugin.text.startswith("arcana1.")
        assert plugin.content["address"] == "http://backend.example"
        assert len(base64.b64decode(plugin.content["secret"])) == 32
        current = api.services.keyring.current
        assert plugin.content["key"] == {"id": current.id, "public": current.public}

    async def test_connects(self, api: Api, plugin: Plugin) -> None:
        answer = await plugin.pair()
        assert answer.status_code == 200
        assert answer.json()["store"] == plugin.content["store"]
        assert answer.json()["paired_at"].endswith("Z")
        assert answer.json()["key"] == plugin.content["key"]
        assert await queued(api) == 1

    async def test_nothing_secret_is_stored_in_clear(self, api: Api, paired: Plugin) -> None:
        async with api.database.connection() as connection:
            row = str(dict(await connection.fetchrow("SELECT * FROM stores")))
        assert CREDENTIALS["consumer_secret"] not in row
        assert paired.content["secret"] not in row

    async def test_a_string_works_once(self, plugin: Plugin) -> None:
        await plugin.pair()
        assert error(await plugin.pair()) == (409, "pairing_used")

    async def test_two_at_once_pair_once(self, plugin: Plugin) -> None:
        answers = await asyncio.gather(*(plugin.pair() for _ in range(6)))
        assert sorted(answer.status_code for answer in answers) == [200] + [409] * 5

    async def test_two_stores_at_once_leave_one(self, api: Api) -> None:
        plugins = [await offer(api) for _ in range(5)]
        answers = await asyncio.gather(*(plugin.pair() for plugin in plugins))
        assert [answer.status_code for answer in answers] == [200] * 5
        async with api.database.connection() as connection:
            states = await connection.fetch("SELECT state FROM stores")
        assert sorted(row["state"] for row in states) == ["paired"] + ["retired"] * 4

    async def test_a_string_expires(self, api: Api, plugin: Plugin) -> None:
        async with api.database.connection() as connection:
            await connection.execute("UPDATE stores SET expires_at = now() - interval '1 s'")
        assert error(await plugin.pair()) == (410, "pairing_expired")

    async def test_a_new_store_retires_the_old_one(self, api: Api, paired: Plugin) -> None:
        second = await offer(api)
        assert (await second.pair()).status_code == 200
        assert error(await paired.send("POST", "notices", {"version": "v1"})) == (401, "signature_invalid")
        assert (await second.send("POST", "notices", {"version": "v1"})).status_code == 202
        async with api.database.connection() as connection:
            rows = await connection.fetch(
                "SELECT state, sealed_credentials IS NULL AS forgotten FROM stores ORDER BY id"
            )
        assert [tuple(row) for row in rows] == [("retired", True), ("paired", False)]

    async def test_what_cannot_be_used_is_refused_and_uses_nothing_up(self, plugin: Plugin) -> None:
        odd: list[dict[str, Any]] = [
            {"url": "javascript:alert(1)"},
            {"url": "https://"},
            {"url": "https://user:pass@shop.example"},
            {"rest_url": "https://evil.example/wp-json/"},
            {"rest_url": "http://169.254.169.254/"},
            {"url": "https://shop.example:99999"},
            {"sealed_credentials": "rubbish"},
            {"sealed_credentials": seal_to(Keyring.generate().current.public, json.dumps(CREDENTIALS))},
            {"name": "a\u0000b"},
            {"name": 5},
            {"url": None},
        ]
        public = plugin.content["key"]["public"]
        for content in (b"[]", b"5", b"{}", b'{"consumer_key":"x","consumer_secret":"y"}', b"\xff"):
            odd.append({"sealed_credentials": seal_to(public, content)})
        for changes in odd:
            assert (await plugin.pair(**changes)).status_code == 422, changes
        assert (await plugin.pair()).status_code == 200


class TestSignature:
    async def test_a_notice_is_taken(self, api: Api, paired: Plugin) -> None:
        before = await queued(api)
        answer = await paired.send("POST", "notices", {"version": "abc"})
        assert (answer.status_code, answer.json()) == (202, {"accepted": True})
        assert await queued(api) == before + 1

    async def test_the_same_version_is_asked_for_once_and_another_one_again(self, api: Api, paired: Plugin) -> None:
        before = await queued(api)
        for version in ("a", "a", "b"):
            assert (await paired.send("POST", "notices", {"version": version})).status_code == 202
        assert await queued(api) == before + 2

    async def test_a_replay_is_refused(self, paired: Plugin) -> None:
        nonce = secrets.token_hex(16)
        assert (await paired.send("POST", "notices", {"version": "a"}, nonce=nonce)).status_code == 202
        assert error(await paired.send("POST", "notices", {"version": "a"}, nonce=nonce)) == (409, "signature_replayed")

    async def test_old_and_future_requests_are_refused(self, paired: Plugin) -> None:
        for seconds in (-400, 400):
            moment = str(int(time.time()) + seconds)
            answer = await paired.send("POST", "notices", {"version": "a"}, timestamp=moment)
            assert error(answer) == (401, "signature_expired")

    async def test_clocks_may_differ_a_little(self, paired: Plugin) -> None:
        for seconds in (-290, 290):
            moment = str(int(time.time()) + seconds)
            assert (await paired.send("POST", "notices", {"version": "a"}, timestamp=moment)).status_code == 202

    async def test_forgeries_are_refused(self, api: Api, paired: Plugin) -> None:
        before = await queued(api)
        path, body = "/api/v1/wordpress/notices", b'{"version":"a"}'
        forgeries: list[tuple[str, Callable[[str], str]]] = [
            ("X-Arcana-Signature", lambda value: "v1=" + "0" * 64),
            ("X-Arcana-Signature", lambda value: value[:-1]),
            ("X-Arcana-Signature", lambda value: value.removeprefix("v1=")),
            ("X-Arcana-Signature", lambda value: ""),
            ("X-Arcana-Nonce", lambda value: "f" * 32),
            ("X-Arcana-Nonce", lambda value: "short"),
            ("X-Arcana-Timestamp", lambda value: str(int(value) + 1)),
            ("X-Arcana-Timestamp", lambda value: "now"),
            ("X-Arcana-Timestamp", lambda value: "9" * 400),
            ("X-Arcana-Store", lambda value: "00000000-0000-0000-0000-000000000000"),
            ("X-Arcana-Store", lambda value: "rubbish"),
        ]
        for name, spoil in forgeries:
            headers = paired.headers("POST", path, body)
            headers[name] = spoil(headers[name])
            answer = await api.client.post(path, content=body, headers=headers)
            assert error(answer) == (401, "signature_invalid"), (name, headers[name])
        assert await queued(api) == before

    async def test_a_proxy_may_have_taken_a_prefix_off(self, stocked_settings: Settings) -> None:
        settings = stocked_settings.model_copy(update={"public_url": "https://backend.example/arcana"})
        async with open_api(settings) as api:
            plugin = await offer(api)
            await plugin.pair()
            path, body = "/api/v1/wordpress/notices", b'{"version":"a"}'
            headers = plugin.headers("POST", f"/arcana{path}", body)
            assert (await api.client.post(path, content=body, headers=headers)).status_code == 202
            headers = plugin.headers("POST", f"/other{path}", body)
            assert (await api.client.post(path, content=body, headers=headers)).status_code == 401

    async def test_headers_that_are_not_ascii(self, api: Api, paired: Plugin) -> None:
        path, body = "/api/v1/wordpress/notices", b'{"version":"a"}'
        headers = {name: value.encode() for name, value in paired.headers("POST", path, body).items()}
        headers["X-Arcana-Signature"] = b"v1=" + b"\xff" * 64
        assert error(await api.client.post(path, content=body, headers=headers)) == (401, "signature_invalid")

    async def test_another_body_or_path_or_method_does_not_fit(self, api: Api, paired: Plugin) -> None:
        path, body = "/api/v1/wordpress/notices", b'{"version":"a"}'
        headers = paired.headers("POST", path, body)
        assert error(await api.client.post(path, content=b'{"version":"b"}', headers=headers))[0] == 401
        elsewhere = paired.headers("GET", path, b"")
        assert error(await api.client.get("/api/v1/wordpress/keys", headers=elsewhere))[0] == 401

    async def test_without_headers(self, api: Api) -> None:
        answer = await api.client.post("/api/v1/wordpress/notices", json={"version": "a"})
        assert error(answer) == (401, "signature_invalid")

    async def test_another_store_cannot_speak_for_this_one(self, api: Api, paired: Plugin) -> None:
        other = await offer(api)
        answer = await other.send("POST", "notices", {"version": "a"}, store=paired.content["store"])
        assert error(answer) == (401, "signature_invalid")

    async def test_who_is_not_paired_yet_may_only_pair(self, plugin: Plugin) -> None:
        assert error(await plugin.send("POST", "notices", {"version": "a"})) == (401, "signature_invalid")
        assert error(await plugin.send("GET", "keys")) == (401, "signature_invalid")

    async def test_a_notice_that_is_none_is_refused(self, paired: Plugin) -> None:
        for body in [{}, {"version": 5}, {"version": ""}, {"version": "a\u0000"}, [], "x"]:
            assert (await paired.send("POST", "notices", body)).status_code == 422

    async def test_old_nonces_are_forgotten(self, api: Api, paired: Plugin) -> None:
        assert timedelta(seconds=600) < NONCE_LIFETIME, "longer than a request can be valid"
        async with api.database.transaction() as connection:
            await connection.execute("UPDATE store_nonces SET seen_at = now() - interval '16 min'")
            await StoresRepository(connection).remember_nonce(await connection.fetchval("SELECT id FROM stores"), "new")
            await StoresRepository(connection).forget_nonces()
            assert await connection.fetchval("SELECT array_agg(nonce) FROM store_nonces") == ["new"]


class TestKeys:
    async def test_says_what_to_seal_with(self, api: Api, paired: Plugin) -> None:
        answer = await paired.send("GET", "keys")
        current = api.services.keyring.current
        assert answer.json() == {"current": {"id": current.id, "public": current.public}, "accepted": [current.id]}

    async def test_the_clock_is_the_servers(self, api: Api, paired: Plugin) -> None:
        headers = paired.headers("GET", "/api/v1/wordpress/keys", b"")
        with time_machine.travel(time.time() + 3600):
            assert error(await api.client.get("/api/v1/wordpress/keys", headers=headers)) == (401, "signature_expired")
