"""Versions as calls of the Bot API: to send, to edit, to delete."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

from aiogram.methods import (
    DeleteMessage,
    EditMessageCaption,
    EditMessageText,
    SendMessage,
    SendPhoto,
    SendVideo,
    TelegramMethod,
)
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, Message, WebAppInfo

from app.broadcasts.content import Button, Version
from app.broadcasts.opened import start_param
from app.broadcasts.repository import Kind
from app.catalogue.library import Project
from app.settings import Settings
from app.telegram.links import mini_app

# Each answers a Message or a bool; Bot's own type knows no union of methods.
Call = TelegramMethod[Any]


class Composer:
    """Makes the calls of one broadcast.

    `paid`: also at Telegram's price, if the installation agrees to it. `in_group`: for a look at it in the staff
    group, where Telegram takes no buttons into Mini Apps but links to them.
    """

    def __init__(
        self, settings: Settings, project: Project, broadcast_id: UUID, *, paid: bool = True, in_group: bool = False
    ) -> None:
        self._username = project.bot.username if project.bot else None
        self._in_group = in_group
        self._app = mini_app(settings, project)
        self._start_param = start_param(broadcast_id)
        self._paid = (paid and settings.broadcast_paid) or None
        self._keyboards: dict[int, InlineKeyboardMarkup | None] = {}

    def compose(self, kind: Kind, version: Version, *, chat_id: int, message_id: int | None = None) -> Call:
        """The call for one recipient; `message_id` is what an edit or a deletion is about."""
        if kind == "delete":
            return DeleteMessage(chat_id=chat_id, message_id=message_id or 0)
        if kind == "edit":
            return self._edit(version, chat_id, message_id or 0)
        return self.send(version, chat_id=chat_id)

    def send(self, version: Version, *, chat_id: int, thread_id: int | None = None) -> TelegramMethod[Message]:
        keyboard, media, caption = self._keyboard(version), version.media, version.text or None
        if media is None:
            return SendMessage(
                chat_id=chat_id,
                message_thread_id=thread_id,
                text=version.text,
                reply_markup=keyboard,
                link_preview_options=_preview(version),
                allow_paid_broadcast=self._paid,
            )
        source = media.file_id or media.url or ""
        if media.kind == "photo":
            return SendPhoto(
                chat_id=chat_id,
                message_thread_id=thread_id,
                photo=source,
                caption=caption,
                reply_markup=keyboard,
                allow_paid_broadcast=self._paid,
            )
        return SendVideo(
            chat_id=chat_id,
            message_thread_id=thread_id,
            video=source,
            caption=caption,
            reply_markup=keyboard,
            allow_paid_broadcast=self._paid,
        )

    def _edit(self, version: Version, chat_id: int, message_id: int) -> TelegramMethod[Message | bool]:
        keyboard = self._keyboard(version)
        if version.media is not None:
            return EditMessageCaption(
                chat_id=chat_id, message_id=message_id, caption=version.text or None, reply_markup=keyboard
            )
        return EditMessageText(
            chat_id=chat_id,
            message_id=message_id,
            text=version.text,
            reply_markup=keyboard,
            link_preview_options=_preview(version),
        )

    def _keyboard(self, version: Version) -> InlineKeyboardMarkup | None:
        """The same object for everybody: it is read, not changed."""
        if id(version) not in self._keyboards:
            rows = [[made for button in row if (made := self._button(button))] for row in version.buttons]
            rows = [row for row in rows if row]
            self._keyboards[id(version)] = InlineKeyboardMarkup(inline_keyboard=rows) if rows else None
        return self._keyboards[id(version)]

    def _button(self, button: Button) -> InlineKeyboardButton | None:
        """None for a way into a Mini App that only this machine can reach: Telegram refuses such a button."""
        if button.url is not None:
            return InlineKeyboardButton(text=button.text, url=button.url)
        if button.callback is not None:
            return InlineKeyboardButton(text=button.text, callback_data=button.callback)
        if self._in_group:
            link = f"https://t.me/{self._username}?startapp={self._start_param}"
            return InlineKeyboardButton(text=button.text, url=link) if self._username else None
        url = f"{self._app.url}{quote((button.app or '').lstrip('/'))}?startapp={self._start_param}"
        if self._app.door == "web_app":
            return InlineKeyboardButton(text=button.text, web_app=WebAppInfo(url=url))
        return InlineKeyboardButton(text=button.text, url=url) if self._app.door == "url" else None


def _preview(version: Version) -> LinkPreviewOptions | None:
    return None if version.link_preview else LinkPreviewOptions(is_disabled=True)


def file_id(message: Message) -> str | None:
    """Of the photo (its largest size) or video in a message."""
    if message.photo:
        return message.photo[-1].file_id
    return message.video.file_id if message.video else None
