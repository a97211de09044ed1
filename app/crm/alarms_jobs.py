"""Super-admins hear in private of a person in danger whose card no group takes: at once, with all that they need."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from app.alerts.bot_api import language_of, opened, speakers
from app.alerts.ledger import Pace
from app.catalogue.library import Project
from app.crm.alarms import (
    ALERT_JOB,
    FORGET_JOB,
    AlarmRepository,
    Sign,
    enqueue_alert,
    forget_later,
    unheard_people,
)
from app.crm.cards.render import client_line
from app.crm.checks import in_words
from app.crm.contacts import ContactRepository
from app.crm.groups import GroupRepository, StaffGroup
from app.kit.telemetry import get_logger
from app.locales import html, plain
from app.users.repository import User, UserRepository
from app.worker.container import WorkerContainer
from app.worker.port import Job, JobRegistry, enqueue

log = get_logger("app.crm.alarms")

QUESTION_CHARACTERS = 700
# The card has been tried by then.
LOST_AFTER = timedelta(seconds=20)
TRY_AGAIN = timedelta(minutes=1)


async def alert(container: WorkerContainer, payload: dict[str, Any]) -> None:
    """The first sign of a person at once; what follows from him together, at the growing intervals of all alerts.

    Without anybody who could be reached it is tried again by the beat: twice is better than never.
    """
    project_id, user_id = payload["project"], UUID(payload["user"])
    settings = container.settings
    if not settings.super_admins:
        log.error("a person may be in danger, and nobody can be told", project_id=project_id)
        return
    async with container.database.connection() as connection:
        alarms = AlarmRepository(connection, project_id, user_id)
        signs = await alarms.unheard()
        often, ago = await alarms.told()
        user = await UserRepository(connection, project_id).get(user_id)
        group = await GroupRepository(connection, project_id).get()
        phone = await ContactRepository(connection, project_id).phone(user_id)
    if not signs or user is None or user.telegram_id is None:
        return
    if often and ago < Pace(settings.alert_patience_seconds).pause(often):
        return
    library = container.catalogue.library()
    project = library.project_by_id(project_id)
    text = compose(signs, user, group, project, phone=phone, language=language_of(settings, library, first=project))
    messages = await _tell(container, text, speakers(settings, library, first=project))
    if messages is None:
        log.error("no super-admin can be told that a person may be in danger", project_id=project_id)
        return
    async with container.database.transaction() as connection:
        current = await UserRepository(connection, project_id).get(user_id, lock="KEY SHARE")
        if current is None or current.state == "erased":
            await forget_later(connection, messages)
            return
        await AlarmRepository(connection, project_id, user_id).alerted([sign.card_id for sign in signs], messages)


async def _tell(container: WorkerContainer, text: str, tokens: list[str]) -> list[dict[str, Any]] | None:
    """Where it was told; None if nobody has it. A person in danger does not wait for the last of the admins."""
    found: list[dict[str, Any]] = []
    reached = False
    async with opened(container.settings) as telegram:
        for recipient in container.settings.super_admins:
            for token in tokens:
                answer = await telegram.send(token, recipient, text)
                if answer.outcome in ("sent", "uncertain"):
                    reached = True
                    if answer.message_id is not None:
                        bot_id = int(token.partition(":")[0])
                        found.append({"bot": bot_id, "chat": recipient, "id": answer.message_id})
                    break
            else:
                log.warning("a super-admin was not told of a person in danger", person=recipient)
    return found if reached else None


def compose(
    signs: list[Sign],
    user: User,
    group: StaffGroup | None,
    project: Project | None,
    *,
    phone: str | None,
    language: str,
) -> str:
    """Telegram HTML: who, where, what was asked, how to write to him, and why no card was posted."""
    last = signs[-1]
    slug = project.slug if project is not None else "?"
    name = project.text(project.name, language) if project is not None else slug
    lines = [
        html(language, "alert.danger", project=name, slug=slug, time=last.created_at.strftime("%d.%m %H:%M UTC")),
        said(last, language),
    ]
    if len(signs) > 1:
        lines.append(html(language, "alert.danger.more", count=len(signs) - 1))
    lines += [
        "",
        client_line(user, phone, language),
        html(language, "alert.danger.write", id=user.telegram_id or 0),
        "",
    ]
    if group is None:
        lines.append(html(language, "alert.danger.no_group", slug=slug))
    else:
        lines.append(html(language, "alert.danger.group", title=group.title))
        if group.problems:
            lines.append(in_words(group.problems, language))
    return "\n".join(lines)


def said(sign: Sign, language: str) -> str:
    if sign.words is not None:
        return html(language, "alert.danger.words", words=_clip(sign.words))
    if sign.gone:
        return html(language, "alert.danger.gone")
    return html(language, "alert.danger.question", spread=sign.spread, question=_clip(sign.question))


def _clip(question: str) -> str:
    return question if len(question) <= QUESTION_CHARACTERS else question[: QUESTION_CHARACTERS - 1] + "…"


async def find_unheard(container: WorkerContainer, _: dict[str, Any]) -> None:
    """People of whom nobody has heard, whatever failed: a job, a bot, a group, Telegram."""
    if not container.settings.super_admins:
        return
    async with container.database.transaction() as connection:
        for project_id, user_id in await unheard_people(connection, since=LOST_AFTER):
            await enqueue_alert(connection, project_id=project_id, user_id=user_id)


async def forget(container: WorkerContainer, payload: dict[str, Any]) -> None:
    """Empties messages about somebody who has erased himself."""
    settings, library = container.settings, container.catalogue.library()
    tokens = speakers(settings, library)
    tokens += [project.bot.token.get_secret_value() for project in library.projects if project.bot]
    by_bot = {int(token.partition(":")[0]): token for token in tokens}
    text = plain(language_of(settings, library), "card.erased")
    left = []
    async with opened(container.settings) as telegram:
        for message in payload["messages"]:
            token = by_bot.get(message["bot"])
            if token and not await telegram.edit(token, message["chat"], message["id"], text):
                left.append(message)
    if left:
        async with container.database.transaction() as connection:
            await enqueue(connection, FORGET_JOB, {"messages": left}, delay=TRY_AGAIN)


def register(registry: JobRegistry) -> None:
    registry.add(Job(ALERT_JOB, alert, priority=20))
    registry.add(Job(FORGET_JOB, forget))
    registry.add(Job("crm.alarms_unheard", find_unheard, concurrency=1, every=timedelta(seconds=30)))
