"""Alembic runs over asyncpg, the driver of the product, so that no second one is needed."""

import asyncio
from typing import Any

from sqlalchemy import Connection, pool
from sqlalchemy.ext.asyncio import create_async_engine

from alembic import context
from app.models import metadata


def is_ours(name: str | None, kind: str, _: Any) -> bool:
    """PgQueuer's own tables are its business."""
    return not (kind == "table" and name is not None and name.startswith("pgqueuer"))


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_name=is_ours,
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_async(url: str) -> None:
    engine = create_async_engine(url, poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


supplied = context.config.attributes.get("connection")
if supplied is not None:
    run(supplied)
else:
    address = context.config.attributes.get("url")
    if address is None:
        from app.settings import Settings

        address = Settings().database_url
    asyncio.run(run_async(address.replace("postgresql://", "postgresql+asyncpg://", 1)))
