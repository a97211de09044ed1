"""Pairing from the operator's shell."""

import typer

from app.container import load_keyring
from app.kit.database import Database
from app.settings import Settings
from app.woocommerce.pairing import create_pairing


async def print_pairing(settings: Settings, *, address: str) -> None:
    """Prints the string for WooCommerce → Arcana; it works once, within 24 hours."""
    database = Database(settings.database_url, pool_size=2)
    await database.open()
    try:
        async with database.transaction() as connection:
            typer.echo(await create_pairing(connection, load_keyring(settings), address))
    finally:
        await database.close()
    typer.echo("Paste it under WooCommerce → Arcana within 24 hours. It works once and is a secret.", err=True)
