"""Our check of initData against another's: whoever wrote that library read the same page of Telegram's."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote

import init_data_py
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.users.errors import InitDataExpired, InitDataInvalid
from app.users.init_data import CLOCK_SKEW, LIFETIME, TelegramPerson, clean, sign, verify

TOKEN = "700000001:SANDBOX-one"
ANOTHER = "700000002:SANDBOX-two"

text = st.text(max_size=20)
names = st.text(min_size=1, max_size=20).filter(lambda name: clean(name, 64) == name)


def signed(user: Any, *, token: str = TOKEN, at: datetime | None = None, **fields: str) -> str:
    """Signed by the library; `user` is any JSON."""
    return init_data_py.sign({"user": json.dumps(user), **fields}, token, auth_date=at or datetime.now(UTC))


def accepted_by_the_library(raw: str) -> init_data_py.User | None:
    try:
        return init_data_py.validate_by_hash(raw, TOKEN, expires_in=LIFETIME).user
    except init_data_py.errors.InitDataError:
        return None


@given(
    id=st.integers(1, 2**52 - 1),
    first_name=names,
    last_name=st.none() | names,
    username=st.none() | st.from_regex(r"[a-z_]{5,32}", fullmatch=True),
    extra=st.dictionaries(st.from_regex(r"[a-z_0-9]{1,8}", fullmatch=True), text, max_size=4),
)
def test_whatever_telegram_signs_is_accepted(
    id: int, first_name: str, last_name: str | None, username: str | None, extra: dict[str, str]
) -> None:
    assume(not extra.keys() & {"user", "auth_date", "hash", "signature", "receiver", "chat", "can_send_after"})
    user = {"id": id, "first_name": first_name, "last_name": last_name, "username": username, "new": [1]}
    assert verify(signed(user, **extra), bot_token=TOKEN) == TelegramPerson(id, first_name, last_name, username)


@given(data=st.data())
def test_what_was_touched_is_accepted_only_if_the_library_accepts_the_same_person(data: st.DataObject) -> None:
    raw = signed({"id": 77, "first_name": "Анна"}, query_id="AAE&1=b", start_param="a=b")
    match data.draw(st.sampled_from(["cut", "put", "double", "swap", "case", "drop"])):
        case "cut":
            raw = raw[: data.draw(st.integers(0, len(raw)))]
        case "put":
            at = data.draw(st.integers(0, len(raw)))
            raw = (
                raw[:at]
                + data.draw(st.sampled_from(["&", "=", "%", "%00", "%ff", "a", "&a=b", "+", ";", "ё"]))
                + raw[at:]
            )
        case "double":
            field = data.draw(st.sampled_from(raw.split("&")))
            raw = f"{raw}&{field}"
        case "swap":
            raw = "&".join(data.draw(st.permutations(raw.split("&"))))
        case "case":
            at = data.draw(st.integers(0, len(raw) - 1))
            raw = raw[:at] + raw[at].swapcase() + raw[at + 1 :]
        case "drop":
            fields = raw.split("&")
            fields.remove(data.draw(st.sampled_from(fields)))
            raw = "&".join(fields)
    user = accepted_by_the_library(raw)
    try:
        person = verify(raw, bot_token=TOKEN)
    except InitDataInvalid:
        assert user is None
    else:
        assert user is not None
        assert (person.id, person.first_name) == (user.id, user.first_name)


@given(st.text(max_size=200) | st.binary(max_size=100).map(lambda data: unquote(quote(data), errors="surrogateescape")))
def test_rubbish_is_refused_in_one_way(raw: str) -> None:
    with pytest.raises(InitDataInvalid):
        verify(raw, bot_token=TOKEN)


@pytest.mark.parametrize(
    "user",
    [
        None,
        [],
        "Anna",
        {},
        {"id": 77},
        {"first_name": "A"},
        {"id": "77", "first_name": "A"},
        {"id": True, "first_name": "A"},
        {"id": 7.5, "first_name": "A"},
        {"id": 0, "first_name": "A"},
        {"id": -5, "first_name": "A"},
        {"id": 2**52, "first_name": "A"},
        {"id": 77, "first_name": 5},
        {"id": 77, "first_name": "A", "is_bot": True},
    ],
)
def test_a_signed_user_who_is_none_is_refused(user: Any) -> None:
    with pytest.raises(InitDataInvalid):
        verify(signed(user), bot_token=TOKEN)


def test_the_token_of_another_bot_is_no_key() -> None:
    with pytest.raises(InitDataInvalid):
        verify(signed({"id": 77, "first_name": "A"}, token=ANOTHER), bot_token=TOKEN)


def test_age_is_looked_at_after_the_signature() -> None:
    """Else a forger could learn what an honest answer looks like."""
    user, now, minute = {"id": 77, "first_name": "A"}, datetime.now(UTC), timedelta(minutes=1)
    verify(signed(user, at=now - LIFETIME + minute), bot_token=TOKEN)
    verify(signed(user, at=now + CLOCK_SKEW / 2), bot_token=TOKEN)
    with pytest.raises(InitDataExpired):
        verify(signed(user, at=now - LIFETIME - minute), bot_token=TOKEN)
    with pytest.raises(InitDataInvalid):
        verify(signed(user, at=now + CLOCK_SKEW + minute), bot_token=TOKEN)
    with pytest.raises(InitDataInvalid):
        verify(signed(user, at=now - LIFETIME - minute, token=ANOTHER), bot_token=TOKEN)


def test_names_that_postgres_cannot_hold_are_mended() -> None:
    user = {"id": 77, "first_name": "A\x00" + "b" * 100, "last_name": "\x00", "username": "", "language_code": "ru"}
    assert verify(signed(user), bot_token=TOKEN) == TelegramPerson(77, "A" + "b" * 63, None, None, "ru")


def test_what_the_demo_signs_is_accepted() -> None:
    person = TelegramPerson(77, "Анна", "К", "anna", "ru")
    assert verify(sign(person, bot_token=TOKEN), bot_token=TOKEN) == person
