"""Messages between a client and the staff, both ways, over HTTP."""

from typing import Any

import pytest

from app.crm.links import LEASE
from tests.crm.stage import CLIENT, OWNER, Stage


class TestFromTheClient:
    async def test_without_a_group_he_gets_the_friendly_hint(self, stage: Stage) -> None:
        await stage.client_says("Есть кто живой?")
        (answer,) = await stage.with_client()
        assert answer["text"].startswith("Я отвечаю картами")
        assert await stage.links() == []

    @pytest.mark.parametrize(
        ("language", "words"), [("ru", "Спасибо, сообщение передано"), ("en", "Thank you, your message")]
    )
    async def test_his_words_reach_a_topic_of_his_own_and_he_hears_so_once(
        self, stage: Stage, language: str, words: str
    ) -> None:
        chat = await stage.group()
        await stage.client_says("Есть кто живой?", language=language)
        await stage.client_says("Ау!", language=language)
        assert [topic["name"] for topic in await stage.desk.topics(chat)] == ["Анна @anna5"]
        assert [one["text"] for one in await stage.in_topic(chat)] == ["Есть кто живой?", "Ау!"]
        (answer,) = await stage.with_client()
        assert answer["text"].startswith(words)
        assert answer["reply_markup"]["inline_keyboard"][0][0]["web_app"]["url"].endswith("/luna/")
        assert await stage.links() == [("in", "sent")] * 2

    async def test_each_client_has_a_topic_of_his_own(self, stage: Stage) -> None:
        chat = await stage.group()
        await stage.client_says("я первая", user=5)
        await stage.client_says("я вторая", user=6)
        first, second = await stage.thread(chat, 0), await stage.thread(chat, 1)
        assert [one["text"] for one in await stage.in_topic(chat, first)] == ["я первая"]
        assert [one["text"] for one in await stage.in_topic(chat, second)] == ["я вторая"]

    async def test_commands_are_not_carried(self, stage: Stage) -> None:
        chat = await stage.group()
        await stage.client_says("/start")
        await stage.client_says("/nonsense")
        assert await stage.desk.topics(chat) == []

    @pytest.mark.parametrize("kind", ["photo", "video", "voice", "video_note", "sticker", "document"])
    async def test_media(self, stage: Stage, kind: str) -> None:
        chat = await stage.group()
        await stage.client_says(**{kind: await stage.upload()})
        (copy,) = await stage.in_topic(chat)
        assert kind in copy

    async def test_a_place_and_contacts_of_which_his_own_is_confirmed(self, stage: Stage) -> None:
        chat = await stage.group()
        await stage.client_says(location={"latitude": 59.9, "longitude": 30.3})
        await stage.client_says(contact={"phone_number": "79991112233", "first_name": "Анна", "user_id": CLIENT})
        await stage.client_says(contact={"phone_number": "+79990000000", "first_name": "Вера", "user_id": 77})
        place, own, confirmed, other, warning = await stage.in_topic(chat)
        assert place["location"]["latitude"] == 59.9
        assert own["contact"]["phone_number"] == "79991112233"
        assert confirmed["text"].startswith("✅ Это собственный номер")
        assert confirmed["reply_to_message"]["message_id"] == own["message_id"]
        assert other["contact"]["first_name"] == "Вера"
        assert warning["text"].startswith("⚠️ Это контакт другого")
        async with stage.container.database.connection() as connection:
            phones = await connection.fetch("SELECT phone FROM user_contacts")
        assert [row["phone"] for row in phones] == ["+79991112233"]

    async def test_an_album_stays_together_and_in_order(self, stage: Stage) -> None:
        chat = await stage.group()
        album = [{"photo": await stage.upload(f"{number}.jpg"), "caption": f"№{number}"} for number in range(3)]
        await stage.client_says(album=album)
        copies = await stage.in_topic(chat)
        assert [one["caption"] for one in copies] == ["№0", "№1", "№2"]
        assert len({one["media_group_id"] for one in copies}) == 1
        assert len(await stage.desk.calls("copyMessages")) == 1
        assert await stage.links() == [("in", "sent")] * 3
        assert len(await stage.with_client()) == 1

    async def test_what_follows_an_album_comes_after_it_without_waiting(self, stage: Stage) -> None:
        chat = await stage.group()
        photo = await stage.upload()
        person = {"id": CLIENT, "first_name": "Анна"}
        place: dict[str, Any] = {"bot": stage.bot_id(), "user": person}
        await stage.desk.order("say", **place, album=[{"photo": photo}, {"photo": photo}])
        await stage.client_says("и вопрос")
        copies = await stage.in_topic(chat)
        assert ["photo" in one for one in copies] == [True, True, False]
        assert copies[2]["text"] == "и вопрос"

    async def test_an_edit_is_carried_over(self, stage: Stage) -> None:
        chat = await stage.group()
        said = await stage.client_says("тапер")
        photo = await stage.client_says(photo=await stage.upload(), caption="до")
        place = {"bot": stage.bot_id(), "user": CLIENT}
        await stage.desk.order("edit", **place, message_id=said["message"]["message_id"], text="теперь <b>&")
        await stage.desk.order("edit", **place, message_id=photo["message"]["message_id"], caption="после")
        await stage.settle()
        text, picture = await stage.in_topic(chat)
        assert (text["text"], picture["caption"]) == ("теперь <b>&", "после")

    async def test_an_edit_whose_copy_is_gone_stands_beneath(self, stage: Stage) -> None:
        chat = await stage.group()
        said = await stage.client_says("до")
        (copy,) = await stage.in_topic(chat)
        await stage.desk.order("delete", chat=chat, user=OWNER, message_id=copy["message_id"])
        message_id = said["message"]["message_id"]
        await stage.desk.order("edit", bot=stage.bot_id(), user=CLIENT, message_id=message_id, text="после <b>")
        await stage.settle()
        (note,) = await stage.in_topic(chat)
        assert note["text"] == "✏️ Клиент изменил сообщение:\nпосле <b>"


