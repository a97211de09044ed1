"""Reply markups as the Bot API reads and refuses them."""

from dataclasses import dataclass
from typing import Any

from app.kit import json
from app.sandbox.telegram.errors import ApiError, bad_request, ours
from app.sandbox.telegram.links import check_button_url, check_link

ACTIONS = (
    "url", "callback_data", "web_app", "login_url", "switch_inline_query", "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat", "copy_text", "callback_game", "pay",
)  # fmt: skip
CALLBACK_DATA_BYTES = 64
BUTTONS = 100
PRIVATE_KEYS = {
    "request_contact": "Phone number can be requested",
    "request_location": "Location can be requested",
    "request_poll": "Poll can be requested",
    "web_app": "Web App buttons can be used",
    "request_users": "Users can be requested",
    "request_chat": "Chats can be requested",
    "request_managed_bot": "Managed bots can be requested",
}


@dataclass(frozen=True, slots=True)
class Markup:
    """What a message brings: buttons under it, or a change of the reply keyboard (`remove_keyboard` included)."""

    inline: dict[str, Any] | None = None
    keyboard: dict[str, Any] | None = None

    @property
    def rows(self) -> list[list[dict[str, Any]]]:
        """The buttons under the message."""
        return self.inline["inline_keyboard"] if self.inline else []


def check_reply_markup(markup: Any, *, private: bool, http_apps: bool) -> Markup:
    """Raises the documented 400. `http_apps`: the test environment also opens Mini Apps without TLS."""
    if markup is None:
        return Markup()
    if not isinstance(markup, dict):
        raise bad_request("Object expected as reply markup")
    if "inline_keyboard" in markup:
        rows = _rows(markup, "inline_keyboard", "InlineKeyboardMarkup")
        for button in (button for row in rows for button in row):
            _check_button(button, private=private, http_apps=http_apps)
        shown = [row for row in rows if row]
        return Markup(inline={"inline_keyboard": shown} if shown else None)
    if "keyboard" in markup:
        rows = _rows(markup, "keyboard", "ReplyKeyboardMarkup")
        named = [[{"text": button} if isinstance(button, str) else button for button in row] for row in rows]
        for button in (button for row in named for button in row):
            _check_key(button, private=private, http_apps=http_apps)
        return Markup(keyboard={**markup, "keyboard": named})
    if markup.get("remove_keyboard") or markup.get("force_reply"):
        return Markup(keyboard=markup)
    return Markup()


def _rows(markup: dict[str, Any], name: str, what: str) -> list[list[Any]]:
    rows = markup[name]
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request(f'Field "{name}" of the {what} must be an Array of Arrays')
    if sum(len(row) for row in rows) > BUTTONS:
        raise bad_request("reply markup is too long")
    return rows


def _check_key(button: Any, *, private: bool, http_apps: bool) -> None:
    """A button of a reply keyboard (tdlib/td, ReplyMarkup.cpp)."""
    if not isinstance(button, dict) or not isinstance(button.get("text"), str):
        raise bad_request("Can't parse keyboard button: Can't find field \"text\"")
    if not button["text"].strip():
        raise bad_request("Keyboard button text must be non-empty")
    for field, what in PRIVATE_KEYS.items():
        if button.get(field) and not private:
            raise bad_request(f"{what} in private chats only")
    for field in ("request_users", "request_chat", "request_managed_bot"):
        request = button.get(field)
        if request is None:
            continue
        if not isinstance(request, dict) or not isinstance(request.get("request_id"), int):
            raise bad_request("Can't parse keyboard button: Can't find field \"request_id\"")
    if chat := button.get("request_chat"):
        _check_request_chat(chat)
    if app := button.get("web_app"):
        check_link(str(app.get("url")), what="Keyboard button Web App", https_only=not http_apps, web=True)


def _check_request_chat(request: dict[str, Any]) -> None:
    mine, his = request.get("bot_administrator_rights") or {}, request.get("user_administrator_rights") or {}
    missing = [right for right, wanted in mine.items() if wanted and not his.get(right)]
    if missing:
        raise ours(f"bot_administrator_rights must be among user_administrator_rights, not so: {', '.join(missing)}")
    if "chat_is_channel" not in request:
        raise bad_request("Can't parse keyboard button: Can't find field \"chat_is_channel\"")


def _check_button(button: Any, *, private: bool, http_apps: bool) -> None:
    if not isinstance(button, dict):
        raise bad_request("Can't parse inline keyboard button: InlineKeyboardButton must be an Object")
    text = button.get("text")
    if not isinstance(text, str):
        raise bad_request("Can't parse inline keyboard button: Can't find field \"text\"")
    if not text.strip():
        raise bad_request("Inline keyboard button text must be non-empty")
    if not any(action in button for action in ACTIONS):
        raise bad_request("Can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if "url" in button:
        check_button_url(str(button["url"]))
    elif "callback_data" in button:
        if not 1 <= len(str(button["callback_data"]).encode()) <= CALLBACK_DATA_BYTES:
            raise ApiError(400, "Bad Request: BUTTON_DATA_INVALID")
    elif "web_app" in button:
        url = button["web_app"].get("url") if isinstance(button["web_app"], dict) else None
        if not isinstance(url, str):
            raise bad_request("Can't parse inline keyboard button: Can't find field \"url\"")
        check_link(url, what="Inline keyboard button Web App", https_only=not http_apps, web=True)
        if not private:
            raise ApiError(400, "Bad Request: BUTTON_TYPE_INVALID")


def decode_object(source: str, *, what: str) -> Any:
    """JSON inside a form field."""
    try:
        return json.loads(source)
    except ValueError as error:
        raise bad_request(f"Can't parse {what} JSON object") from error
