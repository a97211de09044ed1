"""Broadcasts as the admin API shows them; see `app.broadcasts.schemas`."""

from collections.abc import Mapping
from typing import Any

from app.broadcasts import markup
from app.broadcasts.content import Content, Version
from app.broadcasts.repository import COUNTERS, Run
from app.broadcasts.service import Found


def broadcast_view(found: Found) -> dict[str, Any]:
    broadcast = found.broadcast
    return {
        "id": broadcast.id,
        "title": broadcast.title,
        "content": broadcast.content,
        "segment": broadcast.segment,
        "state": broadcast.state,
        "problem": broadcast.problem,
        "schedule": {
            "kind": broadcast.schedule_kind,
            "begin_at": broadcast.begin_at,
            "local_time": broadcast.local_time,
            "quiet_wait_hours": broadcast.quiet_wait_hours,
        },
        "created_by": broadcast.created_by,
        "created_at": broadcast.created_at,
        "updated_at": broadcast.updated_at,
        "runs": [run_view(run) for run in found.runs],
    }


def run_view(run: Run) -> dict[str, Any]:
    return {
        "run": run.run,
        "kind": run.kind,
        "pending": run.pending,
        **{name: getattr(run, name) for name in COUNTERS},
        "outcome": run.outcome,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
    }


def counted_view(languages: Mapping[str, int], content: Content, *, default_language: str) -> dict[str, Any]:
    versions: dict[str, int] = {}
    if content.versions:
        fallback = content.fallback(default_language)
        for language, people in languages.items():
            version = language if language in content.versions else fallback
            versions[version] = versions.get(version, 0) + people
    return {"total": sum(languages.values()), "languages": dict(languages), "versions": versions}


def message_view(version: Version) -> dict[str, Any]:
    return {
        "kind": version.media.kind if version.media else "text",
        "html": version.text,
        "text": markup.visible_text(version.text),
        "characters": markup.length(version.text),
        "buttons": [[button.model_dump(exclude_none=True) for button in row] for row in version.buttons],
    }
