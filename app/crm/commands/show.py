"""How clients are shown to the staff."""

from html import escape
from uuid import UUID

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from app.crm.cards.render import topic_link
from app.crm.commands.scope import Scope
from app.crm.people import Client, Details
from app.kit.ids import long as long
from app.kit.ids import short as short
from app.leads.phones import pretty
from app.locales import html, plain

MARKS = {"active": "🟢", "blocked": "⛔️"}


class ClientButton(CallbackData, prefix="client"):
    """Opens a client's card; who he is, is looked up among those within reach."""

    user: UUID


def link(client: Client) -> str:
    return f'<a href="tg://user?id={client.telegram_id}">{escape(client.name, quote=False)}</a>'


def line(scope: Scope, client: Client) -> str:
    """One client in a list."""
    project = scope.project(client.project_id)
    parts = [f"{MARKS.get(client.state, '')} {link(client)}"]
    if client.username:
        parts.append(f"@{escape(client.username)}")
    parts += [f"<code>{client.telegram_id}</code>", escape(client.language)]
    if scope.everywhere and project is not None:
        parts.append(escape(project.slug))
    parts.append(client.last_seen_at.strftime("%d.%m.%y"))
    return " · ".join(parts)


def numbers(clients: list[Client]) -> list[list[InlineKeyboardButton]]:
    """A button for each line, eight in two rows."""
    buttons = [
        InlineKeyboardButton(text=str(number), callback_data=ClientButton(user=client.id).pack())
        for number, client in enumerate(clients, 1)
    ]
    return [buttons[start : start + 5] for start in range(0, len(buttons), 5)]


def card(scope: Scope, client: Client, details: Details) -> str:
    """All that the staff should know of a client, in HTML."""
    language = scope.language
    project = scope.project(client.project_id)
    lines = [
        f"{MARKS.get(client.state, '')} <b>{link(client)}</b>"
        + (f" @{escape(client.username)}" if client.username else "")
    ]
    if scope.everywhere and project is not None:
        lines.append(html(language, "user.project", name=project.text(project.name, language), slug=project.slug))
    lines += [
        html(language, "user.id", id=client.telegram_id, speaks=client.language),
        html(
            language,
            "user.seen",
            first=client.created_at.strftime("%d.%m.%Y"),
            last=client.last_seen_at.strftime("%d.%m.%Y %H:%M"),
        ),
        html(language, "user.readings", readings=details.readings, good=details.good, bad=details.bad),
        html(language, "user.balance", readings=details.balance, follow_ups=details.follow_ups),
    ]
    if details.phone:
        lines.append(html(language, "user.phone", phone=pretty(details.phone)))
    if client.state == "blocked":
        lines.append(html(language, "user.blocked", reason=details.reason or "—"))
    return "\n".join(lines)


def card_keyboard(scope: Scope, *, thread_id: int | None) -> InlineKeyboardMarkup | None:
    if scope.group is None or thread_id is None:
        return None
    url = topic_link(scope.group.chat_id, thread_id)
    button = InlineKeyboardButton(text=plain(scope.language, "button.card_write"), url=url)
    return InlineKeyboardMarkup(inline_keyboard=[[button]])
