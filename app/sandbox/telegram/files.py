"""Files: bytes on disk, what is known of them, and the ids by which each bot knows them."""

import base64
import itertools
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PREFIX = "file"
BOT_PREFIX = "AgACAgIAAx0C"


@dataclass(slots=True)
class StoredFile:
    """`kind` is what it was first used as, a key of media.KINDS."""

    number: int
    name: str
    mime_type: str
    size: int
    path: Path
    kind: str | None = None

    @property
    def id(self) -> str:
        """The sandbox's own id, which people use."""
        return f"{PREFIX}{self.number}"

    @property
    def unique_id(self) -> str:
        return f"AQAD{self.number:012d}"

    def read(self) -> bytes:
        return self.path.read_bytes()

    @property
    def download_path(self) -> str:
        return f"files/{self.number}{Path(self.name).suffix}"


class FileStore:
    """Files of one sandbox, in a folder that goes with it."""

    def __init__(self) -> None:
        self._files: dict[int, StoredFile] = {}
        self._numbers = itertools.count(1)
        self._folder: Path | None = None

    def add(self, content: bytes, *, name: str, mime_type: str) -> StoredFile:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="arcana-telegram-"))
        number = next(self._numbers)
        path = self._folder / str(number)
        path.write_bytes(content)
        self._files[number] = StoredFile(number, name, mime_type, len(content), path)
        return self._files[number]

    def close(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def own(self, file_id: str) -> StoredFile | None:
        """By the sandbox's own id."""
        digits = file_id.removeprefix(PREFIX)
        return self._files.get(int(digits)) if digits.isdecimal() else None

    def of_bot(self, bot_id: int, file_id: str) -> StoredFile | None:
        """By the id that this bot was told; another bot's id names nothing."""
        try:
            owner, _, number = base64.urlsafe_b64decode(file_id.removeprefix(BOT_PREFIX) + "==").decode().partition(".")
        except ValueError:
            # Neither base64 nor text.
            return None
        return self._files.get(int(number)) if owner == str(bot_id) and number.isdecimal() else None

    def by_path(self, path: str) -> StoredFile | None:
        number = Path(path).stem
        found = self._files.get(int(number)) if number.isdecimal() else None
        return found if found is not None and found.download_path == path else None


def bot_file_id(bot_id: int, file_id: str) -> str:
    number = file_id.removeprefix(PREFIX)
    return BOT_PREFIX + base64.urlsafe_b64encode(f"{bot_id}.{number}".encode()).decode().rstrip("=")


def localize(value: Any, bot_id: int) -> Any:
    """A copy in which the sandbox's file ids are those of one bot."""
    if isinstance(value, dict):
        return {
            name: bot_file_id(bot_id, inner) if name == "file_id" else localize(inner, bot_id)
            for name, inner in value.items()
        }
    return [localize(inner, bot_id) for inner in value] if isinstance(value, list) else value
