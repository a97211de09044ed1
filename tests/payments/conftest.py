from collections.abc import AsyncIterator

import pytest

from app.kit.database import Database
from app.payments.ledger import rules as ledger
from app.settings import Settings
from tests.conftest import open_worker
from tests.payments.stage import Counter, Shop, open_counter, open_shop, with_bank
from tests.payments.subscribing import Subscriber


@pytest.fixture
async def shop(stocked_settings: Settings, request: pytest.FixtureRequest) -> AsyncIterator[Shop]:
    """Services on a database of their own; nobody answers where the bank should be.

    After each test every rule of the books must hold, but for those marked `impossible`, which write rows by hand.
    """
    async with open_shop(with_bank(stocked_settings)) as shop:
        yield shop
        if request.node.get_closest_marker("impossible") is None:
            assert await ledger.check(shop.database) == []


@pytest.fixture
async def subscriber(database: Database) -> Subscriber:
    return await Subscriber.new(database)


@pytest.fixture
async def counter(stocked_settings: Settings) -> AsyncIterator[Counter]:
    async with open_counter(stocked_settings) as counter:
        yield counter
        assert await ledger.check(counter.api.database) == []


@pytest.fixture
async def worker(counter: Counter) -> AsyncIterator[None]:
    async with open_worker(counter.api.settings):
        yield
