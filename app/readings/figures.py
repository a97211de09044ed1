"""Figures that outlive the rows they were counted from: no statistics shrink when somebody deletes a reading."""

from typing import Any

from app.kit.database import Connection


async def delete_readings(connection: Connection, condition: str, *values: Any) -> None:
    """Deletes the readings that meet `condition`, which is SQL of the caller's own over `values`, and keeps their
    numbers under the hours in which they arose."""
    await connection.execute(
        f"""
        WITH gone AS MATERIALIZED (
            DELETE FROM readings WHERE {condition} RETURNING project_id, id, state, rating, created_at, finished_at
        ), counted AS (
            SELECT project_id, date_trunc('hour', created_at, 'UTC') AS hour, count(*) AS started, 0 AS finished,
                count(*) FILTER (WHERE rating = 'good') AS good, count(*) FILTER (WHERE rating = 'bad') AS bad,
                0 AS cost
            FROM gone GROUP BY 1, 2
            UNION ALL
            SELECT project_id, date_trunc('hour', finished_at, 'UTC'), 0, count(*), 0, 0, 0
            FROM gone WHERE state = 'finished' GROUP BY 1, 2
            UNION ALL
            SELECT g.project_id, date_trunc('hour', g.finished_at, 'UTC'), 0, 0, 0, 0, sum(g.cost_micros)
            FROM generations g JOIN gone ON gone.project_id = g.project_id AND gone.id = g.reading_id
            WHERE g.cost_micros > 0 AND g.finished_at IS NOT NULL GROUP BY 1, 2
        )
        INSERT INTO kept_figures AS kept (project_id, hour, started, finished, good, bad, cost_micros)
        SELECT project_id, hour, sum(started), sum(finished), sum(good), sum(bad), sum(cost)
        FROM counted GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (project_id, hour) DO UPDATE SET
            started = kept.started + excluded.started, finished = kept.finished + excluded.finished,
            good = kept.good + excluded.good, bad = kept.bad + excluded.bad,
            cost_micros = kept.cost_micros + excluded.cost_micros
        """,  # noqa: S608  # the condition is the caller's own SQL, as said above
        *values,
    )


async def spent(connection: Connection, *, project_id: int, micros: int) -> None:
    """What a model cost just now, in millionths of a dollar, for a text that is no reading's."""
    if micros <= 0:
        return
    await connection.execute(
        """
        INSERT INTO kept_figures AS kept (project_id, hour, cost_micros)
        VALUES ($1, date_trunc('hour', now(), 'UTC'), $2)
        ON CONFLICT (project_id, hour) DO UPDATE SET cost_micros = kept.cost_micros + excluded.cost_micros
        """,
        project_id, micros,
    )  # fmt: skip
