"""Structured logs without secrets, and the metrics of a process."""

import logging
import re
import sys
from collections.abc import Callable, MutableMapping
from typing import Any, TextIO

import structlog
from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("arcana_http_requests_total", "Answered requests", ["route", "method", "status"])
REQUEST_SECONDS = Histogram(
    "arcana_http_request_seconds",
    "Time to the end of the answer",
    ["route"],
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
OPEN_STREAMS = Gauge("arcana_open_streams", "Interpretations being read right now")
GENERATIONS = Counter("arcana_generations_total", "Ended generations", ["project", "kind", "offline", "state"])
MODEL_COST = Counter("arcana_model_cost_micro_usd_total", "Cost of model calls", ["project", "profile"])
JOBS = Counter("arcana_jobs_total", "Ended jobs", ["name", "outcome"])

# Where lines of JSON go, once logging is configured so.
json_output: "logging.StreamHandler[TextIO] | None" = None

# Told of every line at level error or above and of every line with `alert=True`, before its traceback becomes text.
# They must be quick, must not raise, and may be called from any thread.
listeners: "list[Callable[[MutableMapping[str, Any]], None]]" = []

# A bot token, a bearer token, a key of a provider or of WooCommerce, initData: whatever slipped into a message.
SECRET = re.compile(
    r"(?<!\d)\d{6,12}:[A-Za-z0-9_-]{30,}|\bBearer\s+[\w.~+/=-]+|\b(?:sk|ck|cs|rk)[-_][A-Za-z0-9_-]{16,}"
    r"|\beyJ[\w-]+\.[\w-]+\.[\w-]+|\bhash=[0-9a-f]{64}|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)",
)


def redact(text: str) -> str:
    """The text with everything that looks like a secret replaced by `[secret]`."""
    return SECRET.sub("[secret]", text)


def _tell_listeners(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if listeners and (event.get("level") in ("error", "critical") or event.get("alert")):
        for listener in listeners:
            listener(event)
    return event


def _redact_event(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = redact(value)
    return event


def configure_logging(*, level: str, style: str) -> None:
    """Routes structlog and the standard library's loggers to stderr, one JSON object a line (or for the eye)."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _tell_listeners,
        structlog.processors.format_exc_info,
        _redact_event,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    global json_output
    json_output = handler if style == "json" else None
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
    # They log every request with its address, and addresses of the Bot API hold the token.
    for name in (
        "httpx",
        "httpcore",
        "httpx2",
        "httpcore2",
        "uvicorn.access",
        "aiogram.event",
        "openai",
        "apscheduler",
        "pgqueuer",
        "stripe",
    ):
        logging.getLogger(name).setLevel(logging.WARNING)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger
