"""Leaving a request from the Mini App, over HTTP."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.conftest import Api, Person

LEAD = {"name": "Анна", "phone": "8 (926) 123-45-67", "about": "Хочу личную встречу"}


async def leave(person: Person, *, key: str | None = None, **changes: Any) -> httpx.Response:
    headers = {"Idempotency-Key": key or uuid4().hex}
    return await person.post("/api/v1/leads", json={**LEAD, **changes}, headers=headers)


async def rows(api: Api, table: str = "leads") -> list[dict[str, Any]]:
    async with api.database.connection() as connection:
        return [dict(row) for row in await connection.fetch(f"SELECT * FROM {table} ORDER BY created_at")]


class TestLeave:
    async def test_it_is_kept_and_a_card_is_announced_with_it(self, api: Api) -> None:
        person = await api.sign_in()
        answer = await leave(person, name="  Анна \u200b  Петровна ", about="Первая строка\n\n  вторая ")
        assert answer.status_code == 201
        told = {name: answer.json()[name] for name in ("state", "is_new", "phone")}
        assert told == {"state": "new", "is_new": True, "phone": "+7 926 123-45-67"}
        (lead,) = await rows(api)
        assert str(lead["id"]) == answer.json()["id"]
        kept = {name: lead[name] for name in ("name", "phone", "about", "source")}
        about = "Первая строка\n\nвторая"
        assert kept == {"name": "Анна Петровна", "phone": "+79261234567", "about": about, "source": "app"}
        (card,) = await rows(api, "staff_cards")
        assert (card["kind"], card["subject"], card["state"]) == ("lead", str(lead["id"]), "new")
        async with api.database.connection() as connection:
            jobs = await connection.fetchval("SELECT count(*) FROM pgqueuer WHERE entrypoint = 'crm.card'")
        assert jobs == 1

    async def test_a_second_one_of_the_day_is_the_first(self, api: Api) -> None:
        person = await api.sign_in()
        first = await leave(person)
        again = await leave(person, about="Ещё раз", phone="+44 20 7946 0958")
        assert (again.status_code, again.json()) == (200, {**first.json(), "is_new": False, "phone": None})
        assert len(await rows(api)) == len(await rows(api, "staff_cards")) == 1
        async with api.database.connection() as connection:
            await connection.execute("UPDATE leads SET created_at = now() - interval '25 hours'")
        assert (await leave(person)).status_code == 201

    async def test_the_same_number_of_another_person_says_nothing_of_the_first(self, api: Api) -> None:
        first = await leave(await api.sign_in(telegram_id=1))
        again = await leave(await api.sign_in(telegram_id=2), phone="+79261234567")
        assert again.status_code == 200
        assert again.json().keys() == {"id", "state", "created_at", "is_new", "phone"}
        assert (again.json()["is_new"], again.json()["phone"]) == (False, None)
        assert again.json()["id"] == first.json()["id"]

    async def test_two_at_once_make_one(self, api: Api) -> None:
        people = [await api.sign_in(telegram_id=number) for number in (1, 2, 1)]
        answers = await asyncio.gather(*(leave(person) for person in people))
        assert sorted(answer.status_code for answer in answers) == [200, 200, 201]
        assert len({answer.json()["id"] for answer in answers}) == 1
        assert len(await rows(api)) == 1

    async def test_the_same_key_answers_the_same_and_another_body_is_refused(self, api: Api) -> None:
        person = await api.sign_in()
        first, again = await leave(person, key="one-key-1"), await leave(person, key="one-key-1")
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json() == again.json()
        other = await leave(person, key="one-key-1", about="Другое")
        assert (other.status_code, other.json()["error"]) == (422, "idempotency_key_reused")

    async def test_the_other_project_knows_nothing_of_it(self, api: Api) -> None:
        luna, verbena = await api.sign_in("luna"), await api.sign_in("verbena")
        first, second = await leave(luna), await leave(verbena)
        assert (first.status_code, second.status_code) == (201, 201)
        assert first.json()["id"] != second.json()["id"]

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"phone": "12345"}, "phone_invalid"),
            ({"phone": "позвоните"}, "phone_invalid"),
            ({"name": "\u200b\u200b"}, "invalid_request"),
            ({"name": ""}, "invalid_request"),
            ({"about": " \n "}, "invalid_request"),
            ({"about": "а" * 1001}, "invalid_request"),
            ({"more": 1}, "invalid_request"),
        ],
    )
    async def test_bad_input_changes_nothing(self, api: Api, changes: dict[str, Any], error: str) -> None:
        answer = await leave(await api.sign_in(), **changes)
        assert (answer.status_code, answer.json()["error"]) == (422, error)
        assert await rows(api) == []

    async def test_too_many_are_slowed_down(self, api: Api) -> None:
        person = await api.sign_in()
        answers = [await leave(person, phone="1234567") for _ in range(7)]
        assert [answer.status_code for answer in answers] == [422] * 6 + [429]

    async def test_who_is_shut_out_is_refused(self, api: Api) -> None:
        person = await api.sign_in()
        async with api.database.connection() as connection:
            await connection.execute("UPDATE users SET state = 'blocked'")
        assert (await leave(person)).json()["error"] == "user_blocked"

    async def test_whoever_leaves_takes_it_with_him(self, api: Api) -> None:
        person, neighbour = await api.sign_in(telegram_id=1), await api.sign_in(telegram_id=2)
        await leave(person)
        await leave(neighbour, phone="+44 20 7946 0958")
        assert (await person.delete("/api/v1/me", json={"confirm": True})).status_code == 200
        assert [lead["phone"] for lead in await rows(api)] == ["+442079460958"]
        assert len(await rows(api, "staff_cards")) == 1
