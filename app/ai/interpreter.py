"""One interpretation from brief to outcome: safety, then the model, then the deck's own words."""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing

from redis.asyncio import Redis

from app.ai import answers, offline, safety
from app.ai.brief import Brief, DrawnCard, Kind, Outcome, Restart
from app.ai.client import Bill, Finished, ModelClient
from app.ai.faults import ModelFault
from app.ai.limits import Busy, CallLimits
from app.ai.prompts import Message, build
from app.ai.review import Review
from app.ai.safety import Danger
from app.kit.telemetry import MODEL_COST, get_logger
from app.settings import Settings

__all__ = ["Brief", "DrawnCard", "Interpreter", "Outcome", "Restart"]

log = get_logger("app.ai")

_DEFAULT_PROFILE = "default"
_TRIES = 2
Item = str | Restart | Outcome


class Interpreter:
    """Built once a process. `pace` is the pause in seconds between the pieces of a composed text."""

    def __init__(self, *, settings: Settings, redis: Redis | None, pace: float = 0.015) -> None:
        self._settings = settings
        self._pace = pace
        self._clients: dict[str, ModelClient] = {}
        self._limits = CallLimits(redis, per_project=settings.model_calls_per_project, total=settings.model_calls_total)

    async def close(self) -> None:
        """Closes the connections to the models."""
        await self._limits.close()
        for client in self._clients.values():
            await client.close()
        self._clients.clear()

    async def stream(self, brief: Brief) -> AsyncGenerator[Item, None]:
        """Pieces of text; a `Restart` voids what came before it; the last item is always the `Outcome`.

        Raises nothing for a failure of a model or of Redis: the text is then composed from the deck.
        Cancelling the task that reads, or closing the generator, hangs up on the model.
        """
        story = _Story(self._profile_name(brief), self._settings)
        danger = safety.recognise(brief)
        if danger is None and story.profile_name is not None:
            client = self._client(story.profile_name)
            async with aclosing(self._ask(client, brief, story)) as items:
                async for item in items:
                    yield item
            danger = story.refused
        if story.finish == "" or danger is not None:
            if story.shown:
                yield Restart(story.fault or "refused")
            if danger is not None:
                text = answers.compose(brief, danger)
            else:
                text = offline.compose(brief, fallback=story.profile_name is not None)
            for piece in _pieces(text):
                yield piece
                await asyncio.sleep(0 if danger is not None and danger.crisis else self._pace)
        yield story.outcome(danger)

    def has_model(self, model_profile: str | None) -> bool:
        """Whether a project with this profile is served by a model at all."""
        return self._known_profile(model_profile) is not None

    async def complete(
        self, messages: list[Message], *, project_key: str, model_profile: str | None
    ) -> tuple[str, int]:
        """A whole answer that nobody is waiting to read piece by piece, and its cost in millionths of a dollar.

        Raises `ModelFault`, also for a project without a model, and `Busy`.
        """
        name = self._known_profile(model_profile)
        if name is None:
            raise ModelFault("no_model")
        client, bill, text = self._client(name), Bill(), ""
        async with self._limits.slot(project_key, wait=self._settings.model_first_token_seconds):
            deadline = asyncio.get_running_loop().time() + self._settings.model_total_seconds
            async with aclosing(client.stream(messages, bill=bill, deadline=deadline)) as items:
                async for item in items:
                    if isinstance(item, str):
                        text += item
        cost = bill.micros(self._settings.model_profiles[name])
        if cost:
            MODEL_COST.labels(project_key, name).inc(cost)
        return text.strip(), cost

    async def _ask(self, client: ModelClient, brief: Brief, story: "_Story") -> AsyncGenerator[Item, None]:
        """The model's text; the story tells how it ended. A text that failed last is not voided here."""
        try:
            async with self._limits.slot(brief.project_key, wait=self._settings.model_first_token_seconds):
                for attempt in range(_TRIES):
                    if story.shown:
                        story.shown = False
                        yield Restart(story.fault)
                    try:
                        async with aclosing(self._try(client, brief, story)) as pieces:
                            async for piece in pieces:
                                story.shown = True
                                yield piece
                        return
                    except ModelFault as fault:
                        story.failed(fault, brief, attempt)
                        if not story.worth_another(fault):
                            return
        except Busy:
            story.fault = "busy"
            log.warning("no free slot for a model call", project=brief.project_key)

    async def _try(self, client: ModelClient, brief: Brief, story: "_Story") -> AsyncGenerator[str, None]:
        prompt = build(brief)
        review = Review(brief, prompt)
        deadline = asyncio.get_running_loop().time() + self._settings.model_total_seconds
        async with aclosing(client.stream(prompt.messages, bill=story.bill, deadline=deadline)) as items:
            async for item in items:
                if isinstance(item, Finished):
                    if rest := review.finish(cut=item.reason == "length"):
                        yield rest
                    story.finish = item.reason
                elif shown := review.feed(item):
                    yield shown

    def _profile_name(self, brief: Brief) -> str | None:
        return self._known_profile(brief.model_profile)

    def _known_profile(self, wanted: str | None) -> str | None:
        """The project's own profile if the operator knows it, else `default` if there is one."""
        profiles = self._settings.model_profiles
        if wanted in profiles:
            return wanted
        return _DEFAULT_PROFILE if _DEFAULT_PROFILE in profiles else None

    def _client(self, name: str) -> ModelClient:
        if name not in self._clients:
            self._clients[name] = ModelClient(self._settings.model_profiles[name], self._settings)
        return self._clients[name]


