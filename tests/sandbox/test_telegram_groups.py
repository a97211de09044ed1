"""Groups of the sandbox: topics, members with their rights, and who reads what."""

from typing import Any

import pytest
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramMigrateToChat
from aiogram.types import (
    ChatMemberAdministrator,
    ChatMemberLeft,
    ChatMemberOwner,
)

from tests.sandbox.conftest import BOT, Sandbox


class TestTopics:
    async def test_a_topic_is_opened_written_to_and_renamed(self, sandbox: Sandbox) -> None:
        staff = await sandbox.staff()
        topic = await sandbox.bot.create_forum_topic(staff, "Анна · 5", icon_color=7322096)
        sent = await sandbox.bot.send_message(staff, "hello", message_thread_id=topic.message_thread_id)
        assert (sent.message_thread_id, sent.is_topic_message) == (topic.message_thread_id, True)
        # A message of a topic that answers nothing answers the one that opened it.
        assert sent.reply_to_message is not None
        assert sent.reply_to_message.forum_topic_created is not None
        general = await sandbox.bot.send_message(staff, "for all")
        assert (general.message_thread_id, general.is_topic_message) == (None, None)
        await sandbox.bot.edit_forum_topic(staff, topic.message_thread_id, name="Анна · готово")
        await sandbox.bot.close_forum_topic(staff, topic.message_thread_id)
        await sandbox.bot.reopen_forum_topic(staff, topic.message_thread_id)
        told = [update.message for update in await sandbox.updates() if update.message]
        assert [message.content_type.value for message in told] == [
            "forum_topic_created",
            "forum_topic_edited",
            "forum_topic_closed",
            "forum_topic_reopened",
        ]
        seen = (await sandbox.get("chats", person=1))[0]
        assert [(seen["name"], seen["closed"]) for seen in seen["topics"]] == [("Анна · готово", False)]

    async def test_a_deleted_topic_is_not_found(self, sandbox: Sandbox) -> None:
        staff = await sandbox.staff()
        topic = (await sandbox.bot.create_forum_topic(staff, "Анна")).message_thread_id
        await sandbox.post("topics/delete", chat=staff, user=1, topic=topic)
        with pytest.raises(TelegramBadRequest, match="message thread not found"):
            await sandbox.bot.send_message(staff, "x", message_thread_id=topic)
        with pytest.raises(TelegramBadRequest, match="message thread not found"):
            await sandbox.bot.send_message(staff, "x", message_thread_id=1)
        with pytest.raises(TelegramBadRequest, match="TOPIC_DELETED"):
            await sandbox.bot.edit_forum_topic(staff, topic, name="x")
        with pytest.raises(TelegramBadRequest, match="TOPIC_ID_INVALID"):
            await sandbox.bot.close_forum_topic(staff, 999)
        assert await sandbox.get("messages", chat=staff, topic=topic) != []
        assert all(message["deleted"] for message in await sandbox.get("messages", chat=staff, topic=topic))

    async def test_what_the_bot_deletes_is_gone(self, sandbox: Sandbox) -> None:
        staff = await sandbox.staff()
        topic = (await sandbox.bot.create_forum_topic(staff, "Анна")).message_thread_id
        sent = await sandbox.bot.send_message(staff, "x", message_thread_id=topic)
        await sandbox.bot.delete_forum_topic(staff, topic)
        with pytest.raises(TelegramBadRequest, match="message to edit not found"):
            await sandbox.bot.edit_message_text("y", chat_id=staff, message_id=sent.message_id)

    @pytest.mark.parametrize(
        ("method", "arguments", "refusal"),
        [
            ("createForumTopic", {"name": " "}, "name must be non-empty"),
            ("createForumTopic", {"name": "x", "icon_color": 1}, "invalid icon color specified"),
            ("createForumTopic", {"name": "x" * 129}, "sandbox: the name of a topic has at most 128 characters"),
            ("editForumTopic", {"message_thread_id": 1, "name": "x"}, "TOPIC_ID_INVALID"),
        ],
    )
    async def test_refusals(self, sandbox: Sandbox, method: str, arguments: dict[str, Any], refusal: str) -> None:
        staff = await sandbox.staff()
        assert await sandbox.refusal(method, chat_id=staff, **arguments) == f"Bad Request: {refusal}"

    async def test_without_the_right_and_without_topics(self, sandbox: Sandbox) -> None:
        weak = await sandbox.staff(can_pin_messages=True)
        plain = await sandbox.staff(forum=False)
        refusals = {
            weak: "not enough rights to create a topic",
            plain: "the chat is not a forum",
        }
        for chat, refusal in refusals.items():
            with pytest.raises(TelegramBadRequest, match=refusal):
                await sandbox.bot.create_forum_topic(chat, "x")
        topic = (await sandbox.post("topics", chat=weak, user=1, name="x"))["message_thread_id"]
        with pytest.raises(TelegramBadRequest, match="not enough rights to edit the topic"):
            await sandbox.bot.edit_forum_topic(weak, topic, name="y")
        with pytest.raises(TelegramBadRequest, match="not enough rights to delete the topic"):
            await sandbox.bot.delete_forum_topic(weak, topic)
        await sandbox.post("topics/close", chat=weak, user=1, topic=topic)
        with pytest.raises(TelegramBadRequest, match="TOPIC_CLOSED"):
            await sandbox.bot.send_message(weak, "x", message_thread_id=topic)

    async def test_only_forums_look_at_the_topic(self, sandbox: Sandbox) -> None:
        plain = await sandbox.staff(forum=False)
        await sandbox.say("hi")
        assert (await sandbox.bot.send_message(plain, "x", message_thread_id=77)).message_thread_id is None
        with pytest.raises(TelegramBadRequest, match="message thread not found"):
            await sandbox.bot.send_message(5, "x", message_thread_id=77)

    async def test_pins_of_one_topic_are_taken_away(self, sandbox: Sandbox) -> None:
        staff = await sandbox.staff()
        topic = (await sandbox.bot.create_forum_topic(staff, "Анна")).message_thread_id
        here = await sandbox.bot.send_message(staff, "x", message_thread_id=topic)
        there = await sandbox.bot.send_message(staff, "y")
        for message in (here, there):
            await sandbox.bot.pin_chat_message(staff, message.message_id)
        await sandbox.bot.unpin_all_forum_topic_messages(staff, topic)
        pinned = [message["message_id"] for message in await sandbox.get("messages", chat=staff) if message["pinned"]]
        assert pinned == [there.message_id]
        assert ((await sandbox.bot.get_chat(staff)).pinned_message or here).message_id == there.message_id


