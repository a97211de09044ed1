"""The inbox over HTTP: what comes in, what is read, and that it is nobody else's."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from app.notifications.repository import add_for_many
from app.notifications.service import notify
from tests.conftest import Api, Person, open_worker
from tests.readings.test_reading import finished_reading
from tests.weather import until


async def owner(person: Person) -> tuple[int, UUID]:
    user_id = UUID(person.session["user"]["id"])
    async with person.api.database.connection() as connection:
        return await connection.fetchval("SELECT project_id FROM users WHERE id = $1", user_id), user_id


async def tell(person: Person, kind: str = "replies", dedupe: str | None = None, **values: Any) -> UUID | None:
    project_id, user_id = await owner(person)
    async with person.api.database.transaction() as connection:
        return await notify(connection, project_id=project_id, user_id=user_id, kind=kind, values=values, dedupe=dedupe)


async def inbox(person: Person, query: str = "") -> dict[str, Any]:
    answer = await person.get(f"/api/v1/notifications{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


class TestInbox:
    async def test_the_newest_comes_first_in_pages_and_in_the_persons_language(self, api: Api) -> None:
        person = await api.sign_in()
        for number in range(5):
            await tell(person, text=f"Ответ {number}")
        await tell(person, "account", event="credited", unit="readings", amount=3)
        first = await inbox(person, "?limit=2")
        assert first["unread"] == 6
        assert [item["text"] for item in first["items"]] == ["На твоём счёте прибавилось 3 расклада.", "Ответ 4"]
        assert first["items"][0]["screen"] == {"name": "profile", "reading_id": None, "page": None}
        rest = await inbox(person, f"?limit=10&cursor={first['next_cursor']}")
        assert [item["text"] for item in rest["items"]] == [f"Ответ {number}" for number in (3, 2, 1, 0)]
        assert rest["next_cursor"] is None
        await person.patch("/api/v1/me", json={"language": "en"})
        assert (await inbox(person, "?limit=1"))["items"][0]["text"] == "3 readings were added to your balance."

    async def test_news_speak_the_persons_language_or_another(self, api: Api) -> None:
        person = await api.sign_in()
        await tell(person, "news", title={"en": "Offer"}, text={"en": "Today only", "ru": "Только сегодня"})
        item = (await inbox(person))["items"][0]
        assert (item["title"], item["text"], item["screen"]["name"]) == ("Offer", "Только сегодня", "inbox")
        await tell(person, "news", text={"ru": ""}, media="photo", path="spreads/celtic-cross")
        item = (await inbox(person))["items"][0]
        assert (item["title"], item["text"]) == ("Новости", "Фото")
        assert item["screen"] == {"name": "page", "reading_id": None, "page": "spreads/celtic-cross"}

    async def test_answers_lead_to_the_chat_and_media_are_named(self, api: Api) -> None:
        person = await api.sign_in()
        await tell(person, text="", media="voice")
        await tell(person, text="Смотрите", media="photo")
        await tell(person, text="", media="something_new")
        await tell(person, event="lead_taken")
        items = (await inbox(person))["items"]
        assert [item["text"] for item in items[1:]] == ["Сообщение", "Смотрите", "Голосовое сообщение"]
        assert [item["screen"]["name"] for item in items] == ["inbox", "chat", "chat", "chat"]
        assert items[0]["title"] == "Заявка принята"
        await person.patch("/api/v1/me", json={"language": "en"})
        items = (await inbox(person))["items"]
        assert [item["title"] for item in items] == ["Your request was taken up", *["You have an answer"] * 3]
        assert items[3]["text"] == "Voice message"

    async def test_the_same_is_told_once_and_values_are_checked(self, api: Api) -> None:
        person = await api.sign_in()
        assert await tell(person, dedupe="one", text="Раз")
        assert await tell(person, dedupe="one", text="Раз") is None
        with pytest.raises(KeyError):
            await tell(person, "readings", reading=str(uuid4()))
        with pytest.raises(KeyError):
            await tell(person, "nonsense")
        assert (await inbox(person))["unread"] == 1

    async def test_many_people_get_a_row_each_once(self, api: Api) -> None:
        here = [await api.sign_in("luna", telegram_id=number) for number in (1, 2)]
        stranger = await api.sign_in("verbena", telegram_id=3)
        project_id, _ = await owner(here[0])
        ids = [(await owner(person))[1] for person in (*here, stranger)]
        values = {"ru": {"text": {"ru": "Новость"}}, "en": {"text": {"en": "News"}}}
        people = list(zip(ids, ("ru", "en", "ru"), strict=True))
        for expected in (2, 0):
            async with api.database.transaction() as connection:
                added = await add_for_many(
                    connection, project_id=project_id, people=people, kind="news", values=values, dedupe="broadcast:1"
                )
            assert added == expected
        told = [[item["text"] for item in (await inbox(person))["items"]] for person in (*here, stranger)]
        assert told == [["Новость"], ["News"], []]


class TestReading:
    async def test_some_or_all_up_to_one_are_marked(self, api: Api) -> None:
        person = await api.sign_in()
        for number in range(4):
            await tell(person, text=str(number))
        items = (await inbox(person))["items"]
        read = await person.post("/api/v1/notifications/read", json={"ids": [items[0]["id"]]})
        assert read.json() == {"unread": 3}
        read = await person.post("/api/v1/notifications/read", json={"up_to": items[2]["id"]})
        assert read.json() == {"unread": 1}
        assert [item["read"] for item in (await inbox(person))["items"]] == [True, False, True, True]

    @pytest.mark.parametrize("slug", ["luna", "verbena"])
    async def test_ids_of_others_do_nothing(self, api: Api, slug: str) -> None:
        mine, stranger = await api.sign_in("luna", telegram_id=1), await api.sign_in(slug, telegram_id=2)
        notice = str(await tell(mine, text="Моё"))
        for body in ({"ids": [notice]}, {"up_to": notice}, {"up_to": "ffffffff-ffff-7fff-bfff-ffffffffffff"}):
            answer = await stranger.post("/api/v1/notifications/read", json=body)
            assert (answer.status_code, answer.json()) == (200, {"unread": 0})
        assert (await inbox(mine))["unread"] == 1
        assert (await inbox(stranger))["items"] == []
        assert (await inbox(stranger, f"?cursor={notice}"))["items"] == []

    @pytest.mark.parametrize(
        "body", [{}, {"ids": []}, {"ids": ["x"]}, {"ids": [str(uuid4())], "up_to": str(uuid4())}, {"all": True}]
    )
    async def test_a_bad_body_is_refused(self, api: Api, body: dict[str, Any]) -> None:
        person = await api.sign_in()
        await tell(person, text="Моё")
        assert (await person.post("/api/v1/notifications/read", json=body)).status_code == 422
        assert (await inbox(person))["unread"] == 1


class TestWishes:
    async def test_switches_and_quiet_hours_are_kept(self, api: Api) -> None:
        person = await api.sign_in()
        before = (await person.get("/api/v1/me/notifications")).json()
        assert before == {
            "kinds": [
                {"kind": "replies", "enabled": True, "switchable": True},
                {"kind": "readings", "enabled": True, "switchable": True},
                {"kind": "news", "enabled": True, "switchable": True},
                {"kind": "account", "enabled": True, "switchable": False},
                {"kind": "subscription", "enabled": True, "switchable": False},
            ],
            "quiet": {"from": "22:00", "until": "09:00"},
        }
        changed = await person.patch(
            "/api/v1/me/notifications", json={"kinds": {"news": False}, "quiet": {"from": "23:30", "until": "07:15"}}
        )
        assert changed.json()["kinds"][2] == {"kind": "news", "enabled": False, "switchable": True}
        assert changed.json()["quiet"] == {"from": "23:30", "until": "07:15"}
        silent = await person.patch("/api/v1/me/notifications", json={"quiet": None})
        assert silent.json()["quiet"] is None
        assert silent.json()["kinds"] == changed.json()["kinds"]
        assert (await person.patch("/api/v1/me/notifications", json={})).json() == silent.json()

    @pytest.mark.parametrize(
        "body",
        [
            {"kinds": {"account": False}},
            {"kinds": {"nonsense": True}},
            {"kinds": {"news": "no"}},
            {"kinds": {"news": False, "account": False}},
            {"quiet": {"from": "24:00", "until": "07:00"}},
            {"quiet": {"from": "07:00", "until": "07:00"}},
            {"quiet": {"from": "07:00"}},
            {"quiet": "22-9"},
            {"other": 1},
        ],
    )
    async def test_bad_changes_change_nothing(self, api: Api, body: dict[str, Any]) -> None:
        person = await api.sign_in()
        before = (await person.get("/api/v1/me/notifications")).json()
        refused = await person.patch("/api/v1/me/notifications", json=body)
        assert (refused.status_code, refused.json()["error"]) == (422, "invalid_request")
        assert (await person.get("/api/v1/me/notifications")).json() == before

    async def test_one_persons_switches_are_not_anothers(self, api: Api) -> None:
        luna, verbena = await api.sign_in("luna"), await api.sign_in("verbena")
        await luna.patch("/api/v1/me/notifications", json={"kinds": {"news": False}, "quiet": None})
        assert (await verbena.get("/api/v1/me/notifications")).json()["kinds"][2]["enabled"] is True
        assert (await verbena.get("/api/v1/me/notifications")).json()["quiet"] is not None


class TestAccess:
    @pytest.mark.parametrize("path", ["/api/v1/notifications", "/api/v1/me/notifications"])
    async def test_who_is_shut_out_sees_nothing(self, api: Api, path: str) -> None:
        person = await api.sign_in()
        assert (await api.client.get(path)).status_code == 401
        async with api.database.connection() as connection:
            await connection.execute("UPDATE users SET state = 'blocked'")
        assert (await person.get(path)).json()["error"] == "user_blocked"

    async def test_everything_goes_with_the_person(self, api: Api) -> None:
        person, stays = await api.sign_in(telegram_id=1), await api.sign_in(telegram_id=2)
        for one in (person, stays):
            await tell(one, text="Ответ")
            await one.patch("/api/v1/me/notifications", json={"kinds": {"news": False}, "quiet": None})
        project_id, user_id = await owner(person)
        assert (await person.request("DELETE", "/api/v1/me", json={"confirm": True})).status_code == 200
        async with api.database.transaction() as connection:
            for table in ("notifications", "notification_preferences", "notification_settings"):
                assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 1, table
            assert await notify(connection, project_id=project_id, user_id=user_id, kind="replies") is None
        assert (await inbox(stays))["unread"] == 1


async def hurry(api: Api) -> None:
    """What waits in the queue for its time is due now."""
    async with api.database.connection() as connection:
        await connection.execute("UPDATE pgqueuer SET execute_after = now() WHERE status = 'queued'")


class TestUnseenReadings:
    async def draw(self, person: Person) -> str:
        started = (await person.start("three-cards")).json()
        drawn = await person.post(f"/api/v1/readings/{started['id']}/draw", json={"picks": [0, 1, 2]})
        assert drawn.status_code == 200, drawn.text
        return str(started["id"])

    async def asked(self, api: Api) -> None:
        """Until the question whether it was seen is in the queue and answered."""

        async def waits() -> bool:
            async with api.database.connection() as connection:
                return bool(
                    await connection.fetchval(
                        "SELECT true FROM pgqueuer WHERE entrypoint = 'notifications.reading_finished'"
                    )
                )

        async def gone() -> bool:
            return not await waits()

        await until(waits, what="the question whether the text was seen")
        await hurry(api)
        await until(gone, what="the answer to it")

    async def test_a_text_that_nobody_watched_is_told_once(self, api: Api) -> None:
        person = await api.sign_in()
        async with open_worker(api.settings):
            reading_id = await self.draw(person)
            await self.asked(api)
        found = await inbox(person)
        assert [(item["kind"], item["screen"]) for item in found["items"]] == [
            ("readings", {"name": "reading", "reading_id": reading_id, "page": None})
        ]
        assert "Прошлое, настоящее, будущее" in found["items"][0]["text"]

    async def test_a_text_that_was_followed_to_its_end_is_not_told(self, api: Api) -> None:
        person = await api.sign_in()
        async with open_worker(api.settings):
            await finished_reading(person)
            await self.asked(api)
        assert (await inbox(person))["items"] == []

    async def test_who_has_looked_at_it_since_is_not_told(self, api: Api) -> None:
        person = await api.sign_in()
        async with open_worker(api.settings):
            path = f"/api/v1/readings/{await self.draw(person)}"

            async def finished() -> bool:
                async with api.database.connection() as connection:
                    return bool(await connection.fetchval("SELECT true FROM generations WHERE state = 'finished'"))

            await until(finished, what="the text")
            assert (await person.get(path)).json()["state"] == "finished"
            await self.asked(api)
        assert (await inbox(person))["items"] == []

    async def test_a_deleted_one_is_not_told(self, api: Api) -> None:
        person = await api.sign_in()
        async with open_worker(api.settings):
            reading_id = await self.draw(person)
            assert (await person.delete(f"/api/v1/readings/{reading_id}")).status_code == 204
            await self.asked(api)
        assert (await inbox(person))["items"] == []
