"""The admin API: who may use it, what a broadcast's life looks like through it, and that no project sees another's."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from app.crm.groups import GroupRepository
from app.settings import Settings
from tests.broadcasts.conftest import add_people
from tests.conftest import Api, Person, open_api, open_worker
from tests.telegram.conftest import Desk
from tests.weather import until

ADMIN = "/api/v1/admin/broadcasts"
SUPER_ADMIN = 77
CONTENT = {
    "ru": {"text": "Новый <b>расклад</b>", "buttons": [[{"text": "Открыть", "app": ""}]]},
    "en": {"text": "A new <b>spread</b>"},
}
VERBS = ("count", "preview", "test", "start", "pause", "resume", "cancel", "edit", "delete")
BODIES: dict[str, Any] = {
    "count": {},
    "test": {},
    "start": {"schedule": {"kind": "now"}},
    "edit": {"content": CONTENT},
}


@dataclass
class Bureau:
    api: Api
    desk: Desk
    bot_id: int
    project_id: int

    async def person(self, telegram_id: int = SUPER_ADMIN, slug: str = "luna") -> Person:
        return await self.api.sign_in(slug, telegram_id=telegram_id)

    async def draft(self, person: Person, **body: Any) -> str:
        answer = await person.post(ADMIN, json={"title": "Весна", "content": CONTENT, **body})
        assert answer.status_code == 201, answer.text
        return f"{ADMIN}/{answer.json()['id']}"

    async def connect(self, chat_id: int) -> None:
        async with self.api.database.transaction() as connection:
            await GroupRepository(connection, self.project_id).connect(
                chat_id, title="Staff", language="ru", connected_by=1, problems=()
            )


@pytest.fixture
async def bureau(stocked_settings: Settings, desk: Desk) -> AsyncIterator[Bureau]:
    settings = stocked_settings.model_copy(
        update={"telegram_api_url": desk.url, "super_admins": (SUPER_ADMIN,), "public_url": "https://tarot.example"}
    )
    async with open_api(settings) as api:
        project = api.services.catalogue.library().project_by_slug("luna")
        assert project is not None
        assert project.bot is not None
        body = {"token": project.bot.token.get_secret_value(), "username": project.bot.username}
        await desk.client.post("/sandbox/bots", json=body)
        yield Bureau(api, desk, project.bot.id, project.id)


class TestWhoMay:
    async def test_everybody_else_is_refused_everywhere(self, bureau: Bureau) -> None:
        path = await bureau.draft(await bureau.person())
        stranger = await bureau.person(5)
        for method, address, body in [
            ("GET", ADMIN, None), ("POST", ADMIN, {}), ("GET", path, None), ("PATCH", path, {"title": "Моё"}),
            ("GET", f"{path}/recipients", None), *(("POST", f"{path}/{verb}", BODIES.get(verb)) for verb in VERBS),
        ]:  # fmt: skip
            refused = await stranger.request(method, address, json=body)
            assert (refused.status_code, refused.json()["error"]) == (403, "managers_only"), address
            assert (await bureau.api.client.request(method, address, json=body)).status_code == 401

    async def test_admins_of_the_group_may_and_members_may_not(self, bureau: Bureau, desk: Desk) -> None:
        chat_id = await desk.group(bureau.bot_id, owner=31)
        await bureau.connect(chat_id)
        await desk.member(chat_id, 32, "administrator")
        await desk.member(chat_id, 33, "member")
        for telegram_id, status in ((31, 200), (32, 200), (33, 403), (34, 403)):
            assert (await (await bureau.person(telegram_id)).get(ADMIN)).status_code == status

    async def test_when_telegram_cannot_be_asked_nobody_may(self, bureau: Bureau, desk: Desk) -> None:
        chat_id = await desk.group(bureau.bot_id, owner=31)
        await bureau.connect(chat_id)
        owner = await bureau.person(31)
        await desk.fault(method="getChatMember", status=502, times=1)
        assert (await owner.get(ADMIN)).status_code == 503
        await desk.fault(method="getChatMember", cut="before", times=1)
        refused = await owner.get(ADMIN)
        assert refused.status_code == 503
        assert "SANDBOX" not in refused.text
        assert (await owner.get(ADMIN)).status_code == 200
        # The answer is remembered for a minute.
        await desk.fault(method="getChatMember", status=502, times=None)
        assert (await owner.get(ADMIN)).status_code == 200

    async def test_another_projects_broadcasts_are_not_there(self, bureau: Bureau) -> None:
        path = await bureau.draft(await bureau.person())
        other = await bureau.person(slug="verbena")
        assert (await other.get(ADMIN)).json()["items"] == []
        for method, address, body in [
            ("GET", path, None), ("PATCH", path, {"title": "Моё"}), ("GET", f"{path}/recipients", None),
            *(("POST", f"{path}/{verb}", BODIES.get(verb)) for verb in VERBS),
        ]:  # fmt: skip
            missing = await other.request(method, address, json=body)
            assert (missing.status_code, missing.json()["error"]) == (404, "broadcast_not_found"), address
        assert (await (await bureau.person()).get(path)).json()["title"] == "Весна"


class TestDrafts:
    async def test_made_changed_read_and_listed(self, bureau: Bureau) -> None:
        person = await bureau.person()
        path = await bureau.draft(person)
        changed = await person.patch(path, json={"title": "Осень", "segment": {"languages": ["ru"]}})
        assert changed.status_code == 200, changed.text
        shown = (await person.get(path)).json()
        assert (shown["title"], shown["segment"], shown["state"]) == ("Осень", {"languages": ["ru"]}, "draft")
        assert shown["content"]["ru"]["buttons"] == [[{"text": "Открыть", "app": ""}]]
        for number in range(3):
            await bureau.draft(person, title=str(number))
        first = (await person.get(f"{ADMIN}?limit=3")).json()
        assert [item["title"] for item in first["items"]] == ["2", "1", "0"]
        rest = (await person.get(f"{ADMIN}?limit=3&cursor={first['next_cursor']}")).json()
        assert ([item["title"] for item in rest["items"]], rest["next_cursor"]) == (["Осень"], None)
        assert (await person.get(f"{ADMIN}?state=done")).json()["items"] == []

    @pytest.mark.parametrize(
        "version",
        [
            {"text": ""},
            {"text": "<b>"},
            {"text": "<script>alert(1)</script>"},
            {"text": "я" * 4097},
            {"text": "я" * 1025, "media": {"kind": "photo", "url": "https://tarot.example/a.jpg"}},
            {"text": "x", "media": {"kind": "photo"}},
            {"text": "x", "media": {"kind": "photo", "url": "file:///etc/passwd"}},
            {"text": "x", "buttons": [[{"text": "a", "url": "https://a.example", "app": ""}]]},
            {"text": "x", "buttons": [[{"text": "a", "callback": "я" * 40}]]},
            {"text": "x", "buttons": [[]]},
            {"text": "x\x00"},
            {"text": "x", "colour": "red"},
        ],
    )
    async def test_what_telegram_would_refuse_is_refused_at_once(self, bureau: Bureau, version: dict[str, Any]) -> None:
        person = await bureau.person()
        refused = await person.post(ADMIN, json={"content": {"ru": version}})
        assert (refused.status_code, refused.json()["error"]) == (422, "invalid_request")
        assert (await person.get(ADMIN)).json()["items"] == []

    async def test_count_and_preview(self, bureau: Bureau) -> None:
        person = await bureau.person()
        await add_people(bureau.api.database, bureau.project_id, range(500, 510))
        await add_people(bureau.api.database, bureau.project_id, range(510, 513), language="en")
        path = await bureau.draft(person, segment={"languages": ["en"]})
        assert (await person.post(f"{path}/count", json={})).json() == {
            "total": 3, "languages": {"en": 3}, "versions": {"en": 3},
        }  # fmt: skip
        counted = (await person.post(f"{path}/count", json={"segment": {}})).json()
        assert counted["versions"] == {"ru": 11, "en": 3}
        message = (await person.post(f"{path}/preview")).json()["messages"]["ru"]
        assert (message["text"], message["characters"]) == ("Новый расклад", 13)


class TestLife:
    async def test_from_a_draft_to_its_deletion(self, bureau: Bureau, desk: Desk) -> None:
        person = await bureau.person()
        people = range(600, 606)
        for number in (*people, SUPER_ADMIN):
            await desk.say(bureau.bot_id, "/start", user=number)
        await add_people(bureau.api.database, bureau.project_id, people)
        async with bureau.api.database.connection() as connection:
            await connection.execute(
                "UPDATE users SET last_seen_at = now() - interval '90 days' WHERE telegram_id = 605"
            )
        path = await bureau.draft(person, segment={"unseen_for_days": 30})
        assert (await person.post(f"{path}/pause")).json()["error"] == "broadcast_wrong_state"
        async with open_worker(bureau.api.settings):
            queued = await person.post(f"{path}/test", json={"languages": ["en"]})
            assert (queued.status_code, queued.json()) == (202, {"telegram_id": SUPER_ADMIN, "messages": 1})
            (sample,) = (await desk.replies(bureau.bot_id, SUPER_ADMIN, count=1))[-1:]
            assert sample["text"] == "A new spread"
            started = await person.post(f"{path}/start", json={"schedule": {"kind": "now"}})
            assert (started.status_code, started.json()["state"]) == (200, "counting")
            shown = await self.finished(person, path)
            assert (shown["runs"][0]["total"], shown["runs"][0]["sent"]) == (1, 1)
            (row,) = (await person.get(f"{path}/recipients?state=sent")).json()["items"]
            assert (row["telegram_id"], row["language"], row["error"]) == (605, "ru", None)
            (message,) = (await desk.replies(bureau.bot_id, 605))[-1:]
            button = message["reply_markup"]["inline_keyboard"][0][0]
            assert button["web_app"]["url"].endswith(f"/luna/?startapp=b_{shown['id'].replace('-', '')}")
            wrong = await person.post(f"{path}/edit", json={"content": {"ru": {"text": "Иначе"}}})
            assert (wrong.status_code, wrong.json()["error"]) == (422, "broadcast_content_differs")
            body = {"content": {"ru": {"text": "Иначе"}, "en": {"text": "Otherwise"}}}
            assert (await person.post(f"{path}/edit", json=body)).status_code == 200
            assert [run["kind"] for run in (await self.finished(person, path))["runs"]] == ["send", "edit"]
            assert (await desk.replies(bureau.bot_id, 605))[-1]["text"] == "Иначе"
            assert (await person.post(f"{path}/delete")).status_code == 200
            shown = await self.finished(person, path)
        assert [(run["kind"], run["sent"], run["outcome"]) for run in shown["runs"]] == [
            ("send", 1, "done"), ("edit", 1, "done"), ("delete", 1, "done"),
        ]  # fmt: skip
        async with bureau.api.database.connection() as connection:
            actions = await connection.fetch("SELECT action, actor_id FROM audit_log ORDER BY id")
        assert [tuple(row) for row in actions] == [
            (f"broadcast.{action}", SUPER_ADMIN) for action in ("start", "edit", "delete")
        ]

    async def finished(self, person: Person, path: str) -> dict[str, Any]:
        async def look() -> dict[str, Any] | None:
            shown: dict[str, Any] = (await person.get(path)).json()
            return shown if shown["state"] == "done" else None

        found = await until(look, seconds=20, what="the end of the run")
        assert found is not None
        return found

    async def test_scheduled_and_taken_back(self, bureau: Bureau) -> None:
        person = await bureau.person()
        path = await bureau.draft(person)
        for schedule in (
            {"kind": "at", "at": "2020-01-01T10:00:00Z"},
            {"kind": "at", "at": "2099-01-01T10:00:00Z"},
            {"kind": "at", "at": "2030-01-01T10:00:00"},
            {"kind": "local_time", "local_time": "2020-01-01T10:00"},
            {"kind": "local_time", "local_time": "2026-02-31T10:00"},
            {"kind": "now", "quiet_wait_hours": 25},
            {"kind": "soon"},
        ):
            refused = await person.post(f"{path}/start", json={"schedule": schedule})
            assert (refused.status_code, refused.json()["error"]) == (422, "invalid_request"), schedule
        later = {"kind": "at", "at": "2027-05-01T10:00:00+03:00", "quiet_wait_hours": 3}
        started = (await person.post(f"{path}/start", json={"schedule": later})).json()
        assert (started["state"], started["schedule"]["begin_at"]) == ("scheduled", "2027-05-01T07:00:00Z")
        assert (await person.patch(path, json={"title": "Поздно"})).status_code == 409
        assert (await person.post(f"{path}/pause")).json()["state"] == "draft"
        assert (await person.patch(path, json={"title": "Ещё не поздно"})).status_code == 200
        assert (await person.post(f"{path}/start", json={"schedule": {"kind": "now"}})).json()["state"] == "counting"
        cancelled = (await person.post(f"{path}/cancel")).json()
        assert (cancelled["state"], cancelled["runs"][0]["outcome"]) == ("cancelled", "cancelled")
        assert (await person.post(f"{path}/resume")).status_code == 409

    async def test_without_content_nothing_starts(self, bureau: Bureau) -> None:
        person = await bureau.person()
        path = await bureau.draft(person, content={})
        refused = await person.post(f"{path}/start", json={"schedule": {"kind": "now"}})
        assert (refused.status_code, refused.json()["error"]) == (409, "broadcast_content_missing")
        assert (await person.post(f"{ADMIN}/{uuid4()}/start", json=BODIES["start"])).status_code == 404


class TestOpened:
    async def test_who_comes_by_the_button_is_counted_once(self, bureau: Bureau) -> None:
        person = await bureau.person()
        reader = await bureau.person(5)
        path = await bureau.draft(person)
        shown = (await person.post(f"{path}/start", json={"schedule": {"kind": "now"}})).json()
        async with bureau.api.database.transaction() as connection:
            await connection.execute(
                """
                INSERT INTO broadcast_recipients (broadcast_id, run, user_id, project_id, telegram_id, language,
                    send_at, state) VALUES ($1, 0, $2, $3, 5, 'ru', now(), 'uncertain')
                """,
                shown["id"],
                reader.session["user"]["id"],
                bureau.project_id,
            )
            await connection.execute("UPDATE broadcast_runs SET total = 1, uncertain = 1")
        person_of = {"project": "luna", "user": {"id": 5, "first_name": "Анна"}}
        signed = (await bureau.api.client.post("/api/v1/dev/init-data", json=person_of)).json()
        for start_param in (f"b_{uuid4().hex}", "b_nonsense", *2 * [f"b_{shown['id'].replace('-', '')}"]):
            body = {**signed, "start_param": start_param}
            answer = await bureau.api.client.post("/api/v1/projects/luna/auth/telegram", json=body)
            assert answer.status_code == 200, answer.text
        run = (await person.get(path)).json()["runs"][0]
        # Whoever opened it did get it.
        assert (run["opened"], run["sent"], run["uncertain"]) == (1, 1, 0)
