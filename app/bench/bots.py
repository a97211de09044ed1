"""Bots: updates accepted and worked on, against the barest way to do the same; what a thousand bots cost."""

from app.bench.bots_accepting import measure_accepting
from app.bench.bots_start import BOTS, measure_start
from app.bench.bots_working import measure_working
from app.bench.figures import Result
from app.bench.stage import Stage


async def measure(stage: Stage) -> list[Result]:
    # A round of a blink only shows that the bench works.
    bots = BOTS if stage.seconds >= 0.2 else 10
    return [await measure_accepting(stage), *await measure_working(stage), *await measure_start(stage, bots=bots)]
