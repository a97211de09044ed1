"""`/start`, and the friendly answer to whatever is not understood."""

from html import escape

from aiogram import F, Router
from aiogram.enums import ChatType
from aiogram.filters import CommandObject, CommandStart
from aiogram.methods import SendMessage
from aiogram.types import CallbackQuery, Message

from app.catalogue.library import Project
from app.kit.database import Connection
from app.locales import Words
from app.settings import Settings
from app.telegram.dialogues import leave_dialogue
from app.telegram.links import mini_app
from app.telegram.menu import menu
from app.telegram.replies import Event, acknowledge, say
from app.users.repository import User
from app.users.sessions import SessionService
from app.users.telegram import WEB_PAYLOAD, web_link

# Telegram takes 4096 characters; the rest is left for the address.
WELCOME_CHARACTERS = 3500


def closed_router() -> Router:
    """Answers for every private handler of a project that is not live."""
    router = Router(name="closed")
    router.message.register(closed, F.chat.type == ChatType.PRIVATE, _is_closed)
    router.callback_query.register(closed, F.message.chat.type == ChatType.PRIVATE, _is_closed)
    return router


def router() -> Router:
    router = Router(name="start")
    router.message.filter(F.chat.type == ChatType.PRIVATE)
    router.message.middleware(leave_dialogue)
    router.message.register(start, CommandStart())
    return router


def hint_router() -> Router:
    """The last one: what nobody else wanted."""
    router = Router(name="hint")
    router.message.register(hint, F.chat.type == ChatType.PRIVATE)
    router.callback_query.register(forgotten, F.message.chat.type == ChatType.PRIVATE)
    return router


async def _is_closed(_: Event, project: Project) -> bool:
    return not project.live


async def closed(event: Event, project: Project, language: str, words: Words) -> SendMessage:
    await acknowledge(event)
    return say(event, words.html("project.closed", name=project.text(project.name, language)))


async def start(
    message: Message,
    command: CommandObject,
    project: Project,
    user: User,
    language: str,
    words: Words,
    settings: Settings,
    sessions: SessionService,
    connection: Connection,
) -> SendMessage:
    """The project's welcome with the menu. The payload of the first `/start` says how he came."""
    if user.source is None:
        await sessions.arrive(connection, project=project, user=user, payload=command.args, otherwise="bot")
    if command.args == WEB_PAYLOAD:
        return await web_link(message, project, user, words, settings, connection)
    app = mini_app(settings, project)
    welcome = project.text(project.welcome, language) or project.text(project.name, language)
    text = escape(_clip(welcome, WELCOME_CHARACTERS), quote=False)
    if app.door == "text":
        text += "\n\n" + words.html("start.address", address=app.url)
    return say(message, text, menu(words, project, settings))


async def hint(message: Message, project: Project, words: Words, settings: Settings) -> SendMessage:
    app = mini_app(settings, project)
    text = words.html("answer.hint_address", address=app.url) if app.door == "text" else words.html("answer.hint")
    return say(message, text, menu(words, project, settings))


async def forgotten(callback: CallbackQuery, words: Words) -> None:
    """A button of a message that no longer means anything."""
    await acknowledge(callback, words.plain("answer.forgotten"))


def _clip(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
