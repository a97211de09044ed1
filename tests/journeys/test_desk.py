"""Telegram on the desk as people use it: a user in one pane, the staff in the other, in a real browser."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
import uvicorn
from playwright.sync_api import Browser, expect

from app.sandbox.telegram import create_app
from tests.journeys.conftest import OpenDesk, QuietServer
from tests.journeys.desk import DeskPage, World
from tests.ports import free_port

pytestmark = pytest.mark.journey


@contextmanager
def sandbox(port: int) -> Iterator[None]:
    """A desk alone, without bots of ours, in a thread."""
    server = QuietServer(
        uvicorn.Config(create_app(test_environment=True), port=port, log_config=None, timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield
    server.should_exit = True
    thread.join(10)


class TestFirstLook:
    def test_the_demo_has_people_and_a_staff_group_at_once(self, open_desk: OpenDesk) -> None:
        desk = open_desk()
        desk.page.goto(desk.address)
        expect(desk.left.button(re.compile("Анна Соколова"))).to_be_visible()
        expect(desk.right.button(re.compile("Марина Ветрова"))).to_be_visible()
        desk.look_over()
        desk.right.chat("Arcana Staff · Луна")
        expect(desk.right.root.locator(".row.topic", has_text="Общая тема")).to_be_visible()
        expect(desk.right.root.locator(".topics .head-line")).to_have_text("3 участника")
        desk.left.chat("Луна")
        desk.look_over()

    def test_an_english_browser_gets_the_english_user(self, open_desk: OpenDesk) -> None:
        desk = open_desk(language="en", color_scheme="dark")
        desk.page.goto(desk.address)
        expect(desk.left.button(re.compile("Emily Carter"))).to_be_visible()
        desk.look_over()

    def test_on_a_phone_one_side_at_a_time(self, open_desk: OpenDesk) -> None:
        desk = open_desk(size=(360, 740), is_mobile=True, has_touch=True)
        desk.page.goto(desk.address)
        desk.left.chat("Луна")
        expect(desk.right.root).to_be_hidden()
        desk.look_over()
        desk.left.button("Назад").click()
        expect(desk.left.root.locator(".chats")).to_be_visible()
        desk.page.get_by_role("group", name="Чья сторона видна").get_by_role("button").nth(1).click()
        expect(desk.left.root).to_be_hidden()
        expect(desk.right.root).to_be_visible()
        desk.look_over()

    def test_a_new_person_sits_down_and_stays(self, open_desk: OpenDesk) -> None:
        desk = open_desk()
        desk.page.goto(desk.address)
        desk.left.root.locator(".me").click()
        desk.left.root.get_by_role("menuitem", name="Новый человек").click()
        desk.left.root.get_by_label("Имя", exact=True).fill("Григорий")
        desk.left.root.get_by_label("Язык Telegram").select_option("en")
        desk.left.root.get_by_role("button", name="Добавить").click()
        expect(desk.left.button(re.compile("Григорий"))).to_be_visible()
        desk.page.reload()
        expect(desk.left.button(re.compile("Григорий"))).to_be_visible()


class TestMiniApp:
    def test_opens_in_place_signed_in_and_in_its_own_colours(self, open_desk: OpenDesk, world: World) -> None:
        desk = open_desk()
        desk.open(left=world.person("Зоя"), right=world.person("Коллега"))
        desk.left.chat("Луна")
        desk.left.button("Начать", exact=True).click()
        desk.left.hears("Добрый вечер")
        desk.left.root.locator(".inline-button").first.click()
        desk.left.app.get_by_text("Со всем этим соглашаюсь").click()
        desk.left.app.get_by_role("button", name="Продолжить").click()
        desk.left.app.get_by_role("button", name="Открыть карты").click()
        expect(desk.left.app.get_by_role("heading", level=1)).to_have_text("Привет, Зоя")
        header = desk.left.sheet.locator(".app-head")
        expect(header).to_have_css("background-color", "rgb(14, 16, 48)")

        # The back button is the client's: the app shows it, hears it, hides it.
        back = desk.left.sheet.get_by_role("button", name="Назад")
        expect(back).to_be_hidden()
        desk.left.app.get_by_role("button", name="Карта дня").first.click()
        back.click()
        expect(desk.left.app.get_by_role("heading", level=1)).to_have_text("Привет, Зоя")
        expect(back).to_be_hidden()
        desk.left.sheet.get_by_role("button", name="Закрыть приложение").click()
        expect(desk.left.sheet).to_have_count(0)
        expect(desk.left.composer).to_be_focused()

    def test_each_pane_is_somebody_else_in_the_same_app(self, open_desk: OpenDesk, world: World) -> None:
        desk = open_desk()
        desk.open(left=world.person("Зоя"), right=world.person("Emma", language="en"))
        for pane in (desk.left, desk.right):
            # A bot is called by its name in the person's language.
            pane.chat(re.compile("^(Луна|Luna)$"))
            pane.button("Начать", exact=True).click()
            pane.root.locator(".inline-button").first.click()
        expect(desk.left.app.get_by_text("Со всем этим соглашаюсь")).to_be_visible()
        expect(desk.right.app.get_by_text("I agree to all of this")).to_be_visible()

    def test_only_the_desk_may_frame_it(self, demo_server: str, desk_address: str) -> None:
        policy = httpx.get(f"{demo_server}/luna/").headers["content-security-policy"]
        assert policy.split("frame-ancestors ")[1].split() == [
            "'self'",
            "https://web.telegram.org",
            "https://*.telegram.org",
            desk_address,
        ]


class TestWords:
    def test_what_bots_write_is_shown_as_text(self, open_desk: OpenDesk, world: World) -> None:
        desk, bot, anna = open_desk(), world.bot(), world.person("Анна")
        desk.open(left=anna, right=world.person("Коллега"))
        desk.left.chat(bot.name)
        desk.left.button("Начать", exact=True).click()
        assert bot.update("message")["text"] == "/start"
        bot.call("sendMessage", chat_id=anna, text='<img src=x onerror="alert(1)"> & <b>слова</b>')
        expect(desk.left.hears("<img src=x").locator(".text")).to_contain_text("& <b>слова</b>")
        bot.call(
            "sendMessage",
            chat_id=anna,
            parse_mode="HTML",
            text="<b>Жирно <i>и косо</i></b> <tg-spoiler>тайна</tg-spoiler>",
        )
        formatted = desk.left.hears("Жирно")
        expect(formatted.locator("strong em")).to_have_text("и косо")
        formatted.get_by_role("button", name="Показать скрытое").click()
        expect(formatted.get_by_text("тайна")).to_be_visible()

    def test_answers_edits_and_reactions_go_both_ways(self, open_desk: OpenDesk, world: World) -> None:
        desk, bot, anna = open_desk(), world.bot(), world.person("Анна")
        desk.open(left=anna, right=world.person("Коллега"))
        desk.left.chat(bot.name)
        desk.left.button("Начать", exact=True).click()
        bot.update("message")
        desk.left.say("Первая\nмысль")
        first = bot.update("message")
        desk.left.menu_of(desk.left.hears("мысль"), "Изменить")
        desk.left.say("Вторая мысль")
        assert bot.update("edited_message")["text"] == "Вторая мысль"
        expect(desk.left.hears("Вторая мысль")).to_contain_text("изменено")

        reply = {"message_id": first["message_id"]}
        answer = bot.call("sendMessage", chat_id=anna, text="Слышу", reply_parameters=reply)
        heard = desk.left.hears("Слышу")
        expect(heard.locator(".quote")).to_contain_text("Вторая мысль")
        heard.click(button="right", position={"x": 5, "y": 5})
        desk.left.root.get_by_role("button", name="Реакция 🔥").click()
        reaction = bot.update("message_reaction")
        assert reaction["new_reaction"] == [{"type": "emoji", "emoji": "🔥"}]
        expect(desk.left.hears("Слышу").locator(".reaction.mine")).to_have_text("🔥1")

        desk.left.menu_of(desk.left.hears("Слышу"), "Ответить")
        desk.left.say("Спасибо")
        assert bot.update("message")["reply_to_message"]["message_id"] == answer["message_id"]
        bot.call("deleteMessage", chat_id=anna, message_id=answer["message_id"])
        expect(desk.left.bubbles.filter(has_text="Сообщение удалено")).to_have_count(1)

    def test_drafts_grow_and_become_the_message(self, open_desk: OpenDesk, world: World) -> None:
        desk, bot, anna = open_desk(), world.bot(), world.person("Анна")
        desk.open(left=anna, right=world.person("Коллега"))
        desk.left.chat(bot.name)
        desk.left.button("Начать", exact=True).click()
        bot.update("message")
        draft = desk.left.root.locator(".draft")
        for text in ("Карты", "Карты говорят", "Карты говорят тихо"):
            bot.call("sendMessageDraft", chat_id=anna, draft_id=7, text=text)
            expect(draft.locator(".text")).to_have_text(text)
        bot.call("sendMessage", chat_id=anna, text="Карты говорят тихо.")
        desk.left.hears("Карты говорят тихо.")
        expect(draft).to_have_count(0)

    def test_what_cannot_be_sent_is_not_lost(self, open_desk: OpenDesk, world: World) -> None:
        desk, bot, anna = open_desk(), world.bot(), world.person("Анна")
        desk.open(left=anna, right=world.person("Коллега"))
        desk.left.chat(bot.name)
        desk.left.button("Начать", exact=True).click()
        desk.left.hears("/start")
        assert bot.update("message")["text"] == "/start"
        desk.context.set_offline(True)
        desk.left.composer.fill("Слышно?")
        desk.left.composer.press("Enter")
        desk.left.toast("Нет связи")
        expect(desk.left.composer).to_have_value("Слышно?")
        desk.context.set_offline(False)
        desk.left.composer.press("Enter")
        assert bot.update("message")["text"] == "Слышно?"
        desk.left.hears("Слышно?")


class TestRestart:
    def test_page_finds_the_desk_again_with_its_people(self, browser: Browser) -> None:
        port = free_port()
        desk = DeskPage(browser, f"http://127.0.0.1:{port}", language="ru", size=(1280, 800))
        with sandbox(port):
            world = World(desk.address)
            anna, bot = world.person("Анна"), world.bot()
            desk.open(left=anna, right=world.person("Коллега"))
            desk.left.chat(bot.name)
            desk.left.button("Начать", exact=True).click()
            bot.update("message")
            desk.left.hears("/start")
        expect(desk.page.get_by_text("Нет связи со столом")).to_be_visible()
        with sandbox(port):
            world = World(desk.address)
            other = world.bot()
            expect(desk.page.get_by_text("Нет связи со столом")).to_be_hidden()
            # Everything was forgotten but who sits here.
            desk.left.chat(other.name)
            desk.left.button("Начать", exact=True).click()
            assert other.update("message")["from"]["id"] == anna
        desk.context.close()
        assert [error for error in desk.errors if "ERR_CONNECTION" not in error and "CHUNKED" not in error] == []
