"""A group is connected by those who may, says what it lacks, and serves one project."""

import asyncio
import os
import re
import sys
from typing import Any

import pytest

from app.catalogue.library import Project
from app.crm.groups import GroupRepository
from app.crm.invitations import LIFETIME, InvitationRepository
from app.leads import service
from tests.crm.stage import OWNER, SUPER_ADMIN, Stage
from tests.weather import until

MANAGER = 9
CHOOSE = {"ru": "👥 Выбрать группу", "en": "👥 Choose a group"}
READY = "готова: каждому клиенту — своя тема"


class Manager:
    """Somebody in the bot's private chat who has a group of his own there."""

    def __init__(self, stage: Stage, user: int = MANAGER, *, language: str = "ru", project: Project | None = None):
        self.stage, self.user, self.language, self.project = stage, user, language, project
        self.place = {"bot": stage.bot_id(project), "user": user}

    async def says(self, text: str) -> None:
        person = {"id": self.user, "first_name": "Марина", "language_code": self.language}
        await self.stage.desk.order("say", **{**self.place, "user": person}, text=text)
        await self.stage.settle()

    async def invitation(self) -> str:
        project = self.project or self.stage.luna
        async with self.stage.container.database.transaction() as connection:
            return await InvitationRepository(connection, project.id).make()

    async def opens_link(self, code: str | None = None) -> None:
        await self.says(f"/start staff_{code or await self.invitation()}")

    async def chooses(self, chat: int, *, code: int | None = None) -> None:
        await self.stage.desk.order(
            "keyboard", **self.place, text=CHOOSE[self.language], chat_shared={"chat_id": chat}, code=code
        )
        await self.stage.settle()

    async def owns(self, *, forum: bool = True) -> int:
        person = {"id": self.user, "first_name": "Марина", "language_code": self.language}
        made = await self.stage.desk.order("groups", title="Команда", is_forum=forum, owner=person)
        chat_id: int = made["chat"]["id"]
        return chat_id

    async def heard(self) -> list[dict[str, Any]]:
        return await self.stage.with_client(self.user, self.project)

    async def last(self) -> str:
        text: str = (await self.heard())[-1]["text"]
        return text

    async def presses(self, words: str) -> dict[str, Any]:
        """A button under the newest message that has one of these words."""
        for message in reversed(await self.heard()):
            for row in message.get("reply_markup", {}).get("inline_keyboard", []):
                for button in row:
                    if words in button["text"]:
                        pressed = await self.stage.desk.press(
                            message["message_id"], button["callback_data"], user=self.user, bot=self.place["bot"]
                        )
                        await self.stage.settle()
                        return pressed
        raise AssertionError(f"no button {words}")


class TestWhoMay:
    async def test_a_stranger_connects_nothing_and_learns_nothing(self, stage: Stage) -> None:
        stranger = Manager(stage)
        await stranger.says("/group")
        assert (await stranger.last()).startswith("Я отвечаю картами")
        await stranger.opens_link("a-guess-of-his-own")
        assert await stranger.last() == "Эта ссылка уже использована или устарела. Попросите новую."
        await stranger.chooses(await stranger.owns(), code=404)
        assert await stage.connected() is None

    async def test_a_keyboard_that_was_kept_does_not_outlive_the_link(self, stage: Stage) -> None:
        manager = Manager(stage)
        await manager.opens_link()
        await stage.execute("UPDATE staff_invitations SET expires_at = now()")
        await manager.chooses(await manager.owns())
        assert (await manager.last()).startswith("Подключать и отключать группу может администратор")
        assert await stage.connected() is None

    @pytest.mark.parametrize("language", ["ru", "en"])
    async def test_whoever_opens_the_link_first_connects_his_group(self, stage: Stage, language: str) -> None:
        manager, second = Manager(stage, language=language), Manager(stage, 10)
        code = await manager.invitation()
        await manager.opens_link(code)
        await second.opens_link(code)
        assert (await second.last()).startswith("Эта ссылка уже использована")
        chat = await manager.owns()
        await manager.chooses(chat)
        group = await stage.connected()
        assert group is not None
        assert (group.chat_id, group.title, group.connected_by, group.problems) == (chat, "Команда", MANAGER, ())
        assert group.language == language
        ready = {"ru": READY, "en": "is connected and ready: each client gets a topic"}[language]
        assert ready in await manager.last()
        (welcome,) = [one for one in await stage.desk.messages(chat=chat) if "text" in one]
        assert ("остаётся внутри" if language == "ru" else "stays inside") in welcome["text"]
        # Now he manages the group; the link is spent.
        async with stage.container.database.connection() as connection:
            assert await connection.fetchval("SELECT count(*) FROM staff_invitations") == 0

    async def test_a_code_is_kept_as_a_hash_for_an_hour(self, stage: Stage) -> None:
        code = await Manager(stage).invitation()
        async with stage.container.database.connection() as connection:
            row = await connection.fetchrow("SELECT *, expires_at - created_at AS lifetime FROM staff_invitations")
        assert row is not None
        assert row["lifetime"] == LIFETIME
        assert code not in str(dict(row))

    async def test_a_link_of_one_project_is_nothing_in_another(self, stage: Stage) -> None:
        code = await Manager(stage).invitation()
        elsewhere = Manager(stage, project=stage.verbena)
        await elsewhere.opens_link(code)
        assert (await elsewhere.last()).startswith("Эта ссылка уже использована")

    async def test_a_super_admin_needs_no_link_and_makes_them(self, stage: Stage) -> None:
        chief = Manager(stage, SUPER_ADMIN)
        await chief.says("/group")
        await chief.presses("Ссылка для менеджера")
        link = re.search(r"https://t\.me/(\w+)\?start=staff_([\w-]+)", await chief.last())
        assert link is not None
        assert stage.luna.bot is not None
        assert link[1] == stage.luna.bot.username
        manager = Manager(stage)
        await manager.opens_link(link[2])
        await manager.chooses(await manager.owns())
        assert READY in await manager.last()

    async def test_a_link_from_the_shell(self, stage: Stage) -> None:
        settings = stage.container.settings
        storage = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url, "ENV_FILE": ""}

        async def shell(slug: str) -> tuple[int | None, str]:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "app", "staff-link", "--project", slug,
                env={**os.environ, **storage}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            )  # fmt: skip
            output, _ = await process.communicate()
            return process.returncode, output.decode()

        assert await shell("nothing") == (1, "There is no project nothing.\n")
        code, output = await shell("luna")
        assert code == 0, output
        manager = Manager(stage)
        await manager.opens_link(output.strip().rpartition("staff_")[2])
        assert (await manager.last()).startswith("Выберите группу команды")


