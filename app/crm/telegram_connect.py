"""Connecting a group, moving to another one and letting it go, from the bot's own private chat.

Whoever reads the group reads all clients: only super-admins, whoever holds a one-time link, and the admins of the
group that is connected already may do it.
"""

from aiogram import Bot, F, Router
from aiogram.dispatcher.event.bases import SkipHandler
from aiogram.enums import ChatType
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramNotFound
from aiogram.filters import Command, CommandObject, CommandStart
from aiogram.methods import SendMessage
from aiogram.types import (
    CallbackQuery,
    ChatAdministratorRights,
    InaccessibleMessage,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    KeyboardButtonRequestChat,
    Message,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
)
from redis.asyncio import Redis

from app.catalogue.library import Project
from app.crm.actions import StaffAction
from app.crm.cards.store import post_waiting
from app.crm.checking import check_keyboard, recheck, state_text
from app.crm.checks import RIGHTS, inspect
from app.crm.groups import GroupRepository, GroupTaken, StaffGroup
from app.crm.invitations import PREFIX, InvitationRepository, address
from app.crm.roles import Role, Roles, role_of
from app.kit.database import Connection, Database
from app.kit.telemetry import get_logger
from app.locales import html, plain
from app.settings import Settings

log = get_logger("app.crm.connect")

REQUEST_ID = 7001


def router() -> Router:
    router = Router(name="crm connect")
    private = F.chat.type == ChatType.PRIVATE
    router.message.register(invited, private, CommandStart(deep_link=True, magic=F.args.startswith(PREFIX)))
    router.message.register(menu, Command("group"))
    router.message.register(chosen, private, F.chat_shared.request_id == REQUEST_ID)
    router.callback_query.register(pressed, StaffAction.filter())
    return router


async def invited(
    message: Message, command: CommandObject, project: Project, language: str, connection: Connection
) -> SendMessage:
    """A one-time link was opened."""
    code = (command.args or "").removeprefix(PREFIX)
    if not await InvitationRepository(connection, project.id).redeem(code, message.chat.id):
        return SendMessage(chat_id=message.chat.id, text=html(language, "staff.link_invalid"))
    return ask(message.chat.id, language)


def ask(chat_id: int, language: str) -> SendMessage:
    """The keyboard whose button lets a person choose a group; Telegram offers to give the bot its rights there."""
    needed = dict.fromkeys(RIGHTS, True)
    rights = {
        name: needed.get(name, False)
        for name, field in ChatAdministratorRights.model_fields.items()
        if field.is_required()
    }
    request = KeyboardButtonRequestChat(
        request_id=REQUEST_ID,
        chat_is_channel=False,
        chat_is_forum=True,
        bot_is_member=True,
        bot_administrator_rights=ChatAdministratorRights(**{**rights, **needed}),
        user_administrator_rights=ChatAdministratorRights(
            **{**rights, **needed, "can_promote_members": True, "can_invite_users": True}
        ),
        request_title=True,
    )
    button = KeyboardButton(text=plain(language, "button.staff_choose"), request_chat=request)
    return SendMessage(
        chat_id=chat_id,
        text=html(language, "staff.choose"),
        reply_markup=ReplyKeyboardMarkup(keyboard=[[button]], resize_keyboard=True, one_time_keyboard=True),
    )


async def may_manage(
    telegram_id: int, *, bot: Bot, project: Project, database: Database, redis: Redis, settings: Settings
) -> bool:
    """Super-admins, the admins of the connected group, and whoever holds a one-time link."""
    async with database.connection() as connection:
        group = await GroupRepository(connection, project.id).get()
        if await InvitationRepository(connection, project.id).admits(telegram_id):
            return True
    return await Roles(redis, settings).role(bot, group, telegram_id) >= Role.MANAGER


async def menu(
    message: Message,
    bot: Bot,
    project: Project,
    language: str,
    settings: Settings,
    database: Database,
    redis: Redis,
    staff: StaffGroup | None,
    role: Role,
) -> SendMessage | None:
    """`/group`: in the group what it lacks, in a private chat also the way to another one. A stranger learns
    nothing: he is answered as to any other word."""
    if message.chat.type != ChatType.PRIVATE:
        if staff is None or role < Role.MANAGER:
            return None
        group = await recheck(database, bot, project)
        return _state(message.chat.id, group, role) if group is not None else None
    allowed = await may_manage(
        message.chat.id, bot=bot, project=project, database=database, redis=redis, settings=settings
    )
    if not allowed:
        raise SkipHandler
    group = await recheck(database, bot, project)
    if group is None and role < Role.SUPER_ADMIN:
        return ask(message.chat.id, language)
    await bot(ask(message.chat.id, language))
    if group is not None:
        return _state(message.chat.id, group, role)
    return SendMessage(
        chat_id=message.chat.id,
        text=html(language, "staff.none"),
        reply_markup=InlineKeyboardMarkup(inline_keyboard=[[_button(language, "invite")]]),
    )


