"""What the shop's books still lack, for the operator."""

import typer

from app.kit.database import Database
from app.settings import Settings


async def print_books(settings: Settings, *, again: bool) -> None:
    """Counts the lines of the outbox; with `again`, everything that waits is due now."""
    database = Database(settings.database_url, pool_size=2)
    await database.open()
    try:
        async with database.transaction() as connection:
            if again:
                await connection.execute("UPDATE book_entries SET next_at = now() WHERE state = 'waiting'")
            rows = await connection.fetch(
                """
                SELECT state, problem, count(*) AS lines, min(created_at) AS oldest FROM book_entries
                GROUP BY 1, 2 ORDER BY 1, 2
                """
            )
    finally:
        await database.close()
    if not rows:
        typer.echo("Nothing was sold yet.")
    for row in rows:
        problem = f" ({row['problem']})" if row["problem"] else ""
        since = f", since {row['oldest']:%Y-%m-%d %H:%M} UTC" if row["state"] != "done" else ""
        typer.echo(f"{row['state']}{problem}: {row['lines']}{since}")
