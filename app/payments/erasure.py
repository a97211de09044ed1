"""Somebody leaves: his orders stay for the books, without anything that leads to him."""

from uuid import UUID

from app.kit.database import Connection
from app.payments import books
from app.payments.repository import OrderRepository
from app.payments.repository_payments import PaymentRepository


async def erase(connection: Connection, project_id: int, user_id: UUID) -> None:
    """Late money for what was pending goes back to whoever sent it."""
    await PaymentRepository(connection, project_id).forget(user_id)
    await OrderRepository(connection, project_id).forget(user_id)
    await books.reopen_of_person(connection, project_id, user_id)
