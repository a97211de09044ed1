"""Buttons, keyboards, commands and the staff's topics on the desk, pressed in a real browser."""

import threading

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import OpenDesk
from tests.journeys.desk import World

pytestmark = pytest.mark.journey


class TestButtons:
    def test_pressing_answers_with_toast_alert_and_edit(self, open_desk: OpenDesk, world: World) -> None:
        desk, bot, anna = open_desk(), world.bot(), world.person("Анна")
        desk.open(left=anna, right=world.person("Коллега"))
        desk.left.chat(bot.name)
        desk.left.button("Начать", exact=True).click()
        bot.update("message")
        buttons = [[{"text": "Тихо", "callback_data": "toast"}, {"text": "Громко", "callback_data": "alert"}]]
        markup = {"inline_keyboard": buttons}
        sent = bot.call("sendMessage", chat_id=anna, text="Выбирайте", reply_markup=markup)

        def answer(*, show_alert: bool) -> None:
            query = bot.update("callback_query")
            text = "Внимание!" if show_alert else "Принято"
            bot.call("answerCallbackQuery", callback_query_id=query["id"], text=text, show_alert=show_alert)

        for button, show_alert in (("Тихо", False), ("Громко", True)):
            answering = threading.Thread(target=answer, kwargs={"show_alert": show_alert})
            answering.start()
            desk.left.button(button).click()
            answering.join(15)
            if show_alert:
                dialog = desk.left.root.get_by_role("dialog")
                expect(dialog).to_contain_text("Внимание!")
                desk.left.page.keyboard.press("Escape")
                expect(dialog).to_have_count(0)
            else:
                desk.left.toast("Принято")
        bot.call("editMessageText", chat_id=anna, message_id=sent["message_id"], text="Выбрано")
        desk.left.hears("Выбрано")
        expect(desk.left.button("Тихо")).to_have_count(0)

    def test_keyboard_gives_words_number_and_group(self, open_desk: OpenDesk, world: World) -> None:
        desk, bot, marina = open_desk(), world.bot(), world.person("Марина")
        desk.open(left=world.person("Анна"), right=marina)
        desk.right.chat(bot.name)
        desk.right.button("Начать", exact=True).click()
        bot.update("message")
        rights = {"can_manage_topics": True, "can_pin_messages": True, "can_delete_messages": True}
        others = ["is_anonymous", "can_manage_chat", "can_manage_video_chats", "can_restrict_members"]
        others += ["can_promote_members", "can_change_info", "can_invite_users", "can_post_stories"]
        rights |= dict.fromkeys([*others, "can_edit_stories", "can_delete_stories", "can_send_welcome_messages"], False)
        request = {"request_id": 5, "chat_is_channel": False, "chat_is_forum": True}
        request |= {"user_administrator_rights": rights, "bot_administrator_rights": rights}
        rows = [
            [{"text": "Да"}],
            [{"text": "Номер", "request_contact": True}],
            [{"text": "Группа", "request_chat": request}],
        ]
        bot.call("sendMessage", chat_id=marina, text="Ну?", reply_markup={"keyboard": rows})

        desk.right.button("Да", exact=True).click()
        assert bot.update("message")["text"] == "Да"
        desk.right.button("Номер", exact=True).click()
        desk.right.button("Передать").click()
        contact = bot.update("message")["contact"]
        assert (contact["user_id"], contact["phone_number"][:5]) == (marina, "+7999")

        desk.right.button("Группа", exact=True).click()
        desk.right.root.get_by_role("dialog").get_by_role("button", name="Новая группа").click()
        desk.right.root.get_by_label("Название группы").fill("Клиенты")
        desk.right.button("Добавить", exact=True).click()
        desk.right.button("Хорошо").click()
        shared = bot.update("message", having="chat_shared")["chat_shared"]
        member = bot.call("getChatMember", chat_id=shared["chat_id"], user_id=bot.id)
        assert (shared["request_id"], member["status"], member["can_manage_topics"]) == (5, "administrator", True)

    def test_commands_are_offered_in_the_persons_language(self, open_desk: OpenDesk, world: World) -> None:
        desk, bot, emma = open_desk(language="en"), world.bot(), world.person("Emma", language="en")
        for code, words in (("", "Начать"), ("en", "Begin")):
            commands = [{"command": "begin", "description": words}, {"command": "find", "description": words}]
            bot.call("setMyCommands", commands=commands, language_code=code)
        desk.open(left=emma, right=world.person("Коллега"))
        desk.left.chat(bot.name)
        desk.left.button("Start", exact=True).click()
        assert bot.update("message")["text"] == "/start"
        desk.left.composer.fill("/b")
        expect(desk.left.root.locator(".suggestion")).to_have_text("/beginBegin")
        desk.left.root.locator(".suggestion").click()
        assert bot.update("message")["text"] == "/begin"
        desk.left.composer.fill("/f")
        desk.left.composer.press("Tab")
        expect(desk.left.composer).to_have_value("/find ")
        expect(desk.left.composer).to_be_focused()

    def test_blocked_bot_may_not_write(self, open_desk: OpenDesk, world: World) -> None:
        desk, bot, anna = open_desk(), world.bot(), world.person("Анна")
        desk.open(left=anna, right=world.person("Коллега"))
        desk.left.chat(bot.name)
        desk.left.button("Начать", exact=True).click()
        desk.left.button("Ещё", exact=True).click()
        desk.left.root.get_by_role("menuitem", name="Остановить и заблокировать").click()
        expect(desk.left.button("Разблокировать")).to_be_visible()
        assert bot.update("my_chat_member")["new_chat_member"]["status"] == "kicked"
        desk.left.button("Разблокировать").click()
        assert bot.update("my_chat_member")["new_chat_member"]["status"] == "member"
        expect(desk.left.composer).to_be_visible()


