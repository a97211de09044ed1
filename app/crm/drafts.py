"""Drafts of answers: what a model is told of a client, and its text."""

import re
from html import unescape
from typing import Any
from uuid import UUID

from app.ai.drafting import TALK_LIMIT, DraftBrief, PastReading
from app.catalogue.library import Project
from app.crm.drafts_repository import KEPT_FOR, Draft, DraftRepository
from app.kit.database import Connection
from app.locales import Words
from app.users.repository import User
from app.wallet.service import wallet

READINGS = 3
# Of one bot: more were not said in three days by anybody whom a draft is written for.
LOOK_BACK = 20_000
ABOUT_CHARACTERS = 5000


async def brief_for(connection: Connection, *, project: Project, user: User, draft: Draft) -> DraftBrief:
    """From the kept updates of three days, his last readings, his wallet, and what the project says of itself."""
    language = project.language(user.language)
    balances = await wallet.get(connection, project_id=project.id, user_id=user.id)
    return DraftBrief(
        project_name=project.text(project.name, language),
        voice=project.text(project.voice, language),
        about=about(project, language),
        language=language,
        address=user.address,
        gender=user.gender,
        first_name=user.first_name,
        readings=await past_readings(connection, project_id=project.id, user_id=user.id),
        balance={unit: balance.available for unit, balance in balances.items()},
        talk=await talk(connection, project=project, user=user, draft=draft),
    )


def about(project: Project, language: str) -> str:
    """What the catalogue tells of the project, its packages and their prices included."""
    words = Words(language)
    parts = [project.text(value, language) for value in (project.tagline, project.description, project.notice)]
    for package in project.packages:
        price = f"{package.price.amount / 100:g} {package.price.currency}" if package.price else ""
        stars = f"{package.stars} Telegram Stars" if package.stars else ""
        prices = ", ".join(part for part in (price, stars) if part)
        parts.append(f"- {project.text(package.name, language)}: {prices or '—'}")
    parts += [
        plain_words(words.html(key, name=project.text(project.name, language))) for key in ("help.text", "terms.text")
    ]
    return "\n".join(part for part in parts if part)[:ABOUT_CHARACTERS]


def plain_words(markup: str) -> str:
    """Telegram's HTML without its tags."""
    return unescape(re.sub(r"</?[a-z][^<>]*>", "", markup))


async def past_readings(connection: Connection, *, project_id: int, user_id: UUID) -> tuple[PastReading, ...]:
    rows = await connection.fetch(
        """
        SELECT created_at, spread ->> 'name' AS spread, question,
            ARRAY(SELECT jsonb_array_elements(drawn) -> 'card' ->> 'name') AS cards
        FROM readings
        WHERE project_id = $1 AND user_id = $2 AND state = 'finished' AND deleted_at IS NULL
            AND jsonb_typeof(drawn) = 'array'
        ORDER BY id DESC LIMIT $3
        """,
        project_id, user_id, READINGS,
    )  # fmt: skip
    return tuple(
        PastReading(row["created_at"].date().isoformat(), row["spread"] or "", tuple(row["cards"]), row["question"])
        for row in rows
    )


async def talk(connection: Connection, *, project: Project, user: User, draft: Draft) -> tuple[tuple[bool, str], ...]:
    """(whether the client said it, the words), the oldest first. Notes and commands of the staff are not part of it."""
    bot_id = project.bot.id if project.bot is not None else 0
    rows: list[Any] = await connection.fetch(
        """
        WITH recent AS (
            SELECT chat_id, received_at, payload -> 'message' AS message FROM telegram_updates
            WHERE bot_id = $1 AND project_id = $2 AND received_at > now() - $6::interval AND payload ? 'message'
            ORDER BY update_id DESC LIMIT $7
        )
        SELECT chat_id = $3 AS is_client, received_at,
            COALESCE(message ->> 'text', message ->> 'caption', '') AS words
        FROM recent
        WHERE chat_id = $3 OR chat_id = $4 AND (message ->> 'message_thread_id')::bigint = $5
        ORDER BY received_at DESC LIMIT $8
        """,
        bot_id, project.id, user.telegram_id, draft.chat_id, draft.thread_id, KEPT_FOR, LOOK_BACK, TALK_LIMIT * 2,
    )  # fmt: skip
    said = [(row["received_at"], row["is_client"], row["words"]) for row in rows]
    sent = await DraftRepository(connection, project.id).sent(user.id, limit=TALK_LIMIT)
    said += [(at, False, words) for at, words in sent]
    said.sort(key=lambda entry: entry[0])
    kept = [(bool(is_client), words) for _, is_client, words in said if words and not words.startswith("/")]
    return tuple(kept[-TALK_LIMIT:])
