"""The HTTP server: `/bot<token>/<method>` for bots, `/sandbox/...` for people and tests (see control.py)."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from starlette.datastructures import UploadFile
from starlette.types import Receive, Scope, Send

from app.kit import json
from app.sandbox.telegram import control, human, schema
from app.sandbox.telegram.bots import Bot
from app.sandbox.telegram.delivery import WebhookDelivery
from app.sandbox.telegram.errors import ApiError, bad_request, not_found, unauthorized
from app.sandbox.telegram.faults import ConnectionCut
from app.sandbox.telegram.limits import FloodLimits
from app.sandbox.telegram.media import DOWNLOAD_BYTES, UPLOAD_BYTES
from app.sandbox.telegram.methods import METHODS
from app.sandbox.telegram.methods.request import ApiRequest
from app.sandbox.telegram.page import router as page_router
from app.sandbox.telegram.state import Call, Desk

# What a request may hold beside its files.
FORM_BYTES = 1 << 20


def create_app(
    *,
    test_environment: bool = False,
    local: bool = True,
    resend_seconds: float = 1.0,
    limits: bool = False,
    checkout_seconds: float = 10.0,
    first_id: int = 1,
) -> FastAPI:
    """A Bot API server (core.telegram.org/bots/api, 10.x) with all its state in memory.

    Serve it on loopback only, and without an access log, for its addresses hold tokens.

    `test_environment`: methods are at `/bot<token>/test/<method>` too, and Mini Apps may be plain http, as in
    Telegram's own test environment. `local`: webhooks may be plain http on any port, as with a Bot API
    server started with `--local`. `resend_seconds`: unit of the growing pause between deliveries of a refused
    update. `limits`: flood limits are enforced with 429. `checkout_seconds`: how long a bot may think about a
    payment (core.telegram.org/bots/api#answerprecheckoutquery). `first_id`: where messages and updates begin to be
    numbered, for bots that remember an earlier run.
    """
    desk = Desk(
        test_environment=test_environment,
        local=local,
        resend_seconds=resend_seconds,
        limits=limits,
        checkout_seconds=checkout_seconds,
        first_id=first_id,
    )
    delivery = WebhookDelivery(desk)
    flood = FloodLimits()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await delivery.close()
        desk.files.close()

    app = FastAPI(title="Telegram sandbox", openapi_url="/sandbox/openapi.json", docs_url=None, lifespan=lifespan)
    app.state.desk = desk
    app.add_exception_handler(schema.SchemaError, _defect)
    app.add_exception_handler(ApiError, _refusal)

    async def call(request: Request) -> Response:
        method = request.path_params["method"]
        if method.startswith("test/"):
            method = method.removeprefix("test/") if test_environment else method
        method = method.lower()
        started, bot_id, arguments = time.time(), 0, {}
        after = None
        try:
            bot = _authorize(desk, request.path_params["token"])
            bot_id = bot.id
            arguments = await _arguments(request)
            if method not in METHODS:
                raise not_found("method not found")
            after = await desk.faults.apply(bot.id, method, _chat_id(arguments))
            decoded = schema.check_arguments(method, arguments)
            result = await METHODS[method](ApiRequest(desk, bot, method, decoded, delivery, flood))
            schema.check_answer(method, result)
            status, body, headers = 200, {"ok": True, "result": result}, {}
        except ApiError as error:
            status, body = error.code, error.body()
            retry_after = (error.parameters or {}).get("retry_after")
            headers = {"retry-after": str(retry_after)} if retry_after else {}
        except schema.SchemaError as error:
            desk.defect(f"{method}: {error}")
            status, body, headers = 500, ApiError(500, f"Internal Server Error: sandbox: {error}").body(), {}
        except ConnectionCut:
            desk.calls.append(Call(started, bot_id, method, _recorded(arguments), 0))
            return _Cut()
        desk.calls.append(Call(started, bot_id, method, _recorded(arguments), status))
        return _Cut() if after is not None else Response(json.dumps(body), status, headers, "application/json")

    async def download(request: Request) -> Response:
        """A file by the `file_path` of getFile."""
        path = request.path_params["path"]
        if test_environment:
            path = path.removeprefix("test/")
        try:
            bot = _authorize(desk, request.path_params["token"])
            await desk.faults.apply(bot.id, "file", None)
        except ApiError as error:
            return Response(json.dumps(error.body()), error.code, media_type="application/json")
        found = desk.files.by_path(path)
        if found is None or found.size > DOWNLOAD_BYTES:
            return await unknown(request)
        return FileResponse(found.path, media_type="application/octet-stream")

    async def unknown(_: Request) -> Response:
        return Response(json.dumps(not_found().body()), 404, media_type="application/json")

    # First come the bots' calls, of which there are very many: each route before them costs.
    app.add_route("/bot{token}/{method:path}", call, methods=["GET", "POST"])
    app.add_route("/bot{token}", unknown, methods=["GET", "POST"])
    app.add_route("/file/bot{token}/{path:path}", download, methods=["GET"])
    app.include_router(control.router)
    app.include_router(human.router)
    app.include_router(page_router)
    return app


class _Cut(Response):
    """Promises a body and breaks off, so that the server closes the connection under the client."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000000")]})


async def _defect(_: Request, error: Exception) -> Response:
    return JSONResponse({"detail": f"the sandbox is wrong: {error}"}, 500)


async def _refusal(_: Request, error: Exception) -> Response:
    """What a person orders is refused in the words that a bot would hear."""
    return JSONResponse({"detail": str(error)}, 422)


def _chat_id(arguments: dict[str, Any]) -> int | None:
    try:
        return int(str(arguments.get("chat_id", "")))
    except ValueError:
        return None


def _authorize(desk: Desk, token: str) -> Bot:
    digits, colon, rest = token.partition(":")
    if not colon or not digits.isdigit() or digits.startswith("0") or not rest or len(token) > 80:
        raise not_found()
    if (bot := desk.bots.get(token)) is None:
        raise unauthorized()
    return bot


def _recorded(arguments: dict[str, Any]) -> dict[str, Any]:
    """What is remembered of a call: of files only the name and the size."""
    if not any(isinstance(value, UploadFile) for value in arguments.values()):
        return arguments
    return {
        name: f"<{value.filename}, {value.size} bytes>" if isinstance(value, UploadFile) else value
        for name, value in arguments.items()
    }


async def _arguments(request: Request) -> dict[str, Any]:
    """Query, urlencoded form, multipart form or JSON; a later source wins."""
    arguments: dict[str, Any] = dict(request.query_params)
    length = request.headers.get("content-length", "0")
    if length.isdigit() and int(length) > UPLOAD_BYTES + FORM_BYTES:
        raise ApiError(413, "Request Entity Too Large")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        arguments.update((await request.form()).items())
    elif kind == "application/json":
        body = await request.body()
        try:
            decoded = json.loads(body) if body else {}
        except ValueError as error:
            raise bad_request("Can't parse JSON object") from error
        if not isinstance(decoded, dict):
            raise bad_request("Expected a JSON object")
        arguments.update(decoded)
    else:
        arguments.update(parse_qsl((await request.body()).decode(errors="replace"), keep_blank_values=True))
    return arguments
