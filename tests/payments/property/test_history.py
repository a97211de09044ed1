"""Any interleaving of purchases, letters (late, twice, lost, reordered, astray), refunds, disputes, renewals, readings,
gifts, time, crashes at any commit and two at once: nothing is lost, nothing happens twice, and every ledger sums.

CI tries a few histories, always the same ones. For many, which are others each time:

    ARCANA_HISTORIES=200 pytest -s -o timeout=0 tests/payments/property
    ARCANA_HISTORY_SECONDS=600 pytest -s -o timeout=0 tests/payments/property

`ARCANA_HISTORY_SHRINK=1` looks for the shortest history that fails, `ARCANA_HISTORY_TOLD=1` tells those that end well.
"""

import asyncio
import os
import time
import traceback
from dataclasses import replace
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.settings import Settings
from tests.payments.property.acts import Acts
from tests.payments.property.crashes import Crash
from tests.payments.property.history import Both, History, Step
from tests.payments.property.town import Town, open_town
from tests.payments.property.truth import Truth, digest

EXAMPLES = 6
LEAST, MOST = 30, 60

# What happens often is named often.
KINDS = (
    *["sell"] * 5, *["buy"] * 3, *["pay"] * 4, *["deliver"] * 4, *["update"] * 3, *["work"] * 4, "lose", "stray",
    "again",
    "cancel", "redeem", "redeem", "agree", "read", "read", "finish", "finish", "refund", "refund", "give_back",
    "give_back", "dispute", "dispute", "renew", "renew", "wait", "beat", "beat",
)  # fmt: skip
# Two at once: those that are about the same thing most of all.
MEETING = ("buy", "pay", "deliver", "update", "work", "work", "cancel", "redeem", "read", "finish", "refund", "beat")


def read_step(code: int) -> Step | Both | None:
    """A number as a step. Zero is none, so that a long history shrinks to the few steps that matter."""
    if code == 0:
        return None
    random = Random(code)
    if random.random() < 0.25:
        # The newest things, mostly: that is where two meet.
        first, other = (
            Step(random.choice(MEETING), random.randrange(3), random.randrange(3), random.randrange(24))
            for _ in range(2)
        )
        if random.random() < 0.4:
            # Two want the same: to buy with the last coupon, to open one gift, to do one job.
            other = replace(first, a=first.a + (first.kind == "buy"), b=first.b + (first.kind == "redeem"))
        return Both(first, other)
    crash = Crash(random.randrange(1, 8), random.random() < 0.5, random.random() < 0.5)
    a, b, c = (random.randrange(24) if random.random() < 0.5 else random.randrange(3) for _ in range(3))
    return Step(random.choice(KINDS), a, b, c, crash if random.random() < 0.35 else None)


histories = st.lists(st.integers(0, 2**32), min_size=LEAST, max_size=MOST)


async def live(town: Town, codes: list[int]) -> None:
    """One history from its beginning to its rest. What goes wrong is told with all that went before."""
    history = History(town)
    acts = Acts(history)
    try:
        await history.begin()
        other = town.project("verbena")
        await foreign_rows(town)
        async with town.api.database.connection() as connection:
            before = await digest(connection, other.id)
        for step in map(read_step, codes):
            if step is not None:
                await history.take(step, acts)
        history.tell("and everything comes to rest")
        await history.rest(acts.post, acts.handle)
        await history.check()
        async with town.api.database.connection() as connection:
            await Truth(history, connection).check()
            after = await digest(connection, other.id)
            changed = [table for table in before if before[table] != after[table]]
            assert changed == [], "rows of another project have changed"
        if os.environ.get("ARCANA_HISTORY_TOLD"):
            print("\n".join(["", "A history that ended well:", *history.story]))
    except Exception as error:  # noqa: BLE001  # whatever it is, it is told with its history
        told = "\n".join(history.story)
        raise AssertionError(f"{error}\n\n{told}\n\n{traceback.format_exc()}") from None


async def foreign_rows(town: Town) -> None:
    """Somebody of the other project has bought, and is buying."""
    person = await town.arrive("verbena", 900)
    headers = {"Authorization": f"Bearer {person.token}"}
    for number in range(2):
        body = {"package": "verbena-three", "provider": "sandbox", "expected_total": 19900, "currency": "RUB"}
        answer = await town.api.client.post(
            "/api/v1/orders", json=body, headers={**headers, "Idempotency-Key": f"{person.id}-{number}"}
        )
        assert answer.status_code == 201, answer.text
    payment = answer.json()["payment"]
    await town.client.post(f"{payment['url']}/pay")
    await town.settled()
    letter = town.letters.pop()
    answer = await town.api.client.post(letter.path, content=letter.body, headers=letter.headers)
    assert answer.status_code == 200, answer.text
    for job in await town.jobs():
        await town.run(job)
    async with town.api.database.connection() as connection:
        # Nobody looks after these while the history goes on.
        await connection.execute("UPDATE payments SET look_at = look_at + interval '1 day'")


def try_histories(town: Town, loop: asyncio.AbstractEventLoop, *, examples: int, seconds: float) -> None:
    common = settings(
        max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck), print_blob=False,
        derandomize="ARCANA_HISTORIES" not in os.environ and not seconds, report_multiple_bugs=False,
        # The smallest history that fails is worth a wait, but not in CI, where a wait is ended.
        phases=[Phase.generate, Phase.shrink] if "ARCANA_HISTORY_SHRINK" in os.environ else [Phase.generate],
    )  # fmt: skip

    @common
    @given(codes=histories)
    def any_history(codes: list[int]) -> None:
        asyncio.run_coroutine_threadsafe(live(town, codes), loop).result(120)

    end = time.monotonic() + seconds
    any_history()
    while time.monotonic() < end:
        any_history()


@pytest.mark.timeout(0 if os.environ.get("ARCANA_HISTORY_SECONDS") else 240)
async def test_any_history_ends_well(stocked_settings: Settings) -> None:
    seconds = float(os.environ.get("ARCANA_HISTORY_SECONDS", "0"))
    examples = int(os.environ.get("ARCANA_HISTORIES", "100" if seconds else str(EXAMPLES)))
    loop = asyncio.get_running_loop()
    async with open_town(stocked_settings) as town:
        await asyncio.to_thread(try_histories, town, loop, examples=examples, seconds=seconds)
