"""The public catalogue, warm and cold, against a bare application that answers the same bytes."""

import httpx
from starlette.types import Message, Receive, Scope, Send

from app.bench import wordpress
from app.bench.bare import Answers, bare_app
from app.bench.duel import Side, duel
from app.bench.figures import Result
from app.bench.load import Requests, request
from app.bench.servers import Program, Server
from app.bench.stage import SLUG, Stage, our_api
from app.catalogue.service import Catalogue
from app.container import Container
from app.main import create_app
from app.settings import Settings

PATH = f"/api/v1/projects/{SLUG}/catalogue?lang=ru"
CONNECTIONS = 16
# What a browser sends; the edge has to look at every header.
BROWSER = {
    "user-agent": "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36",
    "accept": "application/json",
    "accept-language": "ru,en;q=0.8",
}
# uvicorn adds these by itself.
ADDED_BY_SERVER = (b"date", b"server")


class _WithoutMemory:
    """Puts a catalogue that asks Redis for every answer in the place of the usual one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._app = create_app(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_wrapped(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                await self._replace(scope["app"].state.container)
            await send(message)

        await self._app(scope, receive, send_wrapped if scope["type"] == "lifespan" else send)

    async def _replace(self, services: Container) -> None:
        await services.catalogue.stop()
        services.catalogue = Catalogue(
            settings=self._settings,
            secret=services.secret,
            keyring=services.keyring,
            database=services.database,
            redis=services.redis,
            http=services.http,
            memory=False,
        )
        await services.catalogue.start()


def cold_api(settings: Settings) -> Program:
    """The whole application, but the process keeps no finished answers."""
    return Program(app=_WithoutMemory(settings))


async def _recorded(server: Server) -> tuple[Answers, dict[str, dict[str, str]]]:
    """Our answers as the bare application repeats them, and the headers that ask for each of them."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as client:
        asked = {"/identity": dict(BROWSER), "/br": {**BROWSER, "accept-encoding": "gzip, deflate, br, zstd"}}
        answers: Answers = {}
        etag = ""
        for path in ("/identity", "/br", "/not-modified"):
            if path == "/not-modified":
                asked[path] = {**asked["/br"], "if-none-match": etag}
            sent = {"accept-encoding": "", **asked[path]}
            async with client.stream("GET", PATH, headers=sent) as answer:
                body = b"".join([part async for part in answer.aiter_raw()])
                etag = answer.headers["etag"]
                headers = [(n.lower(), v) for n, v in answer.headers.raw if n.lower() not in ADDED_BY_SERVER]
                answers[path] = (answer.status_code, headers, body)
    return answers, asked


def _always(raw: bytes) -> list[Requests]:
    return [lambda: raw] * CONNECTIONS


async def measure(stage: Stage) -> list[Result]:
    results: list[Result] = []
    with stage.start(our_api, stage.settings) as ours:
        answers, asked = await _recorded(ours)
        with stage.start(bare_app, answers) as bare:
            for path, goal in (("/identity", 0.7), ("/br", 0.7), ("/not-modified", 0.7)):
                status, _, body = answers[path]
                title = f"catalogue, {status} {path[1:].replace('-', ' ')}, {len(body) / 1000:.1f} kB"
                results.append(
                    await duel(
                        f"catalogue.warm.{path[1:]}",
                        title.replace("not modified, 0.0 kB", "not modified"),
                        Side("arcana", ours, _always(request("GET", PATH, asked[path])), status),
                        Side("bare ASGI", bare, _always(request("GET", path, asked[path])), status),
                        seconds=stage.seconds,
                        rounds=stage.rounds,
                        goal=goal,
                    )
                )
            with stage.start(cold_api, stage.settings) as cold:
                results.append(
                    await duel(
                        "catalogue.cold",
                        "catalogue, 200 br, cold process (from Redis; who asks at the same moment shares the answer)",
                        Side("arcana, cold", cold, _always(request("GET", PATH, asked["/br"]))),
                        Side("bare ASGI", bare, _always(request("GET", "/br", asked["/br"]))),
                        seconds=stage.seconds,
                        rounds=stage.rounds,
                        goal=0.2,
                    )
                )
        results += await wordpress.measure(stage, ours, request("GET", PATH, asked["/identity"]))
    return results
