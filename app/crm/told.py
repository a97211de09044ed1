"""What the staff did to a person is told to him by his bot, after the commit, at any hour."""

from uuid import UUID

from app.kit.database import Connection
from app.worker.port import enqueue

JOB = "crm.tell"


async def tell(connection: Connection, *, project_id: int, user_id: UUID, key: str, **values: str | int) -> None:
    """Sends the text `key`, in his language, if the caller's transaction is committed."""
    payload = {"project": project_id, "user": str(user_id), "key": key, "values": values}
    await enqueue(connection, JOB, payload, priority=5)
