"""Shapes of what WordPress and the backend say to each other."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Line = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f]*$")]
Address = Annotated[str, StringConstraints(min_length=8, max_length=2048, pattern=r"^https?://[^\x00-\x20]+$")]


class FromWordPress(BaseModel):
    """A newer plugin may say more than this backend knows."""

    model_config = ConfigDict(extra="ignore", strict=True)


class PairRequest(FromWordPress):
    url: Address
    rest_url: Address
    name: Line
    plugin_version: Line
    sealed_credentials: Annotated[str, StringConstraints(min_length=1, max_length=8192)]


class Notice(FromWordPress):
    version: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,128}$")]


class SealingKey(BaseModel):
    """`public` is base64 of the 32 bytes of an X25519 key."""

    id: str
    public: str


class Paired(BaseModel):
    store: str
    paired_at: datetime
    key: SealingKey


class NoticeTaken(BaseModel):
    accepted: bool = Field(description="The catalogue will be asked for at once.")


class SealingKeys(BaseModel):
    current: SealingKey
    accepted: list[str] = Field(description="Ids of all keys that still open what was sealed with them.")
