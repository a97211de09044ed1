"""Whoever is shut out stops reading at once; what was being written for him is finished all the same."""

import asyncio
import time

import pytest

from app.readings.generations import GenerationRepository
from app.readings.transcripts import call_readers
from app.users.tokens import Principal
from tests.conftest import Api, Person, open_worker
from tests.readings.test_reading import finished_reading


async def block(api: Api, person: Person) -> None:
    principal: Principal = api.services.tokens.principal(person.session["access_token"])
    async with api.database.transaction() as connection:
        await connection.execute("UPDATE users SET state = 'blocked' WHERE id = $1", principal.user_id)
        generations = await GenerationRepository(connection).open_of_user(
            project_id=principal.project_id, user_id=principal.user_id
        )
    await call_readers(api.services.redis, project_id=principal.project_id, generation_ids=generations)


async def test_a_stream_that_is_open_ends_and_does_not_open_again(api: Api) -> None:
    person = await api.sign_in()
    started = (await person.start("three-cards")).json()
    await person.post(f"/api/v1/readings/{started['id']}/draw", json={"picks": [1, 2, 3]})
    path = f"/api/v1/readings/{started['id']}/interpretation"
    # No worker yet: the stream waits for its first word.
    async with api.client.stream("GET", path, headers=person.headers) as stream:
        assert stream.status_code == 200
        reading = asyncio.create_task(stream.aread())
        await asyncio.sleep(0.5)
        assert not reading.done()
        since = time.monotonic()
        await block(api, person)
        assert await asyncio.wait_for(reading, 3) == b""
        assert time.monotonic() - since < 2
    again = await person.get(path)
    assert (again.status_code, again.json()["error"]) == (403, "user_blocked")
    async with open_worker(api.settings), asyncio.timeout(20), api.database.connection() as connection:
        while await connection.fetchval("SELECT state FROM readings") != "finished":
            await asyncio.sleep(0.1)
        assert await connection.fetchval("SELECT length(text) > 100 FROM generations")
        assert await connection.fetchval("SELECT held FROM wallets WHERE unit = 'readings'") == 0


@pytest.mark.usefixtures("worker")
async def test_every_request_is_refused_and_no_session_is_given(api: Api) -> None:
    person = await api.sign_in()
    reading = await finished_reading(person)
    await block(api, person)
    path = f"/api/v1/readings/{reading['id']}"
    answers = [
        await person.get("/api/v1/me"),
        await person.patch("/api/v1/me", json={"language": "en"}),
        await person.get("/api/v1/readings"),
        await person.start(),
        await person.get(path),
        await person.delete(path),
        await person.post(f"{path}/draw", json={"picks": [1, 2, 3]}),
        await person.post(f"{path}/questions", json={"text": "А дальше?"}, headers={"Idempotency-Key": "blocked-1"}),
        await person.post(f"{path}/feedback", json={"rating": "good"}),
        await person.get(f"{path}/proof"),
        await person.get(f"{path}/interpretation"),
        await person.delete("/api/v1/me", json={"confirm": True}),
        await api.client.post("/api/v1/auth/refresh", json={"refresh_token": person.session["refresh_token"]}),
    ]
    assert [(answer.status_code, answer.json()["error"]) for answer in answers] == [(403, "user_blocked")] * len(
        answers
    )
    with pytest.raises(AssertionError, match="user_blocked"):
        await api.sign_in()
