"""The text on its way into the chat: it grows there, comes once, and survives refusals, outages and dead workers."""

import asyncio
import html
import re
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.readings.telegram_text import blocks, length, messages, tail
from app.sandbox.model.server import KEY, MODEL, create_app
from app.settings import ModelProfile, Settings
from app.worker.port import enqueue
from tests.conftest import open_worker, serve
from tests.readings.test_telegram_reading import consented, finished, to_fan
from tests.telegram.conftest import Desk
from tests.telegram.stage import Stage, Talk, captions, open_stage
from tests.weather import ForkedWorker, running, until

# Fast enough for a test, slow enough to be seen growing.
TOKENS_A_SECOND = 60.0


@pytest.fixture
async def slow_settings(stocked_settings: Settings) -> AsyncIterator[Settings]:
    """With a model that writes at a pace."""
    async with serve(create_app(tokens_per_second=TOKENS_A_SECOND, first_token_seconds=0.1)) as url:
        profile = ModelProfile(base_url=f"{url}/v1", api_key=SecretStr(KEY), model=MODEL)
        yield stocked_settings.model_copy(update={"model_profiles": {"default": profile}})


async def draw(talk: Talk) -> None:
    fan = await to_fan(talk, "Прошлое", question="Что с работой?")
    assert (await talk.press(fan, "Вытяните"))["answered"]


async def saved(stage: Stage) -> str:
    text: str = await stage.value("SELECT text FROM generations WHERE question_id IS NULL")
    return text


async def ended(stage: Stage) -> str:
    """How the way into the chat ended."""

    async def look() -> str | None:
        state: str | None = await stage.value(
            "SELECT state FROM reading_chats WHERE state NOT IN ('drawing', 'following', 'sending')"
        )
        return state

    state = await until(look, seconds=30, what="the end of the delivery")
    assert state is not None
    return state


async def texts(talk: Talk) -> list[str]:
    """What the bot wrote below the picture of the cards."""
    said = await talk.all()
    place = next(index for index, message in enumerate(said) if message.get("photo"))
    return [message["text"] for message in said[place + 1 :]]


def plain(text: str) -> str:
    return text.replace("**", "").replace("\n", " ")


class TestGrowing:
    async def test_a_draft_grows_and_the_message_takes_its_place(self, slow_settings: Settings, desk: Desk) -> None:
        async with open_stage(slow_settings, desk) as stage:
            talk = await consented(stage)
            await draw(talk)
            assert await ended(stage) == "sent"
            drafts = [call["parameters"]["text"] for call in await desk.calls("sendMessageDraft")]
            assert len(drafts) >= 2
            assert all(later.startswith(former[:40]) for former, later in pairwise(drafts[1:]))
            assert [len(draft) for draft in drafts] == sorted(len(draft) for draft in drafts)
            (text,) = await texts(talk)
            assert plain(await saved(stage))[-80:] in plain(text)

    async def test_where_drafts_are_refused_a_message_grows(self, slow_settings: Settings, desk: Desk) -> None:
        async with open_stage(slow_settings, desk) as stage:
            await desk.fault(method="sendMessageDraft", status=400, times=None)
            talk = await consented(stage)
            await draw(talk)
            assert await ended(stage) == "sent"
            (text,) = await texts(talk)
            assert plain(await saved(stage))[-80:] in plain(text)
            assert len(await desk.calls("editMessageText")) >= 2
            last = (await talk.all())[-1]
            assert captions(last)[0] == "💬 Уточнить (2 в подарок)"


