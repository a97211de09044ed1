"""What a manager writes in the dialogue, as parts of a broadcast: messages, lines of buttons, dates."""

import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from aiogram.types import Message
from pydantic import ValidationError

from app.broadcasts.content import Content, Version
from app.users.schemas import ZONES

MOMENT = re.compile(r"(\d{1,2})\.(\d{1,2})(?:\.(\d{4}))?[ ,]+(\d{1,2}):(\d{2})(?:\s+(\S+))?")
DASH = re.compile(r"\s+[-–—]\s+")
APP_WORDS = frozenset({"app", "приложение", "mini app"})
NOTHING = frozenset({"-", "–", "—", "нет", "no"})


class Misunderstood(ValueError):
    """`key` names the text that says how it should be written; `why` is Telegram's own reason or empty."""

    def __init__(self, key: str, why: str = "") -> None:
        self.key = key
        self.why = why
        super().__init__(f"{key} {why}")


def read_version(message: Message, *, bot_id: int, former: dict[str, Any] | None) -> dict[str, Any]:
    """A message that was written or forwarded, as a version; buttons that were there stay."""
    version: dict[str, Any] = {"text": message.html_text if message.text or message.caption else ""}
    if message.photo:
        version["media"] = {"kind": "photo", "file_id": message.photo[-1].file_id, "bot_id": bot_id}
    elif message.video:
        version["media"] = {"kind": "video", "file_id": message.video.file_id, "bot_id": bot_id}
    elif not message.text:
        raise Misunderstood("broadcast.error.kind")
    if former and former.get("buttons"):
        version["buttons"] = former["buttons"]
    if message.link_preview_options and message.link_preview_options.is_disabled:
        version["link_preview"] = False
    return checked(version)


def read_buttons(text: str) -> list[list[dict[str, str]]]:
    """One row a line, buttons of a row parted by ` | `, each `words - address` or `words - app`. A dash takes all away.

    Raises `Misunderstood`.
    """
    if text.strip().lower() in NOTHING:
        return []
    rows = []
    for line in filter(None, map(str.strip, text.splitlines())):
        row = []
        for part in line.split(" | "):
            pieces = DASH.split(part.strip())
            if len(pieces) < 2:
                raise Misunderstood("broadcast.error.buttons", part.strip()[:100])
            words, target = part.strip()[: -len(pieces[-1])].strip(" -–—"), pieces[-1].strip()
            if target.lower() in APP_WORDS:
                row.append({"text": words, "app": ""})
            else:
                row.append({"text": words, "url": target if "://" in target else f"https://{target}"})
        rows.append(row)
    return rows


def checked(version: dict[str, Any]) -> dict[str, Any]:
    """The version as it is stored. Raises `Misunderstood` with what Telegram would not take."""
    try:
        return Version.model_validate(version).model_dump(exclude_none=True)
    except ValidationError as error:
        reason = error.errors()[0]
        place = ".".join(map(str, reason["loc"]))
        raise Misunderstood("broadcast.error.content", f"{place} {reason['msg']}".strip()[:200]) from None


def read_content(content: dict[str, Any]) -> Content:
    return Content.model_validate(content)


def read_moment(text: str, *, zone: str, now: datetime) -> tuple[datetime, str]:
    """`25.11 18:00`, with a year or a zone if one wants; the wall time and the zone. The next one without a year.

    Raises `Misunderstood`.
    """
    found = MOMENT.fullmatch(text.strip())
    if found is None:
        raise Misunderstood("broadcast.error.moment")
    day, month, year, hour, minute, named = found.groups()
    if named is not None and named not in ZONES:
        raise Misunderstood("broadcast.error.zone", named[:60])
    zone = named or zone
    here = now.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    try:
        wall = datetime(int(year or here.year), int(month), int(day), int(hour), int(minute))  # noqa: DTZ001  # a wall time
        if year is None and wall < here:
            wall = wall.replace(year=here.year + 1)
    except ValueError:
        raise Misunderstood("broadcast.error.moment") from None
    return wall, zone


def to_utc(wall: datetime, zone: str) -> datetime:
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
