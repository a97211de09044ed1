"""The line and the figures of every answered request, at the price of one JSON object."""

import logging
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache

from app.kit import json, telemetry
from app.kit.clock import utc_now

NAME = "app.http"

_logger = logging.getLogger(NAME)
_structured = telemetry.get_logger(NAME)


def note_request(*, request_id: str, method: str, route: str, status: int, seconds: float) -> None:
    """Counts and logs it. `route` is a template, so that nothing here can be a secret."""
    count, observe = _metrics(route, method, status)
    count()
    observe(seconds)
    if not _logger.isEnabledFor(logging.INFO):
        return
    milliseconds = round(seconds * 1000, 1)
    if telemetry.json_output is None:
        _structured.info("request", method=method, route=route, status=status, milliseconds=milliseconds)
        return
    # The chain of processors that other lines go through costs more than the routing of a request.
    line = json.dumps(
        {
            "method": method,
            "route": route,
            "status": status,
            "milliseconds": milliseconds,
            "event": "request",
            "request_id": request_id,
            "level": "info",
            "logger": NAME,
            "timestamp": utc_now(),
        }
    )
    # As for all logs: a full disk or a closed pipe does not stop the service.
    with suppress(OSError, ValueError):
        telemetry.json_output.stream.write(f"{line.decode()}\n")


@lru_cache(maxsize=2048)
def _metrics(route: str, method: str, status: int) -> tuple[Callable[[], None], Callable[[float], None]]:
    return telemetry.REQUESTS.labels(route, method, str(status)).inc, telemetry.REQUEST_SECONDS.labels(route).observe
