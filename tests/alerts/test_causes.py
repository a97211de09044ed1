"""What counts as the same cause, how the collector holds still under a flood, and when it is told again."""

import asyncio
import logging
import threading
from datetime import timedelta
from typing import Any

import pytest

from app.alerts.causes import Cause, Occurrences, logged, watched
from app.alerts.collector import MOST_CAUSES, Collector
from app.alerts.ledger import LocalLedger, Pace, SharedLedger, Telling
from app.alerts.messages import message
from app.kit import redis as redis_kit
from app.kit import telemetry
from app.kit.clock import utc_now
from app.kit.database import Database


def failing(kind: type[Exception] = KeyError, words: str = "x") -> Exception:
    try:
        raise kind(words)
    except kind as error:
        return error


def elsewhere() -> Exception:
    try:
        raise KeyError("x")
    except KeyError as error:
        return error


def cause(event: str = "a job failed", logger: str = "app.worker", **fields: Any) -> Cause:
    return logged({"event": event, "logger": logger, "level": "error", **fields}, process="worker")


class TestGrouping:
    def test_numbers_people_and_words_of_the_exception_do_not_matter(self) -> None:
        one = cause(job="crm.card", user=1, exc_info=failing(words="x"))
        other = cause(job="readings.write", user=2, exc_info=failing(words="y"))
        assert one.fingerprint == other.fingerprint

    def test_event_logger_type_and_place_do(self) -> None:
        found = [
            cause(exc_info=failing()),
            cause("another"),
            cause(logger="app.other", exc_info=failing()),
            cause(exc_info=failing(ValueError)),
            cause(exc_info=elsewhere()),
            cause(),
        ]
        assert len({one.fingerprint for one in found}) == len(found)

    def test_another_librarys_line_is_known_by_its_template(self) -> None:
        seen: list[Cause] = []

        def listen(event: Any) -> None:
            seen.append(logged(event, process="api"))

        telemetry.listeners.append(listen)
        try:
            for number in (17, 23):
                logging.getLogger("their.library").error("task %d of %s failed", number, f"user-{number}")
        finally:
            telemetry.listeners.remove(listen)
        first, second = seen
        assert first.title == "task 17 of user-17 failed"
        assert first.fingerprint == second.fingerprint

    def test_a_named_cause_belongs_to_the_watch(self) -> None:
        found = cause("update put aside", cause="updates", bot_id=5, exc_info=failing())
        assert (found.fingerprint, found.lasting, found.facts) == ("watch:updates", True, {"bot_id": "5"})
        assert found.exception == "KeyError: 'x'"

    def test_it_survives_being_stored(self) -> None:
        found = cause(exc_info=failing(), job="crm.card")
        assert Cause.of(found.body()) == found


