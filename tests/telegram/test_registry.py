"""Bots come and go with the catalogue; they share a session, and never each other's dialogues."""

from aiogram.fsm.storage.base import StorageKey

from app.bots import routers
from app.catalogue.library import Project
from app.kit import redis as redis_kit
from app.settings import Settings
from app.telegram.dispatcher import build_dispatcher
from app.telegram.session import TelegramSession
from app.worker.container import open_worker_container
from tests.telegram.conftest import LUNA, VERBENA, Office, Shelf, bot_of, token


class TestBots:
    async def test_they_share_one_session_and_are_made_once(
        self, office: Office, luna: Project, verbena: Project
    ) -> None:
        bots = office.bots()
        first, second = bots.bot(LUNA), bots.bot(VERBENA)
        assert first is not None
        assert second is not None
        assert first.session is second.session
        assert bots.bot(LUNA) is first

    async def test_they_come_and_go_with_the_catalogue(
        self, office: Office, shelf: Shelf, luna: Project, verbena: Project
    ) -> None:
        bots = office.bots()
        assert bots.bot(VERBENA) is not None
        shelf.remove(verbena)
        assert bots.bot(VERBENA) is None
        assert bots.project(VERBENA) is None
        webhook = bots.webhooks.webhook(VERBENA)
        assert bots.webhooks.admit(webhook.id, webhook.secret) is None
        shelf.put(verbena)
        assert bots.bot(VERBENA) is not None
        assert bots.webhooks.admit(webhook.id, webhook.secret) == verbena

    async def test_a_new_token_makes_a_new_bot(self, office: Office, shelf: Shelf, luna: Project) -> None:
        bots = office.bots()
        first = bots.bot(LUNA)
        shelf.change(luna, bot=bot_of(LUNA, "two"))
        second = bots.bot(LUNA)
        assert second is not None
        assert second is not first
        assert second.token == token(LUNA, "two")

    async def test_a_worker_closes_the_session_of_whichever_bots_it_has(
        self, stocked_settings: Settings, office: Office, luna: Project
    ) -> None:
        async with open_worker_container(stocked_settings) as container:
            container.bots = office.bots()
            bot = container.bots.bot(LUNA)
            assert bot is not None
            assert isinstance(bot.session, TelegramSession)
            session = await bot.session.create_session()
        assert session.closed

    async def test_an_unknown_bot_is_none(self, office: Office, luna: Project) -> None:
        assert office.bots().bot(1) is None


class TestDialogues:
    async def test_states_of_two_bots_do_not_mix(self, office: Office) -> None:
        storage = office.bots().dispatcher.storage
        keys = [StorageKey(bot_id=bot_id, chat_id=5, user_id=5) for bot_id in (LUNA, VERBENA)]
        await storage.set_state(keys[0], "asking")
        assert [await storage.get_state(key) for key in keys] == ["asking", None]

    async def test_without_redis_nobody_is_in_a_dialogue(self) -> None:
        dead = redis_kit.connect("redis://127.0.0.1:1/0", timeout=0.2)
        storage = build_dispatcher(dead, routers()).storage
        assert await storage.get_state(StorageKey(bot_id=1, chat_id=5, user_id=5)) is None
        await dead.aclose()
