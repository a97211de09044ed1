"""What happens to messages afterwards: buttons, edits, deletions, pins, copies, reactions, replies."""

import asyncio

import pytest
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import ReactionTypeEmoji, ReplyParameters

from tests.sandbox.conftest import BOT, Sandbox, keyboard


class TestButtons:
    async def test_a_press_waits_for_the_answer(self, sandbox: Sandbox) -> None:
        await sandbox.say("hi")
        sent = await sandbox.bot.send_message(5, "Choose", reply_markup=keyboard(callback_data="card:1"))
        await sandbox.updates()
        body = {"user": 5, "bot": BOT, "message_id": sent.message_id, "data": "card:1"}
        pressed = asyncio.create_task(sandbox.post("press", **body))
        (update,) = await sandbox.bot.get_updates(timeout=5)
        query = update.callback_query
        assert query is not None
        assert (query.data, query.from_user.id) == ("card:1", 5)
        assert query.message is not None
        assert query.message.message_id == sent.message_id
        await sandbox.bot.answer_callback_query(query.id, "Готово", show_alert=True)
        answer = await pressed
        assert {name: answer[name] for name in ("answered", "text", "show_alert", "url")} == {
            "answered": True,
            "text": "Готово",
            "show_alert": True,
            "url": None,
        }
        with pytest.raises(TelegramBadRequest, match="query is too old and response timeout expired"):
            await sandbox.bot.answer_callback_query(query.id)

    async def test_there_is_only_what_is_shown(self, sandbox: Sandbox) -> None:
        await sandbox.say("hi")
        sent = await sandbox.bot.send_message(5, "x", reply_markup=keyboard(callback_data="a"))
        await sandbox.post("press", user=5, bot=BOT, message_id=sent.message_id, data="b", code=404)

    async def test_too_long_an_answer(self, sandbox: Sandbox) -> None:
        assert "query is too old" in await sandbox.refusal("answerCallbackQuery", callback_query_id="1")
        await sandbox.say("hi")
        sent = await sandbox.bot.send_message(5, "x", reply_markup=keyboard(callback_data="a"))
        await sandbox.updates()
        body = {"user": 5, "bot": BOT, "message_id": sent.message_id, "data": "a"}
        pressed = asyncio.create_task(sandbox.post("press", **body))
        (update,) = await sandbox.bot.get_updates(timeout=5)
        assert update.callback_query is not None
        long = await sandbox.refusal("answerCallbackQuery", callback_query_id=update.callback_query.id, text="я" * 201)
        assert long == "Bad Request: MESSAGE_TOO_LONG"
        await sandbox.bot.answer_callback_query(update.callback_query.id)
        assert (await pressed)["answered"]