class TestMembers:
    async def test_the_bot_is_told_of_its_rights_and_of_people(self, sandbox: Sandbox) -> None:
        staff = await sandbox.staff(can_manage_topics=True)
        await sandbox.post("bot-rights", chat=staff, bot=BOT, status="administrator", can_pin_messages=True)
        masha = {"id": 2, "first_name": "Маша", "username": "masha"}
        await sandbox.post("members", chat=staff, user=masha, status="administrator", rights={"can_manage_chat": True})
        updates = await sandbox.updates()
        changed = updates[0].my_chat_member
        assert changed is not None
        assert changed.from_user.id == 1
        assert isinstance(changed.old_chat_member, ChatMemberAdministrator)
        assert isinstance(changed.new_chat_member, ChatMemberAdministrator)
        rights = [(m.can_manage_topics, m.can_pin_messages) for m in (changed.old_chat_member, changed.new_chat_member)]
        assert rights == [(True, False), (False, True)]
        assert updates[1].chat_member is not None
        assert updates[1].chat_member.new_chat_member.user.id == 2
        assert updates[2].message is not None
        assert updates[2].message.new_chat_members is not None

    async def test_who_is_who(self, sandbox: Sandbox) -> None:
        staff = await sandbox.staff()
        await sandbox.post("members", chat=staff, user={"id": 2, "first_name": "Маша"}, status="member")
        await sandbox.post("people", id=3, first_name="Чужой")
        chat = await sandbox.bot.get_chat(staff)
        assert (chat.title, chat.is_forum, chat.type) == ("Staff", True, "supergroup")
        assert isinstance(await sandbox.bot.get_chat_member(staff, 1), ChatMemberOwner)
        assert (await sandbox.bot.get_chat_member(staff, 2)).status == "member"
        assert isinstance(await sandbox.bot.get_chat_member(staff, 3), ChatMemberLeft)
        assert (
            await sandbox.refusal("getChatMember", chat_id=staff, user_id=99) == "Bad Request: PARTICIPANT_ID_INVALID"
        )
        assert {member.user.id for member in await sandbox.bot.get_chat_administrators(staff)} == {1, BOT}
        assert await sandbox.bot.get_chat_member_count(staff) == 3

    async def test_a_bot_that_left_or_was_put_out_may_not_write(self, sandbox: Sandbox) -> None:
        staff = await sandbox.staff()
        await sandbox.bot.leave_chat(staff)
        with pytest.raises(TelegramForbiddenError, match="bot is not a member of the supergroup chat"):
            await sandbox.bot.send_message(staff, "x")
        await sandbox.post("bot-rights", chat=staff, bot=BOT, status="kicked")
        with pytest.raises(TelegramForbiddenError, match="bot was kicked from the supergroup chat"):
            await sandbox.bot.send_message(staff, "x")
        changes = [update.my_chat_member for update in await sandbox.updates() if update.my_chat_member]
        assert [change.new_chat_member.status for change in changes] == ["left", "kicked"]

    async def test_a_strange_group_is_not_found(self, sandbox: Sandbox) -> None:
        group = await sandbox.post("groups", title="Other", owner={"id": 1})
        assert await sandbox.refusal("getChat", chat_id=group["chat"]["id"]) == "Bad Request: chat not found"


