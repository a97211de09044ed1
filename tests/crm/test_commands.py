"""Staff commands through the desk: in the group by role, and a super-admin's over all projects in private."""

from collections.abc import AsyncIterator

import pytest

from app.settings import Settings
from tests.crm.crew import MEMBER, OWNER, Crew, opened
from tests.telegram.conftest import Desk


@pytest.fixture
async def crew(stocked_settings: Settings, desk: Desk) -> AsyncIterator[Crew]:
    async with opened(stocked_settings, desk) as crew:
        yield crew


class TestRoles:
    async def test_everybody_is_told_who_he_is_in_the_groups_language(self, crew: Crew) -> None:
        assert "управляющий" in (await crew.command("/whoami", user=OWNER))["text"]
        assert "сотрудник" in (await crew.command("/whoami", user=MEMBER))["text"]
        assert "manager" in (await crew.command("/whoami", user=OWNER, slug="verbena"))["text"]
        assert "супер" in (await crew.private("/whoami"))["text"]

    @pytest.mark.parametrize(
        "text", ["/block 900 спам", "/unblock 900", "/credit 900 3 readings x", "/stats", "/promo off", "/audit",
                 "/templates add a b"]
    )  # fmt: skip
    async def test_staff_are_refused_what_is_for_managers_and_nothing_changes(self, crew: Crew, text: str) -> None:
        await crew.meet(900)
        answer = await crew.command(text, user=MEMBER)
        assert answer["text"].startswith("Это могут только управляющие")
        english = await crew.command(text, user=MEMBER, slug="verbena")
        assert english["text"].startswith("Only managers can do this")
        assert await crew.value("SELECT count(*) FROM audit_log") == 0
        assert await crew.value("SELECT state FROM users WHERE telegram_id = 900") == "active"

    async def test_an_unknown_command_is_answered_and_a_strangers_are_not_obeyed(self, crew: Crew) -> None:
        assert "Такой команды нет" in (await crew.command("/nonsense", user=MEMBER))["text"]
        await crew.meet(900)
        # In private nobody but a super-admin commands.
        answer = await crew.private("/block 900 спам", user=900)
        assert "Доступ закрыт" not in answer["text"]
        assert await crew.value("SELECT count(*) FROM audit_log") == 0
