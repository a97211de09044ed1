"""Looking for people, at them, and changing what they have: /find_user, /users, /user, /block, /credit, /promo, …"""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from app.settings import Settings
from tests.crm.crew import MEMBER, OWNER, Crew, opened
from tests.midnight import stay_clear_of_midnight
from tests.telegram.conftest import Desk


@pytest.fixture
async def crew(stocked_settings: Settings, desk: Desk) -> AsyncIterator[Crew]:
    async with opened(stocked_settings, desk) as crew:
        yield crew


async def crowd(crew: Crew) -> None:
    await crew.meet(900, "Анна", last_name="Петрова", username="moonlight")
    await crew.meet(901, "Аннабель", username="annabel")
    await crew.meet(9001, "Иван", last_name="Аннушкин")
    await crew.meet(900, "Anna", slug="verbena", username="moonlight")


async def test_finding_ranks_exact_before_partial_and_stays_in_the_project(crew: Crew) -> None:
    await crowd(crew)
    async with crew.container.database.connection() as connection:
        await connection.execute(
            "INSERT INTO user_contacts (project_id, user_id, phone)"
            " SELECT project_id, id, '+79261234567' FROM users WHERE telegram_id = 9001"
        )
    found = (await crew.command("/find_user анн", user=MEMBER))["text"].splitlines()[1:]
    assert len(found) == 3
    exact = (await crew.command("/find_user аннабель", user=MEMBER))["text"].splitlines()[1:]
    assert ["Аннабель" in line for line in exact] == [True]
    for query, name in (
        ("900", "Анна Петрова"), ("@moonlight", "Анна Петрова"), ("annab", "Аннабель"),
        ("петрова анна", "Анна Петрова"), ("8 926 123-45-67", "Иван Аннушкин"), ("12345", "Иван Аннушкин"),
    ):  # fmt: skip
        first = (await crew.command(f"/find_user {query}", user=MEMBER))["text"].splitlines()[1]
        assert name in first, query
    nobody = await crew.command("/find_user %_'; DROP TABLE users", user=MEMBER)
    assert "никого не нашлось" in nobody["text"]
    english = await crew.command("/find_user anna", user=MEMBER, slug="verbena")
    assert "Found for" in english["text"]
    assert "Петрова" not in english["text"]
    everywhere = (await crew.private("/find_user @moonlight"))["text"]
    assert everywhere.count("@moonlight") == 3
    assert "luna" in everywhere
    assert "verbena" in everywhere


async def test_the_list_is_turned_by_buttons_both_ways_and_filtered(crew: Crew) -> None:
    for number in range(12):
        await crew.meet(1000 + number, f"Гость {number:02}")
    first = await crew.command("/users", user=MEMBER)
    assert "Люди: 12" in first["text"]
    assert "Гость 11" in first["text"]
    assert "Гость 01" not in first["text"]
    await crew.press(first, "Старше", user=MEMBER)
    second = await crew.says("Гость 01", chat=crew.groups["luna"])
    assert second["message_id"] == first["message_id"]
    assert "Гость 11" not in second["text"]
    await crew.press(second, "Новее", user=MEMBER)
    await crew.says("Гость 11", chat=crew.groups["luna"])
    assert (await crew.command("/users blocked", user=MEMBER))["text"].startswith("👥 Люди: 0")
    opened_card = await crew.command("/user 1003", user=MEMBER)
    assert "Гость 03" in opened_card["text"]


async def test_blocking_keeps_the_reason_tells_the_person_and_ends_with_unblocking(crew: Crew) -> None:
    await crew.meet(900, "Анна")
    assert "Назовите причину" in (await crew.command("/block 900"))["text"]
    assert "Доступ закрыт" in (await crew.command("/block 900 спам и брань"))["text"]
    await crew.says("для вас закрыт", bot=crew.bot_id(), person=900)
    assert await crew.value("SELECT state FROM users WHERE telegram_id = 900") == "blocked"
    assert "спам и брань" in (await crew.command("/user 900", user=MEMBER))["text"]
    assert "уже закрыт" in (await crew.command("/block 900 ещё раз"))["text"]
    assert "Доступ открыт" in (await crew.command("/unblock 900"))["text"]
    await crew.says("снова открыт", bot=crew.bot_id(), person=900)
    log = (await crew.command("/audit 900"))["text"]
    assert "блокировка" in log
    assert "спам и брань" in log
    assert "Shut out" not in log


async def test_a_member_of_one_group_reaches_nobody_of_the_other(crew: Crew) -> None:
    await crew.meet(905, "Вера", slug="verbena")
    for command in ("/block 905 x", "/credit 905 3 readings x", "/user 905", "/block verbena/905 x"):
        assert "Никого не нашлось" in (await crew.command(command, user=OWNER))["text"]
    assert await crew.value("SELECT state FROM users WHERE telegram_id = 905") == "active"
    assert await crew.value("SELECT count(*) FROM audit_log") == 0