class TestWhatIsMissing:
    async def test_the_keyboard_asks_for_what_the_work_needs(self, stage: Stage) -> None:
        manager = Manager(stage)
        await manager.opens_link()
        call = [call for call in await stage.desk.calls("sendMessage") if "request_chat" in str(call)][-1]
        for words in ("chat_is_forum", "bot_is_member", "can_manage_topics", "can_pin_messages", "can_delete_messages"):
            assert words in str(call["parameters"]["reply_markup"])

    async def test_each_right_is_named_and_looked_at_again_when_it_changes(self, stage: Stage) -> None:
        manager = Manager(stage)
        await manager.opens_link()
        chat = await manager.owns()
        await manager.chooses(chat)
        await stage.desk.order(
            "bot-rights", chat=chat, bot=stage.bot_id(), status="administrator", can_delete_messages=True
        )
        await stage.settle()
        said = await manager.last()
        assert "нет права «Управление темами»" in said
        assert "нет права «Закрепление сообщений»" in said
        assert "Удаление" not in said
        await stage.desk.order("bot-rights", chat=chat, bot=stage.bot_id(), status="member")
        await stage.settle()
        assert "бот не администратор" in await manager.last()
        await stage.desk.order("bot-rights", chat=chat, bot=stage.bot_id(), status="administrator")
        await stage.settle()
        assert READY in await manager.last()
        assert READY in (await stage.desk.messages(chat=chat))[-1]["text"]

    async def test_topics_that_are_off_are_found_by_the_button(self, stage: Stage) -> None:
        manager = Manager(stage)
        await manager.opens_link()
        chat = await manager.owns()
        await manager.chooses(chat)
        await stage.desk.order("groups/settings", chat=chat, is_forum=False)
        await stage.client_says("ау")
        assert "темы выключены" in await manager.last()
        assert await stage.links() == [("in", "waiting")]
        await stage.desk.order("groups/settings", chat=chat, is_forum=True)
        pressed = await manager.presses("Проверить ещё раз")
        assert pressed["text"] == "Всё готово!"
        assert READY in await manager.last()

    async def test_what_changes_while_somebody_looks_is_looked_at_too(self, stage: Stage) -> None:
        chat = await stage.group()
        # Between what is read first, the title, and what is read second.
        await stage.desk.fault(method="getChatMember", delay=1, times=1)
        await stage.desk.order("groups/settings", chat=chat, title="Первая")

        async def looking() -> bool:
            return bool(await stage.desk.calls("getChat"))

        await until(looking, what="the first look")
        await stage.desk.order("groups/settings", chat=chat, title="Вторая")

        async def seen() -> bool:
            group = await stage.connected()
            return group is not None and group.title == "Вторая" and not await stage.waiting("crm.check_group")

        await until(seen, what="the second title")

    async def test_a_group_that_lacks_something_is_looked_at_now_and_then(self, stage: Stage) -> None:
        manager = Manager(stage)
        await manager.opens_link()
        chat = await manager.owns()
        await manager.chooses(chat)
        await stage.desk.order("groups/settings", chat=chat, is_forum=False)
        await stage.client_says("ау")
        await stage.desk.order("groups/settings", chat=chat, is_forum=True)
        await stage.job("crm.check_groups")
        group = await stage.connected()
        assert group is not None
        assert group.ready


