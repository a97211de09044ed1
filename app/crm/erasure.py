"""What the staff's group keeps of a person who leaves."""

from uuid import UUID

from app.crm.links import LinkRepository
from app.crm.topic_rows import TopicRepository
from app.kit.database import Connection
from app.worker.port import enqueue

JOB = "crm.close_topic"


async def erase(connection: Connection, project_id: int, user_id: UUID) -> None:
    """His topic is closed and loses his name and card, by a job after the commit; to be called while his row still
    names him. The job carries no word of him."""
    topics = TopicRepository(connection, project_id)
    for topic in await topics.of_user(user_id):
        if topic.thread_id is not None:
            payload = {
                "project": project_id,
                "chat": topic.chat_id,
                "thread": topic.thread_id,
                "card": topic.card_message_id,
            }
            await enqueue(connection, JOB, payload)
    await topics.erase(user_id)
    telegram_id = await connection.fetchval(
        "SELECT telegram_id FROM users WHERE project_id = $1 AND id = $2", project_id, user_id
    )
    if telegram_id is not None:
        await LinkRepository(connection, project_id).erase(telegram_id)
