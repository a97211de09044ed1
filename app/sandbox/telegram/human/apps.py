"""Opening a Mini App: the launch data that a Telegram client puts into its address."""

import hashlib
import hmac
import secrets
import time
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, Field

from app.kit import json
from app.sandbox.telegram import posting
from app.sandbox.telegram.bots import Bot
from app.sandbox.telegram.human.common import Place, Who, desk_of, find_bot, find_person, find_place, view
from app.sandbox.telegram.links import check_link

router = APIRouter()

VERSION = "9.6"
PLATFORM = "weba"
THEME = {
    "bg_color": "#ffffff",
    "text_color": "#000000",
    "hint_color": "#707579",
    "link_color": "#3390ec",
    "button_color": "#3390ec",
    "button_text_color": "#ffffff",
    "secondary_bg_color": "#f4f4f5",
    "header_bg_color": "#ffffff",
    "accent_text_color": "#3390ec",
    "section_bg_color": "#ffffff",
    "section_header_text_color": "#707579",
    "subtitle_text_color": "#707579",
    "destructive_text_color": "#e53935",
}


class Opening(BaseModel):
    user: Who
    bot: int
    url: str = Field(max_length=2048)
    start_param: str | None = Field(None, max_length=512, pattern=r"^[A-Za-z0-9_-]*$")


@router.post("/open-app")
async def open_app(request: Request, opening: Opening) -> dict[str, Any]:
    """The address with signed launch data, as it is opened in the client's frame."""
    desk = desk_of(request)
    bot, user = find_bot(desk, opening.bot), find_person(desk, opening.user)
    if urlsplit(opening.url).scheme not in ("http", "https"):
        raise HTTPException(422, "a Mini App is a web page")
    check_link(opening.url, what="Web App", https_only=not desk.test_environment, web=True)
    data = sign(init_data(user, start_param=opening.start_param), bot)
    launch = {
        "tgWebAppData": data,
        "tgWebAppVersion": VERSION,
        "tgWebAppPlatform": PLATFORM,
        "tgWebAppThemeParams": json.dumps(THEME).decode(),
    }
    parts = urlsplit(opening.url)
    query = parts.query
    if opening.start_param:
        query = f"{query}&{urlencode({'tgWebAppStartParam': opening.start_param})}".lstrip("&")
    fragment = "&".join(part for part in (parts.fragment, urlencode(launch, quote_via=quote)) if part)
    return {"url": urlunsplit(parts._replace(query=query, fragment=fragment)), "init_data": data}


class AppData(Place):
    """What a Mini App of the reply keyboard gives to its bot, up to 4096 bytes."""

    button_text: str = Field(min_length=1)
    data: str = Field(min_length=1, max_length=4096)


@router.post("/web-app-data", status_code=201)
async def send_data(request: Request, sent: AppData) -> dict[str, Any]:
    """`WebApp.sendData`: a service message in the private chat."""
    desk = desk_of(request)
    user, chat = find_place(desk, sent)
    content = {"web_app_data": {"data": sent.data, "button_text": sent.button_text}}
    made = posting.post(desk, chat, user, content, service=True)
    return {"message": view(made, chat), "update_id": posting.announce(desk, chat, made, always=desk.bot_of(chat))}


def init_data(user: dict[str, Any], *, start_param: str | None) -> dict[str, str]:
    """The fields of a launch, unsigned (core.telegram.org/bots/webapps#webappinitdata)."""
    shown = {name: value for name, value in user.items() if name != "is_bot"} | {"allows_write_to_pm": True}
    fields = {"query_id": f"AAG{secrets.token_urlsafe(16)}", "user": json.dumps(shown).decode()}
    if start_param:
        # Opened by a direct link, which has a chat but nobody to answer.
        fields = {"user": fields["user"], "chat_instance": str(-(user["id"] * 7919)), "chat_type": "sender"}
        fields["start_param"] = start_param
    return {**fields, "auth_date": str(int(time.time()))}


def sign(fields: dict[str, str], bot: Bot) -> str:
    """A query string with `hash` by the bot's token.

    `signature` is for third parties who hold Telegram's public key; here it is only of the right form, and as
    with Telegram it takes part in the hash.
    """
    signed = {**fields, "signature": urlsafe_b64encode(secrets.token_bytes(64)).decode().rstrip("=")}
    check = "\n".join(f"{name}={signed[name]}" for name in sorted(signed))
    key = hmac.new(b"WebAppData", bot.token.encode(), hashlib.sha256).digest()
    signed["hash"] = hmac.new(key, check.encode(), hashlib.sha256).hexdigest()
    return urlencode(signed, quote_via=quote)
