"""Shapes of a refund that begins in WordPress."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from app.woocommerce.schemas import FromWordPress

Note = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00]*$")]
Name = Annotated[str, StringConstraints(max_length=60, pattern=r"^[^\x00-\x1f]*$")]
Amount = Annotated[int, Field(ge=0, le=10**12)]


class RefundAsked(FromWordPress):
    """`amount` and `refunded`, which the store knows to have gone back before, are in the currency's smallest units."""

    order: Annotated[UUID, Field(strict=False)]
    amount: Annotated[int, Field(ge=1, le=10**12)]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    refunded: Amount
    reason: Note = ""
    actor: Name = ""


class RefundBegun(BaseModel):
    """`state` is `wanted` or `sent` while the money is on its way, and `done` for one that was asked for before."""

    refund: UUID
    state: Literal["wanted", "sent", "done"]