class TestEdits:
    async def test_text_and_keyboard(self, sandbox: Sandbox) -> None:
        await sandbox.say("hi")
        sent = await sandbox.bot.send_message(5, "one", reply_markup=keyboard(callback_data="a"))
        edited = await sandbox.bot.edit_message_text(
            "<b>two</b>", chat_id=5, message_id=sent.message_id, parse_mode="HTML"
        )
        assert not isinstance(edited, bool)
        assert (edited.text, edited.reply_markup, edited.edit_date is not None) == ("two", None, True)
        with pytest.raises(TelegramBadRequest, match="message is not modified: specified new message content"):
            await sandbox.bot.edit_message_text("<b>two</b>", chat_id=5, message_id=sent.message_id, parse_mode="HTML")
        again = await sandbox.bot.edit_message_reply_markup(
            chat_id=5, message_id=sent.message_id, reply_markup=keyboard(callback_data="b")
        )
        assert not isinstance(again, bool)
        assert again.reply_markup is not None

    async def test_refusals(self, sandbox: Sandbox) -> None:
        said = await sandbox.say("hi")
        mine = said["message"]["message_id"]
        sent = await sandbox.bot.send_message(5, "x")
        refusals = {
            "message to edit not found": {"message_id": 999, "text": "y"},
            "message can't be edited": {"message_id": mine, "text": "y"},
        }
        for words, arguments in refusals.items():
            assert await sandbox.refusal("editMessageText", chat_id=5, **arguments) == f"Bad Request: {words}"
        words = await sandbox.refusal("editMessageCaption", chat_id=5, message_id=sent.message_id, caption="y")
        assert words == "Bad Request: there is no caption in the message to edit"
        words = await sandbox.refusal("sendMessage", chat_id=5, text="x", chat="5")
        assert words == "Bad Request: sandbox: sendMessage has no parameter 'chat'"
        words = await sandbox.refusal("sendMessage", chat_id=5, text="x", link_preview_options={"disabled": True})
        assert words.endswith("the Bot API does not know the field 'LinkPreviewOptions.disabled'")
        words = await sandbox.refusal("sendMessage", chat_id=5, text="x", disable_notification="perhaps")
        assert "sandbox: parameter 'disable_notification'" in words
        words = await sandbox.refusal("sendMessage", chat_id=5, text="x", entities=[{"type": "bold"}])
        assert words == "Bad Request: can't parse MessageEntity: Can't find field \"offset\""

    async def test_a_person_edits(self, sandbox: Sandbox) -> None:
        said = (await sandbox.say("hi"))["message"]["message_id"]
        await sandbox.updates()
        shown = await sandbox.post("edit", user=5, bot=BOT, message_id=said, text="hello /start")
        assert shown["message"]["edited"] is True
        (update,) = await sandbox.updates()
        assert update.edited_message is not None
        assert (update.edited_message.text, update.edited_message.message_id) == ("hello /start", said)
        sent = await sandbox.bot.send_message(5, "x")
        await sandbox.post("edit", user=5, bot=BOT, message_id=sent.message_id, text="y", code=403)


class TestDeletions:
    async def test_one_and_many(self, sandbox: Sandbox) -> None:
        await sandbox.say("hi")
        ids = [(await sandbox.bot.send_message(5, str(number))).message_id for number in range(3)]
        await sandbox.bot.delete_message(5, ids[0])
        with pytest.raises(TelegramBadRequest, match="message to delete not found"):
            await sandbox.bot.delete_message(5, ids[0])
        await sandbox.bot.delete_messages(5, ids)
        shown = await sandbox.get("messages", bot=BOT, person=5)
        assert [message["deleted"] for message in shown] == [False, True, True, True]
        words = await sandbox.refusal("deleteMessages", chat_id=5, message_ids=[*range(101)])
        assert words == "Bad Request: too many message identifiers specified"

    async def test_others_messages_need_the_right(self, sandbox: Sandbox) -> None:
        staff = await sandbox.staff(can_pin_messages=True)
        said = (await sandbox.post("say", chat=staff, user=1, text="x"))["message"]["message_id"]
        with pytest.raises(TelegramBadRequest, match="message can't be deleted"):
            await sandbox.bot.delete_message(staff, said)


class TestPins:
    async def test_the_service_message_reaches_the_bot(self, sandbox: Sandbox) -> None:
        staff = await sandbox.staff(can_pin_messages=True)
        sent = await sandbox.bot.send_message(staff, "card")
        await sandbox.bot.pin_chat_message(staff, sent.message_id, disable_notification=True)
        (update,) = await sandbox.updates()
        assert update.message is not None
        assert update.message.pinned_message is not None
        await sandbox.bot.unpin_chat_message(staff)
        with pytest.raises(TelegramBadRequest, match="message to unpin not found"):
            await sandbox.bot.unpin_chat_message(staff)

    async def test_the_right_is_needed(self, sandbox: Sandbox) -> None:
        staff = await sandbox.staff(can_manage_topics=True)
        sent = await sandbox.bot.send_message(staff, "card")
        with pytest.raises(TelegramBadRequest, match="not enough rights to manage pinned messages in the chat"):
            await sandbox.bot.pin_chat_message(staff, sent.message_id)


