"""JSON by orjson: bytes out, bytes in."""

import hashlib
from typing import Any
from uuid import UUID

import orjson


def _plain(value: Any) -> str:
    # asyncpg gives a UUID class of its own, which orjson does not know.
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(type(value).__name__)


def dumps(value: Any) -> bytes:
    """Compact JSON; datetimes as UTC `…Z`, UUIDs as strings."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC)


def loads(data: bytes | str) -> Any:
    """Raises `ValueError` on anything that is not JSON."""
    return orjson.loads(data)


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no spaces, the form that is hashed and signed."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def digest(value: Any) -> str:
    """Hex SHA-256 of the canonical form."""
    return hashlib.sha256(canonical(value)).hexdigest()
