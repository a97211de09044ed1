"""What providers tell is kept once; notices without a number count again if they meant nothing before."""

import pytest

from app.payments.events import service as events
from app.payments.port import Event
from tests.payments.stage import Shop

NUMBERED = Event("evt_1", "paid", {})
NUMBERLESS = Event("payment.succeeded:22d6d597:succeeded", "payment.succeeded", {}, numbered=False)


async def keep(shop: Shop, event: Event, *, project_id: int | None = None) -> int:
    async with shop.database.transaction() as connection:
        kept = await events.keep(connection, project_id or shop.project.id, "yookassa", "100500", [event])
    return len(kept)


async def finish(shop: Shop, state: str) -> None:
    await shop.rows("UPDATE provider_events SET state = $1, attempts = 3, note = 'x', done_at = now()", state)


class TestKeep:
    async def test_a_number_counts_once(self, shop: Shop) -> None:
        assert await keep(shop, NUMBERED) == 1
        for state in ("new", "done", "ignored", "refused", "failed"):
            await finish(shop, state)
            assert await keep(shop, NUMBERED) == 0
        assert await shop.value("SELECT count(*) FROM provider_events") == 1

    @pytest.mark.parametrize(
        ("state", "again"), [("ignored", 1), ("refused", 1), ("new", 0), ("done", 0), ("failed", 0)]
    )
    async def test_without_a_number_what_meant_nothing_is_worked_on_again(
        self, shop: Shop, state: str, again: int
    ) -> None:
        assert await keep(shop, NUMBERLESS) == 1
        await finish(shop, state)
        assert await keep(shop, NUMBERLESS) == again
        (row,) = await shop.rows("SELECT state, attempts, note, done_at FROM provider_events")
        assert (row["state"], row["attempts"]) == (("new", 0) if again else (state, 3))
        assert (row["note"] is None, row["done_at"] is None) == (bool(again), bool(again))
        assert await shop.value("SELECT count(*) FROM pgqueuer WHERE entrypoint = $1", events.JOB) == 1 + again

    async def test_another_project_cannot_wake_it(self, shop: Shop) -> None:
        other = next(row for row in shop.services.catalogue.library().projects if row.id != shop.project.id)
        await keep(shop, NUMBERLESS)
        await finish(shop, "ignored")
        assert await keep(shop, NUMBERLESS, project_id=other.id) == 0
        assert await shop.value("SELECT state FROM provider_events") == "ignored"