async def test_credit_is_given_once_and_told(crew: Crew) -> None:
    await crew.meet(900, "Анна")
    before = await crew.value("SELECT balance FROM wallets w JOIN users u ON u.id = user_id WHERE unit = 'readings'")
    answer = await crew.command("/credit 900 3 readings за терпение")
    assert f"Теперь доступно: {before + 3}" in answer["text"]
    await crew.says("подарили 3 расклада", bot=crew.bot_id(), person=900)
    assert "Столько начислить нельзя" in (await crew.command("/credit 900 100000 readings x"))["text"]
    assert "Так: /credit" in (await crew.command("/credit 900 много"))["text"]
    entry = await crew.value("SELECT reason FROM wallet_entries WHERE kind = 'gift'")
    assert entry == "за терпение"
    # The same update worked on again gives nothing twice.
    async with crew.container.database.transaction() as connection:
        await connection.execute(
            "UPDATE telegram_updates SET state = 'pending', done_at = NULL, reply = NULL, next_attempt_at = now()"
            " WHERE payload #>> '{message,text}' LIKE '/credit 900 3%'"
        )
    await asyncio.sleep(1.5)
    assert await crew.value("SELECT count(*) FROM wallet_entries WHERE kind = 'gift'") == 1


async def test_in_private_a_person_of_several_projects_has_to_be_named_whole(crew: Crew) -> None:
    await crowd(crew)
    answer = await crew.private("/credit 900 2 readings x")
    assert "luna/900" in answer["text"]
    assert "verbena/900" in answer["text"]
    assert "+2" in (await crew.private("/credit verbena/900 2 readings x"))["text"]
    gifts = await crew.value("SELECT array_agg(project_id) FROM wallet_entries WHERE kind = 'gift'")
    assert gifts == [crew.project("verbena").id]


async def test_the_bonus_replaces_what_newcomers_get_while_it_is_on(crew: Crew) -> None:
    assert "по 9" in (await crew.command("/promo on 9 until 2999-12-31"))["text"]
    balance = "SELECT balance FROM wallets WHERE unit = 'readings' AND user_id = $1"
    assert await crew.value(balance, await crew.meet(900)) == 9
    assert "уже прошёл" in (await crew.command("/promo on 9 until 2001-01-01"))["text"]
    assert "выключен" in (await crew.command("/promo off"))["text"]
    assert await crew.value(balance, await crew.meet(901)) == crew.project().free_readings
    assert await crew.value(balance, await crew.meet(902, slug="verbena")) == crew.project("verbena").free_readings


async def test_templates_are_kept_by_managers_and_sent_by_everybody(crew: Crew) -> None:
    await crew.meet(900, "Анна")
    assert "сохранён" in (await crew.command("/templates add цены {name}, цены в приложении"))["text"]
    assert "цены" in (await crew.command("/templates", user=MEMBER))["text"]
    await crew.command("/user 900", user=MEMBER)
    await crew.desk.order("say", bot=crew.bot_id(), user=900, text="Сколько стоит?")
    thread = await crew.thread("Анна")
    await crew.desk.write(crew.groups["luna"], "/t цены", user=MEMBER, topic=thread)
    arrived = await crew.says("Анна, цены в приложении", bot=crew.bot_id(), person=900)
    assert arrived["from"]["is_bot"]
    # The staff see it a moment after him, and that is no answer to what they write next.
    await crew.says("Анна, цены в приложении", chat=crew.groups["luna"], topic=thread)
    choice = await crew.command("/t", user=MEMBER, topic=thread)
    await crew.press(choice, "цены", user=MEMBER)
    async with asyncio.timeout(5):
        while sum("Анна, цены" in one.get("text", "") for one in await told(crew)) < 2:
            await asyncio.sleep(0.05)
    assert "удалён" in (await crew.command("/templates delete цены"))["text"]
    assert "Шаблона «цены» нет" in (await crew.command("/t цены", user=MEMBER, topic=thread))["text"]


async def told(crew: Crew) -> list[dict[str, str]]:
    return await crew.desk.messages(bot=crew.bot_id(), person=900)


async def test_statistics_come_with_a_picture_and_change_their_period(crew: Crew) -> None:
    await stay_clear_of_midnight()
    await crew.meet(900, "Анна")
    await crew.meet(901, "Вера", slug="verbena")
    shown = await crew.command("/stats today")
    assert "💰 Продаж не было" in shown["caption"]
    assert shown["photo"]
    assert "Новых: 1" in shown["caption"]
    await crew.press(shown, "Месяц")
    await crew.says("Последние 30 дней", chat=crew.groups["luna"])
    english = await crew.command("/stats", slug="verbena")
    assert "New: 1" in english["caption"]
    everything = await crew.private("/stats month")
    # Whoever asks in private is a person of that project too.
    assert "luna: новых 2" in everything["caption"]
    assert "verbena: новых 1" in everything["caption"]


async def test_the_log_cannot_be_rewritten(crew: Crew) -> None:
    await crew.command("/promo on 2")
    for statement in ("UPDATE audit_log SET action = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"):
        with pytest.raises(asyncpg.PostgresError, match="append-only"):
            await crew.value(statement)
    log = await crew.command("/audit by 1")
    assert "приветственный бонус включён" in log["text"]
    assert "пока нет записей" in (await crew.command("/audit by 2"))["text"]
