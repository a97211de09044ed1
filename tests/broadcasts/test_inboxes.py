"""A broadcast stands in the inboxes of those whom it reached: once, as it reads now, until it is taken back."""

from typing import Any
from uuid import UUID

from app.broadcasts.content import Content
from app.broadcasts.notices import values_of
from app.catalogue.library import Project
from tests.broadcasts.conftest import TEXT, Studio, add_people
from tests.telegram.conftest import LUNA, Desk

NEWS = Content.model_validate(
    {
        "ru": {
            "text": "Новый <b>расклад</b> &amp; колода",
            "buttons": [[{"text": "Открыть", "app": "spreads/yes-no/"}]],
        },
        "en": {"text": "A new <i>spread</i>"},
    }
)


async def inboxes(studio: Studio) -> dict[int, dict[str, Any]]:
    """The one notice of each person, by his Telegram id."""
    async with studio.database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT u.telegram_id, n.kind, n.values, n.delivery, n.read_at FROM notifications n
            JOIN users u ON u.project_id = n.project_id AND u.id = n.user_id
            """
        )
    found = {row["telegram_id"]: dict(row) for row in rows}
    assert len(found) == len(rows)
    return found


def test_a_picture_without_words_is_told_by_its_kind() -> None:
    photo = {"ru": {"media": {"kind": "photo", "url": "https://pictures.example/new.jpg"}}}
    assert values_of(Content.model_validate(photo).stored()) == {"ru": {"text": {"ru": ""}, "media": "photo"}}
    long = values_of(Content.model_validate({"ru": {"text": "слово " * 500}}).stored())
    assert len(long["ru"]["text"]["ru"]) <= 300


class TestInboxes:
    async def test_whoever_was_reached_has_his_version_once(self, studio: Studio, desk: Desk, verbena: Project) -> None:
        await studio.people(range(100, 130))
        await studio.people(range(130, 135), language="en")
        await add_people(studio.database, verbena.id, [900])
        await desk.membership(LUNA, "kicked", user=104)
        async with studio.database.connection() as connection:
            await connection.execute("DELETE FROM telegram_departures")
        await desk.fault(method="sendMessage", status=429, retry_after=1, times=2)
        async with studio.sending(processes=2):
            broadcast_id = await studio.sent(NEWS)
            run = await studio.until(broadcast_id)
        assert (run.sent, run.gone) == (34, 1)
        found = await inboxes(studio)
        assert set(found) == set(range(100, 135)) - {104}
        assert found[101]["values"] == {"text": {"ru": "Новый расклад & колода"}, "path": "spreads/yes-no"}
        assert found[131]["values"] == {"text": {"en": "A new spread"}}
        assert {(row["kind"], row["delivery"]) for row in found.values()} == {("news", "none")}

    async def test_what_may_have_arrived_is_not_told(self, studio: Studio, desk: Desk) -> None:
        await studio.people(range(100, 103))
        await desk.fault(method="sendMessage", cut="after", times=1)
        async with studio.sending():
            broadcast_id = await studio.sent()
            await studio.until(broadcast_id)
        states = {number: row["state"] for number, row in (await studio.rows(broadcast_id)).items()}
        assert set(await inboxes(studio)) == {number for number, state in states.items() if state == "sent"}
        assert len(await inboxes(studio)) == 2

    async def test_it_reads_as_it_was_corrected_and_goes_when_it_is_taken_back(
        self, studio: Studio, desk: Desk
    ) -> None:
        await studio.people(range(100, 110))
        async with studio.sending():
            broadcast_id, other = await studio.sent(), await studio.sent()
            await studio.until(broadcast_id)
            await studio.until(other)
            await self.forget(studio, other)
            await self.afterwards(studio, broadcast_id)

    async def forget(self, studio: Studio, broadcast_id: UUID) -> None:
        async with studio.database.connection() as connection:
            await connection.execute("DELETE FROM notifications WHERE dedupe = $1", f"broadcast:{broadcast_id}")

    async def afterwards(self, studio: Studio, broadcast_id: UUID) -> None:
        async with studio.database.connection() as connection:
            await connection.execute("UPDATE notifications SET read_at = now()")
        versions = {language: {"text": f"<i>Правка</i> {language}"} for language in TEXT.versions}
        await studio.do("edit", broadcast_id, Content.model_validate(versions))
        await studio.begin(broadcast_id)
        await studio.until(broadcast_id)
        found = await inboxes(studio)
        assert {row["values"]["text"]["ru"] for row in found.values()} == {"Правка ru"}
        # What was read needs no second reading for a slip of the pen.
        assert all(row["read_at"] for row in found.values())
        async with studio.database.connection() as connection:
            await connection.execute(
                "UPDATE broadcast_recipients SET settled_at = now() - interval '3 days' WHERE telegram_id < 105"
            )
        await studio.do("delete", broadcast_id)
        await studio.begin(broadcast_id)
        await studio.until(broadcast_id)
        # Also those whose message was too old to be deleted.
        assert await inboxes(studio) == {}
