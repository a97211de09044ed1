"""Files of the sandbox: sent by bots and people, by upload and by id, with their limits."""

import struct
import zlib

import httpx
import pytest
from aiogram.exceptions import TelegramBadRequest, TelegramEntityTooLarge, TelegramNetworkError
from aiogram.types import BufferedInputFile, InputMediaDocument, InputMediaPhoto, InputMediaVideo

from tests.sandbox.conftest import BOT, TOKEN, Sandbox, keyboard


def png(width: int = 320, height: int = 200) -> bytes:
    """A real picture of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x7f" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def picture(name: str = "card.png") -> BufferedInputFile:
    return BufferedInputFile(png(), name)


async def upload(sandbox: Sandbox, content: bytes, name: str) -> str:
    answer = await sandbox.http.post("/sandbox/files", files={"file": (name, content)})
    assert answer.status_code == 201
    file_id: str = answer.json()["file_id"]
    return file_id


class TestUploads:
    async def test_a_photo_is_uploaded_once_and_sent_by_id(self, sandbox: Sandbox) -> None:
        await sandbox.say("hi")
        sent = await sandbox.bot.send_photo(5, picture(), caption="<b>Карта</b> дня", parse_mode="HTML")
        assert sent.photo is not None
        assert (sent.photo[-1].width, sent.photo[-1].height) == (320, 200)
        assert (sent.caption, sent.caption_entities and sent.caption_entities[0].length) == ("Карта дня", 5)
        again = await sandbox.bot.send_photo(5, sent.photo[-1].file_id)
        assert again.photo is not None
        assert again.photo[-1].file_unique_id == sent.photo[-1].file_unique_id
        file = await sandbox.bot.get_file(again.photo[-1].file_id)
        content = await sandbox.bot.download(file)
        assert content is not None
        assert content.read() == png()
        shown = (await sandbox.get("messages", bot=BOT, person=5))[-1]
        seen = await sandbox.http.get(f"/sandbox/files/{shown['photo'][0]['file_id']}")
        assert (seen.content, seen.headers["content-type"]) == (png(), "image/png")
        calls = await sandbox.get("calls", method="sendPhoto")
        assert calls[0]["parameters"]["photo"].startswith("attach://")
        assert "card.png" in str(calls[0]["parameters"])

    async def test_a_file_id_belongs_to_one_bot(self, sandbox: Sandbox) -> None:
        await sandbox.say("hi")
        sent = await sandbox.bot.send_photo(5, picture())
        assert sent.photo is not None
        file_id = sent.photo[-1].file_id
        other = "700000002:SANDBOX-two"
        await sandbox.post("bots", token=other, username="other_bot")
        await sandbox.http.post(
            "/sandbox/messages", json={"bot": 700_000_002, "user": {"id": 5, "first_name": "Анна"}, "text": "hi"}
        )
        for method, refusal in (
            ("sendPhoto", "wrong file identifier/HTTP URL specified"),
            ("getFile", "invalid file_id"),
        ):
            body = {"chat_id": 5, "photo": file_id} if method == "sendPhoto" else {"file_id": file_id}
            answer = await sandbox.http.post(f"/bot{other}/{method}", json=body)
            assert answer.json()["description"] == f"Bad Request: {refusal}"

    @pytest.mark.parametrize(
        ("method", "field"),
        [
            ("sendVideo", "video"),
            ("sendVoice", "voice"),
            ("sendAudio", "audio"),
            ("sendDocument", "document"),
            ("sendAnimation", "animation"),
            ("sendSticker", "sticker"),
            ("sendVideoNote", "video_note"),
        ],
    )
    async def test_every_kind(self, sandbox: Sandbox, method: str, field: str) -> None:
        await sandbox.say("hi")
        answer = await sandbox.http.post(f"/bot{TOKEN}/{method}", data={"chat_id": "5"}, files={field: ("a.bin", b"x")})
        assert answer.status_code == 200, answer.text
        assert answer.json()["result"][field]["file_size"] == 1
        nothing = await sandbox.refusal(method, chat_id=5)
        assert nothing == f"Bad Request: there is no {field.replace('_', ' ')} in the request"
        captioned = field not in ("sticker", "video_note")
        sent = await sandbox.http.post(
            f"/bot{TOKEN}/{method}",
            json={"chat_id": 5, field: answer.json()["result"][field]["file_id"], "caption": "x"},
        )
        assert (sent.json().get("result", {}).get("caption") == "x") is captioned

    async def test_limits(self, sandbox: Sandbox) -> None:
        await sandbox.say("hi")
        with pytest.raises(TelegramBadRequest, match="is too big for a photo; the maximum size is 10485760 bytes"):
            await sandbox.bot.send_photo(5, BufferedInputFile(png() + b"x" * (10 << 20), "big.png"))
        with pytest.raises(TelegramBadRequest, match="IMAGE_PROCESS_FAILED"):
            await sandbox.bot.send_photo(5, BufferedInputFile(b"no picture", "card.png"))
        with pytest.raises(TelegramBadRequest, match="PHOTO_INVALID_DIMENSIONS"):
            await sandbox.bot.send_photo(5, BufferedInputFile(png(3000, 10), "line.png"))
        with pytest.raises(TelegramBadRequest, match="file must be non-empty"):
            await sandbox.bot.send_document(5, BufferedInputFile(b"", "empty"))
        with pytest.raises(TelegramBadRequest, match="message caption is too long"):
            await sandbox.bot.send_photo(5, picture(), caption="я" * 1025)
        with pytest.raises((TelegramEntityTooLarge, TelegramNetworkError)):
            await sandbox.bot.send_document(5, BufferedInputFile(b"x" * (52 << 20), "huge"))
        with pytest.raises(TelegramBadRequest, match="failed to get HTTP URL content"):
            await sandbox.bot.send_photo(5, "https://tarot.example/card.png")
        sent = await sandbox.bot.send_document(5, BufferedInputFile(b"x" * (21 << 20), "large"))
        assert sent.document is not None
        with pytest.raises(TelegramBadRequest, match="file is too big"):
            await sandbox.bot.get_file(sent.document.file_id)
        photo = await sandbox.bot.send_photo(5, picture())
        assert photo.photo is not None
        with pytest.raises(TelegramBadRequest, match="can't use file of type Photo as Document"):
            await sandbox.bot.send_document(5, photo.photo[-1].file_id)

    async def test_downloads_need_the_token_and_the_path(self, sandbox: Sandbox) -> None:
        for path, status in (
            (f"/file/bot{TOKEN}/files/99.png", 404),
            ("/file/bot700000009:SANDBOX-x/files/1.png", 401),
        ):
            assert (await sandbox.http.get(path)).status_code == status


class TestAlbums:
    async def test_they_stay_together(self, sandbox: Sandbox) -> None:
        await sandbox.say("hi")
        media = [
            InputMediaPhoto(media=picture(), caption="one"),
            InputMediaVideo(media=BufferedInputFile(b"x", "a.mp4")),
        ]
        first, second = await sandbox.bot.send_media_group(5, media)
        assert first.media_group_id is not None
        assert (first.media_group_id, first.caption) == (second.media_group_id, "one")
        copies = await sandbox.bot.copy_messages(5, 5, [first.message_id, second.message_id], remove_caption=True)
        shown = {message["message_id"]: message for message in await sandbox.get("messages", bot=BOT, person=5)}
        groups = {shown[copy.message_id]["media_group_id"] for copy in copies}
        assert len(groups) == 1
        assert groups != {first.media_group_id}
        assert "caption" not in shown[copies[0].message_id]

    async def test_refusals(self, sandbox: Sandbox) -> None:
        await sandbox.say("hi")
        document = InputMediaDocument(media=BufferedInputFile(b"x", "a.txt"))
        with pytest.raises(TelegramBadRequest, match="document can't be mixed with other media types"):
            await sandbox.bot.send_media_group(5, [InputMediaPhoto(media=picture()), document])
        with pytest.raises(TelegramBadRequest, match="too many messages to send as an album"):
            await sandbox.bot.send_media_group(5, [InputMediaDocument(media=BufferedInputFile(b"x", "a"))] * 11)

    async def test_a_person_sends_one(self, sandbox: Sandbox) -> None:
        await sandbox.say("hi")
        await sandbox.updates()
        files = [await upload(sandbox, png(), f"{number}.png") for number in range(2)]
        album = [{"photo": files[0], "caption": "see /start"}, {"photo": files[1]}]
        said = await sandbox.post("say", user=5, bot=BOT, album=album)
        assert len(said["messages"]) == 2
        first, second = [update.message for update in await sandbox.updates()]
        assert first is not None
        assert second is not None
        assert first.media_group_id == second.media_group_id is not None
        assert (first.caption, first.caption_entities and first.caption_entities[0].type) == (
            "see /start",
            "bot_command",
        )
        assert first.photo is not None
        # The bot's own id of the file that the person uploaded.
        copied = await sandbox.bot.send_photo(5, first.photo[-1].file_id)
        assert copied.photo is not None
        bad = [{"photo": files[0]}, {"document": await upload(sandbox, b"x", "a.txt")}]
        await sandbox.post("say", user=5, bot=BOT, album=bad, code=422)


class TestPeople:
    @pytest.mark.parametrize("kind", ["photo", "voice", "sticker", "document", "video_note"])
    async def test_media_reaches_the_bot_and_its_topic(self, sandbox: Sandbox, kind: str) -> None:
        staff = await sandbox.staff()
        topic = (await sandbox.bot.create_forum_topic(staff, "Анна")).message_thread_id
        await sandbox.updates()
        await sandbox.say("hi")
        said = await sandbox.post("say", user=5, bot=BOT, **{kind: await upload(sandbox, png(), "a.png")})
        update = (await sandbox.updates())[-1]
        assert update.message is not None
        assert update.message.content_type == kind
        copied = await sandbox.bot.copy_message(staff, 5, said["message"]["message_id"], message_thread_id=topic)
        shown = (await sandbox.get("messages", chat=staff, topic=topic))[-1]
        assert shown["message_id"] == copied.message_id
        assert kind in shown

    async def test_contact_and_place(self, sandbox: Sandbox) -> None:
        await sandbox.say("hi")
        await sandbox.updates()
        await sandbox.post("say", user=5, bot=BOT, contact={"phone_number": "+79990000005", "first_name": "Анна"})
        await sandbox.post("say", user=5, bot=BOT, location={"latitude": 59.9, "longitude": 30.3})
        contact, place = [update.message for update in await sandbox.updates()]
        assert contact is not None
        assert place is not None
        assert contact.contact is not None
        assert (contact.contact.phone_number, place.location is not None) == ("+79990000005", True)
        await sandbox.bot.send_contact(5, "+1", "Salon")
        await sandbox.bot.send_location(5, 59.9, 30.3)

    async def test_a_caption_is_edited(self, sandbox: Sandbox) -> None:
        await sandbox.say("hi")
        said = await sandbox.post("say", user=5, bot=BOT, photo=await upload(sandbox, png(), "a.png"), caption="one")
        await sandbox.updates()
        await sandbox.post("edit", user=5, bot=BOT, message_id=said["message"]["message_id"], caption="two")
        (update,) = await sandbox.updates()
        assert update.edited_message is not None
        assert (update.edited_message.caption, update.edited_message.photo is not None) == ("two", True)
        await sandbox.post("say", user=5, bot=BOT, photo="file999", code=404)


async def test_media_of_a_message_is_exchanged(sandbox: Sandbox) -> None:
    await sandbox.say("hi")
    sent = await sandbox.bot.send_photo(5, picture(), caption="one", reply_markup=keyboard(callback_data="a"))
    other = InputMediaPhoto(media=BufferedInputFile(png(64, 64), "b.png"), caption="two")
    edited = await sandbox.bot.edit_message_media(other, chat_id=5, message_id=sent.message_id)
    assert not isinstance(edited, bool)
    assert edited.photo is not None
    assert (edited.photo[-1].width, edited.caption, edited.reply_markup) == (64, "two", None)
    captioned = await sandbox.bot.edit_message_caption(
        chat_id=5, message_id=sent.message_id, caption="<i>three</i>", parse_mode="HTML"
    )
    assert not isinstance(captioned, bool)
    assert (captioned.caption, captioned.caption_entities and captioned.caption_entities[0].type) == ("three", "italic")


async def test_uploads_of_people_are_answered(sandbox: Sandbox) -> None:
    answer: httpx.Response = await sandbox.http.post(
        "/sandbox/files", files={"file": ("a.png", png())}, data={"kind": "x"}
    )
    assert answer.status_code == 422
    assert (await sandbox.http.get("/sandbox/files/file7")).status_code == 404
