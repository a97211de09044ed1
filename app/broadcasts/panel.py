"""The one message of a broadcast in the staff group: what it is, how far it is, and buttons for what can be done."""

from datetime import datetime
from html import escape
from typing import Any
from uuid import UUID

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from app.broadcasts import markup
from app.broadcasts.repository import Broadcast, Run
from app.broadcasts.service import Found
from app.catalogue.library import Project
from app.locales import html, plain

EXCERPT = 80
BAR = 10

# What the buttons of a segment set: (criterion, value), exclusive within a group.
CHOICES: dict[str, tuple[tuple[str, str, int], ...]] = {
    "seen": (
        ("w7", "seen_within_days", 7),
        ("w30", "seen_within_days", 30),
        ("o30", "unseen_for_days", 30),
        ("o90", "unseen_for_days", 90),
    ),
    "readings": (("r0", "readings_max", 0), ("r1", "readings_min", 1), ("r5", "readings_min", 5)),
    "balance": (("b0", "balance_max", 0), ("b1", "balance_min", 1)),
}


class Press(CallbackData, prefix="bc"):
    """`do` is the verb, `what` its object; 64 bytes hold both."""

    do: str
    id: str
    what: str = ""

    @property
    def broadcast_id(self) -> UUID:
        return UUID(self.id)


def button(words: str, broadcast: Broadcast, do: str, what: str = "") -> InlineKeyboardButton:
    return InlineKeyboardButton(text=words, callback_data=Press(do=do, id=broadcast.id.hex, what=what).pack())


def panel(found: Found, project: Project, language: str, *, counted: int | None = None) -> tuple[str, Any]:
    """Text and keyboard, by the state that it is in."""
    if found.broadcast.state == "draft":
        return _draft_text(found.broadcast, project, language, counted), _draft_keyboard(
            found.broadcast, project, language
        )
    return _progress_text(found, language), _progress_keyboard(found, language)


def _draft_text(broadcast: Broadcast, project: Project, language: str, counted: int | None) -> str:
    lines = [html(language, "broadcast.title"), ""]
    for code in versions_of(broadcast, project):
        version = broadcast.content.get(code)
        if version is None:
            lines.append(html(language, "broadcast.version.none", code=code.upper()))
        else:
            lines.append(html(language, "broadcast.version", code=code.upper(), words=_excerpt(version, language)))
    lines += ["", html(language, "broadcast.to", whom=segment_words(broadcast.segment, language))]
    if counted is not None:
        lines.append(html(language, "broadcast.counted", count=counted))
    if not broadcast.content:
        lines += ["", html(language, "broadcast.first")]
    return "\n".join(lines)


def versions_of(broadcast: Broadcast, project: Project) -> list[str]:
    """The project's languages, and those that there are versions of."""
    return list(dict.fromkeys([*project.languages, *broadcast.content]))[:10]


def _excerpt(version: dict[str, Any], language: str) -> str:
    text = " ".join(markup.visible_text(version["text"]).split())
    text = text if len(text) <= EXCERPT else f"{text[: EXCERPT - 1].rstrip()}…"
    parts = [text] if text else []
    if media := version.get("media"):
        parts.append(plain(language, f"broadcast.has.{media['kind']}"))
    if buttons := sum(len(row) for row in version.get("buttons", [])):
        parts.append(plain(language, "broadcast.has.buttons", count=buttons))
    return ", ".join(parts)


def segment_words(segment: dict[str, Any], language: str) -> str:
    """The criteria in words, plain."""
    words = []
    for name, value in segment.items():
        if isinstance(value, list):
            words.append(plain(language, f"broadcast.segment.{name}", names=", ".join(value)))
        else:
            words.append(plain(language, f"broadcast.segment.{name}", count=value))
    return "; ".join(words) or plain(language, "broadcast.segment.all")


def _draft_keyboard(broadcast: Broadcast, project: Project, language: str) -> InlineKeyboardMarkup:
    codes = versions_of(broadcast, project)
    rows = [
        [button(f"{'✓' if code in broadcast.content else '+'} {code.upper()}", broadcast, "v", code) for code in codes]
    ]
    if broadcast.content:
        rows += [
            [
                button(plain(language, "button.broadcast.buttons"), broadcast, "b"),
                button(plain(language, "button.broadcast.segment"), broadcast, "s"),
            ],
            [
                button(plain(language, "button.broadcast.preview"), broadcast, "p"),
                button(plain(language, "button.broadcast.test"), broadcast, "t"),
                button(plain(language, "button.broadcast.count"), broadcast, "c"),
            ],
            [button(plain(language, "button.broadcast.send"), broadcast, "w")],
        ]
    rows.append([button(plain(language, "button.broadcast.discard"), broadcast, "x")])
    return InlineKeyboardMarkup(inline_keyboard=rows)


def languages_keyboard(broadcast: Broadcast, language: str, do: str) -> InlineKeyboardMarkup:
    """One button for each version."""
    rows = [[button(code.upper(), broadcast, do, code) for code in broadcast.content]]
    return InlineKeyboardMarkup(inline_keyboard=[*rows, [back(broadcast, language)]])


