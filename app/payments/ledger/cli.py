"""`python -m app ledger check`: proves the books, or names what breaks them."""

import time

import typer

from app.kit.database import Database
from app.payments.ledger.rules import ALL, check
from app.settings import Settings


async def print_check(settings: Settings) -> None:
    """Ends with exit code 1 if any row breaks any rule."""
    database = Database(settings.database_url, pool_size=1)
    started = time.monotonic()
    try:
        broken = await check(database)
        async with database.connection() as connection:
            entries = await connection.fetchval("SELECT count(*) FROM wallet_entries")
            orders = await connection.fetchval("SELECT count(*) FROM orders")
    finally:
        await database.close()
    names = list(dict.fromkeys(row.rule.name for row in broken))
    for name in names:
        rows = [row for row in broken if row.rule.name == name]
        typer.echo(f"✗ {name}: {rows[0].rule.says} — broken by {rows[0].total}:")
        for row in rows:
            typer.echo(f"    project {row.project_id}, {row.row}: {row.found}")
    seconds = time.monotonic() - started
    held = len(ALL) - len(names)
    typer.echo(f"{held} of {len(ALL)} rules hold over {entries} entries and {orders} orders ({seconds:.1f} s).")
    if broken:
        raise typer.Exit(1)
