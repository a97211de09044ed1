"""The doctor on installations that are ill in one way each."""

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.container import load_keyring
from app.doctor import Finding, examine, findings_of, machine
from app.doctor.findings import Patient
from app.kit import json
from app.kit.crypto import Keyring
from app.kit.database import Database
from app.kit.embedded import EmbeddedServers
from app.sandbox import telegram as telegram_sandbox
from app.sandbox.model import server as model_sandbox
from app.settings import ModelProfile, Settings
from tests.conftest import Api, Servers, serve

# The form of a real token; put together, so that no file holds one.
TOKEN = "1234567890:" + "SANDBOX" + "Ab" * 14
CLOSED_PORT = "127.0.0.1:9"


def found(findings: list[Finding], subject: str) -> Finding:
    """The one finding about `subject`."""
    (finding,) = [finding for finding in findings if finding.subject == subject]
    return finding


def changed(settings: Settings, **changes: Any) -> Settings:
    return settings.model_copy(update=changes)


@asynccontextmanager
async def sandbox_telegram(*tokens: str) -> AsyncIterator[tuple[str, Any]]:
    app = telegram_sandbox.create_app()
    for token in tokens:
        app.state.desk.add_bot(token, username="luna_bot", name="Луна")
    async with serve(app) as url:
        yield url, app.state.desk


async def store_document(database: Database, *projects: dict[str, Any], **state: Any) -> None:
    """Make these the projects of the catalogue that is served."""
    async with database.transaction() as connection:
        number = await connection.fetchval(
            "INSERT INTO catalogue_documents (source, version, document) VALUES ('store', 'v', $1) RETURNING id",
            json.dumps({"version": "v", "projects": list(projects)}),
        )
        await connection.execute(
            "INSERT INTO catalogue_states (source, document_id, checked_at, problems)"
            " VALUES ('store', $1, now(), $2)"
            " ON CONFLICT (source) DO UPDATE SET document_id = $1, checked_at = now(), problems = $2",
            number,
            state.get("problems", []),
        )


def project(settings: Settings, key: str, *, token: str | None = None, status: str = "live") -> dict[str, Any]:
    bot = None
    if token is not None:
        ring = load_keyring(settings)
        sealed = ring.seal(json.dumps({"project": key, "key_id": ring.current.id, "token": token}))
        bot = {"sealed_token": sealed, "key_id": ring.current.id, "username": "luna_bot"}
    return {"key": key, "slug": key, "status": status, "bot": bot, "model_profile": None}


