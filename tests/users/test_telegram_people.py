"""What a person asks the bot about himself: `/start` with links, balance, language, help, the web, texts, leaving."""

import re
from uuid import UUID

import pytest

from tests.telegram.stage import Stage, Talk, buttons, captions


async def code_of(stage: Stage, talk: Talk) -> str:
    """The invitation code of a person, as the bot puts it into his link."""
    shown = await talk.say("/balance")
    link = next(button["url"] for button in buttons(shown) if "t.me/share" in button.get("url", ""))
    found = re.search(r"start%3Dref_([a-z0-9]{8})", link)
    assert found is not None, link
    return found[1]


async def source_of(stage: Stage, user: int, slug: str = "luna") -> str | None:
    source: str | None = await stage.value(
        "SELECT source FROM users WHERE telegram_id = $1 AND project_id = $2", user, stage.projects[slug].id
    )
    return source


async def inviter_of(stage: Stage, user: int, slug: str = "luna") -> int | None:
    inviter: int | None = await stage.value(
        """
        SELECT i.telegram_id FROM referrals r
        JOIN users u ON u.id = r.user_id JOIN users i ON i.id = r.referrer_id
        WHERE u.telegram_id = $1 AND r.project_id = $2
        """,
        user,
        stage.projects[slug].id,
    )
    return inviter


class TestStart:
    async def test_welcome_with_the_menu_in_both_languages(self, stage: Stage) -> None:
        russian, english = stage.talk(user=11), stage.talk(user=12, language="en")
        welcome = await russian.say("/start")
        assert welcome["text"] == stage.projects["luna"].welcome["ru"]
        assert captions(welcome) == ["🔮 Сделать расклад", "🃏 Расклад в чате", "☀️ Карта дня", "💎 Баланс", "❔ Помощь"]
        assert buttons(welcome)[0]["web_app"]["url"].endswith("/luna/")
        welcome = await english.say("/start")
        assert welcome["text"] == stage.projects["luna"].welcome["en"]
        assert captions(welcome)[1:] == ["🃏 A reading in the chat", "☀️ Card of the day", "💎 Balance", "❔ Help"]

    async def test_the_first_payload_wins(self, stage: Stage) -> None:
        friend = stage.talk(user=20)
        await friend.say("/start")
        assert await source_of(stage, 20) == "bot"
        code = await code_of(stage, friend)

        guest = stage.talk(user=21)
        await guest.say(f"/start ref_{code}")
        await guest.say("/start src_autumn")
        assert (await source_of(stage, 21), await inviter_of(stage, 21)) == ("referral", 20)

        campaign = stage.talk(user=22)
        await campaign.say("/start src_autumn")
        await campaign.say(f"/start ref_{code}")
        assert (await source_of(stage, 22), await inviter_of(stage, 22)) == ("autumn", None)

    async def test_nobody_refers_himself_or_comes_by_a_code_of_another_project(self, stage: Stage) -> None:
        himself = stage.talk(user=20)
        code = await code_of(stage, himself)
        # He wrote without /start before, so that how he came is still open.
        await himself.say(f"/start ref_{code}")
        assert (await source_of(stage, 20), await inviter_of(stage, 20)) == (f"ref_{code}", None)
        await stage.talk("verbena", user=21).say(f"/start ref_{code}")
        assert await source_of(stage, 21, "verbena") == f"ref_{code}"
        assert await inviter_of(stage, 21, "verbena") is None

    @pytest.mark.parametrize(
        ("payload", "source"),
        [("anything-else_1", "anything-else_1"), ("src_", "src_"), ("x" * 65, "bot"), ("не-то", "bot")],
    )
    async def test_other_payloads(self, stage: Stage, payload: str, source: str) -> None:
        welcome = await stage.talk().say(f"/start {payload}")
        assert welcome["text"] == stage.projects["luna"].welcome["ru"]
        assert await source_of(stage, 5) == source

    async def test_whoever_was_erased_is_nobodys_newcomer(self, stage: Stage) -> None:
        code = await code_of(stage, stage.talk(user=20))
        guest = stage.talk(user=21)
        await guest.say("/start")
        asked = await guest.say("/delete_me")
        await guest.press(asked, "Удалить")
        await guest.becomes(asked, "последний шаг")
        await guest.press(asked, "Да, стереть")
        await guest.becomes(asked, "Всё стёрто")
        await guest.say(f"/start ref_{code}")
        assert (await source_of(stage, 21), await inviter_of(stage, 21)) == ("referral", None)


