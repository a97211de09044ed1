"""What went wrong, as one cause: the same fault in another second, process or user is the same cause."""

import hashlib
import re
import socket
import sys
import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from app.kit.telemetry import redact

ROOT = str(Path(__file__).resolve().parents[2])
# Fields of a log line that are not facts of what happened.
NOT_FACTS = frozenset(
    {
        "alert", "cause", "color_message", "event", "exc_info", "exception", "level", "logger", "over",
        "positional_args", "request_id", "stack", "stack_info", "timestamp",
    }
)  # fmt: skip
MOST_FACTS = 6
FACT_CHARACTERS = 120
TITLE_CHARACTERS = 200
# Numbers and ids in a text of another library's logger differ each time.
VARIABLE = re.compile(r"0x[0-9a-fA-F]+|\b[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}\b|\b[0-9a-fA-F]{16,}\b|\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """`watched` names a condition of the watch; the others are known by what was logged. All texts are redacted.

    `process` is the kind of process with its machine, `place` the innermost line of our own code.
    """

    fingerprint: str
    title: str = ""
    watched: str | None = None
    process: str = ""
    exception: str | None = None
    place: str | None = None
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def lasting(self) -> bool:
        """It ends when it is seen to be well, not when nothing more comes."""
        return self.watched is not None

    def body(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Self:
        return cls(**body)


@dataclass(slots=True, kw_only=True)
class Occurrences:
    """How often a cause came since it was last noted down."""

    cause: Cause
    count: int = 1
    first_request_id: str | None = None
    last_request_id: str | None = None


def watched(name: str, *, process: str, facts: Mapping[str, object] | None = None) -> Cause:
    """The cause of a condition that the watch knows by this name."""
    known = {key: _clip(redact(str(value)), FACT_CHARACTERS) for key, value in (facts or {}).items()}
    return Cause(fingerprint=f"watch:{name}", watched=name, process=_on_host(process), facts=known)


def logged(event: Mapping[str, Any], *, process: str) -> Cause:
    """The cause behind a line of the log, as the processors see it."""
    facts = {
        name: _clip(redact(str(value)), FACT_CHARACTERS)
        for name, value in event.items()
        if name not in NOT_FACTS and not name.startswith("_") and isinstance(value, str | int | float)
    }
    facts = dict(list(facts.items())[:MOST_FACTS])
    title = _clip(redact(str(event.get("event", ""))), TITLE_CHARACTERS)
    error = _exception(event.get("exc_info"))
    kind, place, scope = (type(error).__name__, *_place(error.__traceback__)) if error else (None, None, None)
    exception = _clip(redact(f"{kind}: {error}".strip(": ")), TITLE_CHARACTERS) if error else None
    if name := event.get("cause"):
        return replace(watched(str(name), process=process, facts=facts), exception=exception, place=place)
    # The template, where another library's logger has put values into its text.
    template = getattr(event.get("_record"), "msg", None) if event.get("_from_structlog") is False else None
    words = VARIABLE.sub("#", template if isinstance(template, str) else title)
    parts = "\x1f".join(str(part) for part in (event.get("logger"), words, kind, scope))
    return Cause(
        fingerprint=hashlib.sha256(parts.encode()).hexdigest()[:24],
        title=title,
        process=_on_host(process),
        exception=exception,
        place=place,
        facts=facts,
    )


def _on_host(process: str) -> str:
    return f"{process}@{socket.gethostname()}"


def _exception(info: Any) -> BaseException | None:
    if isinstance(info, BaseException):
        return info
    if isinstance(info, tuple):
        return info[1] if len(info) > 1 and isinstance(info[1], BaseException) else None
    return sys.exc_info()[1] if info else None


def _place(trace: TracebackType | None) -> tuple[str | None, str | None]:
    """(what is shown, what does not move when lines do) of the innermost frame of our own code, else of any."""
    frames = traceback.extract_tb(trace, limit=-50) if trace else []
    ours = [frame for frame in frames if frame.filename.startswith(f"{ROOT}/app/")]
    if not frames:
        return None, None
    frame = (ours or frames)[-1]
    name = frame.filename.removeprefix(f"{ROOT}/") if ours else "/".join(Path(frame.filename).parts[-2:])
    return f"{name}:{frame.lineno} ({frame.name})", f"{name} {frame.name}"


def _clip(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