class TestWhole:
    async def test_healthy_installation(
        self, api: Api, worker: None, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        built = tmp_path / "checkout"
        (built / "miniapp" / "dist").mkdir(parents=True)
        (built / "miniapp" / "dist" / "index.html").touch()
        async with api.database.connection() as connection:
            for _ in range(100):
                if await connection.fetchval("SELECT count(*) FROM beats"):
                    break
                await asyncio.sleep(0.1)
        settings = changed(api.settings, secret_key=type(api.settings.secret_key)("0123456789abcdef" * 2))
        async with serve(model_sandbox.create_app()) as url:
            default = ModelProfile(base_url=f"{url}/v1", api_key=model_sandbox.KEY, model=model_sandbox.MODEL)
            code = await examine(changed(settings, model_profiles={"default": default}), checkout=built)
        printed = capsys.readouterr().out
        assert code == 0, printed
        assert "✗" not in printed
        for subject in (
            "Python",
            "Database",
            "Schema",
            "Redis",
            "Worker: alive",
            "Catalogue: 2 projects, 2 of them",
        ):
            assert f"✓ {subject}" in printed

    async def test_broken_installation_is_told_without_its_secrets(
        self, stocked_settings: Settings, capsys: pytest.CaptureFixture[str]
    ) -> None:
        profile = ModelProfile(base_url=f"http://{CLOSED_PORT}/v1", api_key="sk-" + "secret" * 5, model="m")
        settings = changed(
            stocked_settings,
            demo=False,
            model_profiles={"default": profile},
            telegram_api_url=f"http://{CLOSED_PORT}",
            redis_url=stocked_settings.redis_url.replace("@", "x@"),
        )
        assert await examine(settings) == 1
        printed = capsys.readouterr().out
        assert "✗ Redis" in printed
        assert "✗ Worker: none has ever run" in printed
        assert "! Telegram" in printed
        assert "✗ Model profile 'default': its server does not answer" in printed
        for secret in (settings.secret_key, profile.api_key):
            assert secret.get_secret_value() not in printed
        assert settings.database_url.split(":")[2].split("@")[0] not in printed
        assert settings.redis_url.split(":")[2].split("@")[0] not in printed

    async def test_nothing_started_yet(self, tmp_path: Path) -> None:
        settings = Settings(_env_file=None, data_dir=tmp_path / "new", database_url="", redis_url="")
        findings = await findings_of(settings)
        assert found(findings, "Postgres and Redis").level == "warning"
        assert not (tmp_path / "new").exists()


class TestStorage:
    async def test_database_away(self, settings: Settings) -> None:
        url = f"postgresql://arcana:secret@{CLOSED_PORT}/arcana"
        findings = await findings_of(changed(settings, database_url=url))
        assert found(findings, "Database") == Finding(
            "broken",
            "Database",
            "Postgres does not answer at DATABASE_URL (ConnectionRefusedError)",
            "Start it, and check host and port.",
        )
        assert found(findings, "Redis").level == "ok"

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            (lambda url: url.replace("@", "x@"), "refuses the user or the password"),
            (lambda url: f"{url}_gone", "does not exist"),
            (lambda url: "mysql://somewhere/else", "is not an address"),
        ],
    )
    async def test_database_refuses(self, settings: Settings, change: Callable[[str], str], words: str) -> None:
        findings = await findings_of(changed(settings, database_url=change(settings.database_url)))
        assert found(findings, "Database").level == "broken"
        assert words in found(findings, "Database").text

    async def test_database_without_tables(self, settings: Settings, servers: Servers) -> None:
        findings = await findings_of(changed(settings, database_url=servers.database("postgres")))
        assert found(findings, "Schema").text == "the database is empty"
        assert "migrate" in found(findings, "Schema").advice
        assert not [finding for finding in findings if finding.subject == "Worker"]

    async def test_schema_of_another_release(self, settings: Settings, database: Database) -> None:
        async with database.connection() as connection:
            await connection.execute("UPDATE alembic_version SET version_num = '9999'")
        findings = await findings_of(settings)
        assert "at revision 9999" in found(findings, "Schema").text

    async def test_worker_that_fell_silent(self, settings: Settings, database: Database) -> None:
        async with database.connection() as connection:
            await connection.execute(
                "INSERT INTO beats (name, tick, beaten_at) VALUES ('a', 1, now() - interval '20 minutes')"
            )
        finding = found(await findings_of(settings), "Worker")
        assert finding.level == "broken"
        assert "none has been heard of for 20 min" in finding.text

    async def test_embedded_servers_are_joined(self, tmp_path: Path, settings: Settings) -> None:
        home = tmp_path / "data"
        own = changed(settings, data_dir=home, database_url="", redis_url="")
        with EmbeddedServers(home) as servers:
            findings = await findings_of(own)
            assert found(findings, "Schema").text == "the database is empty"
            assert found(findings, "Redis").level == "ok"
            location = servers.location
        # And started for the examination when they rest.
        assert found(await findings_of(own), "Schema").text == "the database is empty"
        if location != home:
            shutil.rmtree(location)


class TestMachine:
    async def test_weak_secret(self, settings: Settings) -> None:
        for weak in ("short", "a" * 64):
            findings = await machine.secrets(Patient(changed(settings, secret_key=type(settings.secret_key)(weak))))
            assert found(findings, "Secret").level == "broken"
            assert weak not in found(findings, "Secret").text

    async def test_secrets_that_others_can_read(self, settings: Settings) -> None:
        ring = settings.data_dir / "keyring.json"
        load_keyring(settings)
        assert found(await machine.secrets(Patient(settings)), "Sealing keys").level == "ok"
        os.chmod(ring, 0o644)
        finding = found(await machine.secrets(Patient(settings)), "Sealing keys")
        assert (finding.level, finding.advice) == ("broken", f"chmod 600 {ring}")

    async def test_damaged_keyring(self, settings: Settings) -> None:
        (settings.data_dir / "keyring.json").write_text("{}")
        finding = found(await machine.secrets(Patient(settings)), "Sealing keys")
        assert finding.level == "broken"
        assert "Restore it" in finding.advice

    @pytest.mark.parametrize(
        ("address", "level"),
        [("http://tarot.example.com", "broken"), ("http://127.0.0.1:8000", "warning")],
    )
    async def test_address_without_https(self, settings: Settings, address: str, level: str) -> None:
        own = changed(settings, demo=False, public_url=address)
        (finding,) = await machine.public_address(Patient(own))
        assert finding.level == level
        assert "not https" in finding.text

    def test_mini_app(self, tmp_path: Path) -> None:
        source, page = tmp_path / "src" / "main.tsx", tmp_path / "dist" / "index.html"
        source.parent.mkdir()
        source.touch()
        assert machine._mini_app(tmp_path)[0].level == "broken"
        page.parent.mkdir()
        page.touch()
        assert machine._mini_app(tmp_path)[0].level == "ok"
        os.utime(source, (time.time() + 60, time.time() + 60))
        assert machine._mini_app(tmp_path)[0].text == "its sources are newer than its build"

    def test_packages(self, tmp_path: Path) -> None:
        pins = tmp_path / "requirements.txt"
        pins.write_text(
            "pytest==0.1\nno-such-thing==1.0\nother==1; python_version < '3'\n# Servers of the demo\nx==1\n"
        )
        wrong = machine.wrong_packages(pins)
        assert [entry.split()[0] for entry in wrong] == ["pytest", "no-such-thing"]
        assert "missing (wanted 1.0)" in wrong[1]


