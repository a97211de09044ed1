"""Alerts as a person reads them at three in the morning: what, where, since when, how often, and what to do first."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from html import escape

from app.alerts.ledger import Telling
from app.locales import plain, texts

# More causes than these in one moment are one message.
MOST_MESSAGES = 3
MOST_LINES = 20
MARKS = {"first": "🔴", "again": "🟠", "over": "🟢"}


def compose(tellings: Sequence[Telling], language: str) -> list[str]:
    """Messages of Telegram HTML."""
    if len(tellings) <= MOST_MESSAGES:
        return [message(telling, language) for telling in tellings]
    lines = [f"<b>{plain(language, 'alert.many', count=len(tellings))}</b>"]
    for telling in tellings[:MOST_LINES]:
        where = f" · {_safe(telling.cause.place)}" if telling.cause.place else ""
        lines.append(f"{MARKS[telling.kind]} {_safe(title(telling, language))}{where}")
    if len(tellings) > MOST_LINES:
        lines.append("…")
    lines.append(f"→ {_safe(plain(language, 'alert.first.logged'))}")
    return ["\n".join(lines)]


def message(telling: Telling, language: str) -> str:
    cause = telling.cause
    head = title(telling, language)
    if telling.kind != "first":
        name = "still" if telling.kind == "again" and cause.lasting else telling.kind
        head = plain(language, f"alert.{name}", what=head, count=telling.fresh)
    lines = [f"{MARKS[telling.kind]} <b>{_safe(head)}</b>"]
    if telling.kind != "over" and cause.exception:
        lines.append(f"<code>{_safe(cause.exception)}</code>")
    where = " · ".join(part for part in (cause.process, cause.place) if part)
    if where and telling.kind != "over":
        lines.append(_safe(where))
    lines.append(_safe(_when(telling, language)))
    if telling.kind != "over":
        if cause.facts:
            lines.append(_safe(" · ".join(f"{name}: {value}" for name, value in cause.facts.items())))
        if request := _requests(telling, language):
            lines.append(request)
        lines.append(f"→ {_safe(first_step(telling, language))}")
    return "\n".join(lines)


def title(telling: Telling, language: str) -> str:
    name = f"alert.watch.{telling.cause.watched}"
    if name in texts(language):
        return plain(language, name)
    return telling.cause.title or telling.cause.watched or "?"


def first_step(telling: Telling, language: str) -> str:
    name = f"alert.first.{telling.cause.watched or 'logged'}"
    return plain(language, name if name in texts(language) else "alert.first.logged")


def _when(telling: Telling, language: str) -> str:
    span = _span(telling.last_at - telling.opened_at, language)
    values = {"since": moment(telling.opened_at), "span": span, "count": telling.occurrences}
    if telling.kind == "first":
        return plain(language, "alert.since", **values)
    name = f"alert.{telling.kind}_lasting" if telling.cause.lasting else f"alert.{telling.kind}_counted"
    return plain(language, name, **values)


def _requests(telling: Telling, language: str) -> str:
    first, last = telling.first_request_id, telling.last_request_id
    if first is None:
        return ""
    ids = f"<code>{_safe(first)}</code>"
    if last and last != first:
        ids += f" … <code>{_safe(last)}</code>"
    return f"{plain(language, 'alert.request')} {ids}"


def moment(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%d.%m %H:%M:%S UTC")


def _span(duration: timedelta, language: str) -> str:
    seconds = max(0, round(duration.total_seconds()))
    if seconds < 100:
        return plain(language, "alert.seconds", number=seconds)
    if seconds < 6000:
        return plain(language, "alert.minutes", number=round(seconds / 60))
    return plain(language, "alert.hours", number=f"{seconds / 3600:.1f}")


def _safe(text: object) -> str:
    return escape(str(text), quote=False)
