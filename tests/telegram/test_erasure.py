"""A person who leaves takes his messages with him; nobody else's go."""

from app.users.init_data import TelegramPerson
from app.users.repository import UserRepository
from tests.conftest import Api
from tests.telegram.conftest import inspect_and_keep, message


async def test_kept_updates_go_with_the_person(api: Api) -> None:
    luna = await api.sign_in("luna", telegram_id=77)
    await api.sign_in("verbena", telegram_id=77)
    async with api.database.transaction() as connection:
        ids = {
            row["slug"]: (row["id"], row["bot_id"])
            for row in await connection.fetch("SELECT id, slug, bot_id FROM projects")
        }
        for slug, chat, update_id in (("luna", 77, 1), ("luna", 78, 2), ("verbena", 77, 3)):
            project_id, bot_id = ids[slug]
            await inspect_and_keep(connection, project_id, bot_id, message(update_id, "моя тайна", chat=chat))
        await UserRepository(connection, ids["luna"][0]).see(TelegramPerson(78, "Вера"), language="ru")
    answer = await luna.request("DELETE", "/api/v1/me", json={"confirm": True})
    assert answer.status_code == 200, answer.text
    async with api.database.connection() as connection:
        left = await connection.fetch("SELECT update_id FROM telegram_updates ORDER BY update_id")
    assert [row["update_id"] for row in left] == [2, 3]