class TestModels:
    async def findings(self, settings: Settings, **profiles: ModelProfile) -> list[Finding]:
        return [
            finding
            for finding in await findings_of(changed(settings, model_profiles=profiles))
            if finding.subject.startswith(("Model", "Project"))
        ]

    async def test_each_profile(self, settings: Settings) -> None:
        async def odd(_: Request) -> Response:
            return Response("<h1>Welcome</h1>")

        odd_server = Starlette(routes=[Route("/v1/models", odd)])
        async with serve(model_sandbox.create_app()) as url, serve(odd_server) as odd_url:
            good = ModelProfile(base_url=f"{url}/v1", api_key=model_sandbox.KEY, model=model_sandbox.MODEL)
            findings = await self.findings(
                settings,
                good=good,
                key=good.model_copy(update={"api_key": type(good.api_key)("wrong")}),
                name=good.model_copy(update={"model": "unheard-of"}),
                dead=good.model_copy(update={"base_url": f"http://{CLOSED_PORT}/v1"}),
                odd=good.model_copy(update={"base_url": f"{odd_url}/v1"}),
            )
        told = {finding.subject: (finding.level, finding.text) for finding in findings}
        assert told["Model profile 'good'"][0] == "ok"
        assert told["Model profile 'key'"] == ("broken", "its server refuses the key")
        assert told["Model profile 'name'"][0] == "warning"
        assert told["Model profile 'dead'"] == ("broken", "its server does not answer (ConnectError)")
        assert "not as an OpenAI-compatible one" in told["Model profile 'odd'"][1]
        assert "no profile 'default'" in told["Models"][1]

    async def test_project_with_a_profile_that_is_not_set(self, settings: Settings, database: Database) -> None:
        await store_document(database, {**project(settings, "luna"), "model_profile": "poet"})
        async with serve(model_sandbox.create_app()) as url:
            default = ModelProfile(base_url=f"{url}/v1", api_key=model_sandbox.KEY, model=model_sandbox.MODEL)
            findings = await self.findings(settings, default=default)
        assert "'poet', which is not set" in found(findings, "Project 'luna'").text


class TestCatalogue:
    async def test_problems_and_failure(self, settings: Settings, database: Database) -> None:
        problem = {
            "kind": "spread",
            "key": "horseshoe",
            "path": "/",
            "code": "schema",
            "detail": {"ru": "мало позиций", "en": "too few positions"},
        }
        await store_document(database, project(settings, "luna"), problems=[problem] * 7)
        async with database.connection() as connection:
            await connection.execute(
                "UPDATE catalogue_states SET failing_since = '2026-01-02 03:04Z', failure = 'timeout'"
            )
        told = [one for one in await findings_of(settings) if one.subject == "Catalogue"]
        assert "has not answered well since 2026-01-02 03:04 UTC (timeout)" in told[0].text
        assert told[1].text == "spread 'horseshoe': too few positions"
        assert told[-1].text == "and 2 more problems of this kind"

    async def test_none_yet(self, settings: Settings) -> None:
        assert found(await findings_of(settings), "Catalogue").text == "there is none yet"