class TestBalance:
    async def test_it_counts_in_the_words_of_the_language(self, stage: Stage) -> None:
        russian, english = stage.talk(), stage.talk(user=6, language="en")
        shown = await russian.say("/balance")
        assert shown["text"].startswith("Ваш баланс\n\n🔮 5 раскладов\n💬 0 уточняющих вопросов")
        assert "ещё 2 уточняющих вопроса в подарок" in shown["text"]
        assert (await english.say("/balance"))["text"].startswith("Your balance\n\n🔮 5 readings\n💬 0 follow-up")

    async def test_the_menus_button_says_the_same(self, stage: Stage) -> None:
        talk = stage.talk()
        welcome = await talk.say("/start")
        assert (await talk.press(welcome, "Баланс"))["answered"]
        (shown,) = await talk.next()
        assert "5 раскладов" in shown["text"]
        assert buttons(shown)[0]["text"] == "🛍 Магазин"
        assert buttons(shown)[1]["web_app"]["url"].endswith("/luna/packages")

    async def test_informal_for_whoever_chose_it(self, stage: Stage) -> None:
        talk = stage.talk()
        await talk.say("/start")
        await (await stage.api.sign_in(telegram_id=5)).patch("/api/v1/me", json={"address": "informal"})
        assert (await talk.say("/balance"))["text"].startswith("Твой баланс")
        await (await stage.api.sign_in(telegram_id=5)).patch("/api/v1/me", json={"address": "formal"})
        assert (await talk.say("/balance"))["text"].startswith("Ваш баланс")


class TestTexts:
    @pytest.mark.parametrize(
        ("command", "ru", "en"),
        [
            ("/help", "Чем Луна может помочь", "What Luna can do"),
            ("/terms", "Условия\n\n• Луна — это развлечение", "Terms\n\n• Luna is entertainment"),
            ("/privacy", "Что Луна знает о вас", "What Luna knows about you"),
            ("/paysupport", "Вопросы об оплате", "Questions about payments"),
        ],
    )
    async def test_in_both_languages(self, stage: Stage, command: str, ru: str, en: str) -> None:
        assert (await stage.talk().say(command))["text"].startswith(ru)
        assert (await stage.talk(user=6, language="en").say(command))["text"].startswith(en)

    async def test_help_leads_to_the_terms(self, stage: Stage) -> None:
        talk = stage.talk()
        page = await talk.say("/help")
        assert (await talk.press(page, "Условия"))["answered"]
        assert (await talk.next())[0]["text"].startswith("Условия")

    async def test_whatever_is_not_understood_gets_the_menu(self, stage: Stage) -> None:
        for said in ("Что меня ждёт?", "/unknown"):
            answer = await stage.talk(user=30).say(said)
            assert answer["text"].startswith("Я отвечаю картами")
            assert "☀️ Карта дня" in captions(answer)


class TestLanguage:
    async def test_chosen_by_a_button_and_kept(self, stage: Stage) -> None:
        talk = stage.talk()
        page = await talk.say("/language")
        assert captions(page) == ["✓ Русский", "English"]
        assert (await talk.press(page, "English"))["answered"]
        changed = await talk.becomes(page, "From now on we speak this language: English.")
        assert captions(changed) == ["Русский", "✓ English"]
        assert (await talk.say("/balance"))["text"].startswith("Your balance")
        # The other project keeps the language of his Telegram.
        assert (await stage.talk("verbena").say("/balance"))["text"].startswith("Ваш баланс")


