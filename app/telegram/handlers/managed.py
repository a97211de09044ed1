"""`/connect_bot`: a super-admin makes a bot for a project inside Telegram, without a token to paste.

He chooses the project and presses a button; Telegram makes the bot and tells ours (`managed_bot`), which asks for the
token and seals it. The same update tells of a token that was replaced, here or in @BotFather.
"""

from aiogram import Bot, F, Router
from aiogram.enums import ChatType
from aiogram.filters import Command
from aiogram.filters.callback_data import CallbackData
from aiogram.methods import SendMessage
from aiogram.types import (
    CallbackQuery,
    InlineKeyboardButton,
    KeyboardButton,
    KeyboardButtonRequestManagedBot,
    ManagedBotUpdated,
    Message,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
)
from redis.asyncio import Redis

from app.catalogue.library import Project
from app.catalogue.service import Catalogue
from app.kit.clip import clip
from app.kit.crypto import Keyring
from app.kit.database import Database
from app.kit.redis import key
from app.kit.telemetry import get_logger
from app.locales import html, plain
from app.settings import Settings
from app.telegram import onboarding
from app.telegram.managed import ManagedBotRepository, managed_bot, managed_bots, seal
from app.telegram.presentation import NAME
from app.telegram.replies import Event, acknowledge, say
from app.worker.port import enqueue

log = get_logger("app.telegram.managed")

# How long a choice waits for the bot to be made.
CHOICE_SECONDS = 24 * 3600
# Telegram takes a hundred buttons under a message.
MOST_BUTTONS = 90
USERNAME = 32


class ChosenProject(CallbackData, prefix="managed"):
    project_id: int


class RenewedToken(CallbackData, prefix="managed_token"):
    bot_id: int


def router() -> Router:
    router = Router(name="managed")
    router.message.register(connect, F.chat.type == ChatType.PRIVATE, Command("connect_bot"), _of_super_admin)
    router.message.register(told_twice, F.managed_bot_created)
    router.callback_query.register(choose, ChosenProject.filter(), _of_super_admin)
    router.callback_query.register(renew, RenewedToken.filter(), _of_super_admin)
    router.managed_bot.register(made)
    return router


async def _of_super_admin(event: Event, settings: Settings) -> bool:
    return event.from_user is not None and event.from_user.id in settings.super_admins


async def told_twice(_: Message) -> None:
    """The update `managed_bot` says the same and more."""


async def connect(message: Message, bot: Bot, language: str, catalogue: Catalogue, database: Database) -> SendMessage:
    """The projects that lack a bot, and the bots whose token can be renewed."""
    if not (await bot.get_me()).can_manage_bots:
        return say(message, html(language, "managed.off"))
    async with database.connection() as connection:
        known = [one for one in await managed_bots(connection) if one.manager_bot_id == bot.id]
    rows = [
        [
            InlineKeyboardButton(
                text=clip(project.text(project.name, language), 60),
                callback_data=ChosenProject(project_id=project.id).pack(),
            )
        ]
        for project in catalogue.library().projects
        if project.bot is None
    ]
    renewals = [
        [
            InlineKeyboardButton(
                text=plain(language, "button.renew_token", username=one.username or one.bot_id),
                callback_data=RenewedToken(bot_id=one.bot_id).pack(),
            )
        ]
        for one in known
    ]
    return say(message, html(language, "managed.choose" if rows else "managed.none"), (rows + renewals)[:MOST_BUTTONS])


async def choose(
    press: CallbackQuery, callback_data: ChosenProject, bot: Bot, language: str, catalogue: Catalogue, redis: Redis
) -> SendMessage | None:
    await acknowledge(press)
    project = catalogue.library().project_by_id(callback_data.project_id)
    if project is None or project.bot is not None:
        return say(press, html(language, "managed.none"))
    await redis.set(_choice(bot.id, press.from_user.id), project.id, ex=CHOICE_SECONDS)
    name = project.text(project.name, language)
    wanted = KeyboardButtonRequestManagedBot(
        request_id=project.id,
        suggested_name=clip(name, NAME),
        suggested_username=f"{project.slug.replace('-', '_')[: USERNAME - 4]}_bot",
    )
    button = KeyboardButton(text=plain(language, "button.make_bot"), request_managed_bot=wanted)
    return SendMessage(
        chat_id=press.from_user.id,
        text=html(language, "managed.press", name=name),
        reply_markup=ReplyKeyboardMarkup(keyboard=[[button]], resize_keyboard=True, one_time_keyboard=True),
    )


async def made(
    event: ManagedBotUpdated,
    bot: Bot,
    project: Project,
    language: str,
    settings: Settings,
    database: Database,
    catalogue: Catalogue,
    keyring: Keyring,
    redis: Redis,
) -> SendMessage | None:
    """A bot was made, or has a new token or owner."""
    person, new = event.user, event.bot_user
    async with database.connection() as connection:
        known = await managed_bot(connection, new.id)
    if known is None and person.id not in settings.super_admins:
        log.warning("somebody made a bot for this one to manage", project_id=project.id, bot_id=new.id)
        return None
    chosen = known.project_id if known else await redis.get(_choice(bot.id, person.id))
    target = catalogue.library().project_by_id(int(chosen)) if chosen is not None else None
    if target is None:
        return _tell(person.id, html(language, "managed.choose_first", username=new.username))
    name = target.text(target.name, language)
    if target.bot is not None and target.bot.id != new.id:
        return _tell(person.id, html(language, "managed.taken", name=name, username=new.username))
    token = await bot.get_managed_bot_token(user_id=new.id)
    async with database.transaction() as connection:
        saved = await ManagedBotRepository(connection, target.id).save(
            new.id,
            username=new.username,
            sealed_token=seal(keyring, target, token),
            manager_bot_id=bot.id,
            owner_id=person.id,
        )
    if not saved:
        return _tell(person.id, html(language, "managed.taken", name=name, username=new.username))
    await catalogue.changed()
    async with database.transaction() as connection:
        # Whoever made it opens it at once: its webhook does not wait for the next tick.
        await enqueue(connection, onboarding.JOB, dedupe_key=onboarding.JOB)
    if known is not None:
        log.info("a managed bot's token was renewed", project_id=target.id, bot_id=new.id)
        if person.id not in settings.super_admins:
            return None
        return _tell(person.id, html(language, "managed.renewed", username=new.username))
    await redis.delete(_choice(bot.id, person.id))
    log.info("a managed bot was connected", project_id=target.id, bot_id=new.id)
    return _tell(person.id, html(language, "managed.connected", name=name, username=new.username))


async def renew(
    press: CallbackQuery, callback_data: RenewedToken, bot: Bot, language: str, database: Database
) -> SendMessage | None:
    """Revokes the token. The new one comes with the update `managed_bot` that Telegram sends for it."""
    await acknowledge(press)
    async with database.connection() as connection:
        known = await managed_bot(connection, callback_data.bot_id)
    if known is None or known.manager_bot_id != bot.id:
        return say(press, html(language, "managed.elsewhere"))
    await bot.replace_managed_bot_token(user_id=known.bot_id)
    return None


def _tell(person_id: int, text: str) -> SendMessage:
    return SendMessage(chat_id=person_id, text=text, reply_markup=ReplyKeyboardRemove())


def _choice(bot_id: int, person_id: int) -> str:
    return key("telegram", "managed", bot_id, person_id)
