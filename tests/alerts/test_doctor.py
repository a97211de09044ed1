"""The doctor says in daylight whether an alert would arrive in the night."""

from typing import Any

import pytest
from pydantic import SecretStr

from app.doctor import Finding
from app.doctor.alerts import alerts
from app.doctor.findings import Patient
from app.kit.database import Database
from app.settings import Settings
from tests.telegram.conftest import LUNA, Desk, token
from tests.test_doctor import project, store_document

ADMIN, OTHER_ADMIN = 4242, 4343


async def examined(settings: Settings, database: Database, desk: Desk, **changes: Any) -> list[Finding]:
    values: dict[str, Any] = {"telegram_api_url": desk.url, "super_admins": (ADMIN,)}
    patient = Patient(settings.model_copy(update={**values, **changes}))
    patient.database = database
    return await alerts(patient)


OWN = {"alert_bot_token": SecretStr(token(LUNA))}


class TestAlerts:
    async def test_each_super_admin_who_pressed_start_is_reached(
        self, settings: Settings, database: Database, desk: Desk
    ) -> None:
        await desk.say(LUNA, "/start", user=ADMIN)
        [well] = await examined(settings, database, desk, **OWN)
        assert (well.level, well.text) == ("ok", f"@bot_{LUNA} reaches 1 super-admins")
        [ill] = await examined(settings, database, desk, **OWN, super_admins=(ADMIN, OTHER_ADMIN))
        assert (ill.level, ill.text) == ("broken", f"@bot_{LUNA} cannot write to super-admin {OTHER_ADMIN}")
        assert "press Start" in ill.advice

    async def test_nobody_to_tell(self, settings: Settings, database: Database, desk: Desk) -> None:
        [calm] = await examined(settings, database, desk, super_admins=())
        assert calm.level == "ok"
        [told] = await examined(settings, database, desk, super_admins=(), demo=False)
        assert (told.level, told.text) == ("warning", "nobody is told when something breaks")

    async def test_no_bot_and_a_refused_one(self, settings: Settings, database: Database, desk: Desk) -> None:
        [none] = await examined(settings, database, desk, demo=False)
        assert (none.level, none.text) == ("broken", "there are super-admins, but no bot to tell them")
        refused = SecretStr(token(LUNA, "revoked"))
        [ill] = await examined(settings, database, desk, alert_bot_token=refused)
        assert ill.level == "broken"
        assert "refuses the bot's token" in ill.text
        assert "SANDBOX" not in ill.text + ill.advice

    async def test_the_first_projects_bot_is_second_best(
        self, settings: Settings, database: Database, desk: Desk
    ) -> None:
        await store_document(database, project(settings, "luna", token="1234567890:" + "SANDBOX" + "Ab" * 14))
        found = await examined(settings, database, desk, demo=False)
        assert found[0].level == "warning"
        assert "known only while the catalogue is" in found[0].text

    @pytest.mark.parametrize("address", ["http://127.0.0.1:9", "http://[broken"])
    async def test_telegram_away(self, settings: Settings, database: Database, desk: Desk, address: str) -> None:
        [found] = await examined(settings, database, desk, **OWN, telegram_api_url=address)
        assert (found.level, found.text) == ("warning", "Telegram did not answer about their bot")
