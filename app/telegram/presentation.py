"""What a bot's Telegram is told of it, part by part: where updates go, commands, names, descriptions, the menu."""

import hashlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from aiogram import Bot
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    BotCommandScopeChatAdministrators,
    MenuButtonCommands,
    MenuButtonWebApp,
    WebAppInfo,
)

from app.catalogue.library import Project, Text
from app.kit import json
from app.kit.clip import clip
from app.kit.database import Connection
from app.locales import LANGUAGES, plain
from app.settings import Settings
from app.telegram.directory import Webhook
from app.telegram.links import mini_app

# In the order in which Telegram shows them.
USER: Final = (
    "start", "daily", "reading", "balance", "buy", "subscription", "request", "settings", "language", "web", "help",
    "paysupport", "terms", "privacy", "delete_me",
)  # fmt: skip
# While the project is off: what a person may ask of us at any time.
CLOSED: Final = ("start", "paysupport", "terms", "privacy", "delete_me")
STAFF: Final = ("find_user", "users", "user", "orders", "order", "t", "templates", "draft", "whoami")
MANAGER: Final = (
    "find_user", "users", "user", "orders", "order", "refund", "block", "unblock", "credit", "stats", "promo", "t",
    "templates", "draft", "broadcast", "whoami", "audit", "group",
)  # fmt: skip
SUPER_ADMIN: Final = (
    "stats",
    "users",
    "find_user",
    "user",
    "orders",
    "order",
    "refund",
    "connect_bot",
    "whoami",
    "audit",
    "group",
)

# https://core.telegram.org/bots/api#setmyname, #setmydescription, #setmyshortdescription
NAME, DESCRIPTION, SHORT_DESCRIPTION = 64, 512, 120

Scope = BotCommandScopeAllPrivateChats | BotCommandScopeChat | BotCommandScopeChatAdministrators


@dataclass(frozen=True, slots=True)
class Audience:
    """Who sees commands of his own: the project's staff group, and super-admins who have met this bot."""

    staff_group: int | None = None
    super_admins: tuple[int, ...] = ()


NOBODY: Final = Audience()


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing that Telegram is told. `content` is all that it depends on. Without an `essential` one the bot does
    not work; any other may come later."""

    name: str
    content: object
    send: Callable[[Bot], Awaitable[object]]
    essential: bool = True

    @property
    def hash(self) -> str:
        return json.digest(self.content)


async def audiences(connection: Connection, super_admin_ids: Sequence[int]) -> dict[int, Audience]:
    """By project id; projects without an own audience are left out."""
    rows = await connection.fetch(
        """
        SELECT project_id, max(chat_id) AS chat_id, array_remove(array_agg(telegram_id ORDER BY telegram_id), NULL)
        FROM (
            SELECT project_id, chat_id, NULL::bigint AS telegram_id FROM staff_groups
            UNION ALL
            SELECT project_id, NULL, telegram_id FROM users WHERE telegram_id = ANY($1::bigint[])
        ) AS known GROUP BY project_id
        """,
        list(super_admin_ids),
    )
    return {project_id: Audience(chat_id, tuple(admins)) for project_id, chat_id, admins in rows}


def delivery(url: str, webhook: Webhook, allowed_updates: list[str]) -> Setting:
    """By webhook. Pending updates are never dropped: a payment may be among them."""

    async def send(bot: Bot) -> None:
        await bot.set_webhook(
            url, allowed_updates=allowed_updates, secret_token=webhook.secret, drop_pending_updates=False
        )

    secret = hashlib.sha256(webhook.secret.encode()).hexdigest()
    return Setting("delivery", [url, allowed_updates, secret], send)


def no_delivery() -> Setting:
    """By polling."""

    async def send(bot: Bot) -> None:
        if (await bot.get_webhook_info()).url:
            await bot.delete_webhook(drop_pending_updates=False)

    return Setting("delivery", "polling", send)


def menu(settings: Settings, project: Project) -> Setting:
    """The button beside the message field opens the Mini App; while the project is off, the commands."""
    app = mini_app(settings, project)
    if not project.live or app.door != "web_app":

        async def show_commands(bot: Bot) -> None:
            await bot.set_chat_menu_button(menu_button=MenuButtonCommands())

        return Setting("menu", "commands", show_commands)
    caption = plain(project.default_language, "menu.open")

    async def show_app(bot: Bot) -> None:
        await bot.set_chat_menu_button(menu_button=MenuButtonWebApp(text=caption, web_app=WebAppInfo(url=app.url)))

    return Setting("menu", [caption, app.url], show_app)


def all_commands(project: Project, audience: Audience) -> Iterator[Setting]:
    """In every private chat the users' commands; in the staff group and with super-admins theirs."""
    user = USER if project.live else CLOSED
    yield from _commands(project, "private", BotCommandScopeAllPrivateChats(), user, essential=True)
    if (group := audience.staff_group) is not None:
        yield from _commands(project, f"staff:{group}", BotCommandScopeChat(chat_id=group), STAFF)
        managers = BotCommandScopeChatAdministrators(chat_id=group)
        yield from _commands(project, f"managers:{group}", managers, MANAGER)
    for person in audience.super_admins:
        names = (*user, *SUPER_ADMIN)
        yield from _commands(project, f"admin:{person}", BotCommandScopeChat(chat_id=person), names)


