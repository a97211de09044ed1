"""What the bots keep of a person who leaves."""

from uuid import UUID

from app.kit.database import Connection


async def erase(connection: Connection, project_id: int, user_id: UUID) -> None:
    """Kept updates of his private chat hold his name and words; to be called while his row still names him."""
    for table in ("telegram_updates", "telegram_departures"):
        await connection.execute(
            f"""
            DELETE FROM {table} USING users
            WHERE users.project_id = $1 AND users.id = $2
                AND {table}.project_id = $1 AND {table}.chat_id = users.telegram_id
            """,  # noqa: S608  # the two names above
            project_id, user_id,
        )  # fmt: skip