class TestFromTheStaff:
    async def talk(self, stage: Stage) -> tuple[int, int]:
        """A client has written; the group and his topic."""
        chat = await stage.group()
        await stage.client_says("Есть кто живой?")
        return chat, await stage.thread(chat)

    async def test_text_media_and_albums_reach_the_client(self, stage: Stage) -> None:
        chat, topic = await self.talk(stage)
        await stage.staff_says(chat, "Здравствуйте!", topic=topic)
        await stage.staff_says(chat, topic=topic, voice=await stage.upload())
        photo = await stage.upload()
        await stage.staff_says(chat, topic=topic, album=[{"photo": photo, "caption": "a"}, {"photo": photo}])
        _, text, voice, first, second = await stage.with_client()
        assert text["text"] == "Здравствуйте!"
        assert "voice" in voice
        assert first["caption"] == "a"
        assert first["media_group_id"] == second["media_group_id"]

    async def test_replies_go_both_ways(self, stage: Stage) -> None:
        chat, topic = await self.talk(stage)
        (question,) = await stage.in_topic(chat)
        asked = (await stage.desk.messages(bot=stage.bot_id(), person=CLIENT))[0]
        await stage.staff_says(chat, "Да!", topic=topic, reply_to=question["message_id"])
        answer = (await stage.with_client())[-1]
        assert answer["reply_to_message"]["message_id"] == asked["message_id"]
        await stage.client_says("Ура", reply_to=answer["message_id"])
        *_, yes, hurray = await stage.in_topic(chat)
        assert (yes["text"], hurray["text"]) == ("Да!", "Ура")
        assert hurray["reply_to_message"]["message_id"] == yes["message_id"]

    async def test_an_album_that_answers_keeps_its_mark_both_ways(self, stage: Stage) -> None:
        chat, topic = await self.talk(stage)
        (question,) = await stage.in_topic(chat)
        asked = (await stage.desk.messages(bot=stage.bot_id(), person=CLIENT))[0]
        photo = await stage.upload()
        album = [{"photo": photo, "caption": "<b> & 1"}, {"photo": photo}]
        await stage.staff_says(chat, topic=topic, album=album, reply_to=question["message_id"])
        *_, first, second = await stage.with_client()
        assert (first["caption"], first["media_group_id"]) == ("<b> & 1", second["media_group_id"])
        assert first["reply_to_message"]["message_id"] == asked["message_id"]
        await stage.client_says(album=album, reply_to=first["message_id"])
        *_, mine, _, theirs, last = await stage.in_topic(chat)
        assert (theirs["caption"], theirs["media_group_id"]) == ("<b> & 1", last["media_group_id"])
        assert theirs["reply_to_message"]["message_id"] == mine["message_id"]
        assert {state for _, state in await stage.links()} == {"sent"}
        # An edit finds its copy as ever.
        place = {"chat": chat, "user": OWNER, "message_id": mine["message_id"]}
        await stage.desk.order("edit", **place, caption="2")
        await stage.settle()
        assert [one.get("caption") for one in await stage.with_client()][-2:] == ["2", None]

    async def test_what_answers_nothing_answers_nothing(self, stage: Stage) -> None:
        chat, topic = await self.talk(stage)
        await stage.staff_says(chat, "Здравствуйте!", topic=topic)
        assert "reply_to_message" not in (await stage.with_client())[-1]

    async def test_edits_and_reactions_go_both_ways(self, stage: Stage) -> None:
        chat, topic = await self.talk(stage)
        said = await stage.staff_says(chat, "Здраствуйте", topic=topic)
        message_id = said["message"]["message_id"]
        await stage.desk.order("edit", chat=chat, user=OWNER, message_id=message_id, text="Здравствуйте")
        await stage.settle()
        answer = (await stage.with_client())[-1]
        assert answer["text"] == "Здравствуйте"
        await stage.desk.order("react", bot=stage.bot_id(), user=CLIENT, message_id=answer["message_id"], emoji=["❤"])
        (question, _) = await stage.in_topic(chat)
        await stage.desk.order("react", chat=chat, user=OWNER, message_id=question["message_id"], emoji=["👍"])
        await stage.settle()
        question, mine = await stage.in_topic(chat)
        asked = (await stage.desk.messages(bot=stage.bot_id(), person=CLIENT))[0]
        assert "❤" in str(mine["reactions"])
        assert "👍" in str(asked["reactions"])
        await stage.desk.order("react", chat=chat, user=OWNER, message_id=question["message_id"], emoji=[])
        await stage.settle()
        asked = (await stage.desk.messages(bot=stage.bot_id(), person=CLIENT))[0]
        assert "👍" not in str(asked["reactions"])

    async def test_notes_general_and_other_topics_stay_inside(self, stage: Stage) -> None:
        chat, topic = await self.talk(stage)
        photo = await stage.upload()
        await stage.staff_says(chat, "// она уже спрашивала", topic=topic)
        await stage.staff_says(chat, topic=topic, photo=photo, caption="// для нас")
        await stage.staff_says(chat, topic=topic, album=[{"photo": photo, "caption": "// и это"}, {"photo": photo}])
        await stage.staff_says(chat, "/nonsense", topic=topic)
        await stage.staff_says(chat, "всем привет", topic=None)
        other = await stage.desk.order("topics", chat=chat, user=OWNER, name="Флудилка")
        await stage.staff_says(chat, "тут смешно", topic=other["message_thread_id"])
        assert len(await stage.with_client()) == 1

    async def test_a_reply_in_general_to_a_clients_message_stays_inside(self, stage: Stage) -> None:
        chat, _ = await self.talk(stage)
        general = await stage.desk.write(chat, "кто ответит?")
        await stage.staff_says(chat, "я", topic=None, reply_to=general["message"]["message_id"])
        assert len(await stage.with_client()) == 1

    async def test_every_member_may_answer(self, stage: Stage) -> None:
        chat, topic = await self.talk(stage)
        await stage.desk.member(chat, 7)
        await stage.staff_says(chat, "и я отвечу", topic=topic, user=7)
        assert (await stage.with_client())[-1]["text"] == "и я отвечу"

    async def test_a_client_who_stopped_the_bot_is_told_of_once(self, stage: Stage) -> None:
        chat, topic = await self.talk(stage)
        await stage.desk.order("block", bot=stage.bot_id(), user=CLIENT, blocked=True)
        await stage.settle()
        for text in ("вы тут?", "ау"):
            await stage.staff_says(chat, text, topic=topic)
        _, first, told, second = await stage.in_topic(chat)
        assert told["text"].startswith("💔 Не отправлено")
        assert "bot was blocked by the user" in told["text"]
        assert told["reply_to_message"]["message_id"] == first["message_id"]
        assert "👎" in str(second["reactions"])
        # He comes back and leaves again: that is news.
        await stage.desk.order("block", bot=stage.bot_id(), user=CLIENT, blocked=False)
        await stage.settle()
        await stage.staff_says(chat, "с возвращением", topic=topic)
        assert (await stage.with_client())[-1]["text"] == "с возвращением"
        await stage.desk.order("block", bot=stage.bot_id(), user=CLIENT, blocked=True)
        await stage.settle()
        await stage.staff_says(chat, "опять?", topic=topic)
        assert (await stage.in_topic(chat))[-1]["text"].startswith("💔 Не отправлено")

    async def test_a_client_whom_we_shut_out_is_told_of(self, stage: Stage) -> None:
        chat, topic = await self.talk(stage)
        await stage.execute("UPDATE users SET state = 'blocked' WHERE telegram_id = $1", CLIENT)
        await stage.staff_says(chat, "последнее слово", topic=topic)
        assert (await stage.in_topic(chat))[-1]["text"] == "🚫 Не отправлено: этот клиент заблокирован вами."
        assert len(await stage.with_client()) == 1

    async def test_what_telegram_refuses_is_told_with_the_reason(self, stage: Stage) -> None:
        chat, topic = await self.talk(stage)
        await stage.desk.fault(method="copyMessage", status=400, description="Bad Request: message can't be copied")
        await stage.staff_says(chat, "игра", topic=topic)
        told = (await stage.in_topic(chat))[-1]["text"]
        assert told == "⚠️ Не отправлено: Telegram не принял это сообщение (Bad Request: message can't be copied)."


