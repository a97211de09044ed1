"""Every bench runs, for a blink, and says what it measured in the documented shape. Nothing here looks at speed."""

import re
from pathlib import Path
from typing import Any

import pytest

from app.bench import report, run
from app.bench.cores import Cores
from app.bench.emitter import read_stamp, stamp
from app.bench.figures import Figure, Spread, quantile
from app.bench.pgbench import Pgbench, PgbenchFailed, Tape, Turns, steady_rate
from app.kit import json
from app.kit.database import Database
from app.kit.ids import new_id
from tests.conftest import Servers

ANYWHERE = Cores(frozenset(), frozenset())
SIDE = {"name", "rate", "p50_ms", "p99_ms", "max_ms", "cpu_us", "busy", "load_busy", "longest_gc_ms"}


async def measure(name: str, servers: Servers, database_url: str, **changes: Any) -> dict[str, dict[str, Any]]:
    """The results by name, as they come out of the JSON file."""
    options = {"seconds": 0.02, "rounds": 2, "streams": 3, "recipients": 40, **changes}
    document = await run.measure(
        [name], database_url=database_url, redis_url=servers.redis_url, cores=ANYWHERE, **options
    )
    assert document["format"] == 1
    assert document["machine"]["python"].startswith("3.")
    assert document["cores"] == {"server": "any", "load": "any", "postgres_and_redis": "any"}
    results = json.loads(json.dumps(document))["results"]
    return {result["name"]: result for result in results}


def check_comparison(result: dict[str, Any], *, rounds: int = 2) -> None:
    assert result["kind"] == "comparison"
    assert len(result["rounds"]) == rounds
    ratio = result["ratio"]
    assert 0 < ratio["low"] <= ratio["median"] <= ratio["high"]
    assert result["met"] == (ratio["median"] >= result["goal"])
    for side in (result["ours"], result["reference"]):
        assert set(side) == SIDE
        assert 0 < side["p50_ms"] <= side["p99_ms"] <= side["max_ms"]
        assert side["rate"] > 0


class TestBenches:
    async def test_catalogue(self, servers: Servers, stocked_url: str) -> None:
        results = await measure("catalogue", servers, stocked_url)
        assert list(results) == [
            "catalogue.warm.identity", "catalogue.warm.br", "catalogue.warm.not-modified", "catalogue.cold",
        ]  # fmt: skip
        for result in results.values():
            check_comparison(result)

    async def test_users(self, servers: Servers, stocked_url: str) -> None:
        results = await measure("users", servers, stocked_url)
        assert list(results) == ["users.sign-in", "users.me", "users.start"]
        for result in results.values():
            check_comparison(result)

    async def test_money(self, servers: Servers, stocked_url: str) -> None:
        results = await measure("money", servers, stocked_url)
        assert list(results) == ["money.fulfilled", "money.queue", "money.orders"]
        # Both sides have fulfilled each purchase once in every round, and the ledgers sum, or the bench would fail.
        check_comparison(results["money.fulfilled"])
        statements = re.search(r"\((\d+) statements\)", results["money.fulfilled"]["title"])
        assert statements is not None
        assert 8 <= int(statements[1]) <= 30
        assert results["money.queue"]["value"] > 0
        assert results["money.queue"]["facts"]["purchases"] >= 16
        assert results["money.orders"]["value"] > 0

    async def test_interpretations(self, servers: Servers, stocked_url: str) -> None:
        # Long enough for all streams to be open together on a busy machine too.
        results = await measure("interpretations", servers, stocked_url, seconds=0.5)
        assert list(results) == ["interpretations.one_process", "interpretations.two_processes"]
        for result in results.values():
            assert result["kind"] == "figure"
            assert result["unit"] == "ms"
            assert result["value"] > 0
            assert result["facts"]["words"] > 0

    async def test_idle(self, servers: Servers, stocked_url: str) -> None:
        results = await measure("idle", servers, stocked_url, rounds=1)
        assert (results["idle.memory"]["unit"], results["idle.start"]["unit"]) == ("MB", "s")
        assert results["idle.memory"]["value"] > 10
        assert results["idle.start"]["met"] == (results["idle.start"]["value"] <= 3)

    async def test_broadcast(self, servers: Servers, stocked_url: str) -> None:
        results = await measure("broadcast", servers, stocked_url)
        assert list(results) == ["broadcast.rate", "broadcast.lag", "broadcast.memory"]
        assert results["broadcast.rate"]["facts"]["sent"] == 40
        assert results["broadcast.rate"]["facts"]["not sent"] == 0
        assert results["broadcast.rate"]["met"] == (results["broadcast.rate"]["value"] >= 95)
        assert results["broadcast.lag"]["value"] > 0


