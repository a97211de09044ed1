"""Telegram's signed launch parameters.

https://core.telegram.org/bots/webapps#validating-data-received-via-the-mini-app
They are checked here and signed, for the demo and the tests, by a library: two hands for one specification.
"""

import hmac
import json
import time
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from urllib.parse import parse_qsl

import init_data_py

from app.kit.clock import utc_now
from app.users.errors import InitDataExpired, InitDataInvalid
from app.users.tokens import Place

LIFETIME = timedelta(hours=24)
CLOCK_SKEW = timedelta(seconds=60)
# Telegram sends a dozen.
MOST_FIELDS = 64


@dataclass(frozen=True, slots=True)
class TelegramPerson:
    """What Telegram says of a person; `language_code` is an IETF tag or None.

    `start_param` is what the link that he came by carried, as it came. `place` is `web` only in the demo, whose guests
    sit in ordinary browsers: Telegram signs no such field.
    """

    id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None
    start_param: str | None = None
    place: Place = "telegram"


def verify(raw: str, *, bot_token: str) -> TelegramPerson:
    """Checks signature, age (24 h) and that it is not from the future (60 s of skew).

    Raises `InitDataInvalid` for forged, malformed, doubled or foreign data, `InitDataExpired` for old data.
    """
    try:
        pairs = parse_qsl(raw, keep_blank_values=True, strict_parsing=True, max_num_fields=MOST_FIELDS)
        fields = dict(pairs)
        if len(fields) != len(pairs):
            raise InitDataInvalid
        claimed = fields.pop("hash", "").lower().encode()
        # Lines are sorted, not names: "=" comes before letters but after digits.
        lines = sorted([f"{name}={value}" for name, value in fields.items()])
        if not hmac.compare_digest(_digest("\n".join(lines).encode(), _key(bot_token)), claimed):
            raise InitDataInvalid
        age = time.time() - int(fields["auth_date"])
        # Not orjson: a name may end in half a surrogate pair.
        person = json.loads(fields["user"])
        telegram_id, first_name = person["id"], person["first_name"]
    # A field that is missing or of another kind; text that cannot be encoded is a ValueError.
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise InitDataInvalid from error
    if not isinstance(first_name, str) or person.get("is_bot"):
        raise InitDataInvalid
    # Bot API ids have at most 52 significant bits; true and false are numbers to Python only.
    if type(telegram_id) is not int or not 0 < telegram_id < 2**52:
        raise InitDataInvalid
    if age < -CLOCK_SKEW.total_seconds():
        raise InitDataInvalid
    if age > LIFETIME.total_seconds():
        raise InitDataExpired
    return TelegramPerson(
        telegram_id,
        clean(first_name, 64) or "",
        clean(person.get("last_name"), 64),
        clean(person.get("username"), 32),
        clean(person.get("language_code"), 16),
        fields.get("start_param"),
        "web" if fields.get("place") == "web" else "telegram",
    )


@lru_cache(maxsize=4096)
def _key(bot_token: str) -> bytes:
    return hmac.digest(b"WebAppData", bot_token.encode(), "sha256")


def _digest(data_check_string: bytes, key: bytes) -> bytes:
    return hmac.digest(key, data_check_string, "sha256").hex().encode()


def clean(value: object, limit: int) -> str | None:
    """Postgres stores neither NUL nor half a surrogate pair, and no name is longer than Telegram allows."""
    if not isinstance(value, str):
        return None
    return value.encode("utf-8", "ignore").decode().replace("\x00", "")[:limit] or None


def sign(person: TelegramPerson, *, bot_token: str) -> str:
    """initData as Telegram would sign it for this bot; for the demo and the tests."""
    user = init_data_py.User(
        id=person.id,
        first_name=person.first_name,
        last_name=person.last_name,
        username=person.username,
        language_code=person.language_code,
    )
    # Telegram's clients send Ed25519's `signature` beside the hash, and the Mini App's SDK refuses data without it.
    fields = {"user": user.to_json(), "signature": "sandbox"}
    if person.start_param is not None:
        fields["start_param"] = person.start_param
    if person.place == "web":
        fields["place"] = person.place
    return init_data_py.sign(fields, bot_token, auth_date=utc_now())
