"""A card as Telegram shows it: what happened, who the client is, who did what, and what may be done."""

from dataclasses import dataclass
from html import escape
from uuid import UUID

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from app.crm.cards.kind import CardKind
from app.crm.cards.store import Card
from app.crm.contacts import ContactRepository
from app.crm.topic_rows import TopicRepository
from app.kit.database import Connection
from app.leads.phones import pretty
from app.locales import html, plain
from app.users.repository import User, UserRepository

# What every kind of card offers. `answer` may be pressed again and again.
ANSWER, CONTACT = "answer", "contact"


class CardButton(CallbackData, prefix="card"):
    """53 bytes at most. The card is looked up in the project of the bot that was pressed."""

    card: UUID
    action: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A card's message: Telegram HTML and its buttons."""

    text: str
    keyboard: InlineKeyboardMarkup


async def show(connection: Connection, card: Card, kind: CardKind, *, chat_id: int, language: str) -> Shown:
    """The card as it is now, for the group `chat_id`."""
    facts = await kind.facts(connection, card)
    client: User | None = None
    phone: str | None = None
    thread_id: int | None = None
    if card.user_id is not None:
        client = await UserRepository(connection, card.project_id).get(card.user_id)
        phone = await ContactRepository(connection, card.project_id).phone(card.user_id)
        topic = await TopicRepository(connection, card.project_id).get(chat_id, kind="client", user_id=card.user_id)
        thread_id = topic.thread_id if topic else None
    parts = [kind.text(facts, language) if facts is not None else html(language, "card.gone")]
    if client is not None:
        parts.append(client_line(client, phone, language))
    parts += [
        html(
            language, f"card.did.{done.action.partition(':')[0]}", name=done.name, time=done.at.strftime("%d.%m %H:%M")
        )
        for done in card.actions
    ]
    text = parts[0] + "".join(f"\n\n{part}" if number < 2 else f"\n{part}" for number, part in enumerate(parts[1:], 1))
    leading = kind.buttons(card, facts, language) if facts is not None else []
    return Shown(
        text,
        keyboard(card, kind, client=client, thread=(chat_id, thread_id), language=language, leading=leading),
    )


def client_line(client: User, phone: str | None, language: str) -> str:
    """Who it is, as a link into Telegram, with what helps to find him again."""
    if client.telegram_id is None:
        return html(language, "client.erased")
    parts = [client_link(client)]
    if client.username:
        parts.append(f"@{escape(client.username)}")
    parts += [f"<code>{client.telegram_id}</code>", escape(client.language)]
    if phone:
        parts.append(pretty(phone))
    return "👤 " + " · ".join(parts)


def client_link(client: User) -> str:
    return f'<a href="tg://user?id={client.telegram_id}">{escape(full_name(client), quote=False)}</a>'


def full_name(client: User) -> str:
    return " ".join(part for part in (client.first_name, client.last_name) if part) or f"#{client.telegram_id}"


def topic_link(chat_id: int, thread_id: int) -> str:
    """Into a topic of a supergroup, for its members (https://core.telegram.org/api/links#message-links)."""
    return f"https://t.me/c/{str(chat_id).removeprefix('-100')}/{thread_id}"


def keyboard(
    card: Card,
    kind: CardKind,
    *,
    client: User | None,
    thread: tuple[int, int | None],
    language: str,
    leading: list[list[InlineKeyboardButton]],
) -> InlineKeyboardMarkup:
    rows = list(leading)
    own = [action for action in kind.actions if card.state not in action.unless and not card.done(action.name)]
    if own:
        rows.append([_button(card, action.name, language) for action in own])
    if client is not None and client.telegram_id is not None:
        talk = [_button(card, ANSWER, language)]
        chat_id, thread_id = thread
        if thread_id is not None:
            url = topic_link(chat_id, thread_id)
            talk.insert(0, InlineKeyboardButton(text=plain(language, "button.card_write"), url=url))
        rows.append(talk)
        if not card.done(CONTACT):
            rows.append([_button(card, CONTACT, language)])
    return InlineKeyboardMarkup(inline_keyboard=rows)


def _button(card: Card, action: str, language: str) -> InlineKeyboardButton:
    data = CardButton(card=card.id, action=action).pack()
    return InlineKeyboardButton(text=plain(language, f"button.card_{action}"), callback_data=data)
