"""How people come: invitations of others, campaigns, and other links. The first one wins."""

import re
import secrets
from uuid import UUID

from app.kit.database import Connection
from app.users.repository import User

# What Telegram lets a link carry (https://core.telegram.org/bots/features#deep-linking).
PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")
INVITATION, CAMPAIGN, GIFT = "ref_", "src_", "gift_"
# Without look-alikes, for a code may be read out; 8 of 31 make 850 thousand million.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
CODE_LENGTH = 8


def tidy_payload(payload: str | None) -> str | None:
    """The payload of a link, or None if there is none or it is nothing that Telegram lets a link carry."""
    return payload if payload and PAYLOAD.fullmatch(payload) else None


class ReferralRepository:
    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection = connection
        self._project_id = project_id

    async def code_of(self, user_id: UUID) -> str:
        """The code of a person's invitations, made at its first use."""
        code: str | None = await self._connection.fetchval(
            "SELECT code FROM referral_codes WHERE project_id = $1 AND user_id = $2", self._project_id, user_id
        )
        while code is None:
            # A conflict is somebody else's code, or this person's own of a moment ago.
            code = await self._connection.fetchval(
                """
                WITH made AS (
                    INSERT INTO referral_codes (project_id, user_id, code) VALUES ($1, $2, $3)
                    ON CONFLICT DO NOTHING RETURNING code
                )
                SELECT code FROM made
                UNION ALL SELECT code FROM referral_codes WHERE project_id = $1 AND user_id = $2 LIMIT 1
                """,
                self._project_id, user_id, "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH)),
            )  # fmt: skip
        return code

    async def inviter(self, code: str) -> UUID | None:
        """Whose code it is, as long as he is here."""
        found: UUID | None = await self._connection.fetchval(
            """
            SELECT c.user_id FROM referral_codes c JOIN users u ON u.project_id = c.project_id AND u.id = c.user_id
            WHERE c.project_id = $1 AND c.code = $2 AND u.state = 'active'
            """,
            self._project_id, code.lower(),
        )  # fmt: skip
        return found

    async def inviter_of(self, user_id: UUID) -> UUID | None:
        """Who brought this person."""
        found: UUID | None = await self._connection.fetchval(
            "SELECT referrer_id FROM referrals WHERE project_id = $1 AND user_id = $2", self._project_id, user_id
        )
        return found

    async def invited_by(self, user_id: UUID) -> int:
        """How many people this person brought."""
        count: int = await self._connection.fetchval(
            "SELECT count(*) FROM referrals WHERE project_id = $1 AND referrer_id = $2", self._project_id, user_id
        )
        return count

    async def note_source(self, user_id: UUID, source: str) -> bool:
        """False if it was known already."""
        noted = await self._connection.fetchval(
            "UPDATE users SET source = $3 WHERE project_id = $1 AND id = $2 AND source IS NULL RETURNING true",
            self._project_id, user_id, source,
        )  # fmt: skip
        return bool(noted)

    async def add(self, user_id: UUID, *, referrer_id: UUID) -> None:
        await self._connection.execute(
            """
            INSERT INTO referrals (project_id, user_id, referrer_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
            """,
            self._project_id, user_id, referrer_id,
        )  # fmt: skip


async def arrive(
    connection: Connection, user: User, *, payload: str | None, otherwise: str, returning: bool = False
) -> None:
    """Notes once how a person came. `ref_<code>` makes him somebody's newcomer unless he is `returning`,
    `src_<campaign>` names a campaign, any other payload is kept as it is, and without one it was `otherwise`.
    Of a gift's nothing is kept but that it was one, for its code opens it."""
    payload = tidy_payload(payload)
    repository = ReferralRepository(connection, user.project_id)
    source, inviter = payload or otherwise, None
    if payload is not None and payload.startswith(CAMPAIGN) and payload != CAMPAIGN:
        source = payload.removeprefix(CAMPAIGN)
    elif payload is not None and payload.startswith(GIFT):
        source = "gift"
    elif payload is not None and payload.startswith(INVITATION):
        inviter = await repository.inviter(payload.removeprefix(INVITATION))
        if inviter is not None and inviter != user.id:
            source = "referral"
    if await repository.note_source(user.id, source) and source == "referral" and inviter and not returning:
        await repository.add(user.id, referrer_id=inviter)


async def erase(connection: Connection, project_id: int, user_id: UUID) -> None:
    """Who somebody that leaves was brought by, and whom he brought."""
    await connection.execute(
        "DELETE FROM referrals WHERE project_id = $1 AND (user_id = $2 OR referrer_id = $2)", project_id, user_id
    )
    await connection.execute("DELETE FROM referral_codes WHERE project_id = $1 AND user_id = $2", project_id, user_id)
