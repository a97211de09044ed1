"""Topics: made once, found again, made anew when somebody deleted them."""

import asyncio

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.methods import SendMessage

from app.catalogue.library import Project
from app.crm.groups import GroupRepository, GroupTaken, StaffGroup
from app.crm.topic_rows import TopicRepository
from app.crm.topics import CLIENT, ClientErased, GroupUnusable, Topics
from app.kit.database import Database
from app.users.init_data import TelegramPerson
from app.users.repository import User, UserRepository
from tests.crm.conftest import FAST, Connect
from tests.telegram.conftest import LUNA, VERBENA, Desk, Office


async def make_user(database: Database, project: Project, telegram_id: int = 5) -> User:
    async with database.transaction() as connection:
        person = TelegramPerson(telegram_id, "Анна", "Ли", "anna")
        return (await UserRepository(connection, project.id).see(person, language="ru"))[0]


def news(chat_id: int, thread_id: int) -> SendMessage:
    return SendMessage(chat_id=chat_id, message_thread_id=thread_id, text="новость")


def nothing(chat_id: int, thread_id: int) -> SendMessage:
    return SendMessage(chat_id=chat_id, message_thread_id=thread_id, text=" ")


@pytest.fixture
async def anna(database: Database, luna: Project) -> User:
    return await make_user(database, luna)


class TestThread:
    async def test_without_a_group_there_is_none(self, database: Database, luna: Project, bot: Bot) -> None:
        topics = Topics(database)
        assert await topics.thread(bot, luna, kind="leads") is None
        assert await topics.post(bot, luna, "leads", news) is None

    async def test_a_client_and_a_kind_have_one_each(
        self, database: Database, desk: Desk, luna: Project, bot: Bot, group: StaffGroup, anna: User
    ) -> None:
        topics = Topics(database)
        threads = [
            await topics.thread(bot, luna, kind=kind, user=user)
            for kind, user in ((CLIENT, anna), ("leads", None), (CLIENT, anna), ("leads", None), ("novel", None))
        ]
        assert threads[:2] == threads[2:4]
        assert len(set(threads)) == 3
        assert [topic["name"] for topic in await desk.topics(group.chat_id)] == ["Анна Ли @anna", "Заявки", "novel"]

    async def test_many_at_once_in_two_processes_make_one(
        self, office: Office, database: Database, desk: Desk, luna: Project, group: StaffGroup, anna: User
    ) -> None:
        await desk.fault(method="createForumTopic", delay=0.3)
        bots = [office.bots(rates=FAST).bot(LUNA) for _ in range(2)]
        threads = await asyncio.gather(
            *(Topics(database).thread(bot, luna, kind=CLIENT, user=anna) for bot in bots * 3 if bot)
        )
        assert len(set(threads)) == 1
        assert len(await desk.calls("createForumTopic")) == 1

    async def test_one_that_could_not_be_made_is_tried_again_at_once(
        self, database: Database, desk: Desk, luna: Project, bot: Bot, group: StaffGroup
    ) -> None:
        await desk.order("bot-rights", chat=group.chat_id, bot=LUNA, status="administrator", can_pin_messages=True)
        with pytest.raises(GroupUnusable, match="not enough rights to create a topic"):
            await Topics(database).thread(bot, luna, kind="leads")
        async with database.connection() as connection:
            assert await connection.fetchval("SELECT count(*) FROM pgqueuer WHERE entrypoint = 'crm.check_group'") == 1
        await desk.order("bot-rights", chat=group.chat_id, bot=LUNA, status="administrator")
        assert await Topics(database).thread(bot, luna, kind="leads")

    async def test_an_erased_person_gets_none(
        self, database: Database, desk: Desk, luna: Project, bot: Bot, group: StaffGroup, anna: User
    ) -> None:
        async with database.transaction() as connection:
            await UserRepository(connection, luna.id).erase(anna.id)
        with pytest.raises(ClientErased):
            await Topics(database).thread(bot, luna, kind=CLIENT, user=anna)
        assert await desk.topics(group.chat_id) == []


