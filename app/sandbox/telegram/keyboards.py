"""Reply markups as the Bot API reads and refuses them."""

from typing import Any

from app.kit import json
from app.sandbox.telegram.errors import ApiError, bad_request
from app.sandbox.telegram.links import check_button_url, check_link

ACTIONS = (
    "url", "callback_data", "web_app", "login_url", "switch_inline_query", "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat", "copy_text", "callback_game", "pay",
)  # fmt: skip
CALLBACK_DATA_BYTES = 64
BUTTONS = 100


def check_reply_markup(markup: Any, *, private: bool, http_apps: bool) -> dict[str, Any] | None:
    """The inline keyboard that is shown under the message, if there is one; raises the documented 400.

    `http_apps`: the test environment also opens Mini Apps without TLS.
    """
    if markup is None:
        return None
    if not isinstance(markup, dict):
        raise bad_request("Object expected as reply markup")
    rows = markup.get("inline_keyboard")
    if rows is None:
        return None
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request('Field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
    buttons = [button for row in rows for button in row]
    if len(buttons) > BUTTONS:
        raise ApiError(400, "Bad Request: REPLY_MARKUP_TOO_LONG")
    for button in buttons:
        _check_button(button, private=private, http_apps=http_apps)
    return {"inline_keyboard": rows}


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
