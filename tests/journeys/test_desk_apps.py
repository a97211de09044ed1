"""Mini Apps and money on the desk: the client's side of the web view's protocol, files, and Stars."""

import http.server
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from app.kit import json
from tests.journeys.conftest import OpenDesk
from tests.journeys.desk import BotOfTest, DeskPage, Pane, World

pytestmark = pytest.mark.journey

# An app that says what it is told to say and writes down what it hears (core.telegram.org/api/web-events).
APP = """<!doctype html><title>App</title><p id="heard"></p><script>
window.heard = [];
window.say = (eventType, eventData) => parent.postMessage(JSON.stringify({ eventType, eventData }), '*');
addEventListener('message', ({ data }) => {
  const { eventType, eventData } = JSON.parse(data);
  heard.push([eventType, eventData]);
});
say('iframe_ready', { reload_supported: true });
say('web_app_ready');
</script>"""
PICTURES = Path(__file__).parents[2] / "app/catalogue/demo/pictures"


@pytest.fixture(scope="session")
def app_address() -> Iterator[str]:
    """The app behind a server of its own origin."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(APP.encode())

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()


class App:
    """The app in a pane's frame."""

    def __init__(self, pane: Pane) -> None:
        self._body = pane.app.locator("body")

    def say(self, name: str, **data: Any) -> None:
        self._body.evaluate("(_, [name, data]) => say(name, data)", [name, data])

    def hear(self, name: str) -> Any:
        """The latest event of this name, once it has come."""
        found = self._body.evaluate_handle(
            """async (_, name) => {
              const until = Date.now() + 10_000;
              while (Date.now() < until) {
                const last = heard.findLast(([one]) => one === name);
                if (last) return last;
                await new Promise((resolve) => setTimeout(resolve, 20));
              }
              return null;
            }""",
            name,
        ).json_value()
        assert found is not None, f"{name} never came"
        return found[1]

    def launch(self) -> dict[str, str]:
        source = "() => Object.fromEntries(new URLSearchParams(location.hash.slice(1)))"
        launch: dict[str, str] = self._body.evaluate(source)
        return launch


@pytest.fixture
def chat(open_desk: OpenDesk, world: World) -> tuple[DeskPage, BotOfTest, int]:
    """A person who has just started a bot."""
    desk, bot, anna = open_desk(), world.bot(), world.person("Анна")
    desk.open(left=anna, right=world.person("Коллега"))
    desk.left.chat(bot.name)
    desk.left.button("Начать", exact=True).click()
    desk.left.hears("/start")
    bot.update("message")
    return desk, bot, anna


Chat = tuple[DeskPage, BotOfTest, int]


def open_app(chat: Chat, address: str) -> App:
    desk, bot, anna = chat
    button = {"text": "Приложение", "web_app": {"url": address}}
    bot.call("sendMessage", chat_id=anna, text="Вот", reply_markup={"inline_keyboard": [[button]]})
    desk.left.button("Приложение").click()
    desk.left.app.locator("#heard").wait_for(state="attached")
    return App(desk.left)


