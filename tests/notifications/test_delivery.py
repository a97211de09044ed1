"""The bot's part over the desk: one message, at most once, and never to whom it would disturb or cannot reach."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.catalogue.library import Project
from app.kit.database import Connection
from app.notifications.delivery import Delivery
from app.notifications.preferences import set_quiet, switch
from app.notifications.repository import give_up_unknown, stranded
from app.notifications.service import DELIVER, notify
from tests.notifications.test_preferences import make_user
from tests.telegram.conftest import LUNA, Desk, Office
from tests.telegram.test_story import installed
from tests.weather import until


class Person:
    """Somebody of a project who has written to its bot, without quiet hours."""

    def __init__(self, office: Office, desk: Desk, project: Project, user_id: UUID, telegram_id: int) -> None:
        self.office, self.desk, self.project = office, desk, project
        self.user_id, self.telegram_id = user_id, telegram_id

    async def transact(self, act: Callable[[Connection], Any]) -> Any:
        async with self.office.database.transaction() as connection:
            return await act(connection)

    async def tell(self, kind: str = "replies", *, by_bot: bool = True, due: bool = True, **values: Any) -> None:
        async with self.office.database.transaction() as connection:
            await notify(
                connection,
                project_id=self.project.id,
                user_id=self.user_id,
                kind=kind,
                values=values,
                by_bot=by_bot,
            )
            if due:
                await connection.execute("UPDATE notifications SET deliver_after = now() WHERE delivery = 'waiting'")

    def delivery(self, **settings: Any) -> Delivery:
        return Delivery(
            self.office.database,
            self.office.bots(**settings),
            self.office.shelf.library(),
            self.office.settings,
            project_id=self.project.id,
            user_id=self.user_id,
        )

    async def deliveries(self) -> list[str]:
        async with self.office.database.connection() as connection:
            rows = await connection.fetch(
                "SELECT delivery FROM notifications WHERE user_id = $1 ORDER BY id", self.user_id
            )
        return [row["delivery"] for row in rows]

    async def sent(self) -> list[dict[str, Any]]:
        found = await self.desk.calls("sendMessage")
        return [call for call in found if call["outcome"] == 200]


@pytest.fixture
async def anna(office: Office, desk: Desk, luna: Project) -> Person:
    await desk.say(LUNA, "/start", user=5)
    async with office.database.transaction() as connection:
        user_id = await make_user(connection, luna.id, 5)
        await set_quiet(connection, project_id=luna.id, user_id=user_id, quiet=None)
    return Person(office, desk, luna, user_id, 5)


class TestMessage:
    async def test_one_notice_is_told_as_it_is_with_the_way_to_its_screen(self, anna: Person, desk: Desk) -> None:
        reading = "01970000-0000-7000-8000-000000000001"
        await anna.tell("readings", reading=reading, spread="Да <или> нет")
        await anna.delivery().run()
        [said] = await desk.replies(LUNA)
        assert said["text"] == "Расклад готов\n\nТолкование расклада «Да <или> нет» готово и ждёт вас."
        [[button]] = said["reply_markup"]["inline_keyboard"]
        assert button["text"] == "Читать расклад"
        assert button["web_app"]["url"] == f"https://tarot.example/luna/readings/{reading}"
        assert await anna.deliveries() == ["sent"]

    async def test_many_are_one_message(self, anna: Person, desk: Desk) -> None:
        await anna.tell(text="Первый ответ")
        await anna.tell(text="Второй ответ")
        await anna.tell("account", event="credited", unit="readings", amount=2)
        await anna.delivery().run()
        [said] = await desk.replies(LUNA)
        assert said["text"] == "Вас ждут 3 уведомления\n• Вам ответили\n• Подарок для вас"
        assert said["reply_markup"]["inline_keyboard"][0][0]["web_app"]["url"] == "https://tarot.example/luna/inbox"
        assert await anna.deliveries() == ["sent"] * 3

    async def test_a_long_answer_is_cut_to_what_telegram_takes(self, anna: Person, desk: Desk) -> None:
        await anna.tell(text="<&>" * 3000)
        await anna.delivery().run()
        [said] = await desk.replies(LUNA)
        assert 3000 < len(said["text"]) <= 4096
        assert await anna.deliveries() == ["sent"]

    async def test_two_workers_send_it_once(self, anna: Person) -> None:
        await anna.tell(text="Ответ")
        await asyncio.gather(*(anna.delivery().run() for _ in range(4)))
        assert len(await anna.sent()) == 1


class TestWhoIsNotTold:
    async def test_what_reached_the_chat_otherwise_is_only_in_the_inbox(self, anna: Person) -> None:
        await anna.tell(text="Ответ", by_bot=False)
        await anna.delivery().run()
        assert (await anna.sent(), await anna.deliveries()) == ([], ["none"])

    async def test_a_switch_moved_before_or_after_is_kept(self, anna: Person) -> None:
        who = {"project_id": anna.project.id, "user_id": anna.user_id}
        await anna.tell("news", text={"ru": "Новость"})
        await anna.transact(lambda connection: switch(connection, **who, kind="news", enabled=False))
        await anna.tell("news", text={"ru": "Ещё новость"})
        await anna.delivery().run()
        assert (await anna.sent(), await anna.deliveries()) == ([], ["skipped", "none"])

    async def test_what_was_read_in_the_inbox_meanwhile(self, anna: Person, office: Office) -> None:
        await anna.tell(text="Ответ")
        async with office.database.connection() as connection:
            await connection.execute("UPDATE notifications SET read_at = now()")
        await anna.delivery().run()
        assert (await anna.sent(), await anna.deliveries()) == ([], ["skipped"])

    async def test_who_has_left_the_bot_is_skipped_and_not_asked_for_again(self, anna: Person, desk: Desk) -> None:
        await desk.membership(LUNA, "kicked")
        for text in ("Один", "Два"):
            await anna.tell(text=text)
            await anna.delivery().run()
        assert [call["outcome"] for call in await desk.calls("sendMessage")] == [403]
        assert await anna.deliveries() == ["skipped", "skipped"]

    async def test_who_is_shut_out_hears_of_that_alone(self, anna: Person, desk: Desk, office: Office) -> None:
        async with office.database.connection() as connection:
            await connection.execute("UPDATE users SET state = 'blocked'")
        await anna.tell(text="Ответ")
        await anna.tell("account", event="blocked", reason="спам")
        await anna.delivery().run()
        [said] = await desk.replies(LUNA)
        assert said["text"].endswith("напишите тем, кто его ведёт.\nспам")
        assert "reply_markup" not in said
        assert await anna.deliveries() == ["skipped", "sent"]

    async def test_a_project_that_is_off_tells_nothing(self, anna: Person, office: Office) -> None:
        office.shelf.change(anna.project, status="off")
        await anna.tell(text="Ответ")
        await anna.delivery().run()
        assert (await anna.sent(), await anna.deliveries()) == ([], ["skipped"])


class TestQuietHours:
    async def test_the_night_delays_and_the_morning_sends(self, anna: Person, office: Office) -> None:
        async with office.database.transaction() as connection:
            # Now is in the middle of the night, wherever the tests run.
            await connection.execute(
                """
                UPDATE notification_settings SET quiet_from = (now() - interval '1 hour')::time,
                    quiet_until = (now() + interval '1 hour')::time
                """
            )
        await anna.tell(text="Ответ", due=False)
        async with office.database.connection() as connection:
            wait = await connection.fetchval("SELECT deliver_after - now() FROM notifications")
            job = await connection.fetchval("SELECT execute_after - now() FROM pgqueuer WHERE entrypoint = $1", DELIVER)
        for found in (wait, job):
            assert timedelta(minutes=59) < found <= timedelta(minutes=60)
        # Hours that begin while it waits count too.
        async with office.database.connection() as connection:
            await connection.execute("UPDATE notifications SET deliver_after = now()")
        await anna.delivery().run()
        assert (await anna.sent(), await anna.deliveries()) == ([], ["waiting"])
        async with office.database.connection() as connection:
            assert await connection.fetchval("SELECT deliver_after > now() + interval '59 minutes' FROM notifications")
            await connection.execute("UPDATE notification_settings SET quiet_from = NULL, quiet_until = NULL")
            await connection.execute("UPDATE notifications SET deliver_after = now()")
        await anna.delivery().run()
        assert await anna.deliveries() == ["sent"]


class TestFaults:
    async def test_a_long_429_waits_and_is_sent_later(self, anna: Person, desk: Desk, office: Office) -> None:
        await desk.fault(method="sendMessage", status=429, retry_after=60)
        await anna.tell(text="Ответ")
        await anna.delivery().run()
        assert await anna.deliveries() == ["waiting"]
        async with office.database.connection() as connection:
            wait = await connection.fetchval("SELECT deliver_after - now() FROM notifications")
            assert timedelta(seconds=55) < wait <= timedelta(seconds=60)
            assert await connection.fetchval("SELECT count(*) FROM pgqueuer WHERE entrypoint = $1", DELIVER) == 2

    @pytest.mark.parametrize("fault", [{"cut": "after"}, {"cut": "before"}, {"status": 502}])
    async def test_what_may_have_arrived_is_never_sent_again(
        self, anna: Person, desk: Desk, office: Office, fault: dict[str, Any]
    ) -> None:
        await desk.fault(method="sendMessage", **fault)
        await anna.tell(text="Ответ")
        await anna.delivery().run()
        await anna.delivery().run()
        assert await anna.deliveries() == ["uncertain"]
        assert len(await desk.calls("sendMessage")) == 1

    async def test_nobody_there_waits(self, anna: Person) -> None:
        await anna.tell(text="Ответ")
        await anna.delivery(telegram_api_url="http://127.0.0.1:1").run()
        assert await anna.deliveries() == ["waiting"]

    async def test_what_a_killed_worker_was_sending_becomes_uncertain(self, anna: Person, office: Office) -> None:
        await anna.tell(text="Ответ")
        async with office.database.transaction() as connection:
            await connection.execute("UPDATE notifications SET delivery = 'sending'")
            assert await give_up_unknown(connection, after=timedelta(minutes=5)) == 0
            await connection.execute("UPDATE notifications SET deliver_after = now() - interval '6 minutes'")
            assert await give_up_unknown(connection, after=timedelta(minutes=5)) == 1
        await anna.delivery().run()
        assert (await anna.sent(), await anna.deliveries()) == ([], ["uncertain"])

    async def test_one_whose_job_was_lost_is_found(self, anna: Person, office: Office) -> None:
        await anna.tell(text="Ответ")
        async with office.database.transaction() as connection:
            assert await stranded(connection, grace=timedelta(minutes=1)) == []
            await connection.execute("UPDATE notifications SET deliver_after = now() - interval '2 minutes'")
            assert await stranded(connection, grace=timedelta(minutes=1)) == [(anna.project.id, anna.user_id)]


async def test_the_whole_way_through_a_worker(office: Office, desk: Desk) -> None:
    async with installed(office.settings, desk) as installation:
        project = installation.projects[0]
        assert project.bot is not None
        await desk.say(project.bot.id, "привет", user=9)
        database = installation.container.database
        async with database.transaction() as connection:
            user_id = await make_user(connection, project.id, 9)
            await set_quiet(connection, project_id=project.id, user_id=user_id, quiet=None)
            for text in ("Один", "Два"):
                await notify(connection, project_id=project.id, user_id=user_id, kind="replies", values={"text": text})

        async def sent() -> bool:
            async with database.connection() as connection:
                rows = await connection.fetch("SELECT delivery FROM notifications")
            return [row["delivery"] for row in rows] == ["sent", "sent"]

        await until(sent, what="both notices")
        assert [said["text"].split("\n")[0] for said in await desk.replies(project.bot.id, 9)] == [
            "Вас ждут 2 уведомления"
        ]
        assert len(await desk.calls("sendMessage", project.bot.id)) == 1
