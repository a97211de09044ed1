"""Who gets it and when: segments, opt-out, quiet hours, everybody's own clock; and what managers write."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from aiogram.types import Message

from app.broadcasts.dialogue import Misunderstood, read_buttons, read_moment, read_version
from app.broadcasts.panel import toggled
from app.broadcasts.recipients import count
from app.broadcasts.schedule import LocalTime, Now
from app.broadcasts.segments import CRITERIA, Segment, stored
from app.wallet.service import wallet
from tests.broadcasts.conftest import Studio, add_people
from tests.telegram.conftest import LUNA

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


class TestSegments:
    async def counted(self, studio: Studio, **segment: Any) -> int:
        async with studio.database.connection() as connection:
            languages = await count(
                connection, project_id=studio.project.id, bot_id=LUNA, segment=stored(Segment(**segment))
            )
        return sum(languages.values())

    async def test_each_criterion(self, studio: Studio) -> None:
        ids = await add_people(studio.database, studio.project.id, range(100, 110))
        await add_people(studio.database, studio.project.id, range(110, 113), language="en")
        async with studio.database.transaction() as connection:
            await connection.execute(
                "UPDATE users SET last_seen_at = now() - interval '40 days', source = 'spring' WHERE telegram_id < 104"
            )
            await connection.execute(
                "INSERT INTO wallets (project_id, user_id, unit) SELECT project_id, id, 'readings' FROM users"
            )
            await wallet.credit(
                connection,
                project_id=studio.project.id,
                user_id=ids[0],
                unit="readings",
                amount=5,
                kind="gift",
                key="k",
            )
        expected: list[tuple[int, dict[str, Any]]] = [
            (13, {}), (3, {"languages": ["en"]}), (13, {"languages": ["ru", "en"]}), (4, {"sources": ["spring"]}),
            (9, {"seen_within_days": 30}), (4, {"unseen_for_days": 30}), (0, {"readings_min": 1}),
            (13, {"readings_max": 0}), (1, {"balance_min": 5}), (12, {"balance_max": 4}),
            (0, {"balance_min": 1, "languages": ["en"]}),
        ]  # fmt: skip
        assert {name for _, criteria in expected for name in criteria} == {one.name for one in CRITERIA}
        for people, criteria in expected:
            assert await self.counted(studio, **criteria) == people, criteria

    async def test_only_who_may_be_written_to(self, studio: Studio) -> None:
        ids = await add_people(studio.database, studio.project.id, range(100, 110))
        async with studio.database.transaction() as connection:
            await connection.execute("UPDATE users SET state = 'blocked' WHERE telegram_id = 100")
            await connection.execute(
                "INSERT INTO telegram_departures (bot_id, chat_id, project_id, reason) VALUES ($1, 101, $2, 'x')",
                LUNA, studio.project.id,
            )  # fmt: skip
            await connection.execute(
                "INSERT INTO notification_preferences VALUES ($1, $2, 'news', false)",
                studio.project.id, ids[2],
            )  # fmt: skip
        assert await self.counted(studio) == 7

    async def test_whoever_leaves_after_the_start_is_skipped(self, studio: Studio) -> None:
        ids = await studio.people(range(100, 104))
        broadcast_id = await studio.sent()
        async with studio.database.transaction() as connection:
            await connection.execute(
                "INSERT INTO notification_preferences VALUES ($1, $2, 'news', false)",
                studio.project.id, ids[0],
            )  # fmt: skip
            await connection.execute("UPDATE users SET state = 'blocked' WHERE telegram_id = 101")
        async with studio.sending():
            await studio.until(broadcast_id)
        run = await studio.check_counters(broadcast_id)
        assert (run.sent, run.skipped) == (2, 2)
        rows = await studio.rows(broadcast_id)
        assert (rows[100]["error"], rows[101]["error"]) == ("switched news off", "not here any more")

    def test_buttons_of_the_panel(self) -> None:
        segment = toggled(toggled({}, "lru"), "len")
        assert segment == {"languages": ["en", "ru"]}
        assert toggled(toggled(segment, "lru"), "len") == {}
        assert toggled(toggled({}, "w7"), "o90") == {"unseen_for_days": 90}
        assert toggled(toggled({}, "r1"), "r1") == {}
        assert toggled({}, "nonsense") == {}


class TestWhen:
    async def place(self, studio: Studio, zone: str, number: int, *, quiet: tuple[str, str] | None) -> None:
        (user_id,) = await add_people(studio.database, studio.project.id, [number])
        async with studio.database.transaction() as connection:
            await connection.execute("UPDATE users SET timezone = $2 WHERE id = $1", user_id, zone)
            if quiet is not None:
                await connection.execute(
                    "UPDATE notification_settings SET quiet_from = $2::text::time, quiet_until = $3::text::time"
                    " WHERE user_id = $1",
                    user_id, *quiet,
                )  # fmt: skip

    async def test_everybody_at_the_time_of_his_own_clock(self, studio: Studio) -> None:
        zones = {1: "Asia/Vladivostok", 2: "Europe/Moscow", 3: "America/New_York", 4: "No/Where"}
        for number, zone in zones.items():
            await self.place(studio, zone, number, quiet=None)
        wall = (datetime.now(UTC) + timedelta(days=2)).replace(hour=15, minute=30, second=0, microsecond=0, tzinfo=None)
        broadcast_id = await studio.draft()
        plan = LocalTime(kind="local_time", local_time=f"{wall:%Y-%m-%dT%H:%M}")
        started = await studio.start(broadcast_id, plan, begin=False)
        # It begins when the first zone of the earth is there, and not before.
        assert started.state == "scheduled"
        assert started.begin_at == wall.replace(tzinfo=UTC) - timedelta(hours=14)
        await self.hurry(studio, broadcast_id)
        rows = await studio.rows(broadcast_id)
        for number, zone in zones.items():
            known = ZoneInfo(zone) if number < 4 else UTC
            assert rows[number]["send_at"] == wall.replace(tzinfo=known), zone

    async def hurry(self, studio: Studio, broadcast_id: UUID) -> None:
        async with studio.database.connection() as connection:
            await connection.execute("UPDATE broadcasts SET state = 'counting' WHERE id = $1", broadcast_id)
        await studio.begin(broadcast_id)

    async def test_quiet_hours_are_waited_for_but_not_for_ever(self, studio: Studio, desk: Any) -> None:
        now = datetime.now(UTC)
        begun, soon, late = (f"{now + timedelta(hours=hours):%H:%M}" for hours in (-1, 2, 6))
        await studio.people([1, 2, 3])
        async with studio.database.connection() as connection:
            for number, end in ((2, soon), (3, late)):
                await connection.execute(
                    "UPDATE notification_settings s SET quiet_from = $2::text::time, quiet_until = $3::text::time"
                    " FROM users u WHERE u.id = s.user_id AND u.telegram_id = $1",
                    number, begun, end,
                )  # fmt: skip
        broadcast_id = await studio.draft()
        await studio.start(broadcast_id, Now(quiet_wait_hours=4))
        async with studio.sending():
            await studio.until(broadcast_id, lambda _, run: run.sent == 1)
        rows = await studio.rows(broadcast_id)
        assert {number: row["state"] for number, row in rows.items()} == {1: "sent", 2: "pending", 3: "skipped"}
        assert timedelta(hours=1) < rows[2]["send_at"] - now <= timedelta(hours=2)
        assert rows[3]["error"] == "quiet for too long"
        assert (await studio.read(broadcast_id))[0].state == "sending"


class TestWords:
    def message(self, **content: Any) -> Message:
        return Message.model_validate({"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private"}, **content})

    def test_formatting_is_kept_and_escaped(self) -> None:
        bold = [{"type": "bold", "offset": 0, "length": 5}]
        read = read_version(self.message(text="Новый <расклад>", entities=bold), bot_id=LUNA, former=None)
        assert read["text"] == "<b>Новый</b> &lt;расклад&gt;"
        photo = [{"file_id": name, "file_unique_id": name, "width": 1, "height": 1} for name in ("small", "large")]
        former = {"text": "x", "buttons": [[{"text": "a", "app": ""}]]}
        read = read_version(self.message(photo=photo, caption="Весна"), bot_id=LUNA, former=former)
        assert read["media"] == {"kind": "photo", "file_id": "large", "bot_id": LUNA}
        assert read["buttons"] == former["buttons"]
        with pytest.raises(Misunderstood):
            read_version(self.message(dice={"emoji": "🎲", "value": 1}), bot_id=LUNA, former=None)
        with pytest.raises(Misunderstood):
            read_version(self.message(photo=photo, caption="я" * 1025), bot_id=LUNA, former=None)

    def test_buttons(self) -> None:
        assert read_buttons("О нас - tarot.example\nДа - приложение | Что - где - https://a.example/b-c") == [
            [{"text": "О нас", "url": "https://tarot.example"}],
            [{"text": "Да", "app": ""}, {"text": "Что - где", "url": "https://a.example/b-c"}],
        ]
        assert read_buttons("-") == []
        with pytest.raises(Misunderstood):
            read_buttons("просто слова")

    def test_moments(self) -> None:
        wall, zone = read_moment("25.11 18:00", zone="Europe/Moscow", now=NOON)
        assert (wall, zone) == (datetime(2026, 11, 25, 18, 0), "Europe/Moscow")  # noqa: DTZ001  # what a clock on the wall shows
        assert read_moment("25.11 14:00", zone="Europe/Moscow", now=NOON)[0].year == 2027
        assert read_moment("1.3.2027, 9:05 Asia/Tokyo", zone="UTC", now=NOON)[1] == "Asia/Tokyo"
        for wrong in ("31.02 10:00", "25.11 25:00", "завтра", "25.11 18:00 Mars/Base", "29.02.2027 10:00"):
            with pytest.raises(Misunderstood):
                read_moment(wrong, zone="UTC", now=NOON)