def _state(chat_id: int, group: StaffGroup, role: Role) -> SendMessage:
    rows = [[_button(group.language, "check")], [_button(group.language, "leave")]]
    if role == Role.SUPER_ADMIN and chat_id > 0:
        rows.append([_button(group.language, "invite")])
    return SendMessage(chat_id=chat_id, text=state_text(group), reply_markup=InlineKeyboardMarkup(inline_keyboard=rows))


def _button(language: str, action: str) -> InlineKeyboardButton:
    return InlineKeyboardButton(
        text=plain(language, f"button.staff_{action}"),
        callback_data=StaffAction(action=action).pack(),
    )


async def chosen(
    message: Message,
    bot: Bot,
    project: Project,
    language: str,
    settings: Settings,
    database: Database,
    redis: Redis,
    role: Role,
) -> SendMessage:
    """A group was chosen: looked at, and connected if nothing forbids it. What it lacks is said."""
    assert message.chat_shared is not None  # noqa: S101  # the filter
    person = message.chat.id
    allowed = await may_manage(person, bot=bot, project=project, database=database, redis=redis, settings=settings)
    if not allowed:
        return _refusal(person, language, "staff.not_allowed")
    findings = await inspect(bot, message.chat_shared.chat_id)
    if "not_group" in findings.problems or "not_member" in findings.problems:
        code = "not_group" if "not_group" in findings.problems else "not_member"
        return _refusal(person, language, f"staff.problem.{code}")
    if role < Role.SUPER_ADMIN and role_of(await bot.get_chat_member(findings.chat_id, person)) < Role.MANAGER:
        return _refusal(person, language, "staff.not_yours")
    try:
        async with database.transaction() as connection:
            groups = GroupRepository(connection, project.id)
            before = await groups.get()
            group = await groups.connect(
                findings.chat_id,
                title=findings.title or message.chat_shared.title or "",
                language=language,
                connected_by=person,
                problems=findings.problems,
            )
            await InvitationRepository(connection, project.id).spend(person)
            await post_waiting(connection, project.id)
    except GroupTaken:
        return _refusal(person, language, "staff.taken")
    log.info("a staff group is connected", project=project.key, by=person, problems=findings.problems)
    if before is not None and before.chat_id != group.chat_id:
        await _say(bot, before.chat_id, html(before.language, "staff.moved_away"))
    if before is None or before.chat_id != group.chat_id:
        await _say(bot, group.chat_id, html(group.language, "staff.welcome"))
    return SendMessage(
        chat_id=person,
        text=state_text(group),
        reply_markup=check_keyboard(group) or ReplyKeyboardRemove(remove_keyboard=True),
    )


def _refusal(chat_id: int, language: str, text_key: str) -> SendMessage:
    return SendMessage(chat_id=chat_id, text=html(language, text_key))


async def pressed(
    callback: CallbackQuery,
    callback_data: StaffAction,
    bot: Bot,
    project: Project,
    settings: Settings,
    database: Database,
    redis: Redis,
    language: str,
    role: Role,
) -> None:
    """The buttons under the state of a group, in it or in a private chat."""
    allowed = await may_manage(
        callback.from_user.id, bot=bot, project=project, database=database, redis=redis, settings=settings
    )
    if not allowed:
        await callback.answer(plain(language, "staff.not_allowed"), show_alert=True)
        return
    message = callback.message
    if callback_data.action == "invite":
        if role < Role.SUPER_ADMIN or message is None or message.chat.type != ChatType.PRIVATE:
            await callback.answer(plain(language, "staff.not_allowed"), show_alert=True)
            return
        async with database.transaction() as connection:
            code = await InvitationRepository(connection, project.id).make()
        username = project.bot.username if project.bot and project.bot.username else (await bot.me()).username
        await callback.answer()
        await _say(bot, message.chat.id, html(language, "staff.link", link=address(username or "", code)))
        return
    if callback_data.action == "check":
        group = await recheck(database, bot, project)
        await callback.answer(plain(language, "staff.checked_ready" if group and group.ready else "staff.checked"))
        if group is not None:
            await _rewrite(message, state_text(group), check_keyboard(group))
        return
    await callback.answer()
    if callback_data.action == "leave":
        keyboard = InlineKeyboardMarkup(inline_keyboard=[[_button(language, "leave_surely")]])
        await _rewrite(message, html(language, "staff.leave_question"), keyboard)
        return
    async with database.transaction() as connection:
        await GroupRepository(connection, project.id).disconnect()
    await _rewrite(message, html(language, "staff.left"), None)


async def _rewrite(
    message: Message | InaccessibleMessage | None, text: str, keyboard: InlineKeyboardMarkup | None
) -> None:
    if not isinstance(message, Message):
        return
    try:
        await message.edit_text(text, reply_markup=keyboard)
    except TelegramBadRequest as error:
        if "message is not modified" not in error.message:
            raise


async def _say(bot: Bot, chat_id: int, text: str) -> None:
    """A courtesy: the connection does not depend on it."""
    try:
        await bot(SendMessage(chat_id=chat_id, text=text))
    except (TelegramBadRequest, TelegramForbiddenError, TelegramNotFound) as error:
        log.info("a group could not be told", chat_id=chat_id, reason=error.message)
