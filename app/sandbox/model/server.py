"""`POST /v1/chat/completions` and `GET /v1/models` as OpenAI publishes them, and the desk of faults.

Source: https://platform.openai.com/docs/api-reference/chat
(objects `chat.completion` and `chat.completion.chunk`).
"""

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from app.kit import json
from app.sandbox.model import writer
from app.sandbox.model.faults import FAULTS, Faults, Order, error, text_for
from app.sandbox.model.stream import TokenStream

KEY = "sandbox-model-key"
MODEL = "sandbox-storyteller"
_TEXT_FAULTS = ("content_filter", "length")


@dataclass(slots=True)
class Desk:
    """What the tests and the demo may turn and read. `tokens_per_second` 0: as fast as it goes."""

    api_key: str
    tokens_per_second: float
    first_token_seconds: float
    faults: Faults = field(default_factory=Faults)
    requests: list[dict[str, Any]] = field(default_factory=list)
    active: int = 0
    peak: int = 0


def create_app(*, api_key: str = KEY, tokens_per_second: float = 40.0, first_token_seconds: float = 0.4) -> Starlette:
    """An ASGI application; its `state.desk` can be read by tests in the same process."""
    app = Starlette(
        routes=[
            Route("/v1/chat/completions", _completions, methods=["POST"]),
            Route("/v1/models", _models, methods=["GET"]),
            Route("/sandbox/faults", _order_fault, methods=["POST"]),
            Route("/sandbox/faults", _withdraw_faults, methods=["DELETE"]),
            Route("/sandbox/requests", _requests, methods=["GET"]),
            Route("/sandbox/requests", _forget_requests, methods=["DELETE"]),
        ]
    )
    app.state.desk = Desk(api_key, tokens_per_second, first_token_seconds)
    return app


async def _models(request: Request) -> Response:
    refusal = _unauthorised(request)
    if refusal:
        return refusal
    model = {"id": MODEL, "object": "model", "created": 1_767_225_600, "owned_by": "arcana-sandbox"}
    return JSONResponse({"object": "list", "data": [model]})


async def _completions(request: Request) -> Response:
    desk: Desk = request.app.state.desk
    refusal = _unauthorised(request)
    if refusal:
        return refusal
    try:
        body = json.loads(await request.body())
    except ValueError:
        return _refused(400, "We could not parse the JSON body of your request.")
    problem = _problem(body)
    if problem:
        return problem
    order = desk.faults.next(body["model"])
    record = {
        "model": body["model"],
        "body": body,
        "fault": order and order.fault,
        "sent": 0,
        "outcome": "open",
    }
    desk.requests.append(record)
    failed = _failed(order, body)
    if failed:
        record["outcome"] = f"status {failed.status_code}"
        return failed
    return _answer(desk, order, body, record)


def _answer(desk: Desk, order: Order | None, body: dict[str, Any], record: dict[str, Any]) -> Response:
    fault = order.fault if order else None
    brief = writer.read(body["messages"])
    text = text_for(
        fault,
        language=brief.language,
        text=writer.write(brief),
        other_language=writer.write(brief.translated()),
        instructions=brief.instructions,
    )
    pieces = writer.tokens(text)
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    finish = fault if fault in _TEXT_FAULTS else "stop"
    if limit and len(pieces) > limit:
        pieces, finish = pieces[:limit], "length"
    usage = _usage(body, len(pieces))
    head = {"id": f"chatcmpl-{secrets.token_hex(12)}", "created": int(time.time()), "model": body["model"]}
    if not body.get("stream") or fault == "whole":
        message: dict[str, Any] = {
            "role": "assistant",
            "content": "".join(pieces),
            "refusal": None,
            "annotations": [],
        }
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
        record["outcome"] = "finished"
        return JSONResponse(head | {"object": "chat.completion", "choices": [choice], "usage": usage})
    with_usage = bool((body.get("stream_options") or {}).get("include_usage")) and fault != "missing_usage"
    slow = 2.0 if fault == "slow" else desk.tokens_per_second
    return TokenStream(
        desk=desk,
        record=record,
        head=head,
        pieces=pieces,
        finish=finish,
        usage=usage if with_usage else None,
        fault=fault,
        pause=1 / slow if slow else 0.0,
        first_pause=desk.first_token_seconds,
    )


