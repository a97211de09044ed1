"""Where an order stands in WooCommerce, for those who want to look it up there."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.kit.database import Connection
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class BookPlace:
    """`state` is the outbox's: waiting, sending or done. `url` opens the order in WordPress, once it stands there."""

    order_id: UUID
    state: str
    problem: str | None
    remote_id: int | None
    url: str | None


async def places(
    connection: Connection, settings: Settings, *, project_id: int, order_ids: Sequence[UUID]
) -> dict[UUID, BookPlace]:
    """Of those orders that have a line for the books."""
    rows = await connection.fetch(
        """
        SELECT b.order_id, b.state, b.problem, b.remote_id, COALESCE(s.url, $3) AS store
        FROM book_entries b LEFT JOIN stores s ON s.id = b.store_id
        WHERE b.project_id = $1 AND b.order_id = ANY($2::uuid[]) AND b.refund_id IS NULL
        """,
        project_id, list(order_ids), settings.woocommerce_url or None,
    )  # fmt: skip
    return {
        row["order_id"]: BookPlace(
            row["order_id"], row["state"], row["problem"], row["remote_id"], edit_url(row["store"], row["remote_id"])
        )
        for row in rows
    }


def edit_url(store: str | None, remote_id: int | None) -> str | None:
    """The order's screen; WooCommerce redirects from there to where it keeps its orders."""
    return f"{store.rstrip('/')}/wp-admin/post.php?post={remote_id}&action=edit" if store and remote_id else None
