"""Which kinds a person wants to hear of by the bot, and when it must not disturb him."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any, Final
from uuid import UUID

from app.errors import InvalidRequest
from app.kit.database import Connection
from app.notifications.kinds import KINDS, Kind

# In the person's own time.
QUIET_FROM: Final = time(22)
QUIET_UNTIL: Final = time(9)


@dataclass(frozen=True, slots=True)
class Quiet:
    """From `start` to `end` on the person's clock, over midnight when it is the later one."""

    start: time
    end: time


DEFAULT_QUIET: Final = Quiet(QUIET_FROM, QUIET_UNTIL)


@dataclass(frozen=True, slots=True)
class Wishes:
    """`switches` has every kind, in the order of the registry; `quiet` is None without quiet hours."""

    switches: Mapping[str, bool]
    quiet: Quiet | None

    def body(self) -> dict[str, Any]:
        return {
            "kinds": [
                {"kind": name, "enabled": enabled, "switchable": KINDS[name].switchable}
                for name, enabled in self.switches.items()
            ],
            "quiet": {"from": f"{self.quiet.start:%H:%M}", "until": f"{self.quiet.end:%H:%M}"} if self.quiet else None,
        }


def wants_sql(kind: str, *, users: str = "users") -> str:
    """A condition over a row of `users` (by its alias): this person wants this kind by the bot.

    It is an anti-join over the few who moved the switch: it costs a query over everybody next to nothing.
    """
    known = KINDS[kind]
    if not known.switchable:
        return "true"
    wish = "NOT enabled" if known.default else "enabled"
    return (
        f"{'NOT ' if known.default else ''}EXISTS (SELECT FROM notification_preferences"
        f" WHERE project_id = {users}.project_id AND user_id = {users}.id AND kind = '{known.name}' AND {wish})"
    )


def quiet_join_sql(*, users: str = "users", alias: str = "quiet") -> str:
    """The LEFT JOIN that `quiet_ends_sql` needs."""
    return (
        f"LEFT JOIN notification_settings {alias}"
        f" ON {alias}.project_id = {users}.project_id AND {alias}.user_id = {users}.id"
    )


def quiet_ends_sql(moment: str = "now()", *, users: str = "users", alias: str = "quiet") -> str:
    """A timestamptz: `moment`, or the end of this person's quiet hours that it falls into.

    `moment` is SQL. Unlike Postgres' own `AT TIME ZONE`, no zone name fails the query.
    """

    def bound(column: str, default: time) -> str:
        return f"CASE WHEN {alias}.user_id IS NULL THEN time '{default:%H:%M}' ELSE {alias}.{column} END"

    start, end = bound("quiet_from", QUIET_FROM), bound("quiet_until", QUIET_UNTIL)
    return f"quiet_ends({moment}, {users}.timezone, {start}, {end})"


async def wants(connection: Connection, *, project_id: int, user_id: UUID, kind: str) -> bool:
    """Whether the bot may tell this person of this kind; raises `KeyError` for a kind that is not registered."""
    known = KINDS[kind]
    if not known.switchable:
        return True
    enabled = await connection.fetchval(
        "SELECT enabled FROM notification_preferences WHERE project_id = $1 AND user_id = $2 AND kind = $3",
        project_id, user_id, kind,
    )  # fmt: skip
    return known.default if enabled is None else bool(enabled)


async def quiet_left(connection: Connection, *, project_id: int, user_id: UUID, lock: bool = False) -> timedelta | None:
    """How long the person's quiet hours still last, zero outside of them; None for somebody who is not there.

    `lock` keeps him from leaving until the transaction ends.
    """
    found: timedelta | None = await connection.fetchval(
        f"""
        SELECT {quiet_ends_sql()} - now() FROM users {quiet_join_sql()}
        WHERE users.project_id = $1 AND users.id = $2 AND users.state <> 'erased'
        {"FOR KEY SHARE OF users" if lock else ""}
        """,  # noqa: S608  # built from this module's own words
        project_id, user_id,
    )  # fmt: skip
    return found


async def wishes(connection: Connection, *, project_id: int, user_id: UUID) -> Wishes:
    """All switches and the quiet hours, with the defaults for what was never changed."""
    moved = {
        row["kind"]: row["enabled"]
        for row in await connection.fetch(
            "SELECT kind, enabled FROM notification_preferences WHERE project_id = $1 AND user_id = $2",
            project_id, user_id,
        )
    }  # fmt: skip
    row = await connection.fetchrow(
        "SELECT quiet_from, quiet_until FROM notification_settings WHERE project_id = $1 AND user_id = $2",
        project_id, user_id,
    )  # fmt: skip
    quiet: Quiet | None = DEFAULT_QUIET
    if row is not None:
        quiet = Quiet(row["quiet_from"], row["quiet_until"]) if row["quiet_from"] is not None else None
    return Wishes({kind.name: _position(kind, moved) for kind in KINDS.values()}, quiet)


def _position(kind: Kind, moved: Mapping[str, bool]) -> bool:
    return moved.get(kind.name, kind.default) if kind.switchable else True


async def switch(connection: Connection, *, project_id: int, user_id: UUID, kind: str, enabled: bool) -> None:
    """Moves one switch. Raises `InvalidRequest` for a kind that is unknown or always on."""
    if kind not in KINDS or not KINDS[kind].switchable:
        raise InvalidRequest(f"{kind} cannot be switched.", kind=kind)
    await connection.execute(
        """
        INSERT INTO notification_preferences (project_id, user_id, kind, enabled) VALUES ($1, $2, $3, $4)
        ON CONFLICT (project_id, user_id, kind) DO UPDATE SET enabled = $4
        """,
        project_id, user_id, kind, enabled,
    )  # fmt: skip


async def set_quiet(connection: Connection, *, project_id: int, user_id: UUID, quiet: Quiet | None) -> None:
    """None for no quiet hours. Raises `InvalidRequest` for hours that begin when they end."""
    if quiet is not None and quiet.start == quiet.end:
        raise InvalidRequest("Quiet hours must end at another time than they begin.")
    await connection.execute(
        """
        INSERT INTO notification_settings (project_id, user_id, quiet_from, quiet_until) VALUES ($1, $2, $3, $4)
        ON CONFLICT (project_id, user_id) DO UPDATE SET quiet_from = $3, quiet_until = $4
        """,
        project_id, user_id, quiet.start if quiet else None, quiet.end if quiet else None,
    )  # fmt: skip