def segment_keyboard(broadcast: Broadcast, project: Project, language: str) -> InlineKeyboardMarkup:
    segment, chosen = broadcast.segment, set(broadcast.segment.get("languages", []))
    rows = [
        [
            button(f"{'✓ ' if code in chosen else ''}{code.upper()}", broadcast, "z", f"l{code}")
            for code in project.languages
        ]
    ]
    for choices in CHOICES.values():
        rows.append(
            [
                button(
                    f"{'✓ ' if segment.get(name) == value else ''}{plain(language, f'button.broadcast.{code}')}",
                    broadcast,
                    "z",
                    code,
                )
                for code, name, value in choices
            ]
        )
    return InlineKeyboardMarkup(inline_keyboard=[*rows, [back(broadcast, language)]])


def toggled(segment: dict[str, Any], what: str) -> dict[str, Any]:
    """The segment after a button of its keyboard; the same button again takes the criterion away."""
    segment = dict(segment)
    if what.startswith("l"):
        languages = set(segment.pop("languages", [])) ^ {what[1:]}
        return {**segment, "languages": sorted(languages)} if languages else segment
    for choices in CHOICES.values():
        for code, name, value in choices:
            if code == what:
                was_set = segment.get(name) == value
                for _, other, _ in choices:
                    segment.pop(other, None)
                return segment if was_set else {**segment, name: value}
    return segment


def when_keyboard(broadcast: Broadcast, language: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        inline_keyboard=[
            [button(plain(language, "button.broadcast.now"), broadcast, "g", "now")],
            [button(plain(language, "button.broadcast.at"), broadcast, "g", "at")],
            [button(plain(language, "button.broadcast.local"), broadcast, "g", "local")],
            [back(broadcast, language)],
        ]
    )


def confirm_keyboard(broadcast: Broadcast, language: str, do: str, what: str = "") -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        inline_keyboard=[
            [button(plain(language, "button.broadcast.yes"), broadcast, do, what)],
            [back(broadcast, language)],
        ]
    )


def back(broadcast: Broadcast, language: str) -> InlineKeyboardButton:
    return button(plain(language, "button.broadcast.back"), broadcast, "m")


def _progress_text(found: Found, language: str) -> str:
    broadcast = found.broadcast
    lines = [html(language, "broadcast.title")]
    if broadcast.title:
        lines.append(f"«{escape(broadcast.title, quote=False)}»")
    lines.append(html(language, f"broadcast.state.{broadcast.state}"))
    if broadcast.state == "scheduled":
        lines.append(_schedule_words(broadcast, language))
    if broadcast.problem:
        code = broadcast.problem.partition(":")[0]
        lines.append(html(language, f"broadcast.problem.{code}", words=broadcast.problem.partition(": ")[2]))
    for run in found.runs:
        # A run has its figures once its recipients are taken down.
        if run.total or run.outcome:
            lines += ["", *_run_lines(run, language)]
    return "\n".join(lines)


def _schedule_words(broadcast: Broadcast, language: str) -> str:
    if broadcast.local_time is not None:
        return html(language, "broadcast.when.local", moment=shown(datetime.fromisoformat(broadcast.local_time)))
    assert broadcast.begin_at is not None  # noqa: S101  # a scheduled one has its time
    return html(language, "broadcast.when.at", moment=f"{shown(broadcast.begin_at)} UTC")


def shown(moment: datetime) -> str:
    return f"{moment:%d.%m.%Y %H:%M}"


def _run_lines(run: Run, language: str) -> list[str]:
    done = run.total - run.pending
    full = round(BAR * done / run.total) if run.total else BAR
    lines = [
        html(language, f"broadcast.run.{run.kind}", done=_number(done), total=_number(run.total)),
        "▓" * full + "░" * (BAR - full),
    ]
    figures = [f"{plain(language, f'broadcast.result.{run.kind}')}: {_number(run.sent)}"]
    for name in ("gone", "failed", "uncertain", "skipped"):
        if getattr(run, name):
            figures.append(f"{plain(language, f'broadcast.result.{name}')}: {_number(getattr(run, name))}")
    if run.kind == "send" and run.opened:
        figures.append(f"{plain(language, 'broadcast.result.opened')}: {_number(run.opened)}")
    return [*lines, *figures]


def _number(value: int) -> str:
    return f"{value:,}".replace(",", "\u202f")


def _progress_keyboard(found: Found, language: str) -> InlineKeyboardMarkup | None:
    broadcast = found.broadcast
    does: list[list[tuple[str, str]]] = []
    if broadcast.state == "sending":
        does = [[("pause", "h"), ("cancel", "k")]]
    elif broadcast.state == "paused":
        does = [[("resume", "r"), ("cancel", "k")]]
    elif broadcast.state in ("counting", "scheduled"):
        does = [[("unschedule", "h"), ("cancel", "k")]] if broadcast.state == "scheduled" else [[("cancel", "k")]]
    elif any(run.kind == "send" and run.sent for run in found.runs):
        does = [[("edit", "e"), ("delete", "d")]]
    if not does:
        return None
    return InlineKeyboardMarkup(
        inline_keyboard=[
            [button(plain(language, f"button.broadcast.{name}"), broadcast, do) for name, do in row] for row in does
        ]
    )
