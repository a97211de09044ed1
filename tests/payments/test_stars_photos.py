"""The product's picture on invoices, from the catalogue to Telegram: in links and in the chat."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from app.bots import routers
from app.catalogue.library import MirroredPicture, Project
from app.kit import json
from app.kit.database import Database
from app.payments.orders.starting import photo_of
from app.payments.port import Photo
from app.settings import Settings
from app.telegram.polling import run_polling
from tests.conftest import open_worker
from tests.payments.stage import Shop
from tests.payments.stars_stage import Buyer, buyer
from tests.telegram.conftest import Desk, desk, logs
from tests.telegram.stage import Stage, open_stage

__all__ = ["desk", "logs"]

ADDRESS = "https://tarot.example"


async def give_pictures(database_url: str) -> None:
    """Every package gets the back of the cards as its product image, as if the document had come so."""
    database = Database(database_url, pool_size=1)
    await database.open()
    async with database.transaction() as connection:
        for row in await connection.fetch("SELECT id, document FROM catalogue_documents"):
            document = json.loads(row["document"])
            for package in document["packages"]:
                package["picture"] = document["decks"][0]["back"]
            await connection.execute(
                "UPDATE catalogue_documents SET document = $2 WHERE id = $1", row["id"], json.dumps(document)
            )
    await database.close()


@asynccontextmanager
async def open_shop_with_pictures(settings: Settings, desk: Desk) -> AsyncIterator[Stage]:
    """An installation under a public address, which no webhook of a test could reach: updates are polled."""
    await give_pictures(settings.database_url)
    settings = settings.model_copy(update={"telegram_updates": "polling"})
    async with open_stage(settings, desk, workers=0) as stage:
        public = stage.settings.model_copy(update={"public_url": ADDRESS})
        polling = asyncio.create_task(run_polling(public, routers()))
        async with open_worker(public):
            yield stage
        polling.cancel()
        with suppress(asyncio.CancelledError):
            await polling


@pytest.fixture
async def stage(stocked_settings: Settings, desk: Desk) -> AsyncIterator[Stage]:
    async with open_shop_with_pictures(stocked_settings, desk) as stage:
        yield stage


async def parameters(buyer: Buyer, method: str) -> list[tuple[int, dict[str, Any]]]:
    """Of each call: how it ended, and what it said of a photo."""
    return [
        (call["outcome"], {name: value for name, value in call["parameters"].items() if name.startswith("photo")})
        for call in await buyer.stage.desk.calls(method, buyer.bot_id)
    ]


async def test_invoices_and_links_carry_the_products_picture(stage: Stage) -> None:
    anna = buyer(stage)
    invoice = await anna.invoice("105")
    ((_, sent),) = await parameters(anna, "sendInvoice")
    assert sent["photo_url"].startswith(f"{ADDRESS}/media/")
    served = await stage.api.client.get(sent["photo_url"].removeprefix(ADDRESS))
    assert (served.status_code, served.headers["content-type"]) == (200, "image/jpeg")
    with Image.open(io.BytesIO(served.content)) as picture:
        assert picture.format == "JPEG"
        assert picture.size == (int(sent["photo_width"]), int(sent["photo_height"]))
    assert (await anna.pay(invoice))["status"] == "paid"
    await anna.talk.next()
    link = await anna.link("320")
    shown = await stage.desk.look("invoice", slug=link.rpartition("$")[2])
    assert (shown["photo_url"], shown["subscription_period"]) == (sent["photo_url"], 2_592_000)


async def test_a_photo_that_telegram_cannot_fetch_does_not_stop_the_sale(stage: Stage) -> None:
    anna = buyer(stage)
    refusal = "Bad Request: WEBPAGE_CURL_FAILED"
    for method in ("createInvoiceLink", "sendInvoice"):
        await stage.desk.fault(method=method, status=400, description=refusal, times=1)
    invoice = await anna.invoice("105")
    for method in ("createInvoiceLink", "sendInvoice"):
        (refused, pictured), (taken, plain) = await parameters(anna, method)
        assert (refused, taken) == (400, 200)
        assert pictured["photo_url"].startswith(ADDRESS) and plain == {}
    assert invoice["invoice"]["total_amount"] == 105
    assert (await anna.pay(invoice))["status"] == "paid"
    assert "оплата прошла" in (await anna.talk.next())[0]["text"]
    assert await anna.readings() == 8
    assert len(await anna.orders()) == len(await anna.payments()) == 1


def pictured(project: Project) -> Project:
    picture = MirroredPicture("ab" * 16, ((240, 160), (720, 480)))
    return replace(project, packages=tuple(replace(package, picture=picture) for package in project.packages))


async def test_only_what_everybody_can_fetch_is_shown(shop: Shop) -> None:
    """Telegram comes for it from outside: not to a machine of one's own, and not without https."""
    project, settings = pictured(shop.project), shop.services.settings

    def photo(address: str, project: Project = project, package: str = "luna-three") -> Photo | None:
        return photo_of(settings.model_copy(update={"public_url": address}), project, package)

    assert photo(ADDRESS) == Photo(f"{ADDRESS}/media/{'ab' * 16}-720.jpg", 720, 480)
    for address in ("http://tarot.example", "https://127.0.0.1:8000", "https://localhost", "https://10.0.0.7"):
        assert photo(address) is None
    assert photo(ADDRESS, shop.project) is None
    assert photo(ADDRESS, package="gone") is None
