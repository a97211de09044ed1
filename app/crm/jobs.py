"""The staff group's jobs: carrying what waits, cards that are due, groups that lack something, topics to close."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from aiogram import Bot

from app.catalogue.library import Project
from app.crm import checks, erasure, links, mirror
from app.crm.checking import recheck
from app.crm.closing import close_topic as take_out
from app.crm.contact import ContactCards
from app.crm.groups import GroupRepository, groups_to_check
from app.crm.mirror import Mirror
from app.kit.telemetry import get_logger
from app.locales import FALLBACK
from app.telegram.working import OUTAGES
from app.users.repository import UserRepository
from app.worker.container import WorkerContainer
from app.worker.port import Job, JobRegistry, enqueue

log = get_logger("app.crm.jobs")

CARD_JOB = "crm.contact_card"
# Who reads the update carries the message at once; what is older was left behind.
GRACE = timedelta(seconds=20)
TRY_AGAIN = timedelta(seconds=30)
# Telegram lets nobody edit a message of so long ago, and nobody answers it.
KEPT_FOR = timedelta(days=365)


def _bot(container: WorkerContainer, project_id: int) -> tuple[Project, Bot] | None:
    """None for a project that has left the catalogue, or has no usable token at present."""
    project = container.catalogue.library().project_by_id(project_id)
    bot = container.bots.bot(project.bot.id) if project is not None and project.bot is not None else None
    return (project, bot) if project is not None and bot is not None else None


async def carry(container: WorkerContainer, payload: dict[str, Any]) -> None:
    """What waits in one lane. An outage leaves it waiting for the sweep."""
    found = _bot(container, payload["project"])
    if found is None or found[1].id != payload["bot"]:
        return
    project, bot = found
    async with container.database.connection() as connection:
        group = await GroupRepository(connection, project.id).get()
        user = await UserRepository(connection, project.id).by_telegram_id(payload["chat"])
    if group is None or user is None:
        return
    carrier = Mirror(container.database, bot=bot, project=project, group=group, user=user)
    try:
        await carrier.give_up_expired(payload["direction"])
        await (carrier.carry_in() if payload["direction"] == "in" else carrier.carry_out())
    except OUTAGES as error:
        log.warning("messages wait", project_id=project.id, reason=type(error).__name__)


async def sweep(container: WorkerContainer, _: dict[str, Any]) -> None:
    """Finds what was left behind: by an outage, a process that died, a group that took nothing for a while."""
    async with container.database.transaction() as connection:
        for lane in await links.open_lanes(connection, grace=GRACE):
            await mirror.carry_later(connection, lane, reason="sweep")


async def find_due_cards(container: WorkerContainer, _: dict[str, Any]) -> None:
    async with container.database.transaction() as connection:
        rows = await connection.fetch(
            """
            SELECT project_id, user_id FROM staff_topics WHERE card_due_at <= now()
            ORDER BY card_due_at LIMIT 200
            """
        )
        for row in rows:
            payload = {"project": row["project_id"], "user": str(row["user_id"])}
            await enqueue(connection, CARD_JOB, payload, dedupe_key=f"{CARD_JOB}:{row['user_id']}")


async def keep_card(container: WorkerContainer, payload: dict[str, Any]) -> None:
    """One client's card. What changes from now on makes it due again."""
    project_id, user_id = payload["project"], UUID(payload["user"])
    async with container.database.transaction() as connection:
        await connection.execute(
            "UPDATE staff_topics SET card_due_at = NULL WHERE project_id = $1 AND user_id = $2", project_id, user_id
        )
        group = await GroupRepository(connection, project_id).get()
        user = await UserRepository(connection, project_id).get(user_id)
    found = _bot(container, project_id)
    if found is None or group is None or user is None or not group.ready:
        return
    try:
        await ContactCards(container.database).keep(found[1], found[0], group, user)
    except OUTAGES as error:
        log.warning("a contact card waits", project_id=project_id, reason=type(error).__name__)
        async with container.database.connection() as connection:
            await connection.execute(
                "UPDATE staff_topics SET card_due_at = now() + $3 WHERE project_id = $1 AND user_id = $2",
                project_id, user_id, TRY_AGAIN,
            )  # fmt: skip


async def check_group(container: WorkerContainer, payload: dict[str, Any]) -> None:
    found = _bot(container, payload["project"])
    if found is None:
        return
    # One at a time, or the one that looked first could be the last to write what it saw.
    async with (
        container.database.connection() as connection,
        checks.looking(connection, project_id=found[0].id) as is_mine,
    ):
        if not is_mine:
            return
        try:
            group = await recheck(container.database, found[1], found[0])
        except OUTAGES as error:
            log.warning("a staff group could not be looked at", project_id=found[0].id, reason=type(error).__name__)
            return
    if group is not None and group.ready:
        await sweep(container, {})


async def check_groups(container: WorkerContainer, _: dict[str, Any]) -> None:
    """Nothing tells a bot that topics were switched on: groups that lack something are looked at now and then."""
    async with container.database.transaction() as connection:
        for group in await groups_to_check(connection):
            await checks.check_later(connection, project_id=group.project_id)


async def close_topic(container: WorkerContainer, payload: dict[str, Any]) -> None:
    found = _bot(container, payload["project"])
    if found is None:
        return
    async with container.database.connection() as connection:
        group = await GroupRepository(connection, payload["project"]).by_chat(payload["chat"])
    try:
        await take_out(
            found[1],
            language=group.language if group else found[0].language(FALLBACK),
            chat_id=payload["chat"],
            thread_id=payload["thread"],
            card_id=payload["card"],
        )
    except OUTAGES:
        async with container.database.transaction() as connection:
            await enqueue(connection, erasure.JOB, payload, delay=TRY_AGAIN)


async def prune(container: WorkerContainer, _: dict[str, Any]) -> None:
    while True:
        async with container.database.transaction() as connection:
            gone = await links.prune(connection, older_than=KEPT_FOR)
        if gone == 0:
            return


def register(registry: JobRegistry) -> None:
    registry.add(Job(mirror.JOB, carry))
    registry.add(Job("crm.sweep", sweep, concurrency=1, every=timedelta(seconds=15)))
    registry.add(Job(CARD_JOB, keep_card, concurrency=20))
    registry.add(Job("crm.due_cards", find_due_cards, concurrency=1, every=timedelta(seconds=10)))
    registry.add(Job(checks.JOB, check_group, concurrency=10))
    registry.add(Job("crm.check_groups", check_groups, concurrency=1, every=timedelta(minutes=5)))
    registry.add(Job(erasure.JOB, close_topic, concurrency=10))
    registry.add(Job("crm.prune_links", prune, concurrency=1, every=timedelta(days=1)))
