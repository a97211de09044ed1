"""What the staff can do with a broadcast. Every verb is one conditional transition; the edge commits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.broadcasts import content as contents
from app.broadcasts import recipients
from app.broadcasts.content import Content
from app.broadcasts.errors import BroadcastNotFound, ContentDiffers, ContentMissing, ForeignMedia, NoBot, WrongState
from app.broadcasts.repository import Broadcast, BroadcastRepository, Kind, Run, State
from app.broadcasts.schedule import At, LocalTime, Now, begins_at, enqueue_begin
from app.catalogue.library import Project
from app.crm import audit
from app.crm.audit import Actor
from app.kit.clock import utc_now
from app.kit.database import Connection

# The job that sends it to one person; see jobs.py.
TEST = "broadcasts.test"
# What a draft takes.
EDITABLE = frozenset({"title", "content", "segment"})


@dataclass(frozen=True, slots=True)
class Found:
    """A broadcast with its runs, in their order."""

    broadcast: Broadcast
    runs: list[Run]


class BroadcastService:
    """Raises `BroadcastNotFound` for an id that is not this project's, `WrongState` for a verb out of turn."""

    async def get(self, connection: Connection, project_id: int, broadcast_id: UUID) -> Found:
        broadcasts = BroadcastRepository(connection, project_id)
        broadcast = await broadcasts.get(broadcast_id)
        if broadcast is None:
            raise BroadcastNotFound
        return Found(broadcast, (await broadcasts.runs([broadcast_id]))[broadcast_id])

    async def page(
        self, connection: Connection, project_id: int, *, before: UUID | None, state: str | None, limit: int
    ) -> list[Found]:
        broadcasts = BroadcastRepository(connection, project_id)
        page = await broadcasts.page(before=before, state=state, limit=limit)
        runs = await broadcasts.runs([broadcast.id for broadcast in page])
        return [Found(broadcast, runs[broadcast.id]) for broadcast in page]

    async def create(
        self, connection: Connection, project: Project, actor: Actor, values: Mapping[str, Any]
    ) -> Broadcast:
        """A draft; `values` are title, content and segment as they are stored."""
        return await BroadcastRepository(connection, project.id).add(
            actor, {name: value for name, value in values.items() if name in EDITABLE}
        )

    async def change(
        self, connection: Connection, project_id: int, broadcast_id: UUID, values: Mapping[str, Any]
    ) -> Broadcast:
        """Only a draft changes."""
        broadcasts = BroadcastRepository(connection, project_id)
        draft = await self._locked(broadcasts, broadcast_id, "draft")
        await broadcasts.change(draft.id, {name: value for name, value in values.items() if name in EDITABLE})
        changed = await broadcasts.get(broadcast_id)
        assert changed is not None  # noqa: S101  # locked above
        return changed

    async def count(self, connection: Connection, project: Project, segment: dict[str, Any]) -> dict[str, int]:
        """How many people would get it now, by their language."""
        bot_id = project.bot.id if project.bot else 0
        return await recipients.count(connection, project_id=project.id, bot_id=bot_id, segment=segment)

    async def start(
        self,
        connection: Connection,
        project: Project,
        broadcast_id: UUID,
        schedule: Now | At | LocalTime,
        *,
        actor: Actor,
    ) -> Broadcast:
        """From a draft to `counting`, or `scheduled` for later. Raises `ContentMissing`, `NoBot`, `ForeignMedia`."""
        broadcasts = BroadcastRepository(connection, project.id)
        draft = await self._locked(broadcasts, broadcast_id, "draft")
        if not draft.content:
            raise ContentMissing
        bot_id = self._bot_id(project)
        self._check_media(draft.content, bot_id)
        now = utc_now()
        begin_at = begins_at(schedule, now=now)
        await broadcasts.change(
            draft.id,
            {
                "schedule_kind": schedule.kind,
                "begin_at": begin_at,
                "local_time": schedule.local_time if isinstance(schedule, LocalTime) else None,
                "quiet_wait_hours": schedule.quiet_wait_hours,
            },
        )
        await broadcasts.add_run(draft, run=0, kind="send", bot_id=bot_id, content=draft.content)
        at_once = begin_at <= now
        state: State = "counting" if at_once else "scheduled"
        started = await self._moved(connection, draft, state, actor=actor, action="start")
        if at_once:
            await enqueue_begin(connection, project.id, draft.id)
        return started

    async def pause(self, connection: Connection, project_id: int, broadcast_id: UUID, *, actor: Actor) -> Broadcast:
        """Nothing more is leased. One that is only scheduled becomes a draft again."""
        broadcasts = BroadcastRepository(connection, project_id)
        found = await self._locked(broadcasts, broadcast_id, "sending", "scheduled")
        if found.state == "scheduled":
            await broadcasts.drop_run(found.id, found.run)
            await broadcasts.change(found.id, {"schedule_kind": "now", "begin_at": None, "local_time": None})
        return await self._moved(
            connection, found, "draft" if found.state == "scheduled" else "paused", actor=actor, action="pause"
        )

    async def resume(self, connection: Connection, project_id: int, broadcast_id: UUID, *, actor: Actor) -> Broadcast:
        broadcasts = BroadcastRepository(connection, project_id)
        found = await self._locked(broadcasts, broadcast_id, "paused")
        return await self._moved(connection, found, "sending", actor=actor, action="resume")

    async def cancel(self, connection: Connection, project_id: int, broadcast_id: UUID, *, actor: Actor) -> Broadcast:
        """For good. What is leased ends; the beat skips the others."""
        broadcasts = BroadcastRepository(connection, project_id)
        found = await self._locked(broadcasts, broadcast_id, "draft", "counting", "scheduled", "sending", "paused")
        if found.state != "draft":
            await broadcasts.end_run(found.id, found.run, outcome="cancelled")
        return await self._moved(connection, found, "cancelled", actor=actor, action="cancel")

    async def edit(
        self, connection: Connection, project: Project, broadcast_id: UUID, content: Content, *, actor: Actor
    ) -> Broadcast:
        """Changes text and buttons of what was sent. Raises `ContentDiffers`."""
        return await self._afterwards(connection, project, broadcast_id, "edit", content, actor)

    async def delete(self, connection: Connection, project: Project, broadcast_id: UUID, *, actor: Actor) -> Broadcast:
        """Takes back what was sent within the last 48 hours."""
        return await self._afterwards(connection, project, broadcast_id, "delete", None, actor)

    async def _afterwards(
        self,
        connection: Connection,
        project: Project,
        broadcast_id: UUID,
        kind: Kind,
        content: Content | None,
        actor: Actor,
    ) -> Broadcast:
        broadcasts = BroadcastRepository(connection, project.id)
        found = await self._locked(broadcasts, broadcast_id, "done", "cancelled")
        runs = (await broadcasts.runs([found.id]))[found.id]
        if not runs:
            # It was cancelled as a draft: nobody has anything of it.
            raise WrongState(state=found.state)
        if self._bot_id(project) != runs[0].bot_id:
            raise NoBot("The bot that sent it is not this project's any more.")
        stored = found.content
        if content is not None:
            stored = self._keeping_media(found.content, content)
            await broadcasts.change(found.id, {"content": stored})
        run = runs[-1].run + 1
        await broadcasts.add_run(found, run=run, kind=kind, bot_id=runs[0].bot_id, content=stored)
        await broadcasts.change(found.id, {"run": run})
        moved = await self._moved(connection, found, "counting", actor=actor, action=kind)
        await enqueue_begin(connection, project.id, found.id)
        return moved

    @staticmethod
    def _keeping_media(former: dict[str, Any], content: Content) -> dict[str, Any]:
        """The new texts with the media that were sent; a message cannot gain, lose or change its kind."""
        stored = content.stored()
        if set(stored) != set(former):
            raise ContentDiffers(languages=sorted(former))
        for language, version in stored.items():
            sent = former[language].get("media")
            if (version.get("media") or {}).get("kind") != (sent or {}).get("kind"):
                raise ContentDiffers(languages=[language])
            if sent is not None:
                version["media"] = sent
        contents.read(stored)
        return stored

    @staticmethod
    def _bot_id(project: Project) -> int:
        if project.bot is None or not project.live:
            raise NoBot
        return project.bot.id

    @staticmethod
    def _check_media(content: dict[str, Any], bot_id: int) -> None:
        foreign = [
            language
            for language, version in content.items()
            if (media := version.get("media")) and media.get("file_id") and media.get("bot_id") not in (None, bot_id)
        ]
        if foreign:
            raise ForeignMedia(languages=foreign)

    @staticmethod
    async def _locked(broadcasts: BroadcastRepository, broadcast_id: UUID, *states: str) -> Broadcast:
        found = await broadcasts.get(broadcast_id, lock=True)
        if found is None:
            raise BroadcastNotFound
        if found.state not in states:
            raise WrongState(state=found.state)
        return found

    @staticmethod
    async def _moved(connection: Connection, found: Broadcast, state: State, *, actor: Actor, action: str) -> Broadcast:
        broadcasts = BroadcastRepository(connection, found.project_id)
        moved = await broadcasts.move(found.id, state, allowed=(found.state,))
        assert moved is not None  # noqa: S101  # its row is locked
        await audit.record(
            connection,
            project_id=found.project_id,
            actor=actor,
            action=f"broadcast.{action}",
            details={"broadcast": str(found.id), "title": found.title[:100]},
        )
        return moved


broadcasts = BroadcastService()
