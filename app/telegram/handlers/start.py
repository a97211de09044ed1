"""`/start`, and the friendly answer to whatever is not understood."""

from html import escape

from aiogram import F, Router
from aiogram.enums import ChatType
from aiogram.filters import CommandStart
from aiogram.methods import SendMessage
from aiogram.types import LinkPreviewOptions, Message

from app.catalogue.library import Project
from app.locales import html, plain
from app.settings import Settings
from app.telegram.links import mini_app

# Telegram takes 4096 characters; the rest is left for the address.
WELCOME_CHARACTERS = 3500


def router() -> Router:
    router = Router(name="start")
    router.message.filter(F.chat.type == ChatType.PRIVATE)
    router.message.register(start, CommandStart())
    router.message.register(hint)
    return router


async def start(message: Message, project: Project, language: str, settings: Settings) -> SendMessage:
    """The project's welcome with the way into its Mini App. A payload stays in the stored update."""
    if not project.live:
        return _answer(message, _closed(project, language))
    app = mini_app(settings, project)
    welcome = project.text(project.welcome, language) or project.text(project.name, language)
    text = escape(_clip(welcome, WELCOME_CHARACTERS), quote=False)
    if app.door == "text":
        text += "\n\n" + html(language, "start.address", address=app.url)
    return _answer(message, text, project=project, language=language, settings=settings)


async def hint(message: Message, project: Project, language: str, settings: Settings) -> SendMessage:
    if not project.live:
        return _answer(message, _closed(project, language))
    app = mini_app(settings, project)
    text = (
        html(language, "answer.hint_address", address=app.url) if app.door == "text" else html(language, "answer.hint")
    )
    return _answer(message, text, project=project, language=language, settings=settings)


def _answer(
    message: Message,
    text: str,
    *,
    project: Project | None = None,
    language: str = "",
    settings: Settings | None = None,
) -> SendMessage:
    keyboard = None
    if project is not None and settings is not None:
        keyboard = mini_app(settings, project).keyboard(plain(language, "button.open"))
    return SendMessage(
        chat_id=message.chat.id,
        text=text,
        reply_markup=keyboard,
        link_preview_options=LinkPreviewOptions(is_disabled=True),
    )


def _closed(project: Project, language: str) -> str:
    return html(language, "project.closed", name=project.text(project.name, language))


def _clip(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