def _commands(
    project: Project, place: str, scope: Scope, names: Sequence[str], *, essential: bool = False
) -> Iterator[Setting]:
    """In the project's first language for everybody, and in each of its further languages that bots speak."""

    def commands(language: str, code: str | None) -> Setting:
        described = [BotCommand(command=name, description=plain(language, f"command.{name}")) for name in names]

        async def send(bot: Bot) -> None:
            await bot.set_my_commands(described, scope=scope, language_code=code)

        content = [[command.command, command.description] for command in described]
        return Setting(f"commands:{place}:{code or 'default'}", content, send, essential)

    yield commands(project.default_language, None)
    for language in project.languages[1:]:
        if language in LANGUAGES:
            yield commands(language, language)


def texts(project: Project) -> Iterator[Setting]:
    """The bot's name and what is said of it before the first message; Telegram lets them change only rarely."""
    for language in project.languages:
        code = None if language == project.default_language else language
        suffix = code or "default"
        about = _words(project, project.description, language) or _words(project, project.welcome, language)
        short = _words(project, project.tagline, language) or about
        for what, text, limit in (
            ("name", _words(project, project.name, language), NAME),
            ("description", about, DESCRIPTION),
            ("short_description", short, SHORT_DESCRIPTION),
        ):
            if text:
                yield _text(what, suffix, code, clip(text, limit))


def _words(project: Project, value: Text, language: str) -> str:
    """Only of this language: another one's would be said twice, as what Telegram falls back to."""
    text = project.text(value, language) if language == project.default_language else value.get(language, "")
    return " ".join(text.split()) if "\n" not in text else "\n".join(line.strip() for line in text.strip().split("\n"))


def _text(what: str, suffix: str, code: str | None, value: str) -> Setting:
    async def send(bot: Bot) -> None:
        match what:
            case "name":
                await bot.set_my_name(name=value, language_code=code)
            case "description":
                await bot.set_my_description(description=value, language_code=code)
            case _:
                await bot.set_my_short_description(short_description=value, language_code=code)

    return Setting(f"{what}:{suffix}", value, send, essential=False)


async def take_back(bot: Bot, name: str) -> None:
    """Undoes a setting that was sent once and is not wanted any more, as for a language that the project gave up."""
    kind, *place, suffix = name.split(":")
    code = None if suffix == "default" else suffix
    match kind, place:
        case "commands", ["private"]:
            await bot.delete_my_commands(scope=BotCommandScopeAllPrivateChats(), language_code=code)
        case "commands", ["staff" | "admin", chat_id]:
            await bot.delete_my_commands(scope=BotCommandScopeChat(chat_id=int(chat_id)), language_code=code)
        case "commands", ["managers", chat_id]:
            scope = BotCommandScopeChatAdministrators(chat_id=int(chat_id))
            await bot.delete_my_commands(scope=scope, language_code=code)
        case "name" | "description" | "short_description", _:
            await _text(kind, suffix, code, "").send(bot)
