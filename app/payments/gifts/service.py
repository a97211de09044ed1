"""Gifts: a paid package with a link, which one person opens, once. The edge owns the transaction.

Locks: the person, his subscription, the order, the gift, the wallet.
"""

import base64
import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from app.catalogue.library import Project
from app.kit.clock import utc_now
from app.kit.crypto import derive_key, keyed_hash
from app.kit.database import Connection
from app.kit.ids import new_id
from app.payments.errors import AlreadySubscribed, GiftNotFound, GiftTaken
from app.payments.orders.repository import Order, OrderRepository
from app.payments.subscriptions.repository import Subscription, SubscriptionRepository
from app.payments.subscriptions.service import SubscriptionService
from app.settings import Settings
from app.users.referrals import GIFT
from app.users.repository import UserRepository
from app.users.service import admit
from app.wallet.balance import UNITS
from app.wallet.service import wallet

CODE_BYTES = 18


@dataclass(frozen=True, slots=True)
class Gift:
    """A gift as its buyer sees it; `code` opens it, and is None when nobody can open it any more."""

    id: UUID
    order_id: UUID
    package: dict[str, Any]
    state: Literal["waiting", "redeemed", "void"]
    code: str | None
    created_at: datetime
    redeemed_at: datetime | None
    redeemed_by: UUID | None


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What somebody got: the package as it was bought, and his subscription if it is one."""

    gift_id: UUID
    order_id: UUID
    package: dict[str, Any]
    subscription: Subscription | None


class GiftService:
    """Codes are derived from the gift and the installation's secret: only their hashes are kept."""

    def __init__(self, secret: str, *, subscriptions: SubscriptionService) -> None:
        self._key = derive_key(secret, "gift-code")
        self._subscriptions = subscriptions

    def code(self, gift_id: UUID) -> str:
        """144 bits that fit `startapp` and `/start`."""
        return base64.urlsafe_b64encode(keyed_hash(self._key, gift_id)[:CODE_BYTES]).decode()

    def url(self, project: Project, code: str) -> str | None:
        """Opens the Mini App in Telegram; None while the bot's name is not known."""
        if project.bot is None or not project.bot.username:
            return None
        return f"https://t.me/{project.bot.username}?startapp={GIFT}{code}"

    def web_url(self, settings: Settings, project: Project, code: str) -> str:
        """In a browser; the code is in the fragment, which is sent to no server."""
        return f"{settings.public_url}/{project.slug}/#gift={code}"

    async def issue(self, connection: Connection, order: Order) -> UUID:
        """The gift of an order that was just paid."""
        gift_id = new_id()
        await connection.execute(
            "INSERT INTO gifts (id, project_id, order_id, code) VALUES ($1, $2, $3, $4)",
            gift_id, order.project_id, order.id, _hash(self.code(gift_id)),
        )  # fmt: skip
        return gift_id

    async def void(self, connection: Connection, order: Order) -> bool:
        """The order's money goes back: nobody can open the gift any more. False if somebody has."""
        voided = await connection.fetchval(
            """
            UPDATE gifts SET void_at = COALESCE(void_at, now())
            WHERE project_id = $1 AND order_id = $2 AND redeemed_at IS NULL RETURNING true
            """,
            order.project_id, order.id,
        )  # fmt: skip
        return bool(voided)

    async def restore(self, connection: Connection, order: Order) -> None:
        """The money did not go back after all."""
        await connection.execute(
            "UPDATE gifts SET void_at = NULL WHERE project_id = $1 AND order_id = $2", order.project_id, order.id
        )

    async def redeem(self, connection: Connection, *, project_id: int, user_id: UUID, code: str) -> Redeemed:
        """Gives the package to this person, who may be the buyer himself.

        Raises `GiftNotFound` (also when it was paid back), `GiftTaken` with `mine`, `AlreadySubscribed` with `until`
        for somebody whose own subscription renews by itself: the gift stays as it is then. Also `Unauthenticated` and
        `UserBlocked`.
        """
        user = admit(await UserRepository(connection, project_id).get(user_id, lock="KEY SHARE"))
        order_id: UUID | None = await connection.fetchval(
            "SELECT order_id FROM gifts WHERE project_id = $1 AND code = $2", project_id, _hash(code)
        )
        if order_id is None:
            raise GiftNotFound
        running = await SubscriptionRepository(connection, project_id).open_of(user.id, lock=True)
        order = await OrderRepository(connection, project_id).get(order_id, lock=True)
        gift = await connection.fetchrow(
            "SELECT id, redeemed_by, void_at FROM gifts WHERE project_id = $1 AND order_id = $2 FOR UPDATE",
            project_id, order_id,
        )  # fmt: skip
        if order is None or gift is None:
            raise GiftNotFound
        if gift["redeemed_by"] is not None:
            raise GiftTaken(mine=gift["redeemed_by"] == user.id)
        if gift["void_at"] is not None or order.state != "paid":
            raise GiftNotFound
        if order.is_subscription and running is not None and running.renews:
            raise AlreadySubscribed(until=running.until)
        await connection.execute(
            "UPDATE gifts SET redeemed_by = $3, redeemed_at = now() WHERE project_id = $1 AND id = $2",
            project_id, gift["id"], user.id,
        )  # fmt: skip
        given = await self._give(connection, order, user.id)
        if order.refunded_amount:
            given = await self._take_back(connection, order, gift["id"], given)
        return Redeemed(gift["id"], order.id, order.package, given)

    async def _take_back(
        self, connection: Connection, order: Order, gift_id: UUID, given: Subscription | None
    ) -> Subscription | None:
        """What was paid back before it was opened is not given: as if the refund came now."""
        await wallet.take_back(
            connection, project_id=order.project_id, order_id=order.id, before=0, after=order.refunded_amount,
            of=order.total, rule="forgive", key=f"gift:{gift_id}", reason=f"№ {order.number}",
        )  # fmt: skip
        if given is None:
            return None
        linked = replace(order, subscription_id=given.id)
        await self._subscriptions.refunded(connection, linked, before=0, after=order.refunded_amount, of=order.total)
        return await SubscriptionRepository(connection, order.project_id).get(given.id)

    async def _give(self, connection: Connection, order: Order, user_id: UUID) -> Subscription | None:
        if order.is_subscription:
            given = await self._subscriptions.extend(
                connection, order, None, provider=None, account=None, user_id=user_id
            )
            await OrderRepository(connection, order.project_id).link_subscription(order.id, given.id)
            return given
        days = order.package["expires_days"]
        for unit in UNITS:
            amount = int(order.package[unit] or 0)
            if amount:
                await wallet.credit(
                    connection,
                    project_id=order.project_id,
                    user_id=user_id,
                    unit=unit,
                    amount=amount,
                    kind="gift",
                    key=f"order:{order.id}:{unit}",
                    # The days begin when it is opened.
                    expires_at=utc_now() + timedelta(days=days) if days else None,
                    order_id=order.id,
                )
        return None

    async def page(self, connection: Connection, *, project_id: int, user_id: UUID) -> list[Gift]:
        """What this person has bought for others, the newest first."""
        rows = await connection.fetch(
            """
            SELECT g.id, g.order_id, o.package, o.state, g.created_at, g.redeemed_at, g.redeemed_by, g.void_at
            FROM gifts g JOIN orders o ON o.project_id = g.project_id AND o.id = g.order_id
            WHERE g.project_id = $1 AND o.user_id = $2 ORDER BY g.id DESC LIMIT 200
            """,
            project_id, user_id,
        )  # fmt: skip
        gifts = []
        for row in rows:
            over = row["void_at"] is not None or row["state"] != "paid"
            state: Literal["waiting", "redeemed", "void"]
            state = "redeemed" if row["redeemed_at"] is not None else "void" if over else "waiting"
            gifts.append(
                Gift(
                    id=row["id"],
                    order_id=row["order_id"],
                    package=row["package"],
                    state=state,
                    code=self.code(row["id"]) if state == "waiting" else None,
                    created_at=row["created_at"],
                    redeemed_at=row["redeemed_at"],
                    redeemed_by=row["redeemed_by"],
                )
            )
        return gifts


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
