"""The way from a chat into the Mini App, in the form that Telegram accepts for this installation's
address."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, WebAppInfo

from app.catalogue.library import Project
from app.kit.hosts import is_public
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class MiniApp:
    """`door` says how it opens: inside Telegram, in the browser by a button, or only as an address in the
    text."""

    url: str
    door: Literal["web_app", "url", "text"]

    def button(self, caption: str) -> InlineKeyboardButton | None:
        """None where Telegram would refuse the address."""
        if self.door == "text":
            return None
        if self.door == "web_app":
            return InlineKeyboardButton(text=caption, web_app=WebAppInfo(url=self.url))
        return InlineKeyboardButton(text=caption, url=self.url)

    def keyboard(self, caption: str) -> InlineKeyboardMarkup | None:
        button = self.button(caption)
        return InlineKeyboardMarkup(inline_keyboard=[[button]]) if button else None


def mini_app(settings: Settings, project: Project, path: str = "") -> MiniApp:
    """https opens inside Telegram; so does http in the test environment, which the demo uses. Elsewhere http
    gets an ordinary button, and an address that only this machine can reach gets none, for Telegram refuses
    it. `path` names a place in the app, without a leading slash."""
    url = f"{settings.public_url}/{project.slug}/{path}"
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https" or (settings.demo and "." in host):
        return MiniApp(url, "web_app")
    return MiniApp(url, "url" if is_public(host) else "text")


def link_button(caption: str, url: str) -> InlineKeyboardButton | None:
    """A button that opens an address in the browser; None for one that Telegram refuses."""
    return InlineKeyboardButton(text=caption, url=url) if is_public(urlsplit(url).hostname or "") else None