class TestWeb:
    async def link(self, talk: Talk, text: str = "/web") -> str:
        answer = await talk.say(text)
        found = re.search(r"http\S+#code=([A-Za-z0-9_-]+)", answer["text"])
        assert found is not None, answer["text"]
        return found[1]

    async def test_a_code_signs_in_once(self, stage: Stage) -> None:
        code = await self.link(stage.talk())
        path = "/api/v1/projects/luna/auth/code"
        first = await stage.api.client.post(path, json={"code": code})
        assert first.status_code == 200
        assert first.json()["user"]["first_name"] == "Анна"
        me = await stage.api.client.get(
            "/api/v1/me", headers={"Authorization": f"Bearer {first.json()['access_token']}"}
        )
        assert me.json()["wallet"]["readings"]["balance"] == 5
        again = await stage.api.client.post(path, json={"code": code})
        assert (again.status_code, again.json()["error"]) == (401, "login_code_invalid")

    async def test_only_in_its_own_project_only_the_newest_and_only_five_minutes(self, stage: Stage) -> None:
        talk = stage.talk()
        path = "/api/v1/projects/{}/auth/code"
        code = await self.link(talk)
        foreign = await stage.api.client.post(path.format("verbena"), json={"code": code})
        assert foreign.status_code == 401
        newer = await self.link(talk, "/start web")
        former = await stage.api.client.post(path.format("luna"), json={"code": code})
        assert former.status_code == 401
        lifetime = await stage.value("SELECT extract(epoch FROM expires_at - created_at)::int FROM login_codes")
        assert lifetime == 300
        await stage.value("UPDATE login_codes SET expires_at = now() RETURNING true")
        expired = await stage.api.client.post(path.format("luna"), json={"code": newer})
        assert (expired.status_code, expired.json()["error"]) == (401, "login_code_invalid")

    async def test_a_person_who_is_shut_out_is_refused(self, stage: Stage) -> None:
        code = await self.link(stage.talk())
        await stage.value("UPDATE users SET state = 'blocked' RETURNING true")
        refused = await stage.api.client.post("/api/v1/projects/luna/auth/code", json={"code": code})
        assert (refused.status_code, refused.json()["error"]) == (403, "user_blocked")

    @pytest.mark.parametrize("body", [{}, {"code": ""}, {"code": "не то"}, {"code": 5}, {"code": "x" * 500}])
    async def test_nonsense_is_refused(self, stage: Stage, body: dict[str, object]) -> None:
        assert (await stage.api.client.post("/api/v1/projects/luna/auth/code", json=body)).status_code == 422
        unknown = await stage.api.client.post("/api/v1/projects/nowhere/auth/code", json={"code": "x" * 32})
        assert unknown.status_code == 404


class TestLeaving:
    async def test_told_twice_then_gone(self, stage: Stage) -> None:
        talk = stage.talk()
        asked = await talk.say("/delete_me")
        assert asked["text"].startswith("Стереть всё о вас?")
        assert asked["text"].endswith("сгорит то, что осталось на балансе:\n• 5 раскладов")
        assert (await talk.press(asked, "Удалить всё обо мне"))["answered"]
        await talk.becomes(asked, "Это последний шаг.")
        assert await stage.value("SELECT count(*) FROM users WHERE state = 'active'") == 1
        await talk.press(asked, "Да, стереть навсегда")
        await talk.becomes(asked, "Всё стёрто")
        assert await stage.value("SELECT state FROM users") == "erased"
        for table in ("daily_cards", "login_codes", "referral_codes", "refresh_tokens"):
            assert await stage.value(f"SELECT count(*) FROM {table}") == 0
        # He may come back, but what was free once is not free again.
        assert "0 раскладов" in (await talk.say("/balance"))["text"]

    async def test_staying(self, stage: Stage) -> None:
        talk = stage.talk(language="en")
        asked = await talk.say("/delete_me")
        await talk.press(asked, "Erase all about me")
        await talk.becomes(asked, "This is the last step.")
        await talk.press(asked, "No, I stay")
        await talk.becomes(asked, "everything stays in its place")
        assert await stage.value("SELECT state FROM users") == "active"


async def test_sign_in_by_a_link_with_a_payload_tells_whose_newcomer_it_is(stage: Stage) -> None:
    code = await code_of(stage, stage.talk(user=20))
    bot_id = stage.talk().bot_id
    opened = await stage.desk.order(
        "open-app",
        user={"id": 40, "first_name": "Иван", "language_code": "ru"},
        bot=bot_id,
        url=f"{stage.api.url}/luna/",
        start_param=f"ref_{code}",
    )
    answer = await stage.api.client.post("/api/v1/projects/luna/auth/telegram", json={"init_data": opened["init_data"]})
    assert answer.status_code == 200, answer.text
    assert UUID(answer.json()["user"]["id"])
    assert (await source_of(stage, 40), await inviter_of(stage, 40)) == ("referral", 20)
    assert await source_of(stage, 40) == "referral"
    # Without a payload, the app itself was the way.
    await stage.api.sign_in(telegram_id=41)
    assert await source_of(stage, 41) == "app"
