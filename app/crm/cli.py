"""The operator's way to let a manager connect a group."""

import typer

from app.crm.invitations import InvitationRepository, address
from app.kit.database import Database
from app.projects.repository import ProjectsRepository
from app.settings import Settings


async def print_staff_link(settings: Settings, *, slug: str) -> None:
    """Ends with exit code 1 and words when the project is not known or has no bot yet."""
    database = Database(settings.database_url, pool_size=2)
    await database.open()
    try:
        async with database.transaction() as connection:
            projects = await ProjectsRepository(connection).all()
            project = next((row for row in projects if row.slug == slug and not row.removed), None)
            if project is None:
                typer.echo(f"There is no project {slug}.", err=True)
                raise typer.Exit(1)
            username = await connection.fetchval(
                """
                SELECT b.username FROM bots b JOIN projects p ON p.id = b.project_id AND p.bot_id = b.bot_id
                WHERE p.id = $1
                """,
                project.id,
            )
            if not username:
                typer.echo(f"The bot of {slug} is not set up yet.", err=True)
                raise typer.Exit(1)
            code = await InvitationRepository(connection, project.id).make()
    finally:
        await database.close()
    typer.echo(address(username, code))
