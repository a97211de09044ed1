"""Writing to a client in the bot's name: the buttons of cards, drafts, answers by a form."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from aiogram import Bot
from aiogram.client.default import Default
from aiogram.exceptions import TelegramAPIError, TelegramBadRequest, TelegramForbiddenError, TelegramNetworkError
from aiogram.methods import CopyMessage, SendMessage, TelegramMethod
from aiogram.types import LinkPreviewOptions, Message

from app.catalogue.library import Project
from app.crm import notices
from app.crm.contact import ContactCards
from app.crm.groups import GroupRepository, StaffGroup
from app.crm.links import Lane, LinkRepository
from app.crm.topics import CLIENT, ClientErased, GroupUnusable, Topics
from app.errors import Unavailable
from app.kit.database import Database
from app.kit.telemetry import get_logger, redact
from app.locales import html
from app.telegram.session import never_sent
from app.users.repository import User, UserRepository

log = get_logger("app.crm.writing")

TEXT_CHARACTERS = 4096
Outcome = Literal["sent", "gone", "blocked", "erased", "refused", "uncertain"]


@dataclass(frozen=True, slots=True)
class Written:
    """`sent`: `message` is in his chat. `gone`: he stopped the bot; `blocked`: we shut him out; `refused`: Telegram
    does not take it; `uncertain`: it may have arrived, and must not be sent again by itself. `reason` is Telegram's."""

    outcome: Outcome
    message: Message | None = None
    reason: str | None = None


async def write_to_client(
    database: Database,
    *,
    bot: Bot,
    project: Project,
    user: User,
    make: Callable[[int], TelegramMethod[Message]],
    heading: str | None = None,
    echo: bool = True,
) -> Written:
    """Sends what `make` gives for the client's chat id, puts it into his inbox, and shows it to the staff in his topic
    (`echo`) under `heading` (Telegram HTML), so that answers and reactions belong to it. To be called outside of a
    transaction. Outages of Telegram in which surely nothing was sent are raised."""
    async with database.connection() as connection:
        current = await UserRepository(connection, project.id).get(user.id)
        group = await GroupRepository(connection, project.id).get()
    if current is None or current.telegram_id is None:
        return Written("erased")
    if current.state == "blocked":
        return Written("blocked")
    method = make(current.telegram_id)
    try:
        message = await bot(method)
    except TelegramForbiddenError as error:
        return Written("gone", reason=error.message)
    except TelegramBadRequest as error:
        return Written("refused", reason=error.message)
    except TelegramNetworkError as error:
        if never_sent(error):
            raise
        return Written("uncertain")
    await _note(database, project, bot, current, message)
    if echo and group is not None:
        await _echo(database, bot, project, group, current, method, message, heading)
    return Written("sent", message)


async def _note(database: Database, project: Project, bot: Bot, user: User, message: Message) -> None:
    """The client has it already: a fault here changes nothing of that."""
    try:
        async with database.transaction() as connection:
            await notices.answered(
                connection,
                project_id=project.id,
                user_id=user.id,
                values=notices.says(message),
                name=f"reply:sent:{bot.id}:{message.message_id}",
            )
    except Unavailable:
        log.warning("an answer is missing in the inbox", project=project.key)


async def _echo(
    database: Database,
    bot: Bot,
    project: Project,
    group: StaffGroup,
    user: User,
    method: TelegramMethod[Message],
    message: Message,
    heading: str | None,
) -> None:
    """The client has it already: a fault here changes nothing of that."""
    topics, above = Topics(database), heading or html(group.language, "staff.echo")
    words = method if isinstance(method, SendMessage) and not method.entities else None
    together = f"{above}\n{words.text}" if words is not None else ""

    def say(chat_id: int, thread_id: int) -> SendMessage:
        return SendMessage(
            chat_id=chat_id,
            message_thread_id=thread_id,
            text=together if fits else above,
            link_preview_options=LinkPreviewOptions(is_disabled=True),
            disable_notification=True,
        )

    def copy(chat_id: int, thread_id: int) -> CopyMessage:
        return CopyMessage(
            chat_id=chat_id,
            message_thread_id=thread_id,
            from_chat_id=message.chat.id,
            message_id=message.message_id,
            disable_notification=True,
        )

    # With marks of its own the text is not ours to put together, and Telegram takes only so much.
    fits = words is not None and isinstance(words.parse_mode, Default) and len(together) <= TEXT_CHARACTERS
    try:
        shown, topic = await topics.put(bot, project, group, say, kind=CLIENT, user=user)
        shown_id = shown.message_id
        if not fits:
            copied, topic = await topics.put(bot, project, group, copy, kind=CLIENT, user=user)
            shown_id = copied.message_id
        if topic.card_message_id is None:
            await ContactCards(database).keep(bot, project, group, user)
    except (TelegramAPIError, GroupUnusable, ClientErased, Unavailable) as error:
        log.warning("the staff do not see what was sent", project=project.key, reason=redact(str(error)))
        return
    async with database.connection() as connection:
        await LinkRepository(connection, project.id).record(
            Lane(project.id, bot.id, message.chat.id, "out"),
            private_message_id=message.message_id,
            group_chat_id=group.chat_id,
            group_message_id=shown_id,
        )
