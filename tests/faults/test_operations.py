"""What an operator sees: readiness, metrics, and logs that hold no secret even when much goes wrong."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import urlsplit
from uuid import uuid4

import httpx

from app.container import open_container
from app.kit import json
from app.sandbox.model.server import KEY
from app.settings import Settings
from tests.conftest import Api, Person, open_worker
from tests.faults.conftest import Weather, draw, wait_for_state
from tests.faults.reader import reading_aloud
from tests.ports import free_port
from tests.weather import Process, running, until

QUESTION = "Уйдёт ли от меня Валентин Сергеевич?"


class TestReadiness:
    async def test_it_says_what_is_missing(self, weather: Weather, stormy: Api) -> None:
        async def readiness() -> tuple[int, dict[str, bool]]:
            answer = await stormy.client.get("/readyz")
            return answer.status_code, answer.json()

        all_there = {"ready": True, "database": True, "redis": True, "catalogue": True}
        assert await readiness() == (200, all_there)
        weather.redis.refuse()
        assert await readiness() == (200, {**all_there, "redis": False})
        weather.postgres.refuse()
        assert await readiness() == (503, {**all_there, "ready": False, "redis": False, "database": False})
        assert (await stormy.client.get("/healthz")).json() == {"status": "ok"}
        await weather.redis.open()
        await weather.postgres.open()

        async def back() -> bool:
            return await readiness() == (200, all_there)

        await until(back, seconds=8, what="readiness")

    async def test_a_frozen_server_does_not_freeze_the_probe(self, weather: Weather, stormy: Api) -> None:
        weather.redis.freeze()
        weather.postgres.freeze()
        async with httpx.AsyncClient(base_url=stormy.url, timeout=4) as client:
            answer = await client.get("/readyz")
        assert answer.status_code == 503
        weather.postgres.thaw()


class TestMetrics:
    async def test_requests_streams_and_texts_are_counted_by_route_and_project(
        self, weather: Weather, stormy: Api
    ) -> None:
        person = await stormy.sign_in()
        before = await self.figures(stormy)
        async with open_worker(weather.settings):
            path = await draw(person)
            async with reading_aloud(person, f"{path}/interpretation") as reader:
                await reader.until(lambda seen: seen.ended)
            await person.get(f"/api/v1/readings/{uuid4()}")
            await person.get("/no-such-address")
            await wait_for_state(person, path, "finished")

        async def grown() -> bool:
            after = await self.figures(stormy)
            growth = {name: after[name] - before.get(name, 0) for name in after}
            one = 'arcana_http_requests_total{method="%s",route="/api/v1/readings%s",status="%s"}'
            return (
                growth[one % ("POST", "", "201")] == 1
                and growth[one % ("POST", "/{reading_id}/draw", "200")] == 1
                and growth[one % ("GET", "/{reading_id}", "404")] == 1
                and growth['arcana_http_request_seconds_count{route="/api/v1/readings"}'] == 1
                # The worker runs in this process; apart it counts in its own.
                and sum(count for name, count in growth.items() if name.startswith("arcana_generations_total{")) == 1
                and growth['arcana_jobs_total{name="readings.write",outcome="done"}'] == 1
                and after["arcana_open_streams"] == before["arcana_open_streams"]
            )

        await until(grown, seconds=5, what="the figures")
        text = (await stormy.client.get("/metrics")).text
        # Nothing that a client may choose is a label: ids and made-up addresses would grow without end.
        assert path.rsplit("/", 1)[1] not in text
        assert "no-such-address" not in text

    async def figures(self, api: Api) -> dict[str, float]:
        answer = await api.client.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=")
        lines = [line.rpartition(" ") for line in answer.text.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in lines}


@asynccontextmanager
async def api_process(settings: Settings, weather: Weather) -> AsyncIterator[tuple[Process, str]]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = Process("api", settings.model_copy(update={"port": port, "public_url": url}), weather.folder / "api.log")
    await process.start()
    try:
        async with httpx.AsyncClient(base_url=url) as client:

            async def ready() -> bool:
                assert not process.ended, process.log_tail(lines=40)
                try:
                    return (await client.get("/readyz")).status_code == 200
                except httpx.HTTPError:
                    return False

            await until(ready, seconds=60, what="the API")
        yield process, url
    finally:
        await process.stop()


class TestLogs:
    async def test_a_whole_journey_leaves_no_secret_in_them(self, weather: Weather, stormy: Api) -> None:
        settings = weather.settings.model_copy(update={"log_level": "debug"})
        weather.model.order("error_midway", times=1)
        worker = weather.forked(settings)
        async with (
            api_process(settings, weather) as (process, url),
            running(worker),
            httpx.AsyncClient(base_url=url, timeout=20) as client,
        ):
            secrets = await self.journey(replace(stormy, url=url, client=client), weather)
        secrets |= await self.secrets_of(settings)
        log = process.log.read_text() + worker.log.read_text()
        # That the log is the one of this journey, and talkative.
        assert "/api/v1/readings/{reading_id}/draw" in log
        assert "a model failed" in log
        for line in filter(None, log.splitlines()):
            assert json.loads(line)["level"]
        for name, secret in secrets.items():
            assert len(secret) >= 6
            assert secret not in log, f"{name} is in the log"

    async def journey(self, api: Api, weather: Weather) -> dict[str, str]:
        """From the sign-in to the end, with mistakes and outages; what must not have been written down."""
        someone = {"id": 4242, "first_name": "Аполлинария", "username": "apollinaria_k"}
        signed = await api.client.post("/api/v1/dev/init-data", json={"project": "luna", "user": someone})
        init_data = signed.json()["init_data"]
        sign_in = "/api/v1/projects/luna/auth/telegram"
        session = (await api.client.post(sign_in, json={"init_data": init_data})).json()
        person = Person(api, session, {"Authorization": f"Bearer {session['access_token']}"})
        await person.patch("/api/v1/me", json={"consent": True})

        # What fails is what gets logged with its circumstances.
        stranger = f"{10**9 + 7}:{'SANDBOX' + uuid4().hex[:28]}"
        forged = init_data.replace("Z", "Y")[:-4] + "0000"
        await api.client.post(sign_in, json={"init_data": forged})
        await api.client.post(sign_in, json={"init_data": init_data, "token": stranger})
        await api.client.post("/api/v1/projects/verbena/auth/telegram", json={"init_data": init_data})
        await api.client.post(f"/telegram/webhook/{stranger}", json={"update_id": 1})
        await api.client.get(f"/api/v1/{stranger}?access_token={session['access_token']}")
        await api.client.get("/api/v1/me", headers={"Authorization": f"Bearer {session['access_token']}x"})

        started = await person.start("card-of-the-day", question=QUESTION)
        path = f"/api/v1/readings/{started.json()['id']}"
        await person.post(f"{path}/draw", json={"picks": [7]})
        async with reading_aloud(person, f"{path}/interpretation") as reader:
            await reader.until(lambda seen: seen.ended)
        body = {"refresh_token": session["refresh_token"]}
        refreshed = (await api.client.post("/api/v1/auth/refresh", json=body)).json()

        weather.redis.refuse()
        await weather.kill_backends()
        await person.get("/api/v1/me")
        weather.postgres.refuse()
        await person.start("card-of-the-day", question=QUESTION)
        await weather.postgres.open()
        await weather.redis.open()

        async def back() -> bool:
            return (await person.get("/api/v1/me")).status_code == 200

        await until(back, seconds=8, what="the database")
        await api.client.post("/api/v1/auth/logout", json={"refresh_token": refreshed["refresh_token"]})
        await person.delete("/api/v1/me", json={"confirm": True})
        assert reader.done is not None
        return {
            "initData": init_data,
            "its hash": init_data.rpartition("hash=")[2][:64],
            "forged initData": forged,
            "a bot token": stranger,
            "an access token": session["access_token"],
            "its signature": session["access_token"].rpartition(".")[2],
            "a refresh token": session["refresh_token"],
            "the next access token": refreshed["access_token"],
            "the next refresh token": refreshed["refresh_token"],
            "a name": "Аполлинария",
            "a user name": "apollinaria_k",
            "a question": QUESTION,
            "an interpretation": reader.done["text"][:60],
        }

    async def secrets_of(self, settings: Settings) -> dict[str, str]:
        """What the installation itself keeps."""
        async with open_container(settings) as container:
            await container.catalogue.reload()
            tokens = {
                f"the bot token of {project.slug}": project.bot.token.get_secret_value()
                for project in container.catalogue.library().projects
                if project.bot
            }
        return {
            **tokens,
            "the secret key": settings.secret_key.get_secret_value(),
            "the model's key": KEY,
            "the password of Postgres": urlsplit(settings.database_url).password or "",
            "the password of Redis": urlsplit(settings.redis_url).password or "",
        }
