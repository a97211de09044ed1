"""SQL of people and their sessions; every statement carries the project."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import asyncpg

from app.kit.clock import utc_now
from app.kit.database import Connection
from app.kit.ids import new_id
from app.payments.subscriptions.summary import summary
from app.users.init_data import TelegramPerson
from app.users.tokens import Place
from app.users.zones import probable_zone
from app.wallet.balance import UNITS, Balance, Unit, as_balance

COLUMNS = (
    "id, project_id, telegram_id, first_name, last_name, username, language, timezone, address, gender, reversals, "
    "state, consented_at, created_at, source"
)


Lock = Literal["UPDATE", "KEY SHARE"]


@dataclass(frozen=True, slots=True)
class User:
    id: UUID
    project_id: int
    telegram_id: int | None
    first_name: str
    last_name: str | None
    username: str | None
    language: str
    timezone: str
    address: str
    gender: str
    reversals: bool
    state: str
    consented_at: datetime | None
    created_at: datetime
    source: str | None

    def body(self) -> dict[str, Any]:
        """What the API shows; see `app.users.schemas.User`."""
        return {
            "id": self.id,
            "first_name": self.first_name,
            "last_name": self.last_name,
            "username": self.username,
            "language": self.language,
            "timezone": self.timezone,
            "address": self.address,
            "gender": self.gender,
            "reversals": self.reversals,
            "consented_at": self.consented_at,
            "created_at": self.created_at,
        }


@dataclass(frozen=True, slots=True)
class Profile:
    user: User
    wallet: dict[Unit, Balance]
    subscription: dict[str, Any] | None
    unfinished_reading: UUID | None

    @property
    def has_share(self) -> bool:
        """Whether a subscription pays for the next reading."""
        if self.subscription is None:
            return False
        share = self.subscription["fair_use"]
        return share is None or bool(share["left"])

    def body(self) -> dict[str, Any]:
        wallet = {unit: balance.full_body() for unit, balance in self.wallet.items()}
        if self.has_share:
            wallet["readings"]["used_first"] = "subscription"
        return {
            "user": self.user.body(),
            "wallet": wallet,
            "subscription": self.subscription,
            "unfinished_reading": self.unfinished_reading,
        }


def to_user(row: asyncpg.Record) -> User:
    return User(*row[: len(User.__slots__)])


class UserRepository:
    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection = connection
        self._project_id = project_id

    async def see(self, person: TelegramPerson, *, language: str) -> tuple[User, bool]:
        """Makes or refreshes the row of a person who signed in; true if he is new here. A newcomer's zone is
        what his Telegram's language hints at."""
        row = await self._connection.fetchrow(
            f"""
            INSERT INTO users (id, project_id, telegram_id, first_name, last_name, username, language, timezone)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            ON CONFLICT (project_id, telegram_id) DO UPDATE SET
                first_name = excluded.first_name, last_name = excluded.last_name,
                username = excluded.username, last_seen_at = now()
            RETURNING {COLUMNS}, xmax = 0
            """,  # noqa: S608  # the columns are a constant of this module
            new_id(), self._project_id, person.id, person.first_name, person.last_name, person.username, language,
            probable_zone(person.language_code),
        )  # fmt: skip
        assert row is not None  # noqa: S101  # an upsert always returns its row
        return to_user(row), row[-1]

    async def get(self, user_id: UUID, *, lock: Lock | None = None) -> User | None:
        """`KEY SHARE` keeps the person from being erased until the transaction ends; take it before other rows."""
        row = await self._connection.fetchrow(
            f"SELECT {COLUMNS} FROM users WHERE project_id = $1 AND id = $2 {f'FOR {lock}' if lock else ''}",  # noqa: S608  # the columns are a constant
            self._project_id, user_id,
        )  # fmt: skip
        return to_user(row) if row else None

    async def profile(self, user_id: UUID) -> Profile | None:
        """One statement over three features' tables: the Mini App asks for this at every start."""
        row = await self._connection.fetchrow(
            """
            SELECT u.id, u.project_id, u.telegram_id, u.first_name, u.last_name, u.username, u.language, u.timezone,
                u.address, u.gender, u.reversals, u.state, u.consented_at, u.created_at, u.source,
                r.balance AS readings, r.held AS readings_held, f.balance AS follow_ups, f.held AS follow_ups_held,
                (
                    SELECT id FROM readings WHERE project_id = u.project_id AND user_id = u.id
                        AND state IN ('awaiting_draw', 'interpreting') AND deleted_at IS NULL
                        AND (state = 'interpreting' OR expires_at > now())
                    ORDER BY id DESC LIMIT 1
                ) AS unfinished,
                CASE WHEN COALESCE(r.expires_at, f.expires_at) IS NOT NULL THEN (
                    SELECT array_agg((unit, remaining, expires_at)) FROM wallet_lots
                    WHERE project_id = u.project_id AND user_id = u.id AND remaining > 0 AND expires_at IS NOT NULL
                ) END AS expiring,
                s.package_key, s.package, s.state AS subscribed, s.period, s.trial, s.renews, s.until, s.grace_until,
                s.provider, s.price, s.currency, s.fair_use,
                CASE WHEN s.fair_use IS NOT NULL THEN (
                    SELECT array_agg((day, used)) FROM fair_use_days
                    WHERE project_id = u.project_id AND user_id = u.id AND day >= current_date - 1
                ) END AS shares
            FROM users u
            LEFT JOIN wallets r ON r.project_id = u.project_id AND r.user_id = u.id AND r.unit = 'readings'
            LEFT JOIN wallets f ON f.project_id = u.project_id AND f.user_id = u.id AND f.unit = 'follow_ups'
            LEFT JOIN subscriptions s ON s.project_id = u.project_id AND s.user_id = u.id AND s.state <> 'ended'
                AND COALESCE(s.grace_until, s.until) > now()
            WHERE u.project_id = $1 AND u.id = $2
            """,
            self._project_id, user_id,
        )  # fmt: skip
        if row is None:
            return None
        now = utc_now()
        balances = {
            unit: as_balance(
                row[unit] or 0,
                row[f"{unit}_held"] or 0,
                [(amount, expires_at) for of, amount, expires_at in row["expiring"] or () if of == unit],
                now=now,
            )
            for unit in UNITS
        }
        user = to_user(row)
        subscription = None
        if row["subscribed"] is not None:
            seen = {**row, "state": row["subscribed"]}
            subscription = summary(seen, timezone=user.timezone, language=user.language, now=now)
        return Profile(user, balances, subscription, row["unfinished"])

    async def by_telegram_id(self, telegram_id: int) -> User | None:
        row = await self._connection.fetchrow(
            f"SELECT {COLUMNS} FROM users WHERE project_id = $1 AND telegram_id = $2",  # noqa: S608  # the columns are a constant
            self._project_id, telegram_id,
        )  # fmt: skip
        return to_user(row) if row else None

    async def update(self, user_id: UUID, changes: dict[str, Any]) -> User | None:
        """`changes` maps column names, which the service has allow-listed, to values."""
        assignments = ", ".join(f"{column} = ${number}" for number, column in enumerate(changes, start=3))
        row = await self._connection.fetchrow(
            f"UPDATE users SET {assignments} WHERE project_id = $1 AND id = $2 RETURNING {COLUMNS}",  # noqa: S608  # allow-listed, as said above
            self._project_id, user_id, *changes.values(),
        )  # fmt: skip
        return to_user(row) if row else None

    async def erase(self, user_id: UUID) -> None:
        await self._connection.execute(
            """
            UPDATE users SET state = 'erased', telegram_id = NULL, first_name = '', last_name = NULL,
                username = NULL, timezone = 'UTC', consented_at = NULL, erased_at = now()
            WHERE project_id = $1 AND id = $2
            """,
            self._project_id, user_id,
        )  # fmt: skip

    async def remember_erased(self, person_hash: bytes) -> None:
        await self._connection.execute(
            "INSERT INTO erased_people (person_hash, project_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            person_hash, self._project_id,
        )  # fmt: skip

    async def was_erased(self, person_hash: bytes) -> bool:
        found = await self._connection.fetchval(
            "SELECT true FROM erased_people WHERE person_hash = $1 AND project_id = $2", person_hash, self._project_id
        )
        return bool(found)