class TestStaff:
    def test_topics_are_made_written_to_closed_and_deleted(self, open_desk: OpenDesk, world: World) -> None:
        desk, bot, marina = open_desk(), world.bot(), world.person("Марина")
        group = world.group("Штаб", marina)
        world.act("bot-rights", chat=group, bot=bot.id, status="administrator")
        desk.open(left=world.person("Анна"), right=marina)
        desk.right.chat("Штаб")
        topic = bot.call("createForumTopic", chat_id=group, name="Клиентка Анна")["message_thread_id"]
        card = bot.call("sendMessage", chat_id=group, message_thread_id=topic, text="Карточка клиента")
        bot.call("pinChatMessage", chat_id=group, message_id=card["message_id"])
        desk.right.topic("Клиентка Анна")
        expect(desk.right.root.locator(".pinned")).to_contain_text("Карточка клиента")
        desk.right.say("Здравствуйте!")
        expect(desk.right.root.locator(".topics .row", has_text="Клиентка Анна")).to_contain_text("Здравствуйте!")
        written = bot.update("message", having="text")
        assert (written["message_thread_id"], written["from"]["id"]) == (topic, marina)

        desk.right.root.locator(".chat").get_by_role("button", name="Ещё").click()
        desk.right.root.get_by_role("menuitem", name="Закрыть тему").click()
        expect(desk.right.root.locator(".service", has_text="Тема закрыта")).to_be_visible()
        desk.right.root.locator(".chat").get_by_role("button", name="Ещё").click()
        desk.right.root.get_by_role("menuitem", name="Удалить тему").click()
        desk.right.root.get_by_role("dialog").get_by_role("button", name="Удалить").click()
        expect(desk.right.root.locator(".row.topic", has_text="Клиентка Анна")).to_have_count(0)

    def test_rights_of_a_bot_are_changed(self, open_desk: OpenDesk, world: World) -> None:
        desk, bot, marina = open_desk(), world.bot(), world.person("Марина")
        group = world.group("Штаб", marina)
        world.act("bot-rights", chat=group, bot=bot.id, status="member")
        desk.open(left=world.person("Анна"), right=marina)
        desk.right.chat("Штаб")
        desk.right.button("Ещё", exact=True).click()
        desk.right.root.get_by_role("menuitem", name="Участники").click()
        desk.right.root.get_by_label(bot.name).select_option("administrator")
        member = bot.update("my_chat_member")["new_chat_member"]
        while member["status"] != "administrator":
            member = bot.update("my_chat_member")["new_chat_member"]
        assert member["can_manage_topics"] is True
        desk.look_over()
