"""Writing drafts, which takes a model its time, and forgetting them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError

from app.ai import drafting
from app.ai.faults import ModelFault
from app.ai.limits import Busy
from app.crm import drafts_repository
from app.crm.drafts import brief_for
from app.crm.drafts_repository import Draft, DraftRepository
from app.crm.drafts_telegram import JOB, TEXT_CHARACTERS, offered
from app.crm.groups import GroupRepository
from app.kit.telemetry import get_logger
from app.locales import html
from app.readings import figures
from app.users.repository import UserRepository
from app.worker.container import WorkerContainer
from app.worker.port import Job, JobRegistry

log = get_logger("app.crm.drafts")


async def write(container: WorkerContainer, payload: dict[str, Any]) -> None:
    """Shows the draft in the client's topic, or says that there is none; no transaction is open meanwhile."""
    project = container.catalogue.library().project_by_id(payload["project"])
    bot = container.bots.bot(project.bot.id) if project is not None and project.bot is not None else None
    if project is None or bot is None:
        return
    async with container.database.connection() as connection:
        draft = await DraftRepository(connection, project.id).get(UUID(payload["draft"]))
        group = await GroupRepository(connection, project.id).get()
        user = await UserRepository(connection, project.id).get(draft.user_id) if draft is not None else None
        if draft is None or draft.state != "writing" or group is None or user is None or user.telegram_id is None:
            return
        brief = await brief_for(connection, project=project, user=user, draft=draft)
    try:
        text, cost = await container.interpreter.complete(
            drafting.build(brief), project_key=project.key, model_profile=project.model_profile
        )
    except (ModelFault, Busy) as error:
        log.warning("no draft", project=project.key, reason=str(error))
        text, cost = "", 0
    text = text[:TEXT_CHARACTERS].strip()
    async with container.database.transaction() as connection:
        await figures.spent(connection, project_id=project.id, micros=cost)
        drafts = DraftRepository(connection, project.id)
        if not text:
            await drafts.finish(draft.id, "failed")
        elif not await drafts.offer(draft.id, text):
            return
    try:
        if not text:
            await bot.send_message(
                draft.chat_id, html(group.language, "draft.failed"), message_thread_id=draft.thread_id
            )
            return
        message = await bot(offered(draft, text, group.language))
    except (TelegramBadRequest, TelegramForbiddenError) as error:
        log.warning("a draft has no place to be shown in", project=project.key, reason=str(error))
        return
    await _shown(container, draft, message.message_id)


async def _shown(container: WorkerContainer, draft: Draft, message_id: int) -> None:
    async with container.database.connection() as connection:
        await DraftRepository(connection, draft.project_id).shown(draft.id, message_id)


async def prune(container: WorkerContainer, _: dict[str, Any]) -> None:
    async with container.database.connection() as connection:
        await drafts_repository.prune(connection)


def register(registry: JobRegistry) -> None:
    registry.add(Job(JOB, write))
    registry.add(Job("crm.drafts_prune", prune, concurrency=1, every=timedelta(hours=1)))
