"""Crowds: see crowds.py."""

from typing import Any

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, Field

from app.sandbox.telegram.crowds import Crowd
from app.sandbox.telegram.human.common import desk_of, find_bot

router = APIRouter()


class NewCrowd(BaseModel):
    bot: int
    first: int = Field(gt=0, lt=2**51)
    count: int = Field(gt=0, le=1_000_000)
    blocked_every: int = Field(0, ge=0)


@router.post("/crowds", status_code=201)
async def add_crowd(request: Request, new: NewCrowd) -> dict[str, Any]:
    """People with ids from `first` on, who can be written to; only what each received is counted."""
    desk = desk_of(request)
    crowd = desk.crowds.add(
        find_bot(desk, new.bot).id, first=new.first, count=new.count, blocked_every=new.blocked_every
    )
    if crowd is None:
        raise HTTPException(409, "some of them are in another crowd")
    return crowd.body()


@router.get("/crowds/{crowd_id}")
async def read_crowd(request: Request, crowd_id: int) -> dict[str, Any]:
    """How many were reached, how many more than once, and when the first and the last message came."""
    return _crowd(request, crowd_id).body()


@router.delete("/crowds/{crowd_id}", status_code=204)
async def remove_crowd(request: Request, crowd_id: int) -> None:
    desk_of(request).crowds.remove(_crowd(request, crowd_id))


def _crowd(request: Request, crowd_id: int) -> Crowd:
    if (crowd := desk_of(request).crowds.get(crowd_id)) is None:
        raise HTTPException(404, "no such crowd")
    return crowd
