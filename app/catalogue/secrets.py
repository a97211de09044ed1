"""Bot tokens: sealed by WordPress, opened here and nowhere else; in demo mode a sandbox token of our own."""

import base64
import re
from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from app.catalogue.library import Bot
from app.kit import json
from app.kit.crypto import CannotOpen, Keyring, keyed_hash

TOKEN = re.compile(r"([1-9][0-9]{4,15}):[A-Za-z0-9_-]{20,128}")


class TokenUnreadable(Exception):
    """The sealed token does not open, or was sealed for another project."""


def open_bot(keyring: Keyring, project_key: str, bot: Mapping[str, Any] | None) -> Bot | None:
    """The bot of a project of the document; `None` when it has no token. Raises `TokenUnreadable`."""
    if bot is None or not bot.get("sealed_token"):
        return None
    try:
        content = json.loads(keyring.open(bot["sealed_token"]))
    except (CannotOpen, ValueError) as error:
        raise TokenUnreadable("no key opens it") from error
    if not isinstance(content, dict) or content.get("project") != project_key:
        # A blob copied from another project's page is worthless.
        raise TokenUnreadable("sealed for another project")
    match = TOKEN.fullmatch(str(content.get("token")))
    if match is None:
        raise TokenUnreadable("not a bot token")
    return Bot(int(match[1]), bot.get("username"), SecretStr(match[0]))


def sandbox_bot(key: bytes, project_key: str) -> Bot:
    """A bot of the sandbox: always the same for an installation and a project, and never a real one."""
    digest = keyed_hash(key, project_key)
    number = 9_000_000_000 + int.from_bytes(digest[:4]) % 999_999_999
    tail = base64.urlsafe_b64encode(digest[4:]).decode().rstrip("=")[:27]
    username = re.sub(r"[^a-z0-9_]", "_", project_key)[:20]
    return Bot(number, f"{username}_sandbox_bot", SecretStr(f"{number}:SANDBOX_{tail}"))
