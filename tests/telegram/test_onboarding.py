"""A bot sets itself up: what Telegram is told, what it is not told again, and what is wrong, in words."""

import asyncio
from typing import Any

import pytest

from app.catalogue.library import Project
from app.telegram.onboarding import Onboarding
from tests.telegram.conftest import LUNA, VERBENA, Desk, Office, Shelf, bot_of, make_project


def onboarding(office: Office, **settings: Any) -> Onboarding:
    return Onboarding(office.bots(**settings), office.database)


async def bot_row(office: Office, bot_id: int = LUNA) -> dict[str, Any]:
    async with office.database.connection() as connection:
        row = await connection.fetchrow("SELECT * FROM bots WHERE bot_id = $1", bot_id)
    return dict(row) if row else {}


async def methods(desk: Desk, bot_id: int = LUNA) -> list[str]:
    """What was called since the last time it was asked."""
    called = [call["method"] for call in await desk.calls(bot_id=bot_id)]
    await desk.client.delete("/sandbox/calls")
    return called


class TestSetUp:
    async def test_a_live_project_sets_its_bot_up(self, office: Office, desk: Desk, luna: Project) -> None:
        assert await onboarding(office).run() == 1
        bot = await desk.bot(LUNA)
        webhook = office.opened[0].webhooks.webhook(LUNA)
        assert bot["webhook"]["url"] == f"https://tarot.example/telegram/webhook/{webhook.id}"
        assert bot["allowed_updates"] == ["message", "my_chat_member"]
        assert bot["commands"] == {
            "default/": [{"command": "start", "description": "Начать и открыть расклады"}],
            "default/en": [{"command": "start", "description": "Begin and open the readings"}],
        }
        assert bot["menu_button"] == {
            "type": "web_app",
            "text": "Расклады",
            "web_app": {"url": "https://tarot.example/luna/"},
        }
        sent = (await desk.calls("setWebhook"))[0]["parameters"]
        assert sent["secret_token"] == webhook.secret
        assert sent.get("drop_pending_updates", "false") == "false"
        row = await bot_row(office)
        assert (row["state"], row["username"], row["project_id"]) == ("ready", f"bot_{LUNA}", luna.id)
        assert (row["error_code"], row["webhook_id"]) == (None, webhook.id)

    async def test_unchanged_settings_call_nobody(
        self, office: Office, desk: Desk, luna: Project, verbena: Project
    ) -> None:
        assert await onboarding(office).run() == 2
        await methods(desk)
        assert await onboarding(office).run() == 0
        assert await methods(desk) == []

    async def test_only_what_changed_is_sent(self, office: Office, desk: Desk, shelf: Shelf, luna: Project) -> None:
        await onboarding(office).run()
        await methods(desk)
        shelf.change(luna, languages=("en", "ru"))
        await onboarding(office).run()
        assert await methods(desk) == ["getme", "setmycommands", "setmycommands", "setchatmenubutton"]
        shelf.change(luna, welcome={"ru": "Другое приветствие"}, languages=("en", "ru"))
        assert await onboarding(office).run() == 0

    async def test_a_new_token_is_told_everything_anew(
        self, office: Office, desk: Desk, shelf: Shelf, luna: Project
    ) -> None:
        await onboarding(office).run()
        await methods(desk)
        await desk.add_bot(LUNA, name="two")
        shelf.change(luna, bot=bot_of(LUNA, "two"))
        await onboarding(office).run()
        assert (await methods(desk))[:2] == ["getme", "setwebhook"]

    async def test_a_project_that_is_switched_off_loses_its_menu_and_keeps_answering(
        self, office: Office, desk: Desk, shelf: Shelf, luna: Project
    ) -> None:
        await onboarding(office).run()
        shelf.change(luna, status="off")
        await onboarding(office).run()
        bot = await desk.bot(LUNA)
        assert bot["menu_button"] == {"type": "commands"}
        assert bot["webhook"] is not None

    async def test_a_draft_has_its_token_checked_and_nothing_set(
        self, office: Office, desk: Desk, shelf: Shelf, luna: Project
    ) -> None:
        shelf.change(luna, status="draft")
        await onboarding(office).run()
        assert await methods(desk) == ["getme"]
        assert (await bot_row(office))["state"] == "prepared"
        shelf.change(luna, status="live")
        await onboarding(office).run()
        assert (await bot_row(office))["state"] == "ready"

    async def test_polling_removes_a_webhook_without_dropping_updates(
        self, office: Office, desk: Desk, luna: Project
    ) -> None:
        await onboarding(office).run()
        await desk.say(LUNA, "waiting")
        await methods(desk)
        await onboarding(office, telegram_updates="polling").run()
        bot = await desk.bot(LUNA)
        assert bot["webhook"] is None
        assert len(bot["pending_updates"]) == 1
        assert await methods(desk) == ["getme", "getwebhookinfo", "deletewebhook"]

    async def test_plain_http_leaves_the_menu_button_alone(self, office: Office, desk: Desk, luna: Project) -> None:
        await onboarding(office, public_url="http://tarot.example:8080", demo=False).run()
        assert (await desk.bot(LUNA))["menu_button"] == {"type": "commands"}
        assert (await bot_row(office))["state"] == "ready"

    async def test_a_bot_that_left_the_catalogue_is_forgotten_and_set_up_again_when_it_returns(
        self, office: Office, desk: Desk, shelf: Shelf, luna: Project
    ) -> None:
        await onboarding(office).run()
        shelf.remove(luna)
        await onboarding(office).run()
        assert (await bot_row(office))["state"] == "gone"
        await methods(desk)
        shelf.put(luna)
        # Telegram takes one setWebhook a second.
        await asyncio.sleep(1.1)
        await onboarding(office).run()
        assert "setwebhook" in await methods(desk)
        assert (await bot_row(office))["state"] == "ready"


