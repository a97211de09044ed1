"""Cards: a request and a danger sign reach the staff, are handled once, and lead to the client."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from app.crm.audit import Actor
from app.crm.cards.kind import Action, CardKind, Facts
from app.crm.cards.poster import Poster
from app.crm.cards.registry import CardKinds
from app.crm.cards.render import CardButton
from app.crm.cards.store import Card, CardRepository, Done, announce
from app.crm.roles import Role
from app.kit.clock import utc_now
from app.kit.database import Connection
from app.leads import service
from app.locales import texts
from app.settings import Settings
from tests.crm.crew import MEMBER, OWNER, STRANGER, Crew, opened
from tests.telegram.conftest import Desk


@pytest.fixture
async def crew(stocked_settings: Settings, desk: Desk) -> AsyncIterator[Crew]:
    async with opened(stocked_settings, desk) as crew:
        yield crew


async def leave(crew: Crew, user_id: UUID, *, slug: str = "luna", phone: str = "+79261234567") -> UUID:
    request = service.Request("Анна <b>", phone, "Хочу встречу & совет")
    async with crew.container.database.transaction() as connection:
        submitted = await service.submit(
            connection, project_id=crew.project(slug).id, user_id=user_id, request=request, source="app"
        )
    return submitted.lead.id


async def lead_card(crew: Crew, *, slug: str = "luna") -> dict[str, Any]:
    heading = "Заявка" if slug == "luna" else "Request"
    return await crew.says(heading, chat=crew.groups[slug])


async def current(crew: Crew, message: dict[str, Any]) -> dict[str, Any]:
    found = await crew.desk.messages(chat=message["chat"]["id"])
    return next(one for one in found if one["message_id"] == message["message_id"])


class TestLead:
    @pytest.mark.parametrize(
        ("slug", "taken", "done"), [("luna", "В работе", "Готово"), ("verbena", "Taken by", "Done by")]
    )
    async def test_it_is_taken_once_and_done_once_and_the_card_says_by_whom(
        self, crew: Crew, slug: str, taken: str, done: str
    ) -> None:
        lead_id = await leave(crew, await crew.meet(900, "Анна", slug=slug, username="anna"), slug=slug)
        card = await lead_card(crew, slug=slug)
        for part in ("Анна <b>", "+7 926 123-45-67", "Хочу встречу & совет", "@anna"):
            assert part in card["text"]
        take = texts("ru" if slug == "luna" else "en")["button.card_take"]
        finish = texts("ru" if slug == "luna" else "en")["button.card_done"]
        first, second = await asyncio.gather(crew.press(card, take, user=MEMBER), crew.press(card, take, user=OWNER))
        # The one who was second is told who was first.
        answers = sorted(answer["text"] or "" for answer in (first, second))
        assert len(set(answers)) == 2, answers
        assert any("Person 2" in answer or "Ольга" in answer for answer in answers), answers
        shown = await current(crew, card)
        assert taken in shown["text"]
        assert await crew.value("SELECT state FROM leads WHERE id = $1", lead_id) == "taken"
        await crew.press(shown, finish, user=MEMBER)
        shown = await current(crew, card)
        assert done in shown["text"]
        captions = [button["text"] for row in shown["reply_markup"]["inline_keyboard"] for button in row]
        assert take not in captions
        assert finish not in captions
        assert await crew.value("SELECT state FROM leads WHERE id = $1", lead_id) == "done"
        assert await crew.value("SELECT count(*) FROM audit_log WHERE action IN ('card.take', 'card.done')") == 2

    async def test_a_stranger_and_the_other_projects_button_change_nothing(self, crew: Crew) -> None:
        lead_id = await leave(crew, await crew.meet(900))
        card = await lead_card(crew)
        take = texts("ru")["button.card_take"]
        with pytest.raises(AssertionError):
            await crew.press(card, take, user=STRANGER)
        await crew.desk.member(crew.groups["luna"], STRANGER, "restricted", rights={"can_send_messages": False})
        refused = await crew.press(card, take, user=STRANGER)
        assert refused["show_alert"]
        assert await crew.value("SELECT state FROM leads WHERE id = $1", lead_id) == "new"

    async def test_the_card_leads_to_the_clients_topic(self, crew: Crew) -> None:
        await leave(crew, await crew.meet(900, "Вера"))
        card = await lead_card(crew)
        thread = await crew.thread("Вера")
        urls = [button.get("url") for row in card["reply_markup"]["inline_keyboard"] for button in row]
        assert f"https://t.me/c/{str(crew.groups['luna']).removeprefix('-100')}/{thread}" in urls

    async def test_an_answer_from_under_the_card_reaches_the_client_once(self, crew: Crew) -> None:
        await leave(crew, await crew.meet(900, "Вера"))
        card = await lead_card(crew)
        assert (await crew.press(card, "Ответить от бота", user=MEMBER))["answered"]
        await crew.command("Здравствуйте! Завтра в десять?", user=MEMBER, topic=card["message_thread_id"])
        arrived = await crew.says("Завтра в десять?", bot=crew.bot_id(), person=900)
        assert arrived["from"]["is_bot"]
        # The next one is talk among the staff again; a reply to the card goes out.
        await crew.desk.write(crew.groups["luna"], "это внутри", user=MEMBER, topic=card["message_thread_id"])
        await crew.command("А в одиннадцать?", user=OWNER, topic=card["message_thread_id"], reply_to=card["message_id"])
        await crew.says("А в одиннадцать?", bot=crew.bot_id(), person=900)
        said = [message.get("text") for message in await crew.desk.messages(bot=crew.bot_id(), person=900)]
        assert "это внутри" not in said
        assert "Ответ: " in (await current(crew, card))["text"]

    async def test_the_contact_is_asked_for_and_comes_back_to_the_card(self, crew: Crew) -> None:
        await leave(crew, await crew.meet(900, "Вера"), phone="+442079460958")
        card = await lead_card(crew)
        await crew.press(card, "Попросить контакт", user=MEMBER)
        asked = await crew.says("поделитесь, пожалуйста, номером", bot=crew.bot_id(), person=900)
        assert asked["from"]["is_bot"]
        await crew.desk.order("keyboard", bot=crew.bot_id(), user=900, text="☎️ Поделиться номером", contact=True)
        await crew.says("номер получен", bot=crew.bot_id(), person=900)
        shared = await crew.value("SELECT phone FROM user_contacts")
        assert shared.startswith("+")
        async with asyncio.timeout(5):
            while shared[1:4] not in (await current(crew, card))["text"].replace(" ", "").replace("-", ""):
                await asyncio.sleep(0.1)

    async def test_without_a_group_the_card_waits_for_one(self, crew: Crew) -> None:
        user_id = await crew.meet(900)
        async with crew.container.database.transaction() as connection:
            await connection.execute("DELETE FROM staff_groups WHERE project_id = $1", crew.project().id)
        await leave(crew, user_id)
        await asyncio.sleep(0.5)
        assert await crew.value("SELECT posted_at FROM staff_cards") is None


class TestSafety:
    async def test_a_danger_sign_becomes_a_card_at_once(self, crew: Crew) -> None:
        user_id = await crew.meet(900, "Вера")
        async with crew.container.database.transaction() as connection:
            await connection.execute("UPDATE users SET consented_at = now() WHERE id = $1", user_id)
        reading = await draw(crew, user_id, question="Я хочу умереть, зачем мне жить?")
        card = await crew.says("Человеку может быть плохо", chat=crew.groups["luna"])
        assert "Я хочу умереть" in card["text"]
        assert await crew.value("SELECT state FROM readings WHERE id = $1", reading) == "finished"
        await crew.press(card, "Вижу", user=MEMBER)
        assert await crew.value("SELECT handled_at FROM safety_events") is None
        await crew.press(await current(crew, card), "Позаботились", user=MEMBER)
        assert await crew.value("SELECT handled_at FROM safety_events") is not None
        assert "позаботились" in (await current(crew, card))["text"]


async def draw(crew: Crew, user_id: UUID, *, question: str) -> UUID:
    from app.readings.service import Order
    from app.users.tokens import Principal

    principal = Principal(user_id, crew.project().id)
    async with crew.container.database.transaction() as connection:
        started = await crew.container.readings.start(
            connection, principal, Order("three-cards", None, question), library=crew.container.catalogue.library()
        )
        reading_id: UUID = started.body["id"]
        await crew.container.readings.draw(connection, principal, reading_id, picks=[1, 2, 3], client_seed="")
    return reading_id


class TestErasure:
    async def test_the_card_of_somebody_who_left_is_emptied(self, crew: Crew) -> None:
        from app.users.tokens import Principal

        user_id = await crew.meet(900, "Вера")
        await leave(crew, user_id)
        card = await lead_card(crew)
        project = crew.project()
        async with crew.container.database.transaction() as connection:
            await crew.container.users.erase(connection, Principal(user_id, project.id), project=project)
        async with asyncio.timeout(5):
            while (await current(crew, card))["text"] != texts("ru")["card.erased"]:
                await asyncio.sleep(0.05)
        assert await crew.value("SELECT count(*) FROM staff_cards") == 0


class ReviewCard(CardKind):
    """A kind that only this test knows: a new one is its file and a line of the registry."""

    name = "review"
    topic = "reviews"
    actions = (Action("done", state="done", unless=("done",), role=Role.MANAGER),)

    async def facts(self, connection: Connection, card: Card) -> Facts | None:
        return card.facts

    def text(self, facts: Facts, language: str) -> str:
        return f"★ {facts['stars']}"


class TestKinds:
    async def test_a_new_kind_is_one_class(self, crew: Crew) -> None:
        project = crew.project()
        async with crew.container.database.transaction() as connection:
            card_id = await announce(connection, project_id=project.id, kind="review", subject="7", facts={"stars": 5})
            again = await announce(connection, project_id=project.id, kind="review", subject="7")
        assert again is None
        assert card_id is not None
        bot = crew.container.bots.bot(crew.bot_id())
        assert bot is not None
        assert await Poster(crew.container.database, CardKinds([ReviewCard()])).post(bot, project, card_id)
        card = await crew.says("★ 5", chat=crew.groups["luna"])
        assert card["message_thread_id"] == await crew.thread("reviews")

    async def test_two_transitions_at_once_have_one_winner(self, crew: Crew) -> None:
        project = crew.project()
        async with crew.container.database.transaction() as connection:
            card_id = await announce(connection, project_id=project.id, kind="review", subject="8")
        assert card_id is not None

        async def act(number: int) -> bool:
            done = Done("done", number, str(number), utc_now())
            async with crew.container.database.transaction() as connection:
                cards = CardRepository(connection, project.id)
                return await cards.act(card_id, action="done", state="done", unless=("done",), done=done) is not None

        assert sorted(await asyncio.gather(*(act(number) for number in range(5)))) == [False] * 4 + [True]
        async with crew.container.database.connection() as connection:
            assert await CardRepository(connection, crew.project("verbena").id).get(card_id) is None

    def test_names_that_no_button_carries_are_refused(self) -> None:
        class Long(ReviewCard):
            actions = (Action("a" * 17),)

        with pytest.raises(ValueError, match="no button"):
            CardKinds([Long()])
        with pytest.raises(ValueError, match="two kinds"):
            CardKinds([ReviewCard(), ReviewCard()])
        packed = CardButton(card=UUID(int=0), action="a" * 16).pack()
        assert len(packed.encode()) <= 64
        assert Actor(1, "x").name == "x"