def _failed(order: Order | None, body: dict[str, Any]) -> Response | None:
    if order is None:
        return None
    match order.fault:
        case "server_error":
            return JSONResponse(error("The server had an error while processing your request.", "server_error"), 500)
        case "rate_limited":
            message = "Rate limit reached for requests. Please try again later."
            headers = {
                "retry-after": f"{order.retry_after:g}",
                "retry-after-ms": str(int(order.retry_after * 1000)),
                "x-ratelimit-limit-requests": "60",
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-requests": f"{order.retry_after:g}s",
            }
            return JSONResponse(error(message, "requests", code="rate_limit_exceeded"), 429, headers)
        case "quota":
            message = "You exceeded your current quota, please check your plan and billing details."
            return JSONResponse(error(message, "insufficient_quota", code="insufficient_quota"), 429)
        case "unsupported_parameter" if "max_tokens" in body:
            message = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
            return _refused(400, message, param="max_tokens", code="unsupported_parameter")
        case "html":
            return HTMLResponse("<!doctype html><html><body><h1>Welcome to nginx!</h1></body></html>")
        case "nonsense":
            return Response(secrets.token_bytes(4096) + b"\n" * 4, media_type="text/event-stream")
    return None


def _unauthorised(request: Request) -> Response | None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme == "Bearer" and secrets.compare_digest(key.encode(), request.app.state.desk.api_key.encode()):
        return None
    return _refused(401, "Incorrect API key provided.", code="invalid_api_key")


def _problem(body: Any) -> Response | None:
    if not isinstance(body, dict):
        return _refused(400, "The body must be a JSON object.")
    if not isinstance(body.get("model"), str):
        return _refused(400, "you must provide a model parameter")
    if body["model"].partition(":")[0] != MODEL:
        message = f"The model `{body['model']}` does not exist or you do not have access to it."
        return _refused(404, message, code="model_not_found")
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        message = "Missing required parameter: 'messages'."
        return _refused(400, message, param="messages", code="missing_required_parameter")
    if not all(isinstance(entry, dict) and isinstance(entry.get("content"), str) for entry in messages):
        return _refused(400, "Invalid value for 'messages'.", param="messages", code="invalid_value")
    return None


def _refused(status: int, message: str, *, param: str | None = None, code: str | None = None) -> Response:
    return JSONResponse(error(message, "invalid_request_error", param=param, code=code), status)


def _usage(body: dict[str, Any], completion: int) -> dict[str, Any]:
    prompt = sum(len(writer.tokens(entry["content"])) + 4 for entry in body["messages"])
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


async def _order_fault(request: Request) -> Response:
    try:
        body = json.loads(await request.body())
        order = Order(body["fault"], body.get("times"), float(body.get("retry_after", 0.0)))
    except (ValueError, KeyError, TypeError):
        return JSONResponse({"detail": "expected {fault, times?, retry_after?}"}, 422)
    if order.fault not in FAULTS:
        return JSONResponse({"detail": "unknown fault", "faults": FAULTS}, 422)
    request.app.state.desk.faults.order(order)
    return Response(status_code=204)


async def _withdraw_faults(request: Request) -> Response:
    request.app.state.desk.faults.withdraw()
    return Response(status_code=204)


async def _requests(request: Request) -> Response:
    desk: Desk = request.app.state.desk
    return JSONResponse({"requests": desk.requests, "active": desk.active, "peak": desk.peak})


async def _forget_requests(request: Request) -> Response:
    desk: Desk = request.app.state.desk
    desk.requests.clear()
    desk.peak = desk.active
    return Response(status_code=204)
