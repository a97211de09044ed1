"""A bot sets itself up: what Telegram is told, what it is not told again, and what is wrong, in words."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from app.catalogue.library import Library, Project
from app.kit.clip import clip
from app.kit.crypto import Keyring
from app.kit.database import Connection
from app.telegram.onboarding import Onboarding
from app.telegram.presentation import CLOSED, MANAGER, STAFF, SUPER_ADMIN, USER
from tests.telegram.conftest import LUNA, VERBENA, Desk, Office, Shelf, bot_of, make_project

KEYRING = Keyring.generate()


def onboarding(office: Office, **settings: Any) -> Onboarding:
    return Onboarding(office.bots(**settings), office.database, KEYRING)


async def bot_row(office: Office, bot_id: int = LUNA) -> dict[str, Any]:
    async with office.database.connection() as connection:
        row = await connection.fetchrow("SELECT * FROM bots WHERE bot_id = $1", bot_id)
    return dict(row) if row else {}


async def connect_group(connection: Connection, project_id: int, chat_id: int) -> None:
    await connection.execute(
        """
        INSERT INTO staff_groups (project_id, chat_id, title, language, connected_by) VALUES ($1, $2, 'Staff', 'ru', 5)
        """,
        project_id, chat_id,
    )  # fmt: skip


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
        assert {"message", "my_chat_member"} <= set(bot["allowed_updates"])
        assert list(bot["commands"]) == ["all_private_chats/", "all_private_chats/en"]
        assert [command["command"] for command in bot["commands"]["all_private_chats/"]] == list(USER)
        assert bot["commands"]["all_private_chats/"][1] == {"command": "daily", "description": "Карта дня"}
        assert bot["commands"]["all_private_chats/en"][1] == {"command": "daily", "description": "Card of the day"}
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
        called = await methods(desk)
        assert called[:4] == ["getme", "setmycommands", "setmycommands", "setchatmenubutton"]
        # Names and descriptions change places, too; commands and texts in English alone are taken back.
        assert {"setmyname", "setmydescription", "setmyshortdescription", "deletemycommands"} == set(called[4:])
        shelf.change(luna, theme=replace(luna.theme, accent="#123456"), languages=("en", "ru"))
        assert await onboarding(office).run() == 0
        shelf.change(luna, name={"ru": "Другая", "en": "Name luna"}, languages=("en", "ru"))
        await onboarding(office).run()
        assert await methods(desk) == ["getme", "setmyname"]

    async def test_a_new_token_is_told_everything_anew(
        self, office: Office, desk: Desk, shelf: Shelf, luna: Project
    ) -> None:
        await onboarding(office).run()
        await methods(desk)
        await desk.add_bot(LUNA, name="two")
        shelf.change(luna, bot=bot_of(LUNA, "two"))
        await onboarding(office).run()
        assert (await methods(desk))[:2] == ["getme", "setwebhook"]

    async def test_a_project_that_is_switched_off_keeps_answering_with_fewer_commands(
        self, office: Office, desk: Desk, shelf: Shelf, luna: Project
    ) -> None:
        await onboarding(office).run()
        shelf.change(luna, status="off")
        await onboarding(office).run()
        bot = await desk.bot(LUNA)
        assert bot["menu_button"] == {"type": "commands"}
        assert [command["command"] for command in bot["commands"]["all_private_chats/"]] == list(CLOSED)
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
        assert (await methods(desk))[:4] == ["getme", "setmycommands", "setmycommands", "setchatmenubutton"]
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


class TestTexts:
    async def test_name_and_descriptions_come_from_the_project_in_each_language(
        self, office: Office, desk: Desk, shelf: Shelf, luna: Project
    ) -> None:
        long = "Каждый вечер одна карта. " * 40
        shelf.change(luna, description={"ru": long, "en": "A card a day."}, tagline={"ru": "Карты по вечерам"})
        await onboarding(office).run()
        assert (await bot_row(office))["state"] == "ready"
        texts = (await desk.bot(LUNA))["texts"]
        assert texts["name"] == {"": "Имя luna", "en": "Name luna"}
        assert texts["description"][""] == ("Каждый вечер одна карта. " * 20).strip()
        assert texts["description"]["en"] == "A card a day."
        assert texts["short_description"] == {"": "Карты по вечерам", "en": "A card a day."}

    async def test_a_name_that_may_not_change_again_today_waits_while_the_bot_works(
        self, office: Office, desk: Desk, luna: Project
    ) -> None:
        await desk.fault(method="setMyName", status=429, retry_after=3600, times=None)
        await onboarding(office).run()
        row = await bot_row(office)
        assert (row["state"], row["error_code"]) == ("ready", None)
        assert "setmydescription" in await methods(desk)
        assert await onboarding(office).run() == 0
        await desk.end_faults()
        async with office.database.connection() as connection:
            assert await connection.fetchval("SELECT extract(epoch FROM next_check_at - now()) FROM bots") > 3500
            await connection.execute("UPDATE bots SET next_check_at = now()")
        await onboarding(office).run()
        assert await methods(desk) == ["getme", "setmyname", "setmyname"]
        assert (await bot_row(office))["next_check_at"] is None

    def test_clipping_ends_with_a_sentence_or_a_word(self) -> None:
        assert clip("short", 10) == "short"
        assert clip("First sentence. Second one", 20) == "First sentence."
        assert clip("some words without any end", 18) == "some words…"
        assert clip("x" * 30, 10) == "x" * 9 + "…"
        assert clip("🔮" * 30, 11) == "🔮" * 5 + "…"


class TestScopes:
    async def test_the_staff_group_and_its_managers_get_commands_of_their_own(
        self, office: Office, desk: Desk, luna: Project
    ) -> None:
        await onboarding(office).run()
        await methods(desk)
        group = await desk.group(LUNA)
        async with office.database.connection() as connection:
            await connect_group(connection, luna.id, group)
        await onboarding(office).run()
        assert await methods(desk) == ["getme"] + ["setmycommands"] * 4
        commands = (await desk.bot(LUNA))["commands"]
        assert [command["command"] for command in commands[f"chat:{group}/"]] == list(STAFF)
        assert [command["command"] for command in commands[f"chat_administrators:{group}/en"]] == list(MANAGER)
        async with office.database.connection() as connection:
            await connection.execute("DELETE FROM staff_groups")
        await onboarding(office).run()
        assert set((await desk.bot(LUNA))["commands"]) == {"all_private_chats/", "all_private_chats/en"}

    async def test_a_super_admin_gets_his_when_he_has_met_the_bot(
        self, office: Office, desk: Desk, luna: Project
    ) -> None:
        setup = onboarding(office, super_admins=(5, 6))
        await setup.run()
        assert not any(scope.startswith("chat:") for scope in (await desk.bot(LUNA))["commands"])
        await desk.say(LUNA, "/start")
        async with office.database.connection() as connection:
            await connection.execute(
                "INSERT INTO users (project_id, id, telegram_id, language) VALUES ($1, gen_random_uuid(), 5, 'ru')",
                luna.id,
            )
        await setup.run()
        commands = (await desk.bot(LUNA))["commands"]
        assert [command["command"] for command in commands["chat:5/"]] == [*USER, *SUPER_ADMIN]
        assert "chat:6/" not in commands

    async def test_a_group_that_the_bot_cannot_see_does_not_stop_it(
        self, office: Office, desk: Desk, luna: Project
    ) -> None:
        await onboarding(office).run()
        async with office.database.connection() as connection:
            await connect_group(connection, luna.id, -1001)
        await onboarding(office).run()
        row = await bot_row(office)
        assert (row["state"], row["error_code"]) == ("ready", None)
        assert row["next_check_at"] is not None


class TestGone:
    async def test_the_webhook_and_the_commands_go_and_the_token_is_forgotten(
        self, office: Office, desk: Desk, shelf: Shelf, luna: Project
    ) -> None:
        await onboarding(office).run()
        assert "SANDBOX" not in str(await bot_row(office))
        assert (await bot_row(office))["sealed_token"]
        await desk.say(LUNA, "still waiting")
        shelf.remove(luna)
        await onboarding(office).run()
        bot, row = await desk.bot(LUNA), await bot_row(office)
        assert (bot["webhook"], bot["commands"]) == (None, {})
        assert len(bot["pending_updates"]) == 1
        assert (row["state"], row["sealed_token"], row["sent"]) == ("gone", None, {})
        await methods(desk)
        assert await onboarding(office).run() == 0
        assert await methods(desk) == []

    async def test_it_is_set_up_again_when_it_returns(
        self, office: Office, desk: Desk, shelf: Shelf, luna: Project
    ) -> None:
        await onboarding(office).run()
        shelf.remove(luna)
        await onboarding(office).run()
        shelf.put(luna)
        # Telegram takes one setWebhook a second.
        await asyncio.sleep(1.1)
        await onboarding(office).run()
        assert (await desk.bot(LUNA))["webhook"] is not None
        assert (await bot_row(office))["state"] == "ready"

    async def test_telegram_down_is_told_later(self, office: Office, desk: Desk, shelf: Shelf, luna: Project) -> None:
        await onboarding(office).run()
        shelf.remove(luna)
        await desk.fault(method="deleteWebhook", status=502, times=1)
        await onboarding(office).run()
        assert (await bot_row(office))["state"] == "leaving"
        assert await onboarding(office).run() == 0
        async with office.database.connection() as connection:
            await connection.execute("UPDATE bots SET next_check_at = now()")
        await onboarding(office).run()
        assert (await desk.bot(LUNA))["webhook"] is None
        assert (await bot_row(office))["state"] == "gone"

    async def test_a_bot_that_serves_somebody_else_by_now_is_left_alone(
        self, office: Office, desk: Desk, shelf: Shelf, luna: Project
    ) -> None:
        await onboarding(office).run()
        shelf.remove(luna)
        await asyncio.sleep(1.1)
        await onboarding(office, public_url="https://another.example").run()
        bot = await desk.bot(LUNA)
        assert bot["webhook"]["url"].startswith("https://tarot.example/")
        assert "all_private_chats/" in bot["commands"]

    async def test_before_the_first_catalogue_nobody_is_gone(
        self, office: Office, desk: Desk, shelf: Shelf, luna: Project
    ) -> None:
        await onboarding(office).run()
        shelf.current = Library()
        assert await onboarding(office).run() == 0
        assert (await bot_row(office))["state"] == "ready"


async def test_a_thousand_known_bots_cost_one_query(office: Office, desk: Desk, shelf: Shelf, luna: Project) -> None:
    for number in range(999):
        project = await make_project(office.database, Shelf(), f"project-{number}", 800_000_000 + number)
        shelf.projects[project.id] = project
    shelf.put(luna)
    bots = office.bots()
    setup = Onboarding(bots, office.database, KEYRING)
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
