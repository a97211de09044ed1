"""What happened in a period: people, readings, ratings, and what the models cost. All times are UTC."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Literal

from app.kit.clock import utc_now
from app.kit.database import Connection

PeriodName = Literal["today", "week", "month"]
PERIODS: tuple[PeriodName, ...] = ("today", "week", "month")
_DAYS = {"today": 1, "week": 7, "month": 30}


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days of UTC up to now, or the hours of today: `step` is the width of a bar."""

    name: PeriodName
    since: datetime
    step: timedelta
    bars: int

    @classmethod
    def named(cls, name: PeriodName, now: datetime | None = None) -> "Period":
        midnight = (now or utc_now()).replace(hour=0, minute=0, second=0, microsecond=0)
        if name == "today":
            return cls(name, midnight, timedelta(hours=1), 24)
        days = _DAYS[name]
        return cls(name, midnight - timedelta(days=days - 1), timedelta(days=1), days)


@dataclass(frozen=True, slots=True)
class Figures:
    """`active` were here in the period, `returning` of them not for the first time. Cost is in millionths of USD."""

    newcomers: int = 0
    active: int = 0
    returning: int = 0
    started: int = 0
    finished: int = 0
    good: int = 0
    bad: int = 0
    cost_micros: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))


@dataclass(frozen=True, slots=True)
class Series:
    """One number for each bar of the period, the oldest first."""

    newcomers: tuple[int, ...]
    started: tuple[int, ...]
    finished: tuple[int, ...]


async def figures(connection: Connection, *, project_ids: Sequence[int], period: Period) -> dict[int, Figures]:
    """Of each project, deleted readings and drafts included. A rating counts in the period in which its reading was
    begun."""
    rows = await connection.fetch(
        """
        WITH people AS (
            SELECT u.project_id, count(*) FILTER (WHERE u.created_at >= $2) AS newcomers,
                count(*) FILTER (WHERE u.last_seen_at >= $2 OR r.id IS NOT NULL) AS active,
                count(*) FILTER (WHERE u.created_at < $2 AND (u.last_seen_at >= $2 OR r.id IS NOT NULL)) AS came_back
            FROM users u LEFT JOIN LATERAL (
                SELECT id FROM readings
                WHERE project_id = u.project_id AND user_id = u.id AND created_at >= $2 LIMIT 1
            ) r ON u.last_seen_at < $2
            WHERE u.project_id = ANY($1::smallint[]) GROUP BY u.project_id
        ), made AS (
            SELECT project_id, count(*) FILTER (WHERE created_at >= $2) AS started,
                count(*) FILTER (WHERE state = 'finished' AND finished_at >= $2) AS finished,
                count(*) FILTER (WHERE rating = 'good' AND created_at >= $2) AS good,
                count(*) FILTER (WHERE rating = 'bad' AND created_at >= $2) AS bad
            FROM readings
            WHERE project_id = ANY($1::smallint[]) AND (created_at >= $2 OR finished_at >= $2) GROUP BY project_id
        ), written AS (
            SELECT project_id, sum(cost_micros)::bigint AS cost FROM generations
            WHERE project_id = ANY($1::smallint[]) AND finished_at >= $2 GROUP BY project_id
        ), kept AS (
            SELECT project_id, sum(started) AS started, sum(finished) AS finished, sum(good) AS good, sum(bad) AS bad,
                sum(cost_micros) AS cost
            FROM kept_figures WHERE project_id = ANY($1::smallint[]) AND hour >= $2 GROUP BY project_id
        )
        SELECT p.project_id, newcomers, active, came_back,
            (COALESCE(made.started, 0) + COALESCE(kept.started, 0))::bigint,
            (COALESCE(made.finished, 0) + COALESCE(kept.finished, 0))::bigint,
            (COALESCE(made.good, 0) + COALESCE(kept.good, 0))::bigint,
            (COALESCE(made.bad, 0) + COALESCE(kept.bad, 0))::bigint,
            (COALESCE(written.cost, 0) + COALESCE(kept.cost, 0))::bigint
        FROM people p LEFT JOIN made USING (project_id) LEFT JOIN written USING (project_id)
            LEFT JOIN kept USING (project_id)
        """,
        list(project_ids), period.since,
    )  # fmt: skip
    found = {row[0]: Figures(*row[1:]) for row in rows}
    return {project_id: found.get(project_id, Figures()) for project_id in project_ids}


async def series(connection: Connection, *, project_ids: Sequence[int], period: Period) -> Series:
    """All the projects together, bar by bar."""
    rows = await connection.fetch(
        """
        WITH bars AS (
            SELECT number, $2::timestamptz + number * $3::interval AS begins,
                $2::timestamptz + (number + 1) * $3::interval AS ends
            FROM generate_series(0, $4::int - 1) AS number
        ), came AS (
            SELECT width_bucket(created_at, (SELECT array_agg(begins ORDER BY number) FROM bars)) - 1 AS number,
                count(*) AS many
            FROM users WHERE project_id = ANY($1::smallint[]) AND created_at >= $2 GROUP BY 1
        ), began AS (
            SELECT width_bucket(created_at, (SELECT array_agg(begins ORDER BY number) FROM bars)) - 1 AS number,
                count(*) AS many
            FROM readings WHERE project_id = ANY($1::smallint[]) AND created_at >= $2 GROUP BY 1
        ), ended AS (
            SELECT width_bucket(finished_at, (SELECT array_agg(begins ORDER BY number) FROM bars)) - 1 AS number,
                count(*) AS many
            FROM readings
            WHERE project_id = ANY($1::smallint[]) AND state = 'finished' AND finished_at >= $2 GROUP BY 1
        ), kept AS (
            SELECT width_bucket(hour, (SELECT array_agg(begins ORDER BY number) FROM bars)) - 1 AS number,
                sum(started) AS started, sum(finished) AS finished
            FROM kept_figures WHERE project_id = ANY($1::smallint[]) AND hour >= $2 GROUP BY 1
        )
        SELECT COALESCE(came.many, 0), COALESCE(began.many, 0) + COALESCE(kept.started, 0),
            COALESCE(ended.many, 0) + COALESCE(kept.finished, 0)
        FROM bars LEFT JOIN came USING (number) LEFT JOIN began USING (number) LEFT JOIN ended USING (number)
            LEFT JOIN kept USING (number)
        ORDER BY number
        """,
        list(project_ids), period.since, period.step, period.bars,
    )  # fmt: skip
    newcomers, started, finished = zip(*(tuple(row) for row in rows), strict=True)
    return Series(newcomers, started, finished)
