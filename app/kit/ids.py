"""Row ids: UUIDv7 (RFC 9562), so that rows made later sort later."""

import base64
from datetime import UTC, datetime
from uuid import UUID

import uuid_utils.compat


def new_id() -> UUID:
    return uuid_utils.compat.uuid7()


def made_at(row_id: UUID) -> datetime | None:
    """When an id was made, to the millisecond; `None` for one of another kind."""
    return datetime.fromtimestamp((row_id.int >> 80) / 1000, UTC) if row_id.version == 7 else None


def short(value: UUID | None) -> str:
    """22 characters, so that two of them fit into the 64 bytes of a button."""
    return base64.urlsafe_b64encode(value.bytes).rstrip(b"=").decode() if value is not None else ""


def long(value: str) -> UUID | None:
    """The other way; None for anything else."""
    try:
        return UUID(bytes=base64.urlsafe_b64decode(value + "=="))
    except ValueError:
        return None
