"""A bot: its token, how its updates leave, and how it presents itself."""

import asyncio
import itertools
from collections import deque
from dataclasses import dataclass, field
from typing import Any

# Telegram's own default leaves these out until a bot asks for them.
OPT_IN_UPDATES = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


@dataclass(slots=True)
class Webhook:
    url: str
    secret_token: str
    max_connections: int = 40
    last_error: str | None = None
    last_error_date: int | None = None


@dataclass(slots=True)
class Bot:
    id: int
    token: str
    username: str
    name: str
    webhook: Webhook | None = None
    allowed_updates: list[str] | None = None
    updates: dict[int, dict[str, Any]] = field(default_factory=dict)
    # Ids of updates that no delivery to a webhook has seen yet.
    fresh: deque[int] = field(default_factory=deque)
    update_ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(100_000_001))
    message_ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    commands: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    texts: dict[str, dict[str, str]] = field(default_factory=dict)
    menu_buttons: dict[int, dict[str, Any]] = field(default_factory=dict)
    # By whether they are meant for channels.
    default_rights: dict[bool, dict[str, bool]] = field(default_factory=dict)
    # Everything that is said in groups reaches it, as BotFather's /setprivacy does.
    reads_all: bool = False
    # A bot made by a person for another bot that manages it.
    manager_id: int | None = None
    owner: dict[str, Any] | None = None
    # Whether it may ask people for such bots, as is set in BotFather.
    manages_bots: bool = True
    # Set when an update arrives; the poll that waits is replaced by a newer one with a conflict.
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    poll: "asyncio.Future[str] | None" = None
    next_webhook_at: float = 0.0
    _user: dict[str, Any] | None = None

    def user(self) -> dict[str, Any]:
        """As it stands in `from` of the bot's messages; one object for all of them."""
        if self._user is None:
            self._user = {"id": self.id, "is_bot": True, "first_name": self.name, "username": self.username}
        return self._user

    def rename(self, *, token: str, username: str, name: str) -> None:
        self.token, self.username, self.name = token, username, name
        self._user = None

    def wants(self, kind: str) -> bool:
        return kind in self.allowed_updates if self.allowed_updates else kind not in OPT_IN_UPDATES

    def name_for(self, language: str | None) -> str:
        names = self.texts.get("name", {})
        return names.get(language or "") or names.get("") or self.name

    def menu_button(self, chat_id: int) -> dict[str, Any]:
        return self.menu_buttons.get(chat_id) or self.menu_buttons.get(0) or {"type": "commands"}

    def commands_for(
        self, *, chat_id: int, user_id: int, group: bool, administrator: bool, language: str = ""
    ) -> list[dict[str, Any]]:
        """Those shown to a person, by the documented order of scopes (core.telegram.org/bots/api#botcommandscope)."""
        scopes = [f"chat:{chat_id}", "all_private_chats", "default"]
        if group:
            office = [f"chat_administrators:{chat_id}"] if administrator else []
            everywhere = ["all_chat_administrators"] if administrator else []
            scopes = [f"chat_member:{chat_id}:{user_id}", *office, f"chat:{chat_id}", *everywhere, "all_group_chats"]
            scopes.append("default")
        for scope in scopes:
            for code in dict.fromkeys((language, "")):
                if commands := self.commands.get(f"{scope}/{code}"):
                    return commands
        return []
