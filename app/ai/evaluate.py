"""Runs the cases of the evaluation through the interpreter, as the users' questions would be."""

import asyncio
import time

from redis.asyncio import Redis

from app.ai.brief import Outcome, Restart
from app.ai.evaluation import cases
from app.ai.evaluation.checks import score
from app.ai.evaluation.report import CaseResult, Report
from app.ai.interpreter import Interpreter
from app.settings import Settings

_SIMULTANEOUS = 4


class UnknownProfile(Exception):
    """The settings name no such model profile."""


async def evaluate(settings: Settings, *, profile: str | None, redis: Redis | None = None) -> Report:
    """Scores one profile, or the offline interpreter if `profile` is none. Raises `UnknownProfile`."""
    if profile is not None and profile not in settings.model_profiles:
        raise UnknownProfile(profile)
    # The offline interpreter is what serves an installation without profiles.
    profiles = {profile: settings.model_profiles[profile]} if profile else {}
    interpreter = Interpreter(settings=settings.model_copy(update={"model_profiles": profiles}), redis=redis, pace=0)
    places = asyncio.Semaphore(_SIMULTANEOUS)

    async def run(case: cases.Case) -> CaseResult:
        async with places:
            return await _run(interpreter, case)

    try:
        results = await asyncio.gather(*(run(case) for case in cases.load(profile=profile)))
    finally:
        await interpreter.close()
    model = profiles[profile].model if profile else None
    return Report(profile or "offline", model, list(results))


async def _run(interpreter: Interpreter, case: cases.Case) -> CaseResult:
    started, text, outcome = time.monotonic(), "", None
    async for item in interpreter.stream(case.brief):
        match item:
            case str():
                text += item
            case Restart():
                text = ""
            case Outcome():
                outcome = item
    assert outcome is not None  # noqa: S101 (the contract of `stream`)
    return CaseResult(
        id=case.id,
        language=case.brief.language,
        kind=outcome.kind,
        finish=outcome.finish,
        checks=score(case, text, outcome),
        seconds=round(time.monotonic() - started, 3),
        cost_micros=outcome.cost_micros,
        text=text,
    )