class _Story:
    """What happened on the way to one text. `finish` is empty until a model has brought it to its end."""

    def __init__(self, profile_name: str | None, settings: Settings) -> None:
        self.profile_name = profile_name
        self.profile = settings.model_profiles[profile_name] if profile_name else None
        self.bill = Bill()
        self.shown = False
        self.finish = ""
        self.fault = ""
        self.refused: Danger | None = None

    def failed(self, fault: ModelFault, brief: Brief, attempt: int) -> None:
        self.fault = fault.reason
        log.warning(
            "a model failed",
            project=brief.project_key,
            profile=self.profile_name,
            fault=fault.reason,
            attempt=attempt + 1,
        )
        if fault.refusal:
            self.refused = answers.NOTICED if fault.reason == "crisis" else answers.UNSPECIFIED

    def worth_another(self, fault: ModelFault) -> bool:
        """A text that broke off or went astray may come out well the second time.

        What failed before its first letter was tried again already, and a filter or a leak only comes back.
        """
        if fault.refusal or fault.reason == "prompt_leak":
            return False
        return self.shown or fault.reason in ("wrong_language", "cards_missing", "empty", "nonsense")

    def outcome(self, danger: Danger | None) -> Outcome:
        kind: Kind = answers.kind_of(danger) if danger is not None else "reading"
        offline_text = danger is not None or not self.finish
        promised = self.profile is not None
        finish = self.finish or (f"fallback:{self.fault}" if self.fault else "stop")
        if danger is not None:
            finish = "content_filter" if danger is answers.UNSPECIFIED else "safety"
        asked = self.bill.prompt_tokens or self.bill.completion_tokens or self.finish or self.fault
        return Outcome(
            kind=kind,
            offline=offline_text,
            promised_model=promised,
            profile=self.profile_name if asked else None,
            model=self.profile.model if self.profile and asked else None,
            prompt_tokens=self.bill.prompt_tokens,
            completion_tokens=self.bill.completion_tokens,
            cost_micros=self.bill.micros(self.profile) if self.profile else 0,
            finish=finish,
            # Whoever was promised a model and did not get its reading pays nothing, whatever the reason.
            free=kind in ("crisis", "refused") or (offline_text and promised),
        )


def _pieces(text: str) -> list[str]:
    """The text in handfuls of words; joined they are the text again."""
    return re.findall(r"(?:\S+\s*){1,4}", text)