@dataclass(frozen=True, slots=True)
class RefreshRow:
    family_id: UUID
    project_id: int
    user_id: UUID
    place: Place
    expired: bool
    used: bool
    used_recently: bool
    revoked: bool


class RefreshTokenRepository:
    """Found by their own hash: the token itself says which project it belongs to."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(
        self, *, token_hash: bytes, family_id: UUID, project_id: int, user_id: UUID, place: Place, lifetime: timedelta
    ) -> None:
        await self._connection.execute(
            """
            INSERT INTO refresh_tokens (token_hash, family_id, project_id, user_id, place, expires_at)
            VALUES ($1, $2, $3, $4, $5, now() + $6) ON CONFLICT (token_hash) DO NOTHING
            """,
            token_hash, family_id, project_id, user_id, place, lifetime,
        )  # fmt: skip

    async def lock(self, token_hash: bytes, *, grace: timedelta) -> RefreshRow | None:
        row = await self._connection.fetchrow(
            """
            SELECT family_id, project_id, user_id, place, expires_at <= now(), used_at IS NOT NULL,
                COALESCE(used_at > now() - $2::interval, false), revoked_at IS NOT NULL
            FROM refresh_tokens WHERE token_hash = $1 FOR UPDATE
            """,
            token_hash, grace,
        )  # fmt: skip
        return RefreshRow(*row) if row else None

    async def use(self, token_hash: bytes) -> None:
        await self._connection.execute("UPDATE refresh_tokens SET used_at = now() WHERE token_hash = $1", token_hash)

    async def revoke_family(self, family_id: UUID) -> None:
        await self._connection.execute(
            "UPDATE refresh_tokens SET revoked_at = now() WHERE family_id = $1 AND revoked_at IS NULL",
            family_id,
        )

    async def delete_of_user(self, *, project_id: int, user_id: UUID) -> None:
        await self._connection.execute(
            "DELETE FROM refresh_tokens WHERE project_id = $1 AND user_id = $2", project_id, user_id
        )

    async def prune(self) -> None:
        await self._connection.execute("DELETE FROM refresh_tokens WHERE expires_at < now() - interval '1 day'")
