"""The worker's side: writes leased texts, beats their hearts, and ends each with its money in one transaction."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import asyncpg

from app.ai.brief import Brief, DrawnCard, Outcome, Restart
from app.ai.interpreter import Interpreter
from app.catalogue.library import Project
from app.catalogue.service import Catalogue
from app.errors import Unavailable
from app.kit.database import Connection, Database
from app.kit.telemetry import GENERATIONS, MODEL_COST, get_logger
from app.payments.subscriptions.share import give_share_back
from app.readings.generations import FINISHED_JOB, Claim, Ending, GenerationRepository
from app.readings.questions import QuestionRepository
from app.readings.repository import ReadingRepository
from app.readings.transcripts import Publisher, Transcript
from app.wallet.service import wallet
from app.worker.port import enqueue

log = get_logger("app.readings")

CHECKPOINT_SECONDS = 1.0
# Whoever has not come back to a finished text by then is told that it waits.
UNSEEN_AFTER = timedelta(seconds=30)


@dataclass(slots=True, eq=False)
class Writing:
    claim: Claim
    transcript: Transcript
    task: "asyncio.Task[Outcome]"
    lost: bool = field(default=False)


class Writer:
    """All texts that this process is writing."""

    def __init__(
        self,
        database: Database,
        interpreter: Interpreter,
        publisher: Publisher,
        catalogue: Catalogue,
        *,
        lease_seconds: float,
    ) -> None:
        self._database = database
        self._interpreter = interpreter
        self._publisher = publisher
        self._catalogue = catalogue
        self._lease_seconds = lease_seconds
        self._writings: dict[UUID, Writing] = {}

    async def write(self, generation_id: UUID) -> None:
        """Writes one text to its end; does nothing if another worker has it or it has ended."""
        async with self._database.transaction() as connection:
            generations = GenerationRepository(connection)
            claim = await generations.claim(generation_id, lease_seconds=self._lease_seconds)
            material = await generations.material(claim) if claim else None
        if claim is None or material is None:
            return
        transcript = Transcript(claim.project_id, generation_id, claim.attempt)
        brief = make_brief(self._catalogue.library().project_by_id(claim.project_id), material)
        task = asyncio.create_task(self._stream(brief, transcript))
        writing = self._writings[generation_id] = Writing(claim, transcript, task)
        self._publisher.add(transcript)
        ended = False
        try:
            outcome = await task
            ended = await self._end(writing, material, outcome)
            if not ended:
                log.warning("lost the lease of a text", generation=str(generation_id))
        except asyncio.CancelledError:
            task.cancel()
            if not writing.lost:
                # This worker is being stopped: let the next one begin at once.
                await asyncio.shield(self._hand_over(claim))
                raise
            log.warning("lost the lease of a text", generation=str(generation_id))
        finally:
            self._writings.pop(generation_id, None)
            await self._publisher.remove(transcript, ended=ended)

    async def _stream(self, brief: Brief, transcript: Transcript) -> Outcome:
        async for item in self._interpreter.stream(brief):
            if isinstance(item, str):
                transcript.write(item)
            elif isinstance(item, Restart):
                transcript.restart()
            else:
                return item
        raise AssertionError("an interpreter ends with its outcome")

    async def _end(self, writing: Writing, material: asyncpg.Record, outcome: Outcome) -> bool:
        ending = Ending(
            state="finished",
            text=writing.transcript.text.strip(),
            kind=outcome.kind,
            offline=outcome.offline,
            free=outcome.free,
            profile=outcome.profile,
            model=outcome.model,
            prompt_tokens=outcome.prompt_tokens,
            completion_tokens=outcome.completion_tokens,
            cost_micros=outcome.cost_micros,
        )
        claim = writing.claim
        while True:
            try:
                async with self._database.transaction() as connection:
                    generations = GenerationRepository(connection)
                    await generations.lock_owner(claim)
                    if not await generations.end(claim, ending, attempt=writing.transcript.attempt):
                        return False
                    await close(connection, claim, material, free=outcome.free, state="finished")
                    if outcome.kind == "crisis":
                        await generations.add_safety_event(claim=claim, user_id=material["user_id"], kind="crisis")
                    ended = {"generation": str(claim.generation_id)}
                    await enqueue(connection, FINISHED_JOB, ended, delay=UNSEEN_AFTER)
                break
            except Unavailable:
                # The text is whole and only needs saving; the checkpoints tell if somebody else took it over.
                await asyncio.sleep(1)
        project = self._catalogue.library().project_by_id(claim.project_id)
        name = project.key if project else "gone"
        GENERATIONS.labels(name, outcome.kind, str(outcome.offline).lower(), "finished").inc()
        if outcome.cost_micros:
            MODEL_COST.labels(name, outcome.profile or "").inc(outcome.cost_micros)
        if outcome.kind == "crisis":
            log.warning("a person may be in danger", project=name, generation=str(claim.generation_id))
        return True

    async def _hand_over(self, claim: Claim) -> None:
        try:
            async with self._database.connection() as connection:
                await GenerationRepository(connection).hand_over(claim)
        except Unavailable:
            log.warning("could not hand a text over; its lease will end", generation=str(claim.generation_id))

    async def run(self) -> None:
        """Checkpoints and heartbeats of all texts, in one statement a second."""
        while True:
            await asyncio.sleep(CHECKPOINT_SECONDS)
            try:
                await self.checkpoint()
            except Unavailable:
                log.warning("checkpoints wait for the database", texts=len(self._writings))

    async def checkpoint(self) -> None:
        writings = list(self._writings.values())
        if not writings:
            return
        rows = [
            (
                writing.claim.generation_id,
                writing.claim.lease,
                writing.transcript.attempt,
                writing.transcript.text,
            )
            for writing in writings
        ]
        async with self._database.connection() as connection:
            held = await GenerationRepository(connection).checkpoint(rows, lease_seconds=self._lease_seconds)
        for writing in writings:
            current = self._writings.get(writing.claim.generation_id)
            if writing.claim.generation_id not in held and current is writing:
                writing.lost = True
                writing.task.cancel()


async def close(connection: Connection, claim: Claim, material: asyncpg.Record, *, free: bool, state: str) -> None:
    """Settles or releases what the text held, and ends its reading (or only its question)."""
    hold_id = material["question_hold_id"] if claim.question_id else material["hold_id"]
    if claim.question_id and free:
        await QuestionRepository(connection, claim.project_id).cost_nothing(claim.question_id)
    if hold_id and free:
        await wallet.release(connection, project_id=claim.project_id, hold_id=hold_id)
    elif free and claim.question_id is None and material["paid_on"] is not None:
        await give_share_back(connection, claim.project_id, material["user_id"], material["paid_on"])
    elif hold_id:
        kind = "follow_up" if claim.question_id else "reading"
        await wallet.settle(
            connection,
            project_id=claim.project_id,
            hold_id=hold_id,
            kind=kind,
            key=f"{kind}:{claim.question_id or claim.reading_id}",
        )
    readings = ReadingRepository(connection, claim.project_id)
    if claim.question_id is None:
        await readings.end(claim.reading_id, state=state)
    await readings.bury(claim.reading_id)


def make_brief(project: Project | None, material: asyncpg.Record) -> Brief:
    """From the reading's own copy; only the project's name, voice and model are today's."""
    language = material["language"]
    spread = material["spread"]
    is_follow_up = material["follow_up"] is not None
    return Brief(
        project_key=project.key if project else "",
        project_name=project.text(project.name, language) if project else "",
        voice=project.text(project.voice, language) if project else "",
        language=language,
        address=material["address"],
        gender=material["gender"],
        first_name=material["first_name"],
        spread_name=spread["name"],
        spread_description=spread["description"],
        question=material["question"],
        cards=tuple(
            DrawnCard(
                position_name=position["name"],
                position_meaning=position["meaning"],
                card_name=drawn["card"]["name"],
                reversed=drawn["reversed"],
                keywords=tuple(drawn["card"]["keywords"]["reversed" if drawn["reversed"] else "upright"]),
                meaning=drawn["card"]["meaning"]["reversed" if drawn["reversed"] else "upright"],
            )
            for position, drawn in zip(spread["positions"], material["drawn"], strict=True)
        ),
        model_profile=project.model_profile if project else None,
        interpretation=material["interpretation"] if is_follow_up else None,
        exchanges=tuple((question, answer) for question, answer in material["exchanges"]),
        follow_up=material["follow_up"],
    )