class TestCopies:
    async def test_from_chat_to_topic(self, sandbox: Sandbox) -> None:
        staff = await sandbox.staff()
        topic = (await sandbox.bot.create_forum_topic(staff, "Анна")).message_thread_id
        said = await sandbox.say("see https://tarot.example/ <b>")
        source = said["message"]["message_id"]
        copied = await sandbox.bot.copy_message(staff, 5, source, message_thread_id=topic)
        forwarded = await sandbox.bot.forward_message(staff, 5, source, message_thread_id=topic)
        assert forwarded.forward_origin is not None
        assert forwarded.forward_origin.type == "user"
        shown = {message["message_id"]: message for message in await sandbox.get("messages", chat=staff, topic=topic)}
        assert shown[copied.message_id]["text"] == "see https://tarot.example/ <b>"
        assert "forward_origin" not in shown[copied.message_id]
        assert len(await sandbox.bot.copy_messages(staff, 5, [source, 999], message_thread_id=topic)) == 1
        assert len(await sandbox.bot.forward_messages(staff, 5, [source])) == 1
        with pytest.raises(TelegramBadRequest, match="message to copy not found"):
            await sandbox.bot.copy_message(staff, 5, 999)
        with pytest.raises(TelegramBadRequest, match="message thread not found"):
            await sandbox.bot.copy_message(staff, 5, source, message_thread_id=77)
        with pytest.raises(TelegramBadRequest, match="the message can't be copied"):
            await sandbox.bot.copy_message(5, staff, topic)


class TestReactions:
    async def test_a_person_reacts_in_private_and_in_a_group(self, sandbox: Sandbox) -> None:
        staff = await sandbox.staff()
        await sandbox.say("hi")
        for place in ({"chat": staff, "user": 1}, {"bot": BOT, "user": 5}):
            sent = await sandbox.bot.send_message(place.get("chat", 5), "x")
            await sandbox.updates()
            await sandbox.post("react", **place, message_id=sent.message_id, emoji=["❤️"])
            await sandbox.post("react", **place, message_id=sent.message_id, emoji=[])
            first, second = [update.message_reaction for update in await sandbox.updates()]
            assert first is not None
            assert second is not None
            assert [reaction.model_dump()["emoji"] for reaction in first.new_reaction] == ["❤"]
            assert (second.old_reaction, second.new_reaction) == (first.new_reaction, [])

    async def test_only_administrators_read_them_and_who_asks(self, sandbox: Sandbox) -> None:
        staff = await sandbox.staff()
        sent = await sandbox.bot.send_message(staff, "x")
        await sandbox.bot.get_updates(allowed_updates=["message"])
        await sandbox.post("react", chat=staff, user=1, message_id=sent.message_id, emoji=["🔥"])
        assert await sandbox.bot.get_updates() == []

    async def test_the_bot_reacts(self, sandbox: Sandbox) -> None:
        said = (await sandbox.say("hi"))["message"]["message_id"]
        await sandbox.bot.set_message_reaction(5, said, [ReactionTypeEmoji(emoji="👍")])
        shown = (await sandbox.get("messages", bot=BOT, person=5))[0]
        assert shown["reactions"] == [{"emoji": "👍", "count": 1, "users": [BOT]}]
        with pytest.raises(TelegramBadRequest, match="REACTION_INVALID"):
            await sandbox.bot.set_message_reaction(5, said, [ReactionTypeEmoji(emoji="🥑")])
        with pytest.raises(TelegramBadRequest, match="message to react not found"):
            await sandbox.bot.set_message_reaction(5, 999)


class TestReplies:
    async def test_the_message_that_is_answered_comes_along(self, sandbox: Sandbox) -> None:
        said = (await sandbox.say("how are you, friend"))["message"]["message_id"]
        sent = await sandbox.bot.send_message(
            5, "fine", reply_parameters=ReplyParameters(message_id=said, quote="friend")
        )
        assert sent.reply_to_message is not None
        assert (sent.reply_to_message.message_id, sent.quote and sent.quote.position) == (said, 13)
        with pytest.raises(TelegramBadRequest, match="message to be replied not found"):
            await sandbox.bot.send_message(5, "x", reply_parameters=ReplyParameters(message_id=999))
        lenient = ReplyParameters(message_id=999, allow_sending_without_reply=True)
        assert (await sandbox.bot.send_message(5, "x", reply_parameters=lenient)).reply_to_message is None