class TestProtocol:
    def test_launch_and_what_is_asked_at_the_start(self, chat: Chat, app_address: str) -> None:
        app = open_app(chat, app_address)
        launch = app.launch()
        assert json.loads(launch["tgWebAppThemeParams"])["bg_color"] == "#ffffff"
        assert "hash=" in launch["tgWebAppData"]
        app.say("web_app_request_theme")
        assert app.hear("theme_changed")["theme_params"]["button_color"] == "#1f74c7"
        app.say("web_app_request_viewport")
        assert app.hear("viewport_changed")["width"] == 430
        app.say("web_app_request_safe_area")
        assert app.hear("safe_area_changed")["top"] == 0
        app.say("web_app_request_content_safe_area")
        assert app.hear("content_safe_area_changed")["top"] == 0

    def test_client_buttons_are_drawn_and_pressed(self, chat: Chat, app_address: str) -> None:
        desk, app = chat[0], open_app(chat, app_address)
        app.say("web_app_setup_main_button", is_visible=True, is_active=True, text="Купить", color="#aa3300")
        app.say("web_app_setup_secondary_button", is_visible=True, is_active=True, text="Потом", position="top")
        app.say("web_app_setup_back_button", is_visible=True)
        sheet = desk.left.sheet
        main = sheet.get_by_role("button", name="Купить")
        expect(main).to_have_css("background-color", "rgb(170, 51, 0)")
        main.click()
        app.hear("main_button_pressed")
        sheet.get_by_role("button", name="Потом").click()
        app.hear("secondary_button_pressed")
        sheet.get_by_role("button", name="Назад").click()
        app.hear("back_button_pressed")
        app.say("web_app_setup_main_button", is_progress_visible=True)
        expect(sheet.get_by_role("status", name="Загрузка")).to_be_visible()
        app.say("web_app_setup_main_button", is_visible=False)
        app.say("web_app_setup_secondary_button", is_visible=False)
        expect(sheet.locator(".app-foot")).to_be_hidden()

    def test_popup_and_closing(self, chat: Chat, app_address: str) -> None:
        desk, app = chat[0], open_app(chat, app_address)
        buttons = [{"id": "no", "type": "cancel"}, {"id": "yes", "type": "destructive", "text": "Стереть"}]
        app.say("web_app_open_popup", title="Точно?", message="<b>Всё</b> исчезнет", buttons=buttons)
        dialog = desk.left.root.get_by_role("dialog", name="Точно?")
        expect(dialog).to_contain_text("<b>Всё</b> исчезнет")
        desk.look_over()
        dialog.get_by_role("button", name="Стереть").click()
        assert app.hear("popup_closed") == {"button_id": "yes"}
        app.say("web_app_setup_closing_behavior", need_confirmation=True)
        desk.left.sheet.get_by_role("button", name="Закрыть приложение").click()
        desk.left.root.get_by_role("button", name="Отмена").click()
        expect(desk.left.sheet).to_be_visible()
        app.say("web_app_close")
        expect(desk.left.sheet).to_have_count(0)

    def test_keeps_what_the_app_gives_it(self, chat: Chat, app_address: str) -> None:
        app = open_app(chat, app_address)
        app.say("web_app_device_storage_save_key", req_id="1", key="a", value="лунный свет")
        assert app.hear("device_storage_key_saved") == {"req_id": "1"}
        app.say("web_app_device_storage_get_key", req_id="2", key="a")
        assert app.hear("device_storage_key_received") == {"req_id": "2", "value": "лунный свет"}
        params = {"key": "theme", "value": "dark"}
        app.say("web_app_invoke_custom_method", req_id="3", method="saveStorageValue", params=params)
        assert app.hear("custom_method_invoked") == {"req_id": "3", "result": True}
        app.say("web_app_invoke_custom_method", req_id="4", method="dropEverything", params={})
        app._body.page.wait_for_timeout(100)
        assert app.hear("custom_method_invoked") == {"req_id": "4", "error": "UNKNOWN_METHOD"}

    def test_link_to_another_bot_closes_the_app_and_offers_its_start(
        self, chat: Chat, world: World, app_address: str
    ) -> None:
        desk, other, app = chat[0], world.bot("Другой"), open_app(chat, app_address)
        app.say("web_app_open_tg_link", path_full=f"/{other.username}?start=friend_7")
        expect(desk.left.sheet).to_have_count(0)
        desk.left.button("Начать", exact=True).click()
        assert other.update("message")["text"] == "/start friend_7"

    def test_app_of_the_keyboard_sends_data(self, chat: Chat, app_address: str) -> None:
        desk, bot, anna = chat
        rows = [[{"text": "Форма", "web_app": {"url": app_address}}]]
        bot.call("sendMessage", chat_id=anna, text="Заполните", reply_markup={"keyboard": rows})
        desk.left.button("Форма").click()
        desk.left.app.locator("#heard").wait_for(state="attached")
        App(desk.left).say("web_app_data_send", data='{"size": 3}')
        expect(desk.left.sheet).to_have_count(0)
        sent = bot.update("message", having="web_app_data")["web_app_data"]
        assert sent == {"data": '{"size": 3}', "button_text": "Форма"}

    def test_nobody_else_is_heard(self, chat: Chat, app_address: str) -> None:
        desk = chat[0]
        open_app(chat, app_address)
        message = json.dumps({"eventType": "web_app_close"}).decode()
        desk.page.evaluate("(message) => window.postMessage(message, '*')", message)
        desk.page.wait_for_timeout(200)
        expect(desk.left.sheet).to_be_visible()


