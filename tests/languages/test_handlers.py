"""Everything that the bots can do, in each language, through the desk: no handler is left out, and nobody reads a word
of a language that is not his."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from app.settings import Settings
from tests.languages import clients, staff
from tests.languages.house import open_house
from tests.languages.party import Party
from tests.telegram.conftest import Desk, desk, logs

__all__ = ["desk", "logs"]

Story = Callable[[Party], Coroutine[Any, Any, None]]
# Whatever else there is, belongs to the story of the people.
OF_THE_STAFF = ("app.crm.", "app.broadcasts.", "app.telegram.handlers.managed", "app.telegram.handlers.membership")


async def of_the_people(party: Party) -> None:
    await clients.readings(party)
    await clients.request(party)
    await clients.leaving(party)
    await clients.paying(party)
    await clients.gifts(party)
    await clients.closed(party)


async def of_the_staff(party: Party) -> None:
    await party.say("/start")
    # News comes at any hour of the night.
    settings = await party.say("/settings", "settings.text")
    await party.press(settings, "settings.quiet.off", "settings.saved")
    thread = await staff.talking(party)
    await staff.cards(party, await clients.request(party))
    await staff.commands(party, thread)
    await staff.orders(party)
    await staff.drafts(party, thread)
    await staff.broadcasts(party)
    await clients.managed(party)
    await staff.group(party)
    await clients.manager(party)
    await staff.growing(party)


@pytest.mark.parametrize(("story", "is_staff"), [(of_the_people, False), (of_the_staff, True)])
async def test_every_handler_answers_in_every_language(
    stocked_settings: Settings, desk: Desk, story: Story, is_staff: bool
) -> None:
    async with open_house(stocked_settings, desk) as house:
        async with asyncio.TaskGroup() as stories:
            for party in house.parties:
                stories.create_task(story(party))
        await house.idle()
        told = {name for name in house.watch.registered if name.split()[1].startswith(OF_THE_STAFF) == is_staff}
        for party in house.parties:
            missed = told - house.watch.ran[party.language]
            assert not missed, f"the story in {party.language} never comes to {sorted(missed)}"
            assert party.strange() == []
