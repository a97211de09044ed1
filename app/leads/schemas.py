"""Shapes of the API of requests."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from app.leads.phones import LONGEST
from app.leads.service import ABOUT_LIMIT, NAME_LIMIT
from app.users.schemas import Input


class LeadRequest(Input):
    """`phone` as a person writes it; a number without a country code is understood by his language."""

    name: Annotated[str, Field(min_length=1, max_length=NAME_LIMIT)]
    phone: Annotated[str, Field(min_length=5, max_length=LONGEST)]
    about: Annotated[str, Field(min_length=1, max_length=ABOUT_LIMIT)]


class Lead(BaseModel):
    """What became of a request. Nothing of one that was there before but its state: somebody else may have left it.

    `is_new` is false when a request of the last day stands and this one was not kept. `phone` is the number of a new
    one as it was understood, for people to read: `+7 926 123-45-67`.
    """

    id: UUID
    state: Literal["new", "taken", "done"]
    created_at: datetime
    is_new: bool
    phone: str | None