class TestOutages:
    async def test_a_refusal_that_passes_loses_nothing_and_doubles_nothing(self, stage: Stage) -> None:
        chat = await stage.group()
        await stage.client_says("раз")
        await stage.desk.fault(method="copyMessage", status=502, times=2)
        await stage.client_says("два")
        await stage.client_says("три")
        assert [one["text"] for one in await stage.in_topic(chat)] == ["раз", "два", "три"]

    async def test_an_answer_that_was_lost_on_the_way_is_uncertain_and_not_sent_again(self, stage: Stage) -> None:
        chat = await stage.group()
        await stage.client_says("вопрос")
        topic = await stage.thread(chat)
        await stage.desk.fault(method="copyMessage", cut="after")
        await stage.staff_says(chat, "ответ", topic=topic)
        assert (await stage.in_topic(chat))[-1]["text"].startswith("❓ Неизвестно, дошло ли")
        assert [one.get("text") for one in await stage.with_client()][1:] == ["ответ"]
        assert (await stage.links())[-1] == ("out", "uncertain")

    async def test_after_a_killed_process_the_clients_words_come_and_the_staffs_are_uncertain(
        self, stage: Stage
    ) -> None:
        chat = await stage.group()
        await stage.client_says("вопрос")
        topic = await stage.thread(chat)
        await stage.staff_says(chat, "ответ", topic=topic)
        # As a process leaves it that dies between its call and its record.
        await stage.execute("UPDATE message_links SET state = 'sending', leased_until = now() - $1::interval", LEASE)
        await stage.execute("UPDATE message_links SET group_message_id = NULL WHERE direction = 'in'")
        await stage.job("crm.sweep")
        assert sorted(await stage.links()) == [("in", "sent"), ("out", "uncertain")]
        texts = [one["text"] for one in await stage.in_topic(chat)]
        assert texts.count("вопрос") == 2
        assert texts[-1].startswith("❓") or texts[-2].startswith("❓")
        assert [one.get("text") for one in await stage.with_client()].count("ответ") == 1

    async def test_while_the_group_takes_nothing_messages_wait_and_come_in_order(self, stage: Stage) -> None:
        chat = await stage.group()
        await stage.desk.order("bot-rights", chat=chat, bot=stage.bot_id(), status="member")
        await stage.settle()
        await stage.client_says("раз")
        await stage.client_says("два")
        group = await stage.connected()
        assert group is not None
        assert group.problems == ("not_admin",)
        assert await stage.links() == [("in", "waiting")] * 2
        assert (await stage.with_client())[-1]["text"].startswith("Спасибо, сообщение передано")
        await stage.desk.order("bot-rights", chat=chat, bot=stage.bot_id(), status="administrator")
        await stage.settle()
        await stage.execute("UPDATE message_links SET ready_at = now() - interval '1 minute'")
        await stage.job("crm.sweep")
        assert [one["text"] for one in await stage.in_topic(chat)] == ["раз", "два"]

    async def test_a_topic_that_was_deleted_comes_back_with_a_card(self, stage: Stage) -> None:
        chat = await stage.group()
        await stage.client_says("раз")
        await stage.desk.order("topics/delete", chat=chat, user=OWNER, topic=await stage.thread(chat))
        await stage.client_says("два")
        assert [one["text"] for one in await stage.in_topic(chat)] == ["два"]
        pinned = [one for one in await stage.desk.messages(chat=chat, topic=await stage.thread(chat)) if one["pinned"]]
        assert len(pinned) == 1

    async def test_a_closed_topic_is_opened(self, stage: Stage) -> None:
        chat = await stage.group()
        await stage.client_says("раз")
        await stage.desk.order("topics/close", chat=chat, user=OWNER, topic=await stage.thread(chat))
        await stage.settle()
        await stage.client_says("два")
        assert [topic["closed"] for topic in await stage.desk.topics(chat)] == [False]
        assert len(await stage.in_topic(chat)) == 2
