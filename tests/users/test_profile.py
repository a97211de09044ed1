from typing import Any

import jwt
import pytest

from tests.conftest import Api


class TestAccess:
    @pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic eA==", "Bearer a.b.c"])
    async def test_without_a_good_token_there_is_nothing(self, api: Api, header: str) -> None:
        answer = await api.client.get("/api/v1/me", headers={"Authorization": header} if header else {})
        assert (answer.status_code, answer.json()["error"]) == (401, "unauthenticated")

    async def test_an_unsigned_or_foreign_token_is_refused(self, api: Api) -> None:
        person = await api.sign_in()
        claims = jwt.decode(person.session["access_token"], options={"verify_signature": False})
        for forged in (
            jwt.encode(claims, None, algorithm="none"),
            jwt.encode(claims, "x" * 32, algorithm="HS256"),
        ):
            answer = await api.client.get("/api/v1/me", headers={"Authorization": f"Bearer {forged}"})
            assert answer.status_code == 401

    async def test_a_blocked_user_is_told(self, api: Api) -> None:
        person = await api.sign_in()
        async with api.database.connection() as connection:
            await connection.execute("UPDATE users SET state = 'blocked'")
        for answer in (await person.get("/api/v1/me"), await person.start()):
            assert (answer.status_code, answer.json()["error"]) == (403, "user_blocked")


class TestChange:
    async def test_what_is_sent_changes_and_the_rest_stays(self, api: Api) -> None:
        person = await api.sign_in(consent=False)
        changes = {"language": "en", "timezone": "Asia/Almaty", "address": "formal", "gender": "feminine"}
        changed = (await person.patch("/api/v1/me", json={**changes, "reversals": False})).json()["user"]
        assert {name: changed[name] for name in changes} == changes
        assert (changed["reversals"], changed["consented_at"]) == (False, None)
        unchanged = (await person.patch("/api/v1/me", json={})).json()["user"]
        assert unchanged == changed

    async def test_consent_is_stamped_once_and_can_be_withdrawn(self, api: Api) -> None:
        person = await api.sign_in(consent=False)

        async def consent(value: bool) -> Any:
            return (await person.patch("/api/v1/me", json={"consent": value})).json()["user"]["consented_at"]

        stamped = await consent(True)
        assert stamped.endswith("Z")
        assert await consent(True) == stamped
        assert await consent(False) is None
        assert (await person.start()).json()["error"] == "consent_required"

    @pytest.mark.parametrize(
        "changes",
        [
            {"timezone": "Mars/Olympus"},
            {"language": "russian"},
            {"address": "rude"},
            {"reversals": "yes"},
            {"state": "active"},
            {"consent": 1},
        ],
    )
    async def test_bad_values_change_nothing(self, api: Api, changes: dict[str, Any]) -> None:
        person = await api.sign_in()
        before = (await person.get("/api/v1/me")).json()
        refused = await person.patch("/api/v1/me", json=changes)
        assert (refused.status_code, refused.json()["error"]) == (422, "invalid_request")
        assert (await person.get("/api/v1/me")).json() == before

    async def test_a_language_the_project_does_not_speak_is_refused(self, api: Api) -> None:
        person = await api.sign_in()
        refused = await person.patch("/api/v1/me", json={"language": "fr"})
        assert (refused.status_code, refused.json()["error"]) == (422, "language_not_spoken")


class TestErase:
    async def test_forfeits_what_was_left_and_free_once_stays_once(self, api: Api) -> None:
        person = await api.sign_in()
        await person.start(question="Моя тайна")
        refused = await person.request("DELETE", "/api/v1/me", json={"confirm": False})
        assert refused.status_code == 422
        erased = await person.request("DELETE", "/api/v1/me", json={"confirm": True})
        assert erased.json() == {"forfeited": {"readings": 5, "follow_ups": 0}}
        assert (await person.get("/api/v1/me")).status_code == 401
        renewed = await api.client.post("/api/v1/auth/refresh", json={"refresh_token": person.session["refresh_token"]})
        assert renewed.status_code == 401
        back = await api.sign_in()
        assert back.session["user"]["id"] != person.session["user"]["id"]
        assert await back.wallet() == {"balance": 0, "held": 0, "available": 0}

    async def test_nothing_personal_stays(self, api: Api) -> None:
        person = await api.sign_in(telegram_id=987654321)
        await person.start(question="Моя тайна")
        await person.request("DELETE", "/api/v1/me", json={"confirm": True})
        async with api.database.connection() as connection:
            tables = await connection.fetch(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
            )
            for table in tables:
                rows = await connection.fetch(f'SELECT t::text AS row FROM "{table["table_name"]}" t')
                for row in rows:
                    assert "987654321" not in row["row"], table["table_name"]
                    assert "Моя тайна" not in row["row"], table["table_name"]
                    assert "Анна" not in row["row"], table["table_name"]

    async def test_the_same_person_in_another_project_keeps_everything(self, api: Api) -> None:
        luna, verbena = await api.sign_in("luna"), await api.sign_in("verbena")
        await luna.request("DELETE", "/api/v1/me", json={"confirm": True})
        assert (await verbena.wallet())["balance"] == 5
