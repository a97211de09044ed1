"""Telegram's signed launch parameters (https://core.telegram.org/bots/webapps#validating-data-received-via-the-mini-app)."""

from dataclasses import dataclass
from datetime import timedelta

import init_data_py
from init_data_py import errors

from app.kit.clock import utc_now
from app.users.errors import InitDataExpired, InitDataInvalid

LIFETIME = timedelta(hours=24)
CLOCK_SKEW = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class TelegramPerson:
    """What Telegram says of a person; `language_code` is an IETF tag or None."""

    id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None


def verify(raw: str, *, bot_token: str) -> TelegramPerson:
    """Checks signature, age (24 h) and that it is not from the future (60 s of skew).

    Raises `InitDataInvalid` for forged, malformed, doubled or foreign data, `InitDataExpired` for old data.
    """
    try:
        data = init_data_py.parse(raw)
        init_data_py.validate_by_hash(data, bot_token, expires_in=LIFETIME)
    except errors.ExpiredError as error:
        raise InitDataExpired from error
    except errors.InitDataError as error:
        raise InitDataInvalid from error
    if data.issued_at > utc_now() + CLOCK_SKEW or data.user is None or data.user.is_bot:
        raise InitDataInvalid
    person = data.user
    # Bot API ids have at most 52 significant bits.
    if not 0 < person.id < 2**52:
        raise InitDataInvalid
    return TelegramPerson(
        person.id,
        clean(person.first_name, 64) or "",
        clean(person.last_name, 64),
        clean(person.username, 32),
        clean(person.language_code, 16),
    )


def clean(value: str | None, limit: int) -> str | None:
    """Postgres stores neither NUL nor half a surrogate pair, and no name is longer than Telegram allows."""
    if not value:
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
    return init_data_py.sign({"user": user.to_json(), "signature": "sandbox"}, bot_token, auth_date=utc_now())
