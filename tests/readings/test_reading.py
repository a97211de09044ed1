"""A reading through the API, from the start to the proof."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from app.worker.port import enqueue
from tests.conftest import Api, Person, open_worker
from tests.factories import set_balances
from tests.readings.test_draw import anyone_recomputes


async def events_of(person: Person, path: str, last: str | None = None) -> list[tuple[str, str, Any]]:
    """(id, name, data) of a whole stream."""
    headers = {**person.headers, **({"Last-Event-ID": last} if last else {})}
    events: list[tuple[str, str, Any]] = []
    fields: dict[str, str] = {}
    async with person.api.client.stream("GET", path, headers=headers) as response:
        assert response.status_code == 200, await response.aread()
        assert response.headers["content-type"].startswith("text/event-stream")
        async for line in response.aiter_lines():
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "event" in fields:
                events.append((fields["id"], fields["event"], json.loads(fields["data"])))
                fields = {}
    return events


async def finished_reading(person: Person, spread: str = "three-cards", **body: Any) -> dict[str, Any]:
    started = (await person.start(spread, **body)).json()
    picks = list(range(len(started["positions"])))
    drawn = await person.post(f"/api/v1/readings/{started['id']}/draw", json={"picks": picks})
    assert drawn.status_code == 200, drawn.text
    events = await events_of(person, f"/api/v1/readings/{started['id']}/interpretation")
    assert events[-1][1] == "done"
    return started


@pytest.mark.usefixtures("worker")
class TestWholeReading:
    async def test_from_the_question_to_the_history(self, api: Api) -> None:
        person = await api.sign_in()
        before = await person.wallet()
        started = (await person.start("three-cards", question="Что меня ждёт на новой работе?")).json()
        assert started["card_count"] == 78
        assert len(started["positions"]) == 3
        assert started["wallet"]["readings"]["held"] == started["cost"] == 1

        path = f"/api/v1/readings/{started['id']}"
        early = await person.get(f"{path}/proof")
        assert (early.status_code, early.json()["error"]) == (409, "reading_not_finished")
        drawn = await person.post(f"{path}/draw", json={"picks": [5, 70, 33], "client_seed": "mine"})
        cards = drawn.json()["cards"]
        assert [card["position"]["key"] for card in cards] == [row["key"] for row in started["positions"]]

        events = await events_of(person, f"{path}/interpretation")
        kinds = [name for _, name, _ in events]
        assert kinds[-1] == "done"
        assert set(kinds[:-1]) == {"delta"}
        text = "".join(data["text"] for _, name, data in events if name == "delta")
        done = events[-1][2]
        assert text.strip() == done["text"]
        assert all(card["card"]["name"].split()[0][:4] in done["text"] for card in cards)

        assert await person.wallet() == {
            "balance": before["balance"] - 1,
            "held": 0,
            "available": before["balance"] - 1,
        }
        page = (await person.get("/api/v1/readings")).json()
        assert [item["id"] for item in page["items"]] == [started["id"]]
        assert page["items"][0]["excerpt"] == done["text"][:200]
        saved = (await person.get(path)).json()
        assert saved["interpretation"]["text"] == done["text"]
        assert saved["question"] == "Что меня ждёт на новой работе?"

        proof = (await person.get(f"{path}/proof")).json()
        commitment, order, turned = anyone_recomputes(proof)
        assert commitment == started["commitment"] == proof["commitment"]
        assert [order[place] for place in (5, 70, 33)] == [card["card"]["key"] for card in cards]
        assert [turned[place] for place in (5, 70, 33)] == [card["reversed"] for card in cards]

    async def test_follow_ups_are_free_first_and_then_cost_one(self, api: Api) -> None:
        person = await api.sign_in()
        reading = await finished_reading(person, "card-of-the-day")
        path = f"/api/v1/readings/{reading['id']}"
        free = (await person.get(path)).json()["follow_ups"]["free_left"]
        assert free == 2
        for number in range(1, free + 1):
            asked = await person.post(
                f"{path}/questions",
                json={"text": "А что мне сделать?"},
                headers={"Idempotency-Key": f"ask-{number:08}"},
            )
            assert asked.status_code == 201, asked.text
            assert asked.json()["free"] is True
            events = await events_of(person, f"{path}/questions/{asked.json()['id']}/answer")
            assert events[-1][1] == "done"
            assert len(events[-1][2]["text"]) > 40
        refused = await person.post(
            f"{path}/questions", json={"text": "Ещё?"}, headers={"Idempotency-Key": "ask-00000009"}
        )
        assert refused.status_code == 402
        assert refused.json()["unit"] == "follow_ups"
        saved = (await person.get(path)).json()
        assert [question["number"] for question in saved["questions"]] == [1, 2]
        assert all(question["answer"]["state"] == "finished" for question in saved["questions"])

    async def test_a_stream_is_taken_up_where_it_was_left(self, api: Api) -> None:
        person = await api.sign_in()
        reading = await finished_reading(person)
        path = f"/api/v1/readings/{reading['id']}/interpretation"
        whole = await events_of(person, path)
        text = whole[-1][2]["text"]
        again = await events_of(person, path, last=f"{whole[0][0].split('-')[0]}-10")
        assert "".join(data["text"] for _, name, data in again if name == "delta") == text[10:]
        assert again[-1][2] == whole[-1][2]

    async def test_an_older_attempt_is_told_to_begin_anew(self, api: Api) -> None:
        person = await api.sign_in()
        reading = await finished_reading(person)
        path = f"/api/v1/readings/{reading['id']}/interpretation"
        attempt = int((await events_of(person, path))[0][0].split("-")[0])
        async with api_database(api) as connection:
            await connection.execute("UPDATE generations SET attempt = attempt + 1")
        again = await events_of(person, path, last=f"{attempt}-10")
        assert again[0][1:] == ("reset", {"attempt": attempt + 1})
        assert "".join(data["text"] for _, name, data in again if name == "delta") == again[-1][2]["text"]

    async def test_a_crisis_costs_nothing_and_is_kept_for_the_staff(self, api: Api) -> None:
        person = await api.sign_in()
        before = await person.wallet()
        reading = await finished_reading(person, "card-of-the-day", question="Я хочу умереть, не вижу смысла жить")
        saved = (await person.get(f"/api/v1/readings/{reading['id']}")).json()
        assert saved["interpretation"]["kind"] == "crisis"
        assert "8-800-2000-122" in saved["interpretation"]["text"]
        assert await person.wallet() == before
        async with api_database(api) as connection:
            assert await connection.fetchval("SELECT count(*) FROM safety_events WHERE kind = 'crisis'") == 1


def api_database(api: Api) -> Any:
    return api.database.connection()


class TestStart:
    async def test_the_same_key_starts_once_also_at_the_same_moment(self, api: Api) -> None:
        person = await api.sign_in()
        answers = await asyncio.gather(*(person.start(key="the-same-key") for _ in range(10)))
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["id"] for answer in answers}) == 1
        assert (await person.wallet())["held"] == 1

    async def test_the_same_key_with_another_body_is_refused(self, api: Api) -> None:
        person = await api.sign_in()
        await person.start("three-cards", key="the-same-key")
        refused = await person.start("card-of-the-day", key="the-same-key")
        assert (refused.status_code, refused.json()["error"]) == (422, "idempotency_key_reused")

    async def test_a_key_of_one_user_means_nothing_to_another(self, api: Api) -> None:
        first, second = await api.sign_in(telegram_id=1), await api.sign_in(telegram_id=2)
        one, two = await first.start(key="the-same-key"), await second.start(key="the-same-key")
        assert one.json()["id"] != two.json()["id"]

    async def test_consent_comes_first(self, api: Api) -> None:
        person = await api.sign_in(consent=False)
        refused = await person.start()
        assert (refused.status_code, refused.json()["error"]) == (403, "consent_required")

    async def test_an_empty_wallet_says_what_is_missing_and_may_try_again(self, api: Api) -> None:
        person = await api.sign_in()
        async with api_database(api) as connection, connection.transaction():
            await set_balances(connection, balance=2)
        started = await person.start("celtic-cross", key="the-last-one")
        assert started.status_code == 402
        body = started.json()
        assert (body["error"], body["required"], body["available"]) == ("insufficient_balance", 3, 2)
        async with api_database(api) as connection, connection.transaction():
            await set_balances(connection, balance=9)
        assert (await person.start("celtic-cross", key="the-last-one")).status_code == 201

    @pytest.mark.parametrize(
        ("body", "status", "error"),
        [
            ({"spread": "no-such-spread"}, 404, "spread_not_found"),
            ({"spread": "three-cards", "deck": "no-such-deck"}, 404, "deck_not_found"),
            ({"spread": "three-cards", "question": "x" * 501}, 422, "invalid_request"),
            ({"spread": "three-cards", "unknown": 1}, 422, "invalid_request"),
            ({}, 422, "invalid_request"),
        ],
    )
    async def test_bad_input_changes_nothing(self, api: Api, body: Any, status: int, error: str) -> None:
        person = await api.sign_in()
        before = await person.wallet()
        refused = await person.post("/api/v1/readings", json=body, headers={"Idempotency-Key": "0123456789"})
        assert (refused.status_code, refused.json()["error"]) == (status, error)
        assert await person.wallet() == before

    async def test_without_a_key_it_is_refused(self, api: Api) -> None:
        person = await api.sign_in()
        refused = await person.post("/api/v1/readings", json={"spread": "three-cards"})
        assert refused.status_code == 422

    async def test_a_nul_in_the_question_is_dropped(self, api: Api) -> None:
        person = await api.sign_in()
        started = await person.start(question="a\x00b")
        saved = await person.get(f"/api/v1/readings/{started.json()['id']}")
        assert saved.json()["question"] == "ab"


class TestDraw:
    async def draw(self, person: Person, path: str, **body: Any) -> httpx.Response:
        return await person.post(f"{path}/draw", json=body)

    async def test_the_same_picks_answer_the_same_and_others_conflict(self, api: Api) -> None:
        person = await api.sign_in()
        path = f"/api/v1/readings/{(await person.start()).json()['id']}"
        first = await self.draw(person, path, picks=[1, 2, 3])
        assert (await self.draw(person, path, picks=[1, 2, 3])).json() == first.json()
        for other in ({"picks": [3, 2, 1]}, {"picks": [1, 2, 3], "client_seed": "late"}):
            refused = await self.draw(person, path, **other)
            assert (refused.status_code, refused.json()["error"]) == (409, "already_drawn")

    @pytest.mark.parametrize("picks", [[1, 1, 2], [1, 2], [1, 2, 3, 4], [0, 1, 78], []])
    async def test_doubles_and_wrong_numbers_are_refused(self, api: Api, picks: list[int]) -> None:
        person = await api.sign_in()
        path = f"/api/v1/readings/{(await person.start()).json()['id']}"
        assert (await self.draw(person, path, picks=picks)).status_code == 422
        assert (await person.get(path)).json()["state"] == "awaiting_draw"

    async def test_two_taps_at_once_start_one_interpretation(self, api: Api) -> None:
        person = await api.sign_in()
        path = f"/api/v1/readings/{(await person.start()).json()['id']}"
        answers = await asyncio.gather(*(self.draw(person, path, picks=[1, 2, 3]) for _ in range(8)))
        assert {answer.status_code for answer in answers} == {200}
        async with api_database(api) as connection:
            assert await connection.fetchval("SELECT count(*) FROM generations") == 1

    async def test_no_stream_before_the_draw(self, api: Api) -> None:
        person = await api.sign_in()
        path = f"/api/v1/readings/{(await person.start()).json()['id']}"
        refused = await person.get(f"{path}/interpretation")
        assert (refused.status_code, refused.json()["error"]) == (409, "not_drawn")

    async def test_reversals_switched_off_leave_all_cards_upright(self, api: Api) -> None:
        person = await api.sign_in()
        await person.patch("/api/v1/me", json={"reversals": False})
        path = f"/api/v1/readings/{(await person.start('horseshoe')).json()['id']}"
        drawn = await self.draw(person, path, picks=list(range(7)))
        assert not any(card["reversed"] for card in drawn.json()["cards"])

    async def test_a_yes_no_spread_uses_the_major_arcana_only(self, api: Api) -> None:
        person = await api.sign_in()
        started = (await person.start("yes-no")).json()
        assert started["card_count"] == 22


class TestExpiry:
    async def test_what_nobody_drew_for_gives_back_its_hold(self, api: Api, worker: None) -> None:
        person = await api.sign_in()
        before = await person.wallet()
        path = f"/api/v1/readings/{(await person.start()).json()['id']}"
        async with api_database(api) as connection:
            await connection.execute("UPDATE readings SET expires_at = now() - interval '1 second'")
        refused = await person.post(f"{path}/draw", json={"picks": [1, 2, 3]})
        assert (refused.status_code, refused.json()["error"]) == (409, "reading_expired")
        async with api.database.transaction() as connection:
            await enqueue(connection, "readings.expire")
        while (await person.get(path)).json()["state"] != "expired":
            await asyncio.sleep(0.05)
        assert await person.wallet() == before
        proof = (await person.get(f"{path}/proof")).json()
        assert proof["picks"] is None
        assert anyone_recomputes(proof)[0] == proof["commitment"]


class TestDelete:
    async def test_an_undrawn_one_gives_back_its_hold(self, api: Api) -> None:
        person = await api.sign_in()
        before = await person.wallet()
        path = f"/api/v1/readings/{(await person.start()).json()['id']}"
        assert (await person.delete(path)).status_code == 204
        assert (await person.get(path)).status_code == 404
        assert await person.wallet() == before

    async def test_one_being_written_is_charged_once_and_then_gone(self, api: Api) -> None:
        person = await api.sign_in()
        before = await person.wallet()
        path = f"/api/v1/readings/{(await person.start()).json()['id']}"
        await person.post(f"{path}/draw", json={"picks": [1, 2, 3]})
        assert (await person.delete(path)).status_code == 204
        assert (await person.get("/api/v1/readings")).json()["items"] == []
        async with open_worker(api.settings):
            while True:
                async with api_database(api) as connection:
                    if not await connection.fetchval("SELECT count(*) FROM readings"):
                        break
                await asyncio.sleep(0.05)
        assert await person.wallet() == {
            **before,
            "balance": before["balance"] - 1,
            "available": before["available"] - 1,
        }


class TestFeedback:
    async def test_the_last_one_wins(self, api: Api, worker: None) -> None:
        person = await api.sign_in()
        reading = await finished_reading(person, "card-of-the-day")
        path = f"/api/v1/readings/{reading['id']}"
        for rating in ("bad", "good"):
            assert (await person.post(f"{path}/feedback", json={"rating": rating})).status_code == 204
        assert (await person.get(path)).json()["rating"] == "good"
        missing = await person.post(
            f"{path}/feedback", json={"rating": "bad", "question_id": "01890a5d-ac96-774b-bcce-b302099a8057"}
        )
        assert (missing.status_code, missing.json()["error"]) == (404, "question_not_found")


class TestHistory:
    async def test_pages_follow_each_other_without_gaps(self, api: Api) -> None:
        person = await api.sign_in()
        made = [(await person.start("card-of-the-day")).json()["id"] for _ in range(5)]
        seen: list[str] = []
        cursor: str | None = None
        while True:
            query = f"?limit=2{f'&cursor={cursor}' if cursor else ''}"
            page = (await person.get(f"/api/v1/readings{query}")).json()
            seen += [item["id"] for item in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert seen == made[::-1]
