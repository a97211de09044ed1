"""One-time codes: the way from the bot into the Mini App in an ordinary browser."""

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from app.catalogue.library import Project
from app.kit.database import Connection
from app.settings import Settings
from app.users.errors import LoginCodeInvalid

LIFETIME = timedelta(minutes=5)


def login_url(settings: Settings, project: Project, code: str) -> str:
    """The code is in the fragment, which browsers send to no server: it stays out of every log."""
    return f"{settings.public_url}/{project.slug}/#code={code}"


class LoginCodeRepository:
    """Codes of one project; only their hashes are kept."""

    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection = connection
        self._project_id = project_id

    async def issue(self, user_id: UUID, *, lifetime: timedelta = LIFETIME) -> str:
        """A code that signs this person in once; his former ones, and everybody's old ones, are gone then."""
        await self._connection.execute(
            "DELETE FROM login_codes WHERE project_id = $1 AND (user_id = $2 OR expires_at < now())",
            self._project_id, user_id,
        )  # fmt: skip
        code = secrets.token_urlsafe(24)
        await self._connection.execute(
            """
            INSERT INTO login_codes (code_hash, project_id, user_id, expires_at) VALUES ($1, $2, $3, now() + $4)
            """,
            _hash(code), self._project_id, user_id, lifetime,
        )  # fmt: skip
        return code

    async def redeem(self, code: str) -> UUID:
        """Whom it signs in. Raises `LoginCodeInvalid` for one that is unknown here, used or too old."""
        user_id: UUID | None = await self._connection.fetchval(
            """
            UPDATE login_codes SET used_at = now()
            WHERE code_hash = $1 AND project_id = $2 AND used_at IS NULL AND expires_at > now() RETURNING user_id
            """,
            _hash(code), self._project_id,
        )  # fmt: skip
        if user_id is None:
            raise LoginCodeInvalid
        return user_id


def _hash(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()


async def erase(connection: Connection, project_id: int, user_id: UUID) -> None:
    await connection.execute("DELETE FROM login_codes WHERE project_id = $1 AND user_id = $2", project_id, user_id)
