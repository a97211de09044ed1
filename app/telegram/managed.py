"""Bots that were made inside Telegram, for projects whose manager pasted no token
(https://core.telegram.org/bots/features#managed-bots). The library reads their tokens as it reads the catalogue's."""

from dataclasses import dataclass

from app.catalogue.library import Project
from app.kit import json
from app.kit.crypto import Keyring
from app.kit.database import Connection


@dataclass(frozen=True, slots=True)
class ManagedBot:
    bot_id: int
    project_id: int
    username: str | None
    manager_bot_id: int


def seal(keyring: Keyring, project: Project, token: str) -> str:
    """As the plugin seals, so that it opens for this project only."""
    return keyring.seal(json.dumps({"project": project.key, "token": token}))


async def managed_bots(connection: Connection) -> list[ManagedBot]:
    """Of all projects; for super-admins."""
    rows = await connection.fetch(
        "SELECT bot_id, project_id, username, manager_bot_id FROM managed_bots ORDER BY created_at"
    )
    return [ManagedBot(*row) for row in rows]


async def managed_bot(connection: Connection, bot_id: int) -> ManagedBot | None:
    row = await connection.fetchrow(
        "SELECT bot_id, project_id, username, manager_bot_id FROM managed_bots WHERE bot_id = $1", bot_id
    )
    return ManagedBot(*row) if row else None


class ManagedBotRepository:
    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection = connection
        self._project_id = project_id

    async def save(
        self, bot_id: int, *, username: str | None, sealed_token: str, manager_bot_id: int, owner_id: int
    ) -> bool:
        """A new bot, or a new token of this project's; false if the project has another one, or the bot another
        project."""
        saved = await self._connection.fetchval(
            """
            INSERT INTO managed_bots (bot_id, project_id, username, sealed_token, manager_bot_id, owner_id)
            SELECT $1, $2, $3, $4, $5, $6
            WHERE NOT EXISTS (SELECT FROM managed_bots WHERE project_id = $2 AND bot_id <> $1)
            ON CONFLICT (bot_id) DO UPDATE SET username = $3, sealed_token = $4, manager_bot_id = $5, token_at = now()
                WHERE managed_bots.project_id = $2
            RETURNING true
            """,
            bot_id, self._project_id, username, sealed_token, manager_bot_id, owner_id,
        )  # fmt: skip
        return bool(saved)
