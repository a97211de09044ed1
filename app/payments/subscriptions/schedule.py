"""What time does to subscriptions: reminders, grace, the end. One step of one subscription is one transaction."""

from datetime import timedelta
from typing import Literal
from uuid import UUID

from app.kit.database import Connection, Database
from app.payments.subscriptions.repository import SubscriptionRepository
from app.payments.subscriptions.service import SubscriptionService

Step = Literal["soon", "grace", "failed", "grace_ends", "end"]

REMIND_BEFORE = timedelta(days=3)
# A trial is short: who begins one needs not be told at once that it ends.
REMIND_TRIAL_BEFORE = timedelta(days=1)
# Providers bill at the end of the period and need a while; nobody is told of a failure before.
PATIENCE = timedelta(hours=6)
LAST_CALL = timedelta(days=1)

# Each person is told the next thing only: what was missed while the worker was down is not told any more.
STEP = """
CASE
    WHEN COALESCE(grace_until, until) <= now() THEN 'end'
    WHEN state = 'active' AND until <= now() THEN 'grace'
    WHEN state = 'grace' AND grace_until <= now() + $1::interval AND told IS DISTINCT FROM 'grace_ends'
        THEN 'grace_ends'
    WHEN state = 'grace' AND until <= now() - $2::interval AND COALESCE(told, '') NOT IN ('failed', 'grace_ends')
        THEN 'failed'
    WHEN state = 'active' AND told IS NULL AND until > now()
        AND until <= now() + CASE WHEN trial THEN $3::interval ELSE $4::interval END THEN 'soon'
END
"""
WAITS = (LAST_CALL, PATIENCE, REMIND_TRIAL_BEFORE, REMIND_BEFORE)


async def due(connection: Connection, *, limit: int = 200) -> list[tuple[int, UUID]]:
    """(project, subscription) of those with a step to take, the earliest first."""
    rows = await connection.fetch(
        f"""
        SELECT project_id, id FROM subscriptions
        WHERE state <> 'ended' AND until <= now() + $4::interval AND {STEP} IS NOT NULL ORDER BY until LIMIT $5
        """,  # noqa: S608  # a constant of this module
        *WAITS, limit,
    )  # fmt: skip
    return [(row["project_id"], row["id"]) for row in rows]


async def take_step(
    connection: Connection, subscriptions: SubscriptionService, project_id: int, subscription_id: UUID
) -> Step | None:
    """The step that is due now, or None if somebody else took it, or takes it at this moment."""
    # The person first, as everywhere: telling him takes his row.
    await connection.execute(
        """
        SELECT FROM users WHERE project_id = $1
            AND id = (SELECT user_id FROM subscriptions WHERE project_id = $1 AND id = $2) FOR KEY SHARE
        """,
        project_id, subscription_id,
    )  # fmt: skip
    step: Step | None = await connection.fetchval(
        f"""
        SELECT {STEP} FROM subscriptions
        WHERE project_id = $5 AND id = $6 AND state <> 'ended' FOR UPDATE SKIP LOCKED
        """,  # noqa: S608  # as above
        *WAITS, project_id, subscription_id,
    )  # fmt: skip
    rows = SubscriptionRepository(connection, project_id)
    known = await rows.get(subscription_id) if step else None
    if known is None or step is None:
        return None
    if step == "end":
        await subscriptions.let_go(connection, known)
        await subscriptions.tell(connection, known, "ended")
        await rows.end(known.id)
    elif step == "grace":
        await rows.enter_grace(known.id)
    else:
        await subscriptions.tell(connection, known, step)
        await rows.tell(known.id, step)
    return step


async def tick(database: Database, subscriptions: SubscriptionService) -> int:
    """Takes all steps that are due; how many."""
    taken = 0
    while True:
        async with database.connection() as connection:
            found = await due(connection)
        steps = 0
        for project_id, subscription_id in found:
            async with database.transaction() as connection:
                steps += await take_step(connection, subscriptions, project_id, subscription_id) is not None
        taken += steps
        if not steps:
            return taken
