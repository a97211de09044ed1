"""`/settings` over the desk, in both languages."""

import asyncio

import pytest

from app.notifications.telegram import Setting, is_known
from tests.readings.test_telegram_reading import consented
from tests.telegram.conftest import LUNA, project_of
from tests.telegram.stage import Stage, buttons, captions


class TestSettings:
    async def test_switches_quiet_hours_manners_and_language_on_one_page(self, stage: Stage) -> None:
        anna = await consented(stage, user=31, address="informal")
        page = await anna.say("/settings")
        assert "С 22:00 до 09:00 по твоему времени бот молчит" in page["text"]
        assert captions(page)[:7] == [
            "✓ Ответы команды",
            "✓ Готовые расклады",
            "✓ Новости и акции",
            "✓ 22:00–09:00",
            "23:00–08:00",
            "Без тишины",
            "✓ На «ты»",
        ]
        answered = await anna.press(page, "Новости")
        assert answered["text"] == "Сохранено"
        await anna.press(page, "Без тишины")
        page = await anna.becomes(page, "Тихих часов нет")
        assert captions(page)[2:6] == ["Новости и акции", "22:00–09:00", "23:00–08:00", "✓ Без тишины"]
        assert await stage.value("SELECT kind FROM notification_preferences WHERE NOT enabled") == "news"
        await anna.press(page, "English")
        page = await anna.becomes(page, "There are no quiet hours")
        assert captions(page)[:3] == ["✓ Answers of the team", "✓ Finished readings", "News and offers"]
        await anna.press(page, "News")
        assert await stage.value("SELECT enabled FROM notification_preferences WHERE kind = 'news'") is True

    async def test_manners_keep_the_page_and_are_spoken_in(self, stage: Stage) -> None:
        anna = await consented(stage, user=32, address="informal")
        page = await anna.say("/settings")
        await anna.press(page, "На «вы»")
        await stage.idle()
        assert "✓ На «вы»" in captions(await anna.get(page))
        assert await stage.value("SELECT address FROM users WHERE telegram_id = 32") == "formal"

    async def test_how_to_speak_is_asked_with_the_notice_first(self, stage: Stage) -> None:
        page = await stage.talk(user=34).say("/settings")
        assert not {"На «вы»", "✓ На «ты»"} & set(captions(page))

    async def test_pressed_twice_it_stands(self, stage: Stage) -> None:
        anna = stage.talk(user=33)
        page = await anna.say("/settings")
        data = buttons(page)[2]["callback_data"]
        press = stage.desk.press
        await asyncio.gather(*(press(page["message_id"], data, user=33, bot=anna.bot_id) for _ in range(2)))
        await stage.idle()
        assert captions(await anna.get(page))[2] == "Новости и акции"

    @pytest.mark.parametrize(
        ("data", "known"),
        [
            ("setting:news:off", True),
            ("setting:language:en", True),
            ("setting:quiet:off", True),
            ("setting:account:off", False),
            ("setting:news:maybe", False),
            ("setting:language:fr", False),
            ("setting:quiet:1-2", False),
            ("setting:x:on", False),
        ],
    )
    def test_a_button_that_no_page_has_any_more_sets_nothing(self, data: str, known: bool) -> None:
        assert is_known(Setting.unpack(data), project_of(1, "luna", LUNA)) is known