class TestOnce:
    async def test_429_is_waited_for(self, stage: Stage, desk: Desk) -> None:
        talk = await consented(stage)
        fan = await to_fan(talk, "Прошлое")
        await desk.fault(method="sendPhoto", status=429, retry_after=1)
        await talk.press(fan, "Вытяните")
        await finished(talk)
        assert await ended(stage) == "sent"
        assert len(await texts(talk)) == 1

    async def test_a_cut_line_leaves_it_uncertain_and_nothing_is_repeated(self, stage: Stage, desk: Desk) -> None:
        talk = await consented(stage)
        fan = await to_fan(talk, "Прошлое")
        await desk.fault(method="sendMessage", cut="after")
        await talk.press(fan, "Вытяните")
        assert await ended(stage) == "uncertain"
        await self.look_again(stage)
        assert len(await texts(talk)) == 1
        # The person may ask for it again himself.
        person = await stage.api.sign_in(telegram_id=5, consent=False)
        reading = (await person.get("/api/v1/readings")).json()["items"][0]["id"]
        assert (await person.post(f"/api/v1/readings/{reading}/send")).status_code == 204
        await until(lambda: stage.value("SELECT true FROM reading_chats WHERE state = 'sent'"), seconds=20)

    async def test_what_a_dead_worker_was_sending_is_not_sent_again(self, stage: Stage, desk: Desk) -> None:
        talk = await consented(stage)
        await draw(talk)
        assert await ended(stage) == "sent"
        before = len(await talk.all())
        await stage.value(
            "UPDATE reading_chats SET state = 'sending', lease_until = now() - interval '1 s' RETURNING true"
        )
        await self.look_again(stage)
        assert await ended(stage) == "uncertain"
        assert len(await talk.all()) == before

    async def test_a_bot_that_was_blocked_meanwhile(self, stage: Stage, desk: Desk) -> None:
        talk = await consented(stage)
        fan = await to_fan(talk, "Прошлое")
        await desk.fault(method="sendPhoto", status=403)
        await talk.press(fan, "Вытяните")
        assert await ended(stage) == "gone"
        # The reading itself is finished and stays.
        await until(lambda: stage.value("SELECT true FROM readings WHERE state = 'finished'"))

    async def test_cards_that_telegram_refuses_are_named_in_words(self, stage: Stage, desk: Desk) -> None:
        talk = await consented(stage)
        fan = await to_fan(talk, "Прошлое")
        await desk.fault(method="sendPhoto", status=400, description="Bad Request: PHOTO_INVALID_DIMENSIONS")
        await talk.press(fan, "Вытяните")
        cards, _ = await finished(talk)
        assert "1. Прошлое: " in cards["text"]

    async def look_again(self, stage: Stage) -> None:
        """The next tick of the beat."""
        async with stage.database.transaction() as connection:
            await enqueue(connection, "readings.chats")
        await asyncio.sleep(1)


class TestWorkers:
    async def test_a_worker_that_is_killed_is_replaced_and_the_text_comes_once(
        self, slow_settings: Settings, desk: Desk, tmp_path: Path
    ) -> None:
        async with open_stage(slow_settings, desk, workers=0) as stage:
            async with running(ForkedWorker(stage.settings, tmp_path / "worker.log")) as first:
                talk = await consented(stage)
                await draw(talk)
                await until(lambda: desk.calls("sendMessageDraft"), seconds=20, what="the first draft")
                await first.kill()
            assert await stage.value("SELECT state FROM reading_chats") == "following"
            async with open_worker(stage.settings):
                # The leases of the dead worker end after a while; here at once.
                await stage.value("UPDATE reading_chats SET lease_until = now() - interval '6 s' RETURNING true")
                await stage.value("UPDATE generations SET lease_until = now() RETURNING true")
                assert await ended(stage) == "sent"
            photos = [message for message in await talk.all() if message.get("photo")]
            assert len(photos) == 1
            assert len(await texts(talk)) == 1
            assert await stage.value("SELECT balance FROM wallets WHERE unit = 'readings'") == 4


class TestText:
    def test_paragraphs_headings_and_bold(self) -> None:
        text = "## Прошлое\n\nКарта **Шут** <говорит> & *молчит*\nдальше\n\n\n"
        assert blocks(text) == ["<b>Прошлое</b>", "Карта <b>Шут</b> &lt;говорит&gt; &amp; *молчит*\nдальше"]

    @pytest.mark.parametrize(
        ("half", "shown"), [("Карта **Шу", "Карта <b>Шу</b>"), ("Карта **", "Карта "), ("Карта *", "Карта ")]
    )
    def test_what_is_still_being_written(self, half: str, shown: str) -> None:
        assert blocks(half) == [shown]

    def test_messages_are_cut_between_paragraphs_and_within_the_limit(self) -> None:
        text = "\n\n".join(f"{number} " + "Слово и дело. " * 90 for number in range(9))
        parts = messages(blocks(text))
        assert len(parts) == 3
        assert all(length(part) <= 4096 for part in parts)
        assert "\n\n".join(parts) == "\n\n".join(blocks(text))

    @pytest.mark.parametrize("text", ["ы" * 9000, "🃏" * 5000, "Фраза. " * 2000, "& " * 4000])
    def test_a_paragraph_without_end(self, text: str) -> None:
        parts = messages(blocks(text))
        seen = [html.unescape(re.sub("<[^>]+>", "", part)) for part in parts]
        assert all(0 < length(part) <= 4096 for part in seen)
        assert sum(part.count(text[0]) for part in parts) >= text.count(text[0])

    def test_a_draft_shows_the_end_of_a_long_text(self) -> None:
        shown = tail([f"{number} " + "слово " * 300 for number in range(9)])
        assert shown.startswith("…\n\n")
        assert "8 слово" in shown
        assert length(shown) <= 4096
