"""A store, a ledger of one project, and what sends from one to the other."""

from collections.abc import AsyncIterator

import pytest

from app.container import load_keyring
from app.kit.database import Database
from app.payments.books.sending import BookSender
from app.settings import Settings
from tests.payments.books.ledger import Ledger, empty_library
from tests.payments.books.woocommerce import WooCommerce, open_woocommerce


@pytest.fixture
async def store() -> AsyncIterator[WooCommerce]:
    async with open_woocommerce() as store:
        yield store


@pytest.fixture
async def ledger(database: Database) -> Ledger:
    return await Ledger.open(database)


@pytest.fixture
def sender(store: WooCommerce, database: Database, settings: Settings) -> BookSender:
    connected = store.settings(settings)
    return BookSender(connected, load_keyring(connected), database, empty_library, timeout=5)