class TestOneGroupOneProject:
    async def test_a_group_of_another_project_is_refused(self, stage: Stage) -> None:
        luna = Manager(stage)
        await luna.opens_link()
        chat = await luna.owns()
        await luna.chooses(chat)
        verbena = Manager(stage, project=stage.verbena)
        await verbena.opens_link()
        await verbena.chooses(chat)
        assert (await verbena.last()).startswith("Эта группа уже подключена к другому проекту")
        assert await stage.connected(stage.verbena) is None

    async def test_what_came_before_is_shown_at_once(self, stage: Stage) -> None:
        request = service.Request("Анна", "+79261234567", "Хочу встречу")
        for project in (stage.luna, stage.verbena):
            await stage.client_says("/start", project=project)
            client = await stage.client(project=project)
            async with stage.container.database.transaction() as connection:
                await service.submit(
                    connection, project_id=project.id, user_id=client.id, request=request, source="app"
                )
        await stage.settle()
        manager = Manager(stage)
        await manager.opens_link()
        chat = await manager.owns()
        await manager.chooses(chat)
        # Without the beat, which looks every twenty seconds.
        async with stage.container.database.connection() as connection:
            posted = await connection.fetch("SELECT project_id, chat_id FROM staff_cards ORDER BY project_id")
        assert [tuple(row) for row in posted] == [(stage.luna.id, chat), (stage.verbena.id, None)]
        assert any("Хочу встречу" in one.get("text", "") for one in await stage.desk.messages(chat=chat))

    async def test_moving_makes_the_topics_anew_and_coming_back_finds_the_old(self, stage: Stage) -> None:
        manager = Manager(stage)
        await manager.opens_link()
        first = await manager.owns()
        await manager.chooses(first)
        await stage.client_says("раз")
        second = await manager.owns()
        for chat in (first, second):
            await stage.desk.member(chat, OWNER)
        await manager.says("/group")
        await manager.chooses(second)
        assert (await stage.desk.messages(chat=first))[-1]["text"].startswith("Эта группа больше не подключена")
        await stage.client_says("два")
        assert [one["text"] for one in await stage.in_topic(second)] == ["два"]
        # What is written in the former group stays there.
        await stage.staff_says(first, "ещё тут?", topic=await stage.thread(first), user=MANAGER)
        assert all(one.get("text") != "ещё тут?" for one in await stage.with_client())
        await manager.says("/group")
        await manager.chooses(first)
        await stage.client_says("три")
        assert [one["text"] for one in await stage.in_topic(first)][-1] == "три"
        assert len(await stage.desk.topics(first, person=MANAGER)) == 1

    async def test_disconnecting(self, stage: Stage) -> None:
        manager = Manager(stage)
        await manager.opens_link()
        await manager.chooses(await manager.owns())
        await manager.says("/group")
        await manager.presses("Отключить группу")
        await manager.presses("Да, отключить")
        assert await stage.connected() is None
        await stage.client_says("ау")
        assert (await stage.with_client())[-1]["text"].startswith("Я отвечаю картами")

    async def test_buttons_of_others_do_nothing(self, stage: Stage) -> None:
        chat = await stage.group()
        await stage.desk.member(chat, 7)
        await stage.staff_says(chat, "/group", topic=None)
        shown = (await stage.desk.messages(chat=chat))[-1]
        leave = shown["reply_markup"]["inline_keyboard"][1][0]["callback_data"]
        pressed = await stage.desk.press(shown["message_id"], leave, user=7, chat=chat)
        assert pressed["text"].startswith("Подключать и отключать группу может администратор")
        await stage.staff_says(chat, "/group", topic=None, user=7)
        assert (await stage.desk.messages(chat=chat))[-1]["text"] == "/group"
        assert await stage.connected() is not None

    async def test_a_simple_group_that_grows_is_followed(self, stage: Stage) -> None:
        owner = {"id": OWNER, "first_name": "Ольга"}
        made = await stage.desk.order("groups", title="Команда", type="group", owner=owner)
        chat = made["chat"]["id"]
        await stage.desk.order("bot-rights", chat=chat, bot=stage.bot_id(), status="administrator")
        async with stage.container.database.transaction() as connection:
            await GroupRepository(connection, stage.luna.id).connect(
                chat, title="Команда", language="ru", connected_by=OWNER, problems=("not_forum",)
            )
        await stage.client_says("ау")
        grown = (await stage.desk.order("groups/settings", chat=chat, is_forum=True))["chat"]["id"]
        await stage.settle()
        group = await stage.connected()
        assert group is not None
        assert (group.chat_id, group.problems) == (grown, ())
        await stage.execute("UPDATE message_links SET ready_at = now() - interval '1 minute'")
        await stage.job("crm.sweep")
        assert [one["text"] for one in await stage.in_topic(grown)] == ["ау"]
