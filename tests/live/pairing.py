"""A store and a backend that are connected for one test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.container import load_keyring
from app.woocommerce.pairing import create_pairing
from tests.conftest import Api
from tests.live.store import Store

# A pairing that the store already has is put aside, so that its API key survives the one of the test.
ASIDE = """
    foreach (['arcana_pairing', 'arcana_notice', 'arcana_report'] as $name) {
        $saved[$name] = get_option($name);
        delete_option($name);
    }
    update_option('arcana_live_suite', $saved, false);
"""
BACK = """
    Arcana\\Backend\\Pairer::unpair();
    foreach ((array) get_option('arcana_live_suite') as $name => $value) {
        if ($value) {
            update_option($name, $value, false);
        }
    }
    delete_option('arcana_live_suite');
"""


async def run(store: Store, code: str) -> str:
    """In a thread: the store talks to the backend, which lives in this loop."""
    return await asyncio.to_thread(store.php, code)


@asynccontextmanager
async def paired_with(php: Store, api: Api) -> AsyncIterator[Store]:
    async with api.database.transaction() as connection:
        text = await create_pairing(connection, load_keyring(api.settings), api.url)
    await run(php, ASIDE)
    try:
        await run(php, f"WP_CLI::runcommand('arcana pair {text}');")
        async with asyncio.timeout(30):
            while api.services.catalogue.library().source != "store":
                await asyncio.sleep(0.1)
        # A new store's pictures are drawn anew by the process that also runs this test: let it come to rest.
        async with asyncio.timeout(120), api.database.connection() as connection:
            while await connection.fetchval("SELECT count(*) FROM pictures WHERE state = 'pending'"):
                await asyncio.sleep(0.5)
        yield php
    finally:
        await run(php, BACK)
