"""What keeps orders out of WooCommerce's books and wants somebody: told to managers in the catalogue's report."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.kit.database import Connection
from app.payments.books.outbox import PASSING


@dataclass(frozen=True, slots=True)
class BookFault:
    """`count` lines of one package wait for the same reason."""

    project_key: str
    package_key: str
    problem: str
    count: int


async def book_faults(connection: Connection, *, limit: int = 20) -> Sequence[BookFault]:
    rows = await connection.fetch(
        """
        SELECT p.key, o.package_key, b.problem, count(*)
        FROM book_entries b
        JOIN orders o ON o.project_id = b.project_id AND o.id = b.order_id
        JOIN projects p ON p.id = b.project_id
        WHERE b.state IN ('waiting', 'sending') AND b.problem <> ALL($1::text[])
        GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 LIMIT $2
        """,
        list(PASSING), limit,
    )  # fmt: skip
    return [BookFault(*row) for row in rows]
