"""Whom a command means: an id or @name, the client of the topic, or of the card that is replied to."""

import re
from dataclasses import dataclass

from aiogram.types import Message

from app.crm import people
from app.crm.cards.store import CardRepository
from app.crm.commands.scope import Scope
from app.crm.people import Client
from app.crm.topic_rows import TopicRepository
from app.kit.database import Connection
from app.locales import html

# In a client's topic a short number is an amount, not a client.
REFERENCE = re.compile(r"(?:(?P<slug>[a-z0-9-]+)/)?(?P<who>@\w{3,32}|\d{1,18})", re.IGNORECASE | re.ASCII)
LONG_ID = 5


@dataclass(frozen=True, slots=True)
class Target:
    """`rest` is what follows the reference; `refusal`, in HTML, says why there is no client."""

    client: Client | None
    rest: str
    refusal: str = ""


async def target(connection: Connection, scope: Scope, message: Message, arguments: str | None) -> Target:
    """Never a client of a project that is out of reach."""
    words = (arguments or "").strip()
    here = await _client_here(connection, scope, message)
    first, _, rest = words.partition(" ")
    reference = REFERENCE.fullmatch(first)
    if reference is not None and here is not None:
        who = reference["who"]
        if who.isdigit() and len(who) < LONG_ID and not reference["slug"]:
            reference = None
    if reference is None:
        if here is not None:
            return Target(here, words)
        return Target(None, words, html(scope.language, "crm.whom"))
    return await _referred(connection, scope, reference, rest.strip())


async def _referred(connection: Connection, scope: Scope, reference: re.Match[str], rest: str) -> Target:
    project_ids = scope.project_ids
    if slug := reference["slug"]:
        project = scope.by_slug(slug)
        project_ids = [project.id] if project is not None else []
    found = await people.named(connection, project_ids=project_ids, reference=reference["who"])
    if len(found) == 1:
        return Target(found[0], rest)
    if not found:
        return Target(None, rest, html(scope.language, "crm.nobody", who=reference[0]))
    projects = [scope.project(client.project_id) for client in found]
    forms = ", ".join(f"{project.slug}/{reference['who']}" for project in projects if project is not None)
    return Target(None, rest, html(scope.language, "crm.which_project", forms=forms))


async def _client_here(connection: Connection, scope: Scope, message: Message) -> Client | None:
    """The client of the card that is replied to, else of the topic."""
    if scope.group is None:
        return None
    project_id, chat_id = scope.group.project_id, scope.group.chat_id
    user_id = None
    if message.reply_to_message is not None:
        card = await CardRepository(connection, project_id).at(chat_id, message.reply_to_message.message_id)
        user_id = card.user_id if card is not None else None
    if user_id is None and message.is_topic_message and message.message_thread_id is not None:
        topic = await TopicRepository(connection, project_id).by_thread(chat_id, message.message_thread_id)
        user_id = topic.user_id if topic is not None else None
    if user_id is None:
        return None
    return await people.get(connection, project_ids=[project_id], user_id=user_id)
