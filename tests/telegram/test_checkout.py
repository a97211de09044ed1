"""Pre-checkout queries: answered at once by whoever takes them in, and by a worker if that could not be."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from app.bots import routers
from app.catalogue.library import Project
from app.kit.database import Database
from app.settings import Settings
from app.telegram.checkout import CheckoutQuery, Refusal
from app.telegram.polling import run_polling
from app.telegram.updates import inspect
from app.worker.container import open_worker_container
from tests.conftest import Api, open_api, open_worker
from tests.telegram.conftest import Desk

PERSON = 5


@asynccontextmanager
async def shop(settings: Settings, desk: Desk) -> AsyncIterator[tuple[Api, Project]]:
    """The API and a bot that is set up, without a worker."""
    async with open_api(settings.model_copy(update={"telegram_api_url": desk.url})) as api:
        here = api.settings.model_copy(update={"public_url": api.url})
        async with open_worker_container(here) as container:
            await container.catalogue.refresh()
            project = container.catalogue.library().project_by_slug("luna")
            assert project is not None
            assert project.bot is not None
            await desk.order("bots", token=project.bot.token.get_secret_value(), username=project.bot.username)
            await container.onboarding.set_up(project)
            await api.services.catalogue.reload()
            yield api, project


async def invoice(desk: Desk, project: Project) -> str:
    """A link to an invoice over three Stars, which the person can afford."""
    assert project.bot is not None
    await desk.say(project.bot.id, "hello", user=PERSON)
    answer = await desk.client.post(
        f"/bot{project.bot.token.get_secret_value()}/test/createInvoiceLink",
        json={
            "title": "Readings", "description": "Three readings", "payload": "order-1", "currency": "XTR",
            "prices": [{"label": "Readings", "amount": 3}],
        },
    )  # fmt: skip
    link: str = answer.json()["result"]
    return link


async def state(database: Database) -> tuple[str, str | None, int]:
    """The outcome of the newest query, once it is written down: the person hears it before that."""
    async with asyncio.timeout(10):
        while True:
            async with database.connection() as connection:
                row = await connection.fetchrow(
                    "SELECT state, error, attempts FROM telegram_updates WHERE payload ? 'pre_checkout_query'"
                    " ORDER BY update_id DESC LIMIT 1"
                )
            if row is not None and row["state"] != "pending":
                return row["state"], row["error"], row["attempts"]
            await asyncio.sleep(0.05)


async def test_a_foreign_invoice_is_refused_at_once_in_the_persons_language(settings: Settings, desk: Desk) -> None:
    async with shop(settings, desk) as (api, project):
        link = await invoice(desk, project)
        paid = await desk.order("pay", user=PERSON, link=link)
        assert paid == {"status": "failed", "error": "Такого счёта нет. С вас ничего не списали."}
        assert await state(api.database) == ("done", "refused", 1)
        assert len(await desk.calls("answerPreCheckoutQuery")) == 1


async def test_payments_decide_when_they_are_there(settings: Settings, desk: Desk) -> None:
    asked: list[CheckoutQuery] = []

    async def decide(_: Database, project: Project, query: CheckoutQuery) -> Refusal | None:
        asked.append(query)
        if len(asked) == 2:
            raise RuntimeError("the payments are broken")
        return None

    async with shop(settings, desk) as (api, project):
        api.services.checkout._decide = decide
        link = await invoice(desk, project)
        assert (await desk.order("pay", user=PERSON, link=link))["status"] == "paid"
        broken = await desk.order("pay", user=PERSON, link=await invoice(desk, project))
    assert asked[0].payload == "order-1"
    assert (asked[0].telegram_id, asked[0].currency, asked[0].amount) == (PERSON, "XTR", 3)
    assert broken["status"] == "failed"
    assert broken["error"].startswith("Сейчас не получилось проверить заказ")


async def test_what_could_not_be_answered_at_once_is_answered_by_a_worker(settings: Settings, desk: Desk) -> None:
    async with shop(settings, desk) as (api, project):
        link = await invoice(desk, project)
        await desk.fault(method="answerPreCheckoutQuery", status=502, times=1)
        async with open_worker(api.settings):
            paid = await desk.order("pay", user=PERSON, link=link)
            async with asyncio.timeout(10):
                while (await state(api.database))[0] != "done":  # the worker writes it
                    await asyncio.sleep(0.1)
        assert paid["error"].startswith("Такого счёта нет")
        assert (await state(api.database))[2] == 2


async def test_what_a_dead_process_had_kept_is_answered_when_it_comes_again(settings: Settings, desk: Desk) -> None:
    async with shop(settings, desk) as (api, project):
        assert project.bot is not None
        link = await invoice(desk, project)
        # Whoever has it in hand does not come to answer.
        await desk.fault(method="answerPreCheckoutQuery", delay=60)
        paying = asyncio.create_task(desk.order("pay", user=PERSON, link=link))
        async with asyncio.timeout(10):
            while (update := await newest(api.database)) is None:
                await asyncio.sleep(0.02)
        receive = api.services.checkout.receive
        assert not await receive(api.services.inbox, project=project, incoming=inspect(update))
        paid = await paying
        assert paid["error"].startswith("Такого счёта нет")
        assert await state(api.database) == ("done", "refused", 1)


async def newest(database: Database) -> dict[str, Any] | None:
    """A query that was kept, as it came."""
    async with database.connection() as connection:
        found: dict[str, Any] | None = await connection.fetchval(
            "SELECT payload FROM telegram_updates WHERE payload ? 'pre_checkout_query' ORDER BY update_id DESC LIMIT 1"
        )
    return found


async def test_a_poller_answers_by_itself_too(settings: Settings, desk: Desk) -> None:
    async with shop(settings, desk) as (api, project):
        assert project.bot is not None
        link = await invoice(desk, project)
        here = api.settings.model_copy(update={"telegram_updates": "polling"})
        async with open_worker_container(here) as container:
            await container.catalogue.reload()
            await container.onboarding.set_up(project)
        polling = asyncio.create_task(run_polling(here, routers()))
        paid = await desk.order("pay", user=PERSON, link=link)
        assert paid["error"].startswith("Такого счёта нет")
        assert await state(api.database) == ("done", "refused", 1)
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)
