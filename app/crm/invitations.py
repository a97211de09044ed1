"""One-time links that let somebody connect a group: for managers whom only the operator knows."""

import hashlib
import secrets
from datetime import timedelta

from app.kit.database import Connection

LIFETIME = timedelta(hours=1)
# Of a deep link's payload, which has at most 64 characters.
PREFIX = "staff_"


def _hash(code: str) -> bytes:
    # 192 random bits need no slow hash.
    return hashlib.sha256(code.encode()).digest()


def address(username: str, code: str) -> str:
    """Where whoever opens it first may connect a group."""
    return f"https://t.me/{username}?start={PREFIX}{code}"


class InvitationRepository:
    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection = connection
        self._project_id = project_id

    async def make(self) -> str:
        """A new code, which is kept only as a hash."""
        code = secrets.token_urlsafe(24)
        await self._connection.execute("DELETE FROM staff_invitations WHERE expires_at < now()")
        await self._connection.execute(
            "INSERT INTO staff_invitations (code_hash, project_id, expires_at) VALUES ($1, $2, now() + $3)",
            _hash(code), self._project_id, LIFETIME,
        )  # fmt: skip
        return code

    async def redeem(self, code: str, telegram_id: int) -> bool:
        """True for the first who comes with a code that is not yet an hour old, and for him again."""
        redeemed = await self._connection.fetchval(
            """
            UPDATE staff_invitations SET used_by = $3, used_at = coalesce(used_at, now())
            WHERE code_hash = $2 AND project_id = $1 AND expires_at > now() AND coalesce(used_by, $3) = $3
            RETURNING true
            """,
            self._project_id, _hash(code), telegram_id,
        )  # fmt: skip
        return bool(redeemed)

    async def admits(self, telegram_id: int) -> bool:
        """True for somebody who redeemed a code that has not run out yet."""
        found = await self._connection.fetchval(
            "SELECT true FROM staff_invitations WHERE project_id = $1 AND used_by = $2 AND expires_at > now() LIMIT 1",
            self._project_id, telegram_id,
        )  # fmt: skip
        return bool(found)

    async def spend(self, telegram_id: int) -> None:
        """He has connected his group: what lets him do more is that he manages it."""
        await self._connection.execute(
            "DELETE FROM staff_invitations WHERE project_id = $1 AND used_by = $2", self._project_id, telegram_id
        )
