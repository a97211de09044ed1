"""A person and the bot: what he has, how he enters the web, in which language they speak, what he should know."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from aiogram import F, Router
from aiogram.enums import ChatType
from aiogram.filters import Command
from aiogram.filters.callback_data import CallbackData
from aiogram.methods import SendMessage
from aiogram.types import CallbackQuery, InlineKeyboardButton, Message

from app.catalogue.library import Project
from app.kit.database import Connection, Database
from app.locales import Words, language_name
from app.settings import Settings
from app.telegram.dialogues import leave_dialogue
from app.telegram.links import link_button, mini_app
from app.telegram.menu import MenuAction, button, menu
from app.telegram.middlewares import words_for
from app.telegram.replies import Event, acknowledge, change, say
from app.users.login_codes import LoginCodeRepository, login_url
from app.users.referrals import INVITATION, ReferralRepository
from app.users.repository import User
from app.users.service import UserService
from app.users.tokens import Principal

# `t.me/<bot>?start=web` asks for a link like /web does.
WEB_PAYLOAD = "web"
# Commands that answer with one text of their own name.
TEXTS = ("terms", "privacy")


class LanguageChoice(CallbackData, prefix="language"):
    code: str


def router() -> Router:
    router = Router(name="people")
    router.message.filter(F.chat.type == ChatType.PRIVATE)
    router.callback_query.filter(F.message.chat.type == ChatType.PRIVATE)
    router.message.middleware(leave_dialogue)
    router.message.register(balance, Command("balance"))
    router.callback_query.register(balance, MenuAction.filter(F.action == "balance"))
    router.message.register(help_page, Command("help"))
    router.callback_query.register(help_page, MenuAction.filter(F.action == "help"))
    router.message.register(web_link, Command("web"))
    router.message.register(languages, Command("language"))
    router.callback_query.register(choose_language, LanguageChoice.filter())
    router.message.register(fixed_text, Command(*TEXTS))
    router.callback_query.register(fixed_text, MenuAction.filter(F.action.in_(TEXTS)))
    return router


def principal_of(user: User) -> Principal:
    return Principal(user.id, user.project_id)


async def balance(
    event: Event,
    project: Project,
    user: User,
    words: Words,
    settings: Settings,
    database: Database,
    users: UserService,
) -> SendMessage:
    """What is left in the wallet, and a way to bring a friend."""
    async with database.transaction() as connection:
        profile = await users.profile(connection, principal_of(user))
        code = await ReferralRepository(connection, project.id).code_of(user.id)
    readings, follow_ups = profile.wallet["readings"], profile.wallet["follow_ups"]
    lines = [
        words.html("balance.readings", count=readings.available),
        words.html("balance.follow_ups", count=follow_ups.available),
    ]
    if profile.subscription is not None:
        lines = [*_subscription_lines(profile.subscription, words), *lines]
    for lot in readings.expiring[:1]:
        lines.insert(-1, words.html("balance.expiring", count=lot.amount, day=f"{lot.expires_at:%d.%m.%Y}"))
    if readings.held:
        lines.append(words.html("balance.held", count=readings.held))
    if project.free_follow_ups:
        lines.append("\n" + words.html("balance.free_follow_ups", count=project.free_follow_ups))
    await acknowledge(event)
    return say(
        event,
        words.html("balance.title") + "\n\n" + "\n".join(lines),
        [
            [button(words, "buy"), button(words, "subscription") if profile.subscription else None],
            [mini_app(settings, project, "packages").button(words.plain("button.packages"))],
            [button(words, "reading")],
            [invite_button(project, words, code)],
        ],
    )


def _subscription_lines(subscription: Mapping[str, Any], words: Words) -> list[str]:
    waits = subscription["state"] == "grace"
    until = subscription["grace_until"] if waits else subscription["until"]
    lines = [
        words.html(
            "balance.subscription_waits" if waits else "balance.subscription",
            name=subscription["package"]["name"],
            until=f"{until:%d.%m.%Y}",
        )
    ]
    if subscription["fair_use"] is not None:
        lines.append(words.html("balance.subscription_share", count=subscription["fair_use"]["left"]))
    return [*lines, ""]


def invite_button(project: Project, words: Words, code: str) -> InlineKeyboardButton | None:
    """Opens Telegram's own list of chats with the person's link; None while the bot's name is not known."""
    if project.bot is None or not project.bot.username:
        return None
    link = f"https://t.me/{project.bot.username}?start={INVITATION}{code}"
    share = urlencode({"url": link, "text": project.text(project.tagline, words.language)})
    return InlineKeyboardButton(text=words.plain("button.invite"), url=f"https://t.me/share/url?{share}")


async def help_page(event: Event, project: Project, words: Words, settings: Settings) -> SendMessage:
    await acknowledge(event)
    text = words.html("help.text", name=project.text(project.name, words.language))
    further = [[button(words, "settings")], [button(words, "terms"), button(words, "privacy")]]
    return say(event, text, [*menu(words, project, settings)[:2], *further])


async def fixed_text(event: Event, project: Project, words: Words) -> SendMessage:
    """Terms and privacy."""
    if isinstance(event, CallbackQuery):
        name = MenuAction.unpack(event.data or "").action
    else:
        name = (event.text or "/").split()[0].lstrip("/").partition("@")[0].lower()
    await acknowledge(event)
    return say(event, words.html(f"{name}.text", name=project.text(project.name, words.language)))


async def web_link(
    message: Message, project: Project, user: User, words: Words, settings: Settings, connection: Connection
) -> SendMessage:
    """A link that signs the person in once, in an ordinary browser."""
    url = login_url(settings, project, await LoginCodeRepository(connection, project.id).issue(user.id))
    link = link_button(words.plain("button.web"), url)
    text = words.html("web.text") if link else words.html("web.text") + "\n\n" + words.html("web.address", url=url)
    return say(message, text, [[link]])


async def languages(message: Message, project: Project, words: Words, user: User) -> SendMessage:
    if len(project.languages) == 1:
        return say(message, words.html("language.only", language=language_name(project.languages[0])))
    return say(message, words.html("language.choose"), _language_rows(project, user.language))


async def choose_language(
    callback: CallbackQuery,
    callback_data: LanguageChoice,
    project: Project,
    user: User,
    words: Words,
    database: Database,
    users: UserService,
) -> SendMessage | None:
    if callback_data.code not in project.languages:
        await acknowledge(callback, words.plain("answer.forgotten"))
        return None
    async with database.transaction() as connection:
        profile = await users.update(
            connection,
            principal_of(user),
            changes={"language": callback_data.code},
            consent=None,
            project=project,
        )
    words = words_for(callback_data.code, profile.user)
    await acknowledge(callback)
    return await change(
        callback,
        words.html("language.chosen", language=language_name(callback_data.code)),
        _language_rows(project, callback_data.code),
    )


def _language_rows(project: Project, chosen: str) -> list[list[InlineKeyboardButton]]:
    buttons = [
        InlineKeyboardButton(
            text=("✓ " if code == chosen else "") + language_name(code),
            callback_data=LanguageChoice(code=code).pack(),
        )
        for code in project.languages
    ]
    return [buttons[start : start + 2] for start in range(0, len(buttons), 2)]
