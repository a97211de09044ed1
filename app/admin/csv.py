"""Rows as CSV (RFC 4180) that a spreadsheet opens without running anything of it."""

import csv
import io
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

# Spreadsheets take what begins so for a formula: https://owasp.org/www-community/attacks/CSV_Injection
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def cell(value: Any) -> str:
    """Texts that a spreadsheet would compute begin with an apostrophe; numbers of ours stay numbers."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = str(value).replace("\x00", "")
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text


def line(values: Iterable[Any]) -> bytes:
    file = io.StringIO()
    csv.writer(file).writerow([cell(value) for value in values])
    return file.getvalue().encode()


async def stream(header: Iterable[str], rows: AsyncIterator[Iterable[Any]]) -> AsyncIterator[bytes]:
    """In pieces of some kilobytes; it begins with the mark by which spreadsheets know UTF-8."""
    buffer = bytearray(b"\xef\xbb\xbf" + line(header))
    async for row in rows:
        buffer += line(row)
        if len(buffer) > 16_384:
            yield bytes(buffer)
            buffer.clear()
    yield bytes(buffer)
