"""Leaving a request: checked, kept once a day, and shown to the staff in the same breath."""

import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from app.crm.cards.store import announce
from app.errors import InvalidRequest
from app.kit.database import Connection
from app.leads import phones
from app.leads.repository import Lead, LeadRepository, Source
from app.users.repository import UserRepository
from app.users.service import admit

# Another request of the same person, or from the same number, within this time is the first one once more.
ONCE_WITHIN = timedelta(days=1)
NAME_LIMIT = 80
ABOUT_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Submitted:
    """`lead` is the one that stands; `is_new` is false when it was there before."""

    lead: Lead
    is_new: bool


@dataclass(frozen=True, slots=True)
class Request:
    """What a person writes; `clean` and `phones.normalise` have seen it."""

    name: str
    phone: str
    about: str


def clean(text: str, *, limit: int, lines: bool = False) -> str:
    """Words without control and other invisible signs; empty if nothing is left. Raises `InvalidRequest` if too long.

    `lines` keeps line breaks.
    """
    kept = "".join(
        sign if sign == "\n" and lines else " " if sign.isspace() else sign
        for sign in text
        if sign.isspace() or unicodedata.category(sign) not in ("Cc", "Cf", "Co", "Cs", "Cn") or sign == "\u200d"
    )
    result = "\n".join(" ".join(line.split()) for line in kept.split("\n")).strip()
    if len(result) > limit:
        raise InvalidRequest("This text is too long.", limit=limit)
    return result


def checked(*, name: str, phone: str, about: str, language: str) -> Request:
    """Raises `InvalidRequest` and `PhoneInvalid`."""
    request = Request(
        clean(name, limit=NAME_LIMIT),
        phones.normalise(phone, language=language),
        clean(about, limit=ABOUT_LIMIT, lines=True),
    )
    if not request.name or not request.about:
        raise InvalidRequest("A name and a few words are needed.")
    return request


async def submit(
    connection: Connection, *, project_id: int, user_id: UUID, request: Request, source: Source
) -> Submitted:
    """Keeps the request and tells the staff, or finds the one of the last day. Raises `UserBlocked`."""
    admit(await UserRepository(connection, project_id).get(user_id, lock="KEY SHARE"))
    leads = LeadRepository(connection, project_id)
    await leads.lock(f"user:{user_id}", f"phone:{request.phone}")
    if known := await leads.recent(user_id=user_id, phone=request.phone, within=ONCE_WITHIN):
        return Submitted(known, is_new=False)
    lead = await leads.add(user_id=user_id, name=request.name, phone=request.phone, about=request.about, source=source)
    await announce(connection, project_id=project_id, kind="lead", subject=str(lead.id), user_id=user_id)
    return Submitted(lead, is_new=True)


async def erase(connection: Connection, project_id: int, user_id: UUID) -> None:
    await LeadRepository(connection, project_id).delete_of_user(user_id)
