"""Words in the chat that say that somebody may be in danger: he gets help lines at once, and the staff a card."""

from uuid import NAMESPACE_OID, uuid5

from aiogram.types import Message

from app.ai import answers
from app.ai.safety import Danger, look_for
from app.catalogue.library import Project
from app.crm.cards.store import announce
from app.kit.database import Connection
from app.readings.telegram_text import blocks
from app.users.repository import User

# A card keeps so much of what was written; all of it is in the client's topic.
WORDS_CHARACTERS = 1500


def crisis(message: Message) -> Danger | None:
    """The danger that a person may be in now, by what he writes."""
    danger = look_for(message.text or message.caption)
    return danger if danger is not None and danger.crisis else None


async def tell_staff(connection: Connection, project: Project, user: User, message: Message) -> bool:
    """Whether he has to be answered: once an hour, as the staff get a card; the same message always says the same."""
    subject = str(uuid5(NAMESPACE_OID, f"{project.id}:{message.chat.id}:{message.message_id}"))
    known = await connection.fetchval(
        """
        SELECT subject FROM staff_cards
        WHERE project_id = $1 AND user_id = $2 AND kind = 'safety' AND facts ? 'words'
            AND created_at > now() - interval '1 hour'
        ORDER BY created_at DESC LIMIT 1
        """,
        project.id, user.id,
    )  # fmt: skip
    if known is not None:
        return bool(known == subject)
    words = (message.text or message.caption or "")[:WORDS_CHARACTERS]
    await announce(
        connection, project_id=project.id, kind="safety", subject=subject, user_id=user.id, facts={"words": words}
    )
    return True


def help_text(danger: Danger, *, language: str, formal: bool, first_name: str) -> str:
    """The kind answer with the help lines, as Telegram HTML."""
    text = answers.comfort(danger, language=language, formal=formal, first_name=first_name)
    return "\n\n".join(blocks(text))
