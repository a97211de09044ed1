"""Rows that many tests need."""

from datetime import timedelta
from itertools import count
from uuid import UUID

from app.kit.clock import utc_now
from app.kit.database import Connection
from app.kit.ids import new_id
from app.payments.orders.repository import NewOrder, OrderRepository
from app.users.init_data import TelegramPerson
from app.users.repository import UserRepository
from app.wallet.balance import Unit
from app.wallet.repository import WalletRepository
from app.wallet.service import wallet

_numbers = count(1000)


async def make_project(connection: Connection, slug: str = "luna") -> int:
    """The id of a live project's row."""
    project_id: int = await connection.fetchval(
        "INSERT INTO projects (key, slug, status, source) VALUES ($1, $1, 'live', 'demo') RETURNING id", slug
    )
    return project_id


async def set_balances(connection: Connection, *, unit: Unit = "readings", balance: int) -> None:
    """Gives or takes so much that every wallet of this unit holds `balance`; no hold may be open."""
    for row in await connection.fetch("SELECT project_id, user_id, balance FROM wallets WHERE unit = $1", unit):
        missing = balance - row["balance"]
        owner, key = {"project_id": row["project_id"], "user_id": row["user_id"]}, f"test:{new_id()}"
        if missing > 0:
            await wallet.credit(connection, **owner, unit=unit, amount=missing, kind="gift", key=key)
        elif missing < 0:
            wallets = WalletRepository(connection, row["project_id"])
            await wallets.lock(row["user_id"], unit)
            await wallets.spend(row["user_id"], unit, amount=-missing, kind="gift", key=key)


async def make_order(connection: Connection, project_id: int, user_id: UUID) -> UUID:
    """The id of a pending order of three readings for 199 ₽."""
    names = {"ru": "Три ночи", "en": "Three Nights"}
    package = {"key": "luna-three", "kind": "readings", "name": names, "description": names, "readings": 3}
    empty = ("period", "fair_use", "expires_days", "trial_days", "product_id")
    order = NewOrder(
        id=new_id(), user_id=user_id, kind="purchase", package_key="luna-three",
        package={**package, "follow_ups": 0, "renews": False, **dict.fromkeys(empty)},
        currency="RUB", regular=19900, price=19900, discount=0, total=19900, coupon=None, person_hash=None,
        renews=False, place="web", language="ru", contact=None, expires_at=utc_now() + timedelta(hours=1),
    )  # fmt: skip
    return (await OrderRepository(connection, project_id).add(order)).id


async def make_user(connection: Connection, project_id: int, *, readings: int = 0, follow_ups: int = 0) -> UUID:
    """The id of a user with an open wallet."""
    person = TelegramPerson(next(_numbers), "Anna")
    user, _ = await UserRepository(connection, project_id).see(person, language="ru")
    await WalletRepository(connection, project_id).open(user.id)
    amounts: dict[Unit, int] = {"readings": readings, "follow_ups": follow_ups}
    for unit, amount in amounts.items():
        if amount:
            await wallet.credit(
                connection,
                project_id=project_id,
                user_id=user.id,
                unit=unit,
                amount=amount,
                kind="gift",
                key=f"test:{new_id()}",
            )
    return user.id
