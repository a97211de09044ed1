"""Who is there."""

from typing import Any

from fastapi import APIRouter, Request

from app.sandbox.telegram.human.common import Person, Place, desk_of, find_place
from app.sandbox.telegram.membership import set_blocked

router = APIRouter()


@router.get("/people")
async def list_people(request: Request) -> list[dict[str, Any]]:
    """Everybody who has acted or was introduced, as `User` of the Bot API."""
    return desk_of(request).people.all()


@router.post("/people", status_code=201)
async def introduce(request: Request, person: Person) -> dict[str, Any]:
    """A new person, or what is new about a known one."""
    return desk_of(request).people.remember(person.body())


class Blocking(Place):
    blocked: bool = True


@router.post("/block")
async def block(request: Request, blocking: Blocking) -> dict[str, Any]:
    """Blocks a bot or lets it write again; the bot is told by `my_chat_member`."""
    desk = desk_of(request)
    user, chat = find_place(desk, blocking)
    return {"update_id": set_blocked(desk, chat, user, blocked=blocking.blocked)}
