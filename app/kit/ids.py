"""Row ids: UUIDv7 (RFC 9562), so that rows made later sort later."""

from datetime import UTC, datetime
from uuid import UUID

import uuid_utils.compat


def new_id() -> UUID:
    return uuid_utils.compat.uuid7()


def made_at(row_id: UUID) -> datetime | None:
    """When an id was made, to the millisecond; `None` for one of another kind."""
    return datetime.fromtimestamp((row_id.int >> 80) / 1000, UTC) if row_id.version == 7 else None