class TestCollector:
    def test_a_flood_from_many_threads_is_counted_and_bounded(self) -> None:
        collector = Collector("api")

        def flood() -> None:
            for number in range(500):
                collector.listen({"event": "boom", "logger": "x", "request_id": f"r{number}"})
                collector.listen({"event": f"kind {'abcdefghijklmnopqrstuvwxyz'[number % 26] * (number + 1)}"})

        threads = [threading.Thread(target=flood) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        pending, over = collector.take()
        assert len(pending) == MOST_CAUSES
        [boom] = [one for one in pending if one.cause.title == "boom"]
        assert boom.count == 2000
        assert boom.first_request_id == "r0"
        assert over == set()
        assert collector.take() == ([], set())

    def test_what_alerts_log_themselves_does_not_alert(self) -> None:
        collector = Collector("api")
        collector.listen({"event": "an alert may not have arrived", "logger": "app.alerts.sender"})
        assert collector.take() == ([], set())

    def test_an_end_takes_back_what_is_not_told_yet(self) -> None:
        collector = Collector("api")
        collector.listen({"event": "failing", "alert": True, "cause": "catalogue"})
        collector.listen({"event": "works again", "alert": True, "over": "catalogue"})
        assert collector.take() == ([], {"watch:catalogue"})

    def test_rubbish_does_not_break_the_log(self) -> None:
        class Rude:
            def __str__(self) -> str:
                raise RuntimeError("no")

        Collector("api").listen({"event": Rude()})


PACE = Pace(30.0)


async def pass_time(ledger: SharedLedger | LocalLedger, database: Database, *, seconds: float) -> None:
    """As if what the ledger knows had been noted so much earlier."""
    past = timedelta(seconds=seconds)
    if isinstance(ledger, SharedLedger):
        async with database.connection() as connection:
            await connection.execute(
                "UPDATE alerts SET last_at = last_at - $1::interval, next_tell_at = next_tell_at - $1::interval", past
            )
        return
    for known in ledger._open.values():
        known.last_at -= past
        known.next_tell_at -= seconds


def occurrence(count: int = 1, request: str | None = None) -> Occurrences:
    return Occurrences(cause=cause(), count=count, first_request_id=request, last_request_id=request)


class TestTelling:
    @pytest.fixture(params=["shared", "local"])
    async def ledger(self, request: pytest.FixtureRequest, database: Database) -> Any:
        if request.param == "shared":
            return SharedLedger(database, PACE)
        return LocalLedger(redis_kit.connect("redis://127.0.0.1:1/0", timeout=0.1), PACE)

    async def test_first_then_quiet_then_a_summary_then_over(self, ledger: Any, database: Database) -> None:
        first = await ledger.note(occurrence(2, "one"))
        assert (first.kind, first.occurrences, first.first_request_id) == ("first", 2, "one")
        assert await ledger.note(occurrence(200, "two")) is None
        await pass_time(ledger, database, seconds=301)
        again = await ledger.note(occurrence(13, "three"))
        assert (again.kind, again.occurrences, again.fresh) == ("again", 215, 213)
        assert (again.first_request_id, again.last_request_id) == ("one", "three")
        text = message(again, "en")
        assert text.startswith("🟠 <b>again 213 times: a job failed</b>")
        assert "215 times since" in text
        # The next pause is longer.
        await pass_time(ledger, database, seconds=301)
        assert await ledger.note(occurrence(5)) is None
        assert await ledger.sweep() == []
        await pass_time(ledger, database, seconds=601)
        [over] = await ledger.sweep()
        assert (over.kind, over.occurrences) == ("over", 220)
        assert await ledger.sweep() == []
        afresh = await ledger.note(occurrence(1, "four"))
        assert (afresh.kind, afresh.occurrences, afresh.first_request_id) == ("first", 1, "four")

    async def test_of_many_at_once_one_tells(self, database: Database) -> None:
        ledgers = [SharedLedger(database, PACE) for _ in range(8)]
        told = await asyncio.gather(*(ledger.note(occurrence()) for ledger in ledgers))
        assert len([telling for telling in told if telling]) == 1

    async def test_what_somebody_still_sees_broken_is_not_over(self, database: Database) -> None:
        ledger = SharedLedger(database, PACE)
        broken = Occurrences(cause=watched("redis", process="api"))
        assert await ledger.note(broken) is not None
        assert await ledger.end(["watch:redis"]) == []
        await pass_time(ledger, database, seconds=16)
        [over] = await ledger.end(["watch:redis", "watch:worker"])
        assert message(over, "ru").startswith("🟢 <b>Прошло: Redis не отвечает</b>\nначалось ")
        assert await ledger.end(["watch:redis"]) == []


class TestWords:
    def test_nothing_in_it_is_markup_of_somebody_else(self) -> None:
        found = cause("<b>odd</b> & more", value="<script>", exc_info=failing(ValueError, "<i>"))
        text = message(Telling("first", found, 1, 1, utc_now(), utc_now(), "<r>", "<r>"), "en")
        assert "&lt;b&gt;odd&lt;/b&gt; &amp; more" in text
        assert "&lt;script&gt;" in text
        assert "&lt;i&gt;" in text
        assert "<code>&lt;r&gt;</code>" in text