class TestWrong:
    async def test_a_refused_token_is_said_once_without_the_token(
        self, office: Office, desk: Desk, luna: Project, verbena: Project, caplog: pytest.LogCaptureFixture
    ) -> None:
        await desk.client.delete(f"/sandbox/bots/{LUNA}")
        await onboarding(office).run()
        row = await bot_row(office)
        assert (row["state"], row["error_code"]) == ("refused", "token_refused")
        assert row["error"].startswith("Telegram does not accept this bot's token")
        assert (await bot_row(office, VERBENA))["state"] == "ready"
        assert await onboarding(office).run() == 0
        async with office.database.connection() as connection:
            await connection.execute("UPDATE bots SET next_check_at = now() WHERE bot_id = $1", LUNA)
        assert await onboarding(office).run() == 1
        logged = caplog.text
        assert logged.count("bot cannot be set up") == 1
        assert "SANDBOX" not in logged

    async def test_a_corrected_token_is_taken_up_at_once(
        self, office: Office, desk: Desk, shelf: Shelf, luna: Project
    ) -> None:
        shelf.change(luna, bot=bot_of(LUNA, "mistyped"))
        await onboarding(office).run()
        assert (await bot_row(office))["error_code"] == "token_refused"
        shelf.change(luna, bot=bot_of(LUNA))
        await onboarding(office).run()
        row = await bot_row(office)
        assert (row["state"], row["error_code"], row["failures"]) == ("ready", None, 0)

    @pytest.mark.parametrize("bad", ["", "nonsense", "12", "700000001:", "700000001:a b/c?", "9:SANDBOX-one"])
    async def test_a_malformed_token_is_not_even_sent(
        self, office: Office, desk: Desk, shelf: Shelf, luna: Project, bad: str
    ) -> None:
        assert luna.bot is not None
        secret = type(luna.bot.token)(bad)
        shelf.change(luna, bot=type(luna.bot)(LUNA, None, secret))
        await onboarding(office).run()
        assert (await bot_row(office))["error_code"] == "token_malformed"
        assert await desk.calls() == []

    async def test_telegram_down_is_tried_again_later(self, office: Office, desk: Desk, luna: Project) -> None:
        await desk.fault(method="setMyCommands", status=502, times=1)
        await onboarding(office).run()
        row = await bot_row(office)
        assert (row["state"], row["error_code"]) == ("failing", "telegram_unreachable")
        assert await onboarding(office).run() == 0
        async with office.database.connection() as connection:
            await connection.execute("UPDATE bots SET next_check_at = now()")
        await methods(desk)
        await onboarding(office).run()
        # What was accepted before the fault is not sent again.
        assert await methods(desk) == ["getme", "setmycommands", "setmycommands", "setchatmenubutton"]
        assert (await bot_row(office))["state"] == "ready"

    async def test_a_refusal_is_recorded_in_telegrams_words(self, office: Office, desk: Desk, luna: Project) -> None:
        words = "Bad Request: bad webhook: An HTTPS URL must be provided for webhook"
        await desk.fault(method="setWebhook", status=400, description=words)
        await onboarding(office).run()
        row = await bot_row(office)
        assert (row["state"], row["error_code"]) == ("failing", "settings_refused")
        assert words in row["error"]

    async def test_429_is_obeyed(self, office: Office, desk: Desk, luna: Project) -> None:
        await desk.fault(method="setWebhook", status=429, retry_after=40)
        await onboarding(office).run()
        async with office.database.connection() as connection:
            wait = await connection.fetchval("SELECT extract(epoch FROM next_check_at - now()) FROM bots")
        assert 35 < wait <= 40


async def test_a_thousand_known_bots_cost_one_query(office: Office, desk: Desk, shelf: Shelf, luna: Project) -> None:
    for number in range(999):
        project = await make_project(office.database, Shelf(), f"project-{number}", 800_000_000 + number)
        shelf.projects[project.id] = project
    shelf.put(luna)
    bots = office.bots()
    setup = Onboarding(bots, office.database)
    async with office.database.connection() as connection:
        rows = [
            (project.bot.id, project.id, f"webhook {project.id}", setup.fingerprint(project))
            for project in bots.projects()
            if project.bot
        ]
        await connection.executemany(
            """
            INSERT INTO bots (bot_id, project_id, webhook_id, state, settings_hash)
            VALUES ($1, $2, $3, 'ready', $4)
            """,
            rows,
        )
    assert len(rows) == 1000
    assert await setup.run() == 0
    assert await desk.calls() == []
    assert bots.bot(800_000_500) is not None