class TestStore:
    @asynccontextmanager
    async def wordpress(self, settings: Settings, status: int = 200, **facts: Any) -> AsyncIterator[Settings]:
        body = {
            "plugin": "1.0",
            "wordpress": "7.1",
            "woocommerce": "11.0",
            "acf": "6.8",
            "php": "8.3",
            "version": "v",
        }

        async def answer(request: Request) -> Response:
            assert request.headers["authorization"].startswith("OAuth ")
            return JSONResponse({**body, **facts}, status)

        async with serve(Starlette(routes=[Route("/wp-json/wc-arcana/v1/status", answer)])) as url:
            yield changed(
                settings,
                woocommerce_url=url,
                woocommerce_consumer_key=type(settings.secret_key)("ck_" + "1" * 40),
                woocommerce_consumer_secret=type(settings.secret_key)("cs_" + "2" * 40),
            )

    async def test_well(self, settings: Settings) -> None:
        async with self.wordpress(settings) as connected:
            finding = found(await findings_of(connected), "WordPress")
        assert finding.level == "ok"
        assert "wordpress 7.1" in finding.text

    @pytest.mark.parametrize(
        ("facts", "words"),
        [
            ({"acf": None}, "has no active acf"),
            ({"acf": None, "woocommerce": None}, "has no active woocommerce and no active acf"),
            ({"version": None}, "cannot build its catalogue"),
            ({"status": 401}, "refused the API key"),
            ({"status": 404}, "(plugin_missing)"),
        ],
    )
    async def test_ill(self, settings: Settings, facts: dict[str, Any], words: str) -> None:
        async with self.wordpress(settings, **facts) as connected:
            finding = found(await findings_of(connected), "WordPress")
        assert finding.level == "broken"
        assert words in finding.text

    async def test_away(self, settings: Settings) -> None:
        async with self.wordpress(settings) as connected:
            pass
        assert found(await findings_of(connected), "WordPress").level == "broken"


class TestBots:
    async def findings(self, settings: Settings, url: str, **changes: Any) -> list[Finding]:
        real = {"demo": False, "public_url": "https://tarot.invalid", "telegram_api_url": url}
        return await findings_of(changed(settings, **{**real, **changes}))

    async def set_up(self, database: Database, **changes: Any) -> None:
        row = {"state": "ready", "error": None, **changes}
        async with database.transaction() as connection:
            number = await connection.fetchval(
                "INSERT INTO projects (key, slug, status, source) VALUES ('luna', 'luna', 'live', 'store') RETURNING id"
            )
            await connection.execute(
                "INSERT INTO bots (bot_id, project_id, webhook_id, state, error)"
                " VALUES ($1, $2, 'hook', $3, $4)",
                int(TOKEN.partition(":")[0]), number, row["state"], row["error"],
            )  # fmt: skip

    async def test_webhook_in_place_and_elsewhere(self, settings: Settings, database: Database) -> None:
        await store_document(database, project(settings, "luna", token=TOKEN))
        await self.set_up(database)
        async with sandbox_telegram(TOKEN) as (url, desk):
            assert found(await self.findings(settings, url), "Bot of 'luna'").text == (
                "the webhook of @luna_bot points nowhere"
            )
            (bot,) = desk.bots.values()
            hook = {"url": "https://tarot.invalid/telegram/webhook/hook"}
            await set_webhook(url, hook)
            assert bot.webhook is not None
            assert found(await self.findings(settings, url), "Bot of 'luna'") == Finding(
                "ok", "Bot of 'luna'", "@luna_bot, webhook in place"
            )
            findings = await self.findings(settings, url, public_url="https://other.invalid")
            assert "points elsewhere" in found(findings, "Bot of 'luna'").text
            findings = await self.findings(settings, url, telegram_updates="polling")
            assert "so polling gets nothing" in found(findings, "Bot of 'luna'").text

    async def test_refused_token_shows_no_token(self, settings: Settings, database: Database) -> None:
        await store_document(database, project(settings, "luna", token=TOKEN))
        async with sandbox_telegram() as (url, _):
            finding = found(await self.findings(settings, url), "Bot of 'luna'")
        assert finding.level == "broken"
        assert "Telegram refuses its token" in finding.text
        assert TOKEN.partition(":")[2] not in finding.text

    async def test_unreadable_missing_and_waiting(self, settings: Settings, database: Database) -> None:
        foreign = {"sealed_token": Keyring.generate().seal(b"{}"), "key_id": "other"}
        await store_document(
            database,
            {**project(settings, "luna"), "bot": foreign},
            project(settings, "verbena"),
            project(settings, "draft", status="draft"),
            project(settings, "new", token=TOKEN),
        )
        async with sandbox_telegram(TOKEN) as (url, _):
            findings = await self.findings(settings, url)
        assert found(findings, "Bot of 'luna'").level == "broken"
        assert found(findings, "Bot of 'verbena'").text == "the project is live and has no bot"
        assert found(findings, "Bot of 'new'").text == "@luna_bot is not set up yet"
        assert not [finding for finding in findings if finding.subject == "Bot of 'draft'"]

    async def test_clock_that_is_off(self, settings: Settings) -> None:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 302 Found\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            finding = found(await self.findings(settings, f"http://127.0.0.1:{port}"), "Clock")
        assert finding.level == "broken"
        assert "sign-ins will be refused" in finding.text


async def set_webhook(url: str, body: dict[str, str]) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{url}/bot{TOKEN}/setWebhook", json=body)
    assert answer.json()["ok"], answer.text
