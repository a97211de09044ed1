"""Whoever writes in the chat that he is in danger gets help at once, and the staff hear of it."""

from typing import Any

import pytest

from tests.crm.stage import CLIENT, Stage

CRY = {"ru": "Я больше не хочу жить, помогите", "en": "I want to kill myself"}
LINES = {"ru": "8-800-2000-122", "en": "988"}
CARD = {"ru": "Человеку может быть плохо", "en": "A person may be in danger"}


async def cards(stage: Stage, chat: int, language: str = "ru") -> list[dict[str, Any]]:
    return [one for one in await stage.desk.messages(chat=chat) if CARD[language] in one.get("text", "")]


@pytest.mark.parametrize("language", ["ru", "en"])
async def test_he_gets_help_lines_and_the_staff_a_card_with_his_words(stage: Stage, language: str) -> None:
    chat = await stage.group(language=language)
    await stage.client_says("/start", language=language)
    await stage.client_says(CRY[language], language=language)
    assert LINES[language] in (await stage.with_client())[-1]["text"]
    (card,) = await cards(stage, chat, language)
    assert CRY[language] in card["text"]
    # And the words themselves are in his topic, like all that he writes.
    topics = {topic["name"]: topic["message_thread_id"] for topic in await stage.desk.topics(chat)}
    said = await stage.in_topic(chat, next(thread for name, thread in topics.items() if name.startswith("Анна")))
    assert [one["text"] for one in said] == [CRY[language]]


async def test_once_an_hour(stage: Stage) -> None:
    chat = await stage.group()
    await stage.client_says(CRY["ru"])
    heard = len(await stage.with_client())
    await stage.client_says("Правда, не хочу больше жить")
    assert len(await stage.with_client()) == heard
    assert len(await cards(stage, chat)) == 1
    await stage.execute("UPDATE staff_cards SET created_at = now() - interval '61 minutes'")
    await stage.client_says("Я хочу умереть")
    assert LINES["ru"] in (await stage.with_client())[-1]["text"]
    assert len(await cards(stage, chat)) == 2


async def test_without_a_group_he_is_not_told_that_only_cards_are_spoken_of(stage: Stage) -> None:
    await stage.client_says(CRY["ru"])
    (answer,) = await stage.with_client()
    assert LINES["ru"] in answer["text"]
    # The card waits for the staff.
    client = await stage.client(CLIENT)
    async with stage.container.database.connection() as connection:
        waiting = await connection.fetch("SELECT user_id, facts, posted_at FROM staff_cards")
    assert [tuple(row) for row in waiting] == [(client.id, {"words": CRY["ru"]}, None)]


async def test_ordinary_words_are_ordinary(stage: Stage) -> None:
    chat = await stage.group()
    await stage.client_says("Умираю со смеху, спасибо!")
    assert await cards(stage, chat) == []
    assert (await stage.with_client())[-1]["text"].startswith("Спасибо, сообщение передано")
