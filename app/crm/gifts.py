"""Readings or follow-ups as a gift of the staff: in the wallet, and in the inbox of whoever got them."""

from uuid import UUID

from app.kit.database import Connection
from app.notifications.service import notify
from app.users.repository import UserRepository
from app.wallet.balance import Unit
from app.wallet.service import wallet


async def give(
    connection: Connection,
    *,
    project_id: int,
    user_id: UUID,
    unit: Unit,
    amount: int,
    key: str,
    reason: str,
    by_bot: bool,
) -> bool:
    """Adds `amount` > 0 once per `key`; false when this key was used before. The reason stays in the ledger.

    `by_bot=False` for whoever is told in the chat in another way.
    """
    # The person before his wallet, as whoever erases him does.
    await UserRepository(connection, project_id).get(user_id, lock="KEY SHARE")
    is_new = await wallet.credit(
        connection,
        project_id=project_id,
        user_id=user_id,
        unit=unit,
        amount=amount,
        kind="gift",
        key=key,
        reason=reason,
    )
    if is_new:
        await notify(
            connection,
            project_id=project_id,
            user_id=user_id,
            kind="account",
            values={"event": "credited", "unit": unit, "amount": amount},
            dedupe=f"gift:{key}",
            by_bot=by_bot,
        )
    return is_new