class TestPrivacy:
    async def test_a_plain_member_reads_commands_and_answers_to_itself(self, sandbox: Sandbox) -> None:
        staff = await sandbox.staff(forum=False)
        await sandbox.post("bot-rights", chat=staff, bot=BOT, status="member")
        own = await sandbox.bot.send_message(staff, "x")
        await sandbox.updates()
        for text, reply in (("chat", None), ("/help", None), ("/help@other_bot", None), ("yes", own.message_id)):
            await sandbox.post("say", chat=staff, user=1, text=text, reply_to=reply)
        assert [update.message.text for update in await sandbox.updates() if update.message] == ["/help", "yes"]

    async def test_an_administrator_reads_all_with_topics_and_replies(self, sandbox: Sandbox) -> None:
        staff = await sandbox.staff()
        topic = (await sandbox.bot.create_forum_topic(staff, "Анна")).message_thread_id
        asked = await sandbox.bot.send_message(staff, "?", message_thread_id=topic)
        await sandbox.updates()
        await sandbox.post("say", chat=staff, user=1, text="to all")
        await sandbox.post("say", chat=staff, user=1, text="answer", topic=topic, reply_to=asked.message_id)
        await sandbox.post("say", chat=staff, user=1, text="reply in General", topic=1, reply_to=1)
        general, answer, bogus = [update.message for update in await sandbox.updates() if update.message]
        assert (general.message_thread_id, general.is_topic_message) == (None, None)
        assert (answer.message_thread_id, answer.is_topic_message) == (topic, True)
        assert answer.reply_to_message is not None
        assert answer.reply_to_message.message_id == asked.message_id
        # A thread of replies outside topics has the field, but is no topic.
        assert (bogus.message_thread_id, bogus.is_topic_message) == (1, None)


class TestUpgrade:
    async def test_topics_make_a_supergroup_with_another_id(self, sandbox: Sandbox) -> None:
        await sandbox.updates()
        group = (await sandbox.post("groups", title="Staff", owner={"id": 1}, type="group"))["chat"]["id"]
        await sandbox.post("bot-rights", chat=group, bot=BOT, status="administrator")
        await sandbox.updates()
        forum = (await sandbox.post("groups/settings", chat=group, is_forum=True))["chat"]
        assert (forum["type"], forum["is_forum"]) == ("supergroup", True)
        with pytest.raises(TelegramMigrateToChat) as refused:
            await sandbox.bot.send_message(group, "x")
        assert refused.value.migrate_to_chat_id == forum["id"]
        before, after = [update.message for update in await sandbox.updates()]
        assert before is not None
        assert after is not None
        assert (before.migrate_to_chat_id, after.migrate_from_chat_id) == (forum["id"], group)
        await sandbox.bot.create_forum_topic(forum["id"], "x")
        shown = await sandbox.get("chats", person=1)
        assert [chat["chat"]["id"] for chat in shown if "bot" not in chat] == [forum["id"]]

    async def test_two_bots_in_one_group(self, sandbox: Sandbox) -> None:
        """Each reads people and not the other, and each has its own ids of the same file."""
        staff = await sandbox.staff()
        other = 700_000_002
        token = f"{other}:SANDBOX-two"
        await sandbox.post("bots", token=token, username="other_bot")
        await sandbox.post("bot-rights", chat=staff, bot=other, status="administrator")
        await sandbox.updates()
        await sandbox.bot.send_message(staff, "from a bot")
        uploaded = await sandbox.http.post("/sandbox/files", files={"file": ("a.txt", b"x")})
        await sandbox.post("say", chat=staff, user=1, document=uploaded.json()["file_id"])
        theirs = (await sandbox.http.post(f"/bot{token}/getUpdates")).json()["result"]
        (mine,) = await sandbox.updates()
        assert mine.message is not None
        assert mine.message.document is not None
        documents = [update["message"]["document"] for update in theirs if "document" in update.get("message", {})]
        assert len(documents) == 1
        assert documents[0]["file_unique_id"] == mine.message.document.file_unique_id
        assert documents[0]["file_id"] != mine.message.document.file_id
        assert not any(update.get("message", {}).get("text") for update in theirs)
