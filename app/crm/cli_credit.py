"""The operator gives by hand, with a reason that stays in the ledger; whoever gets it hears of it from his bot."""

from uuid import uuid4

import typer

from app.crm.gifts import give
from app.kit.database import Database
from app.projects.repository import ProjectsRepository
from app.settings import Settings
from app.users.repository import UserRepository
from app.wallet.balance import UNITS
from app.wallet.service import wallet


async def credit(
    settings: Settings, *, slug: str, telegram_id: int, amount: int, unit: str, reason: str, key: str | None
) -> None:
    """Ends with exit code 1 and words when the project or the user is not known."""
    chosen = next((known for known in UNITS if known == unit), None)
    if chosen is None:
        typer.echo(f"There is no unit {unit}; choose one of {', '.join(UNITS)}.", err=True)
        raise typer.Exit(2)
    database = Database(settings.database_url, pool_size=2)
    await database.open()
    try:
        async with database.transaction() as connection:
            projects = await ProjectsRepository(connection).all()
            project = next((row for row in projects if row.slug == slug and not row.removed), None)
            if project is None:
                typer.echo(f"There is no project {slug}.", err=True)
                raise typer.Exit(1)
            user = await UserRepository(connection, project.id).by_telegram_id(telegram_id)
            if user is None:
                typer.echo(f"{telegram_id} has not signed in to {slug} yet.", err=True)
                raise typer.Exit(1)
            is_new = await give(
                connection,
                project_id=project.id,
                user_id=user.id,
                unit=chosen,
                amount=amount,
                key=f"gift:{key or uuid4()}",
                reason=reason,
                by_bot=True,
            )
            balances = await wallet.get(connection, project_id=project.id, user_id=user.id)
    finally:
        await database.close()
    given = f"+{amount}" if is_new else "given before with this key"
    typer.echo(f"{user.first_name} ({slug}): {given}; {unit} now {balances[chosen].balance}")