class TestStars:
    def agree(self, bot: BotOfTest, *, ok: bool = True) -> threading.Thread:
        """The bot that answers the next checkout."""

        def answer() -> None:
            query = bot.update("pre_checkout_query")
            words = {} if ok else {"error_message": "Уже раскуплено"}
            bot.call("answerPreCheckoutQuery", pre_checkout_query_id=query["id"], ok=ok, **words)

        thread = threading.Thread(target=answer)
        thread.start()
        return thread

    def test_invoice_in_the_chat_is_paid_once(self, chat: Chat) -> None:
        desk, bot, anna = chat
        prices = [{"label": "Десять", "amount": 150}]
        invoice = {"title": "Десять раскладов", "description": "На месяц", "payload": "ten", "currency": "XTR"}
        bot.call("sendInvoice", chat_id=anna, prices=prices, **invoice)
        answering = self.agree(bot)
        desk.left.button("Оплатить ⭐ 150").click()
        sheet = desk.left.root.get_by_role("dialog", name="Счёт")
        expect(sheet).to_contain_text("Десять раскладов")
        desk.look_over()
        sheet.get_by_role("button", name="Оплатить ⭐ 150").click()
        answering.join(15)
        desk.left.toast("Оплачено")
        paid = bot.update("message", having="successful_payment")["successful_payment"]
        assert (paid["total_amount"], paid["invoice_payload"]) == (150, "ten")
        expect(desk.left.root.locator(".service", has_text="Вы оплатили ⭐ 150")).to_be_visible()
        expect(desk.left.root.locator(".inline-button")).to_be_disabled()

    def test_app_hears_how_its_invoice_ended(self, chat: Chat, app_address: str) -> None:
        desk, bot, _ = chat
        invoice = {"title": "Один", "description": "Расклад", "payload": "one", "currency": "XTR"}
        link = bot.call("createInvoiceLink", prices=[{"label": "Один", "amount": 20}], **invoice)
        slug = link.rpartition("/")[2].removeprefix("$")
        app = open_app(chat, app_address)
        app.say("web_app_open_invoice", slug=slug)
        desk.left.root.get_by_role("button", name="Отмена").click()
        assert app.hear("invoice_closed") == {"slug": slug, "status": "cancelled"}

        answering = self.agree(bot, ok=False)
        app.say("web_app_open_invoice", slug=slug)
        desk.left.button("Оплатить ⭐ 20").click()
        answering.join(15)
        expect(desk.left.root.get_by_role("dialog", name="Платёж не прошёл")).to_contain_text("Уже раскуплено")
        desk.left.button("Хорошо").click()
        desk.page.wait_for_timeout(100)
        assert app.hear("invoice_closed")["status"] == "failed"


class TestFiles:
    def test_photo_with_caption_and_album_and_file(self, chat: Chat) -> None:
        desk, bot, _ = chat
        picture = PICTURES / "cups-08.webp"

        def choose(entry: str, *files: Path) -> None:
            desk.left.button("Прикрепить").click()
            with desk.page.expect_file_chooser() as chooser:
                desk.left.root.get_by_role("menuitem", name=entry).click()
            chooser.value.set_files(list(files))

        choose("Фото или видео", picture)
        desk.left.root.get_by_label("Подпись").fill("Мой стол")
        desk.look_over()
        desk.left.button("Отправить", exact=True).last.click()
        sent = bot.update("message", having="photo")
        assert (sent["caption"], sent["photo"][-1]["width"] > 0) == ("Мой стол", True)
        expect(desk.left.hears("Мой стол").locator("img")).to_be_visible()

        choose("Фото или видео", picture, picture)
        desk.left.button("Отправить", exact=True).last.click()
        first, second = bot.update("message", having="photo"), bot.update("message", having="photo")
        assert first["media_group_id"] == second["media_group_id"]
        expect(desk.left.root.get_by_role("group", name="Альбом").locator("img")).to_have_count(2)

        choose("Файл", Path(__file__))
        desk.left.button("Отправить", exact=True).last.click()
        assert bot.update("message", having="document")["document"]["file_name"] == Path(__file__).name

    def test_contact_place_and_sticker(self, chat: Chat) -> None:
        desk, bot, anna = chat
        desk.left.button("Прикрепить").click()
        desk.left.root.get_by_role("menuitem", name="Мой контакт").click()
        assert bot.update("message", having="contact")["contact"]["user_id"] == anna
        desk.left.button("Прикрепить").click()
        desk.left.root.get_by_role("menuitem", name="Место").click()
        assert bot.update("message", having="location")["location"]["latitude"] == 59.9398
        desk.left.button("Стикеры", exact=True).click()
        desk.left.button("Стикер 🔮").click()
        assert bot.update("message", having="sticker")["sticker"]["width"] == 512
        expect(desk.left.root.locator(".sticker img").last).to_be_visible()

    def test_voice_from_the_microphone(self, open_desk: OpenDesk, world: World) -> None:
        desk, bot = open_desk(permissions=["microphone"]), world.bot()
        desk.open(left=world.person("Анна"), right=world.person("Коллега"))
        desk.left.chat(bot.name)
        desk.left.button("Начать", exact=True).click()
        desk.left.hears("/start")
        # A tone in place of the microphone, which this machine does not have.
        desk.page.evaluate(
            """() => {
              const context = new AudioContext();
              const tone = context.createOscillator();
              const out = context.createMediaStreamDestination();
              tone.connect(out);
              tone.start();
              navigator.mediaDevices.getUserMedia = async () => out.stream;
            }"""
        )
        desk.left.button("Записать голосовое").click()
        desk.page.wait_for_timeout(1_200)
        desk.left.button("Отправить запись").click()
        voice = bot.update("message", having="voice")["voice"]
        assert voice["duration"] >= 1
        expect(desk.left.root.get_by_role("group", name=re.compile("Голосовое"))).to_be_visible()