class TestPost:
    async def test_a_deleted_topic_comes_back_with_the_message(
        self, database: Database, desk: Desk, luna: Project, bot: Bot, group: StaffGroup, anna: User
    ) -> None:
        topics = Topics(database)
        first = await topics.thread(bot, luna, kind=CLIENT, user=anna)
        await desk.order("topics/delete", chat=group.chat_id, user=1, topic=first)
        sent = await topics.post(bot, luna, CLIENT, news, user=anna)
        assert sent is not None
        assert sent.message_thread_id not in (None, first)
        assert sent.message_thread_id == await topics.thread(bot, luna, kind=CLIENT, user=anna)
        assert [topic["deleted"] for topic in await desk.topics(group.chat_id)] == [True, False]

    @pytest.mark.parametrize("words", ["message thread not found", "TOPIC_DELETED", "TOPIC_ID_INVALID"])
    async def test_each_of_telegrams_three_ways_to_say_so(
        self, database: Database, desk: Desk, luna: Project, bot: Bot, group: StaffGroup, words: str
    ) -> None:
        topics = Topics(database)
        first = await topics.thread(bot, luna, kind="leads")
        await desk.fault(method="sendMessage", status=400, description=f"Bad Request: {words}", times=1)
        sent = await topics.post(bot, luna, "leads", news)
        assert sent is not None
        assert sent.message_thread_id not in (None, first)

    async def test_a_closed_topic_is_opened(
        self, database: Database, desk: Desk, luna: Project, bot: Bot, group: StaffGroup
    ) -> None:
        topics = Topics(database)
        thread = await topics.thread(bot, luna, kind="leads")
        assert thread is not None
        await desk.order("topics/close", chat=group.chat_id, user=1, topic=thread)
        async with database.connection() as connection:
            await TopicRepository(connection, luna.id).closed(group.chat_id, thread, is_closed=True)
        assert await topics.post(bot, luna, "leads", news)
        assert [topic["closed"] for topic in await desk.topics(group.chat_id)] == [False]

    async def test_another_refusal_is_the_callers(
        self, database: Database, luna: Project, bot: Bot, group: StaffGroup
    ) -> None:
        with pytest.raises(TelegramBadRequest, match="text is empty"):
            await Topics(database).post(bot, luna, "leads", nothing)


class TestTwoProjects:
    async def test_each_has_its_own_topics_in_its_own_group(
        self,
        office: Office,
        database: Database,
        desk: Desk,
        luna: Project,
        verbena: Project,
        bot: Bot,
        group: StaffGroup,
        anna: User,
        connect: Connect,
    ) -> None:
        other = await connect(verbena, await desk.group(VERBENA))
        other_bot = office.bots(rates=FAST).bot(VERBENA)
        assert other_bot is not None
        namesake = await make_user(database, verbena)
        await Topics(database).thread(bot, luna, kind=CLIENT, user=anna)
        thread = await Topics(database).thread(other_bot, verbena, kind=CLIENT, user=namesake)
        assert thread is not None
        assert len(await desk.topics(group.chat_id)) == len(await desk.topics(other.chat_id)) == 1
        async with database.connection() as connection:
            mine = TopicRepository(connection, luna.id)
            assert await mine.by_thread(other.chat_id, thread) is None
            assert await mine.of_user(namesake.id) == []
            assert await GroupRepository(connection, luna.id).by_chat(other.chat_id) is None

    async def test_a_group_never_serves_two(
        self, database: Database, luna: Project, verbena: Project, group: StaffGroup
    ) -> None:
        async with database.transaction() as connection:
            groups = GroupRepository(connection, verbena.id)
            with pytest.raises(GroupTaken):
                await groups.connect(group.chat_id, title="Mine", language="ru", connected_by=9, problems=())
            assert await groups.get() is None
            assert await GroupRepository(connection, luna.id).get() == group

    async def test_a_person_of_another_project_cannot_have_a_topic(
        self, database: Database, luna: Project, verbena: Project, bot: Bot, group: StaffGroup
    ) -> None:
        stranger = await make_user(database, verbena)
        with pytest.raises(ClientErased):
            await Topics(database).thread(bot, luna, kind=CLIENT, user=stranger)
