"""What a reading looks like in the chat: its head, its cards, what can be done with it afterwards."""

from dataclasses import dataclass
from html import escape
from typing import Any
from uuid import UUID

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton

from app.catalogue.library import Project
from app.kit.database import Connection
from app.locales import Words
from app.readings.chats import ReadingChat
from app.readings.questions import Question, QuestionRepository, free_left
from app.readings.repository import Reading, ReadingRepository
from app.settings import Settings
from app.telegram.links import mini_app
from app.telegram.middlewares import words_for
from app.telegram.replies import Rows
from app.users.repository import User, UserRepository

CAPTION_CHARACTERS = 1024


class After(CallbackData, prefix="after"):
    """`action`: good, bad, ask or proof; `number` of the follow-up, 0 for the interpretation."""

    reading: UUID
    action: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Showing:
    """A text in the chat with all that its page needs; `question` is None for the interpretation."""

    project: Project
    user: User
    words: Words
    reading: Reading
    question: Question | None
    free_left: int

    @property
    def number(self) -> int:
        return self.question.number if self.question else 0

    @property
    def rating(self) -> str | None:
        return self.question.rating if self.question else self.reading.rating


async def showing(connection: Connection, chat: ReadingChat, user_id: UUID, project: Project) -> Showing | None:
    """None if the reading or the person is gone."""
    return await find(connection, project, user_id, chat.reading_id, question_id=chat.question_id)


async def find(
    connection: Connection,
    project: Project,
    user_id: UUID,
    reading_id: UUID,
    *,
    question_id: UUID | None = None,
    number: int = 0,
) -> Showing | None:
    """By the follow-up's id or number; without both, the interpretation. None if there is no such thing."""
    user = await UserRepository(connection, project.id).get(user_id)
    reading = await ReadingRepository(connection, project.id).get(reading_id, user_id)
    if user is None or reading is None:
        return None
    asked = await QuestionRepository(connection, project.id).of_reading(reading_id)
    question = next((one for one in asked if one.id == question_id or one.number == number), None)
    if question is None and (question_id is not None or number):
        return None
    words = words_for(project.language(user.language), user)
    return Showing(project, user, words, reading, question, free_left(reading, asked))


def quoted(text: str, *, limit: int = 500) -> str:
    clipped = text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
    return f"<blockquote>{escape(clipped, quote=False)}</blockquote>"


def head(showing: Showing) -> str:
    """What the text is about."""
    if showing.question is not None:
        return quoted(showing.question.text)
    name = f"<b>{escape(showing.reading.spread['name'], quote=False)}</b>"
    return f"{name}\n{quoted(showing.reading.question)}" if showing.reading.question else name


def card_name(words: Words, drawn: dict[str, Any]) -> str:
    name: str = drawn["card"]["name"]
    return words.plain("cards.reversed", card=name) if drawn["reversed"] else name


def card_list(reading: Reading, words: Words) -> str:
    """The drawn cards by position, as a caption."""
    pairs = list(zip(reading.spread["positions"], reading.drawn or [], strict=False))
    lines = [f"<b>{escape(reading.spread['name'], quote=False)}</b>", ""]
    for number, (position, drawn) in enumerate(pairs, start=1):
        card = escape(card_name(words, drawn), quote=False)
        text = f"{escape(position['name'], quote=False)}: <b>{card}</b>"
        lines.append(f"{number}. {text}" if len(pairs) > 1 else text)
    kept = "\n".join(lines)
    while len(kept) > CAPTION_CHARACTERS:
        lines.pop()
        kept = "\n".join([*lines, "…"])
    return kept


def note(words: Words, *, kind: str, offline: bool) -> str | None:
    """What has to be said beside a text that is not an ordinary interpretation."""
    if kind == "crisis":
        return f"<i>{words.html('chat.note_crisis')}</i>"
    if kind != "reading":
        return f"<i>{words.html('chat.note_careful')}</i>"
    return f"<i>{words.html('chat.note_offline')}</i>" if offline else None


def after_rows(settings: Settings, showing: Showing, *, failed: bool = False, crisis: bool = False) -> Rows:
    """What can be done with a text that is over. Nobody is asked whether he liked the numbers of helplines."""
    words, reading = showing.words, showing.reading
    app = mini_app(settings, showing.project, f"readings/{reading.id}")
    if failed or crisis:
        return [[app.button(words.plain("button.open_reading"))]]

    def action(name: str, caption: str) -> InlineKeyboardButton:
        data = After(reading=reading.id, action=name, number=showing.number)
        return InlineKeyboardButton(text=caption, callback_data=data.pack())

    def rate(name: str) -> InlineKeyboardButton:
        tick = "✓ " if showing.rating == name else ""
        return action(name, tick + words.plain(f"button.rate_{name}"))

    ask = (
        words.plain("button.ask_free", count=showing.free_left) if showing.free_left else words.plain("button.ask_paid")
    )
    return [
        [action("ask", ask)],
        [rate("good"), rate("bad")],
        [app.button(words.plain("button.open_reading")), action("proof", words.plain("button.proof"))],
    ]
