"""What broadcasts keep of a person who leaves."""

from uuid import UUID

from app.kit.database import Connection


async def erase(connection: Connection, project_id: int, user_id: UUID) -> None:
    """The rows stay for the counters, without whom they were sent to; whoever still waits is not sent anything."""
    await connection.execute(
        """
        UPDATE broadcast_recipients SET telegram_id = NULL, message_id = NULL
        WHERE project_id = $1 AND user_id = $2
        """,
        project_id, user_id,
    )  # fmt: skip