class TestPgbench:
    async def test_a_tape_is_played_word_for_word(
        self, servers: Servers, database: Database, database_url: str, tmp_path: Path
    ) -> None:
        rows = [(new_id(), 'a "quoted" \\ text', ["x", None], {"is": "д"}, None, b"\x00\xff") for _ in range(6)]
        statement = "INSERT INTO kept VALUES ($1, $2, $3, $4, $5, $6)"
        async with database.connection() as connection:
            await connection.execute("CREATE TABLE kept (a uuid, b text, c text[], d jsonb, e bigint, f bytea)")
            tape = await Tape.of(connection, [[("BEGIN;", ()), (statement, row), ("COMMIT;", ())] for row in rows],
                                 named={"event": [str(row[0]) for row in rows]})  # fmt: skip
            await tape.store(connection)
        assert (tape.statements, list(tape.columns)) == (3, ["event"])
        pgbench = Pgbench(database_url, tape, clients=2, cores=frozenset(), folder=tmp_path / "pgbench")
        played = await pgbench.play(first=0, turns=3)
        assert [len(client.ends) for client in played] == [3, 3]
        async with database.connection() as connection:
            kept = await connection.fetch("SELECT a FROM kept")
            row = await connection.fetchrow("SELECT DISTINCT b, c, d, e, f FROM kept")
        assert {row[0] for row in kept} == {row[0] for row in rows}
        assert row is not None
        assert tuple(row.values()) == rows[0][1:]

    async def test_what_goes_wrong_is_told(self, database: Database, database_url: str, tmp_path: Path) -> None:
        async with database.connection() as connection:
            tape = await Tape.of(connection, [[("SELECT 1 / $1::int", (0,))]], named={"event": ["one"]})
            await tape.store(connection)
        pgbench = Pgbench(database_url, tape, clients=1, cores=frozenset(), folder=tmp_path / "pgbench")
        with pytest.raises(PgbenchFailed, match="division by zero"):
            await pgbench.play(first=0, turns=1)

    async def test_runs_have_to_be_alike(self, database: Database) -> None:
        async with database.connection() as connection:
            with pytest.raises(ValueError, match="run 1 does not say the same"):
                await Tape.of(connection, [[("SELECT 1", ())], [("SELECT 2", ())]], named={"event": ["one", "two"]})

    def test_rate_is_of_the_time_in_which_all_were_at_work(self) -> None:
        early, late = Turns([1, 2, 3, 4], [1, 1, 1, 1]), Turns([2, 4, 6, 8], [2, 2, 2, 2])
        # From 2, when the second one is warm, until 4, when the first one has ended: 3, 4 and 4.
        assert steady_rate([early, late]) == 1.5


class TestBots:
    async def test_accepted_and_worked_on(self, servers: Servers, stocked_url: str) -> None:
        results = await measure("bots", servers, stocked_url)
        assert list(results) == [
            "bots.accepted", "bots.worked.listen", "bots.worked.write", "bots.start", "bots.memory",
        ]  # fmt: skip
        for result in list(results.values())[:3]:
            check_comparison(result)
        assert results["bots.start"]["value"] > 0
        assert results["bots.memory"]["unit"] == "MB"


class TestFigures:
    def test_spread_is_the_middle_half(self) -> None:
        assert Spread.of([1, 2, 3, 4, 100]) == Spread(3, 2, 4)
        assert Spread.of([7]) == Spread(7, 7, 7)

    def test_quantile_is_a_value_that_was_measured(self) -> None:
        assert quantile([3, 1, 2], 0.5) == 2
        assert quantile([3, 1, 2], 0.99) == 3

    def test_stamp_carries_the_time(self) -> None:
        assert read_stamp(stamp(123_456.789)) == pytest.approx(123_456.789, abs=0.0002)
        assert len(stamp(0)) == len(stamp(9e6))

    def test_table_is_markdown(self) -> None:
        lines = report.tables([Figure("idle.start", "start", 2.5, "s", 3, {"starts": 1})]).splitlines()
        assert lines[2] == "| start | **2.5 s** | ≤ 3 s ✓ | starts 1 |"
        lines = report.tables([Figure("a.share", "share", 94, "%", 95, at_least=True)]).splitlines()
        assert lines[2] == "| share | **94 %** | ≥ 95 % ✗ |  |"

    def test_json_is_written_where_it_was_asked_for(self, tmp_path: Path) -> None:
        report.write_json(tmp_path / "new" / "bench.json", {"format": 1})
        assert json.loads((tmp_path / "new" / "bench.json").read_bytes()) == {"format": 1}
