"""Parts of a running installation fail: super-admins hear of it once, and once when it is over."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from pydantic import SecretStr

from app.alerts.ledger import Pace
from app.alerts.watch import installation
from app.kit import telemetry
from app.settings import Settings
from tests.alerts.conftest import ADMIN, OTHER_ADMIN, SPARE_BOT, Phone, with_alerts
from tests.conftest import Api, open_api
from tests.faults.conftest import Weather
from tests.telegram.conftest import LUNA, Desk, token
from tests.weather import running


async def break_wallets(api: Api) -> None:
    async with api.database.connection() as connection:
        await connection.execute("ALTER TABLE wallets RENAME TO wallets_away")


async def mend_wallets(api: Api) -> None:
    async with api.database.connection() as connection:
        await connection.execute("ALTER TABLE wallets_away RENAME TO wallets")


class TestStart:
    async def test_whoever_has_just_started_says_nothing_of_the_silence_before(self, api: Api) -> None:
        pace = Pace()
        async with api.database.connection() as connection:
            await connection.execute(
                "INSERT INTO process_beats (kind, beaten_at) VALUES ('worker', now() - interval '9 hours')"
            )
            early = await installation(connection, api.settings, pace, running_for=timedelta(seconds=1))
            later = await installation(connection, api.settings, pace, running_for=pace.dead_after)
            await connection.execute("UPDATE process_beats SET beaten_at = now()")
            well = await installation(connection, api.settings, pace, running_for=timedelta(seconds=1))
        # Neither broken nor well: what was told before the start is not over either.
        assert "worker" not in early
        assert later["worker"] == {"silent_seconds": 9 * 3600}
        assert well["worker"] is None


class TestErrors:
    async def test_a_fault_is_told_once_and_once_when_it_is_over(
        self, weather: Weather, desk: Desk, phone: Phone
    ) -> None:
        async with open_api(with_alerts(weather.calm, desk, alert_patience_seconds=0.3)) as api:
            person = await api.sign_in()
            await break_wallets(api)
            asked = [await person.get("/api/v1/me") for _ in range(7)]
            await mend_wallets(api)
            assert {answer.status_code for answer in asked} == {500}
            [first] = await phone.rings(1)
            assert first.startswith('🔴 unexpected failure\nUndefinedTableError: relation "wallets" does not exist')
            assert "app/users/repository.py:" in first
            assert asked[0].headers["x-request-id"] in first
            assert "api@" in first
            assert "./entrypoint.sh doctor" in first
            _, over = await phone.rings(2)
            assert over.startswith("🟢 Over: unexpected failure\n7 times since ")
        assert len(await phone.messages()) == 2

    async def test_secrets_stay_inside(self, weather: Weather, desk: Desk, phone: Phone) -> None:
        async with open_api(with_alerts(weather.calm, desk)):
            telemetry.get_logger("app.test").error(
                "call failed", address="https://user:pass@store.example/x", key="Bearer abc.def", reason=token(LUNA)
            )
            try:
                raise ValueError("Bearer abcdefghijk was refused")
            except ValueError:
                telemetry.get_logger("app.test").exception("another call failed")
            said = "\n".join(await phone.rings(2))
        assert "pass@" not in said
        assert "abc.def" not in said
        assert "abcdefghijk" not in said
        assert "[secret]" in said

    async def test_a_flood_of_causes_is_one_message(self, weather: Weather, desk: Desk, phone: Phone) -> None:
        async with open_api(with_alerts(weather.calm, desk)):
            for word in ("one", "two", "three", "four", "five"):
                telemetry.get_logger("app.test").error(f"{word} is broken")
            [said] = await phone.rings(1)
            assert said.startswith("5 pieces of news about faults at once\n🔴 one is broken\n🔴 two is broken")
            await phone.stays_quiet(1, seconds=1)

    async def test_two_processes_tell_one_fault_once(self, weather: Weather, desk: Desk, phone: Phone) -> None:
        settings = with_alerts(weather.calm, desk)
        async with open_api(settings), open_api(settings):
            # Both hear the same line, as if each had met the same fault.
            telemetry.get_logger("app.test").error("both met it")
            [said] = await phone.rings(1)
            assert "both met it" in said
            await phone.stays_quiet(1)

    async def test_nobody_to_tell_nothing_to_do(self, weather: Weather, desk: Desk) -> None:
        before = len(telemetry.listeners)
        async with open_api(with_alerts(weather.calm, desk, super_admins=())):
            assert len(telemetry.listeners) == before


class TestAway:
    @pytest.mark.parametrize("kind", ["gone", "frozen"])
    @pytest.mark.parametrize("part", ["redis", "postgres"])
    async def test_two_processes_tell_it_once_and_its_end_once(
        self, weather: Weather, stormy_settings: Settings, phone: Phone, part: str, kind: str
    ) -> None:
        proxy = getattr(weather, part)
        async with open_api(stormy_settings), open_api(stormy_settings):
            await asyncio.sleep(0.5)
            proxy.refuse() if kind == "gone" else proxy.freeze()
            [said] = await phone.rings(1)
            name = "Redis" if part == "redis" else "Postgres"
            assert said.startswith(f"🔴 {name} does not answer\napi@")
            await phone.stays_quiet(1)
            await proxy.open()
            proxy.thaw()
            _, over = await phone.rings(2)
            assert over.startswith(f"🟢 Over: {name} does not answer\nbegan ")
            await phone.stays_quiet(2)

    async def test_it_arrives_with_everything_away_at_once(
        self, weather: Weather, stormy_settings: Settings, phone: Phone
    ) -> None:
        async with open_api(stormy_settings):
            await asyncio.sleep(0.5)
            weather.redis.refuse()
            weather.postgres.freeze()
            said = await phone.rings(2)
            assert sorted(text.split("\n")[0] for text in said) == [
                "🔴 Postgres does not answer",
                "🔴 Redis does not answer",
            ]
            # Errors get through as well.
            telemetry.get_logger("app.test").error("in the middle of it")
            assert (await phone.rings(3))[2].startswith("🔴 in the middle of it")
            await weather.redis.open()
            weather.postgres.thaw()
            await phone.rings(5)


class TestProcesses:
    async def test_a_killed_worker_is_told_and_its_successor_too(
        self, weather: Weather, desk: Desk, phone: Phone
    ) -> None:
        settings = with_alerts(weather.calm, desk, alert_patience_seconds=1.0)
        async with open_api(settings):
            async with running(weather.forked(settings)) as worker:
                await asyncio.sleep(1.5)
                assert await phone.messages() == []
                await worker.kill()
                [said] = await phone.rings(1)
                assert said.startswith("🔴 No worker gives a sign of life")
                assert "./entrypoint.sh worker" in said
                await phone.stays_quiet(1)
            async with running(weather.forked(settings)):
                _, over = await phone.rings(2)
                assert over.startswith("🟢 Over: No worker gives a sign of life")
                await phone.stays_quiet(2)

    async def test_when_all_api_processes_are_gone_a_worker_tells(
        self, weather: Weather, desk: Desk, phone: Phone
    ) -> None:
        settings = with_alerts(weather.calm, desk, alert_patience_seconds=1.0)
        async with running(weather.forked(settings)):
            async with open_api(settings):
                await asyncio.sleep(1.5)
            [said] = await phone.rings(1)
            assert said.startswith("🔴 No API process gives a sign of life\nworker@")
            async with open_api(settings):
                _, over = await phone.rings(2)
                assert over.startswith("🟢 Over: No API process gives a sign of life")


class TestState:
    async def test_updates_put_aside_and_a_queue_that_stands(self, weather: Weather, desk: Desk, phone: Phone) -> None:
        async with open_api(with_alerts(weather.calm, desk, alert_patience_seconds=0.2)) as api:
            async with api.database.connection() as connection:
                project_id = await connection.fetchval("SELECT min(id) FROM projects")
                await connection.execute(
                    """
                    INSERT INTO telegram_updates (bot_id, update_id, project_id, payload, state, done_at)
                    VALUES (1, 1, $1, '{}', 'failed', now())
                    """,
                    project_id,
                )
            [said] = await phone.rings(1)
            assert said.startswith("🔴 Updates of bots were put aside: they could not be worked on")
            assert "bots: 1 · updates: 1" in said
            async with api.database.connection() as connection:
                await connection.execute(
                    """
                    INSERT INTO pgqueuer (priority, created, updated, heartbeat, execute_after, status, entrypoint)
                    SELECT 0, moment, moment, moment, moment, 'queued', 'nobody.works'
                    FROM (SELECT now() - interval '1 minute') AS old (moment)
                    """
                )
            said = (await phone.rings(2))[1]
            assert said.startswith("🔴 Jobs wait in the queue for long")
            async with api.database.connection() as connection:
                await connection.execute("DELETE FROM pgqueuer")
                await connection.execute("DELETE FROM telegram_updates")
            overs = (await phone.rings(4))[2:]
            assert all(text.startswith("🟢 Over: ") for text in overs)


class TestTelegram:
    async def test_429_is_obeyed(self, weather: Weather, desk: Desk, phone: Phone) -> None:
        await desk.fault(method="sendMessage", status=429, retry_after=1)
        async with open_api(with_alerts(weather.calm, desk)):
            telemetry.get_logger("app.test").error("wait for it")
            await phone.rings(1)
        outcomes = [call["outcome"] for call in await desk.calls("sendMessage")]
        assert outcomes == [429, 200]

    async def test_who_has_not_pressed_start_does_not_stop_the_others(
        self, weather: Weather, desk: Desk, phone: Phone
    ) -> None:
        async with open_api(with_alerts(weather.calm, desk, super_admins=(OTHER_ADMIN, ADMIN))):
            telemetry.get_logger("app.test").error("for both")
            [said] = await phone.rings(1)
        assert "for both" in said

    async def test_a_revoked_bot_is_replaced_by_the_first_projects(
        self, weather: Weather, desk: Desk, phone: Phone
    ) -> None:
        settings = with_alerts(weather.calm, desk, alert_bot_token=SecretStr(token(SPARE_BOT, "revoked")))
        async with open_api(settings) as api:
            project = next(iter(api.services.catalogue.library().live_projects))
            assert project.bot is not None
            body = {"token": project.bot.token.get_secret_value(), "username": project.bot.username}
            assert (await desk.client.post("/sandbox/bots", json=body)).status_code == 201
            await desk.say(project.bot.id, "/start", user=ADMIN)
            telemetry.get_logger("app.test").error("heard all the same")
            [said] = await phone.rings(1, bot=project.bot.id)
        assert "heard all the same" in said

    async def test_last_words_of_a_process_that_ends_arrive(self, weather: Weather, desk: Desk, phone: Phone) -> None:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(open_api(with_alerts(weather.calm, desk, alert_patience_seconds=30)))
            telemetry.get_logger("app.test").critical("this was all")
        assert "this was all" in (await phone.messages())[0]

    async def test_in_russian(self, weather: Weather, desk: Desk, phone: Phone) -> None:
        async with open_api(with_alerts(weather.calm, desk, alert_language="ru")):
            telemetry.get_logger("app.test").error("сломалось", request_id="abc-123")
            [said] = await phone.rings(1)
        assert "запрос abc-123" in said
        assert "→ Найдите в журнале" in said
