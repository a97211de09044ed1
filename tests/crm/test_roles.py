"""Who may do what in a staff group, by what Telegram says of him."""

from typing import Any

import pytest
from aiogram import Bot, Router
from aiogram.exceptions import TelegramServerError
from aiogram.types import Message
from redis.asyncio import Redis

from app.catalogue.library import Project
from app.crm.filters import HasRole, InStaffGroup
from app.crm.groups import StaffGroup
from app.crm.middlewares import know_staff
from app.crm.roles import Role, Roles
from app.settings import Settings
from tests.crm.conftest import FAST, Connect
from tests.telegram.conftest import LUNA, VERBENA, Desk, Office

SUPER_ADMIN = 42


@pytest.fixture
def roles(redis: Redis, settings: Settings) -> Roles:
    return Roles(redis, settings.model_copy(update={"super_admins": (SUPER_ADMIN,)}))


class TestRoles:
    @pytest.mark.parametrize(
        ("status", "rights", "expected"),
        [
            ("creator", None, Role.MANAGER),
            ("administrator", None, Role.MANAGER),
            ("member", None, Role.STAFF),
            ("restricted", {"can_send_messages": True}, Role.STAFF),
            ("restricted", {"can_send_messages": False}, Role.NONE),
            ("left", None, Role.NONE),
            ("kicked", None, Role.NONE),
        ],
    )
    async def test_telegram_says_who_somebody_is(
        self, desk: Desk, bot: Bot, group: StaffGroup, roles: Roles, status: str, rights: Any, expected: Role
    ) -> None:
        await desk.member(group.chat_id, 7, status, **({"rights": rights} if rights else {}))
        assert await roles.role(bot, group, 7) == expected

    async def test_a_stranger_is_nobody_and_a_super_admin_is_one_everywhere(
        self, desk: Desk, bot: Bot, group: StaffGroup, roles: Roles
    ) -> None:
        assert await roles.role(bot, group, 8) == Role.NONE
        assert await roles.role(bot, None, 1) == Role.NONE
        assert await roles.role(bot, group, SUPER_ADMIN) == await roles.role(bot, None, SUPER_ADMIN) == Role.SUPER_ADMIN

    async def test_the_answer_is_remembered_for_a_minute_and_forgotten_on_demand(
        self, desk: Desk, bot: Bot, group: StaffGroup, roles: Roles, redis: Redis
    ) -> None:
        await desk.member(group.chat_id, 7)
        assert await roles.role(bot, group, 7) == Role.STAFF
        await desk.member(group.chat_id, 7, "left")
        assert await roles.role(bot, group, 7) == Role.STAFF
        (name,) = await redis.keys("arcana:crm:role:*")
        assert 50 < await redis.ttl(name) <= 60
        await roles.forget(group, 7)
        assert await roles.role(bot, group, 7) == Role.NONE

    async def test_when_telegram_cannot_be_asked_nobody_is_anybody(
        self, desk: Desk, bot: Bot, group: StaffGroup, roles: Roles
    ) -> None:
        await desk.fault(method="getChatMember", status=502)
        with pytest.raises(TelegramServerError):
            await roles.role(bot, group, 1)
        assert await roles.role(bot, group, SUPER_ADMIN) == Role.SUPER_ADMIN

    async def test_a_bot_that_was_put_out_knows_nobody(
        self, desk: Desk, bot: Bot, group: StaffGroup, roles: Roles
    ) -> None:
        await desk.order("bot-rights", chat=group.chat_id, bot=LUNA, status="kicked")
        assert await roles.role(bot, group, 1) == Role.NONE


class TestHandlers:
    """A handler for the staff and one for managers, as features write them."""

    def routers(self, seen: list[tuple[str, Any, Role]]) -> list[Router]:
        root, staff = Router(name="root"), Router(name="staff")
        know_staff(root)
        root.include_router(staff)
        staff.message.filter(InStaffGroup())

        async def managers_only(message: Message, staff: StaffGroup, role: Role) -> None:
            seen.append(("manager", staff.project_id, role))

        async def for_all(message: Message, staff: StaffGroup, role: Role) -> None:
            seen.append(("staff", staff.project_id, role))

        staff.message.register(managers_only, HasRole(Role.MANAGER))
        staff.message.register(for_all)
        return [root]

    async def hear(self, office: Office, desk: Desk, project: Project, said: dict[str, Any]) -> list[Any]:
        seen: list[Any] = []
        bots = office.bots(rates=FAST, routers=self.routers(seen))
        assert project.bot is not None
        update = {"update_id": 900 + said["message"]["message_id"], "message": said["message"]}
        await office.keep(project, update)
        await office.worker(bots).run(
            project_id=project.id,
            bot_id=project.bot.id,
            chat_id=said["message"]["chat"]["id"],
            update_id=update["update_id"],
        )
        return seen

    async def test_each_by_his_role(self, office: Office, desk: Desk, luna: Project, group: StaffGroup) -> None:
        await desk.member(group.chat_id, 7)
        said = await desk.write(group.chat_id, "всем")
        assert await self.hear(office, desk, luna, said) == [("manager", luna.id, Role.MANAGER)]
        said = await desk.write(group.chat_id, "всем", user=7)
        assert await self.hear(office, desk, luna, said) == [("staff", luna.id, Role.STAFF)]

    async def test_whoever_was_put_out_meanwhile_is_not_heard(
        self, office: Office, desk: Desk, luna: Project, group: StaffGroup
    ) -> None:
        await desk.member(group.chat_id, 7)
        said = await desk.write(group.chat_id, "всем", user=7)
        await desk.member(group.chat_id, 7, "kicked")
        assert await self.hear(office, desk, luna, said) == []

    async def test_a_member_of_one_group_can_do_nothing_in_the_other(
        self,
        office: Office,
        desk: Desk,
        luna: Project,
        verbena: Project,
        group: StaffGroup,
        connect: Connect,
    ) -> None:
        other = await connect(verbena, await desk.group(VERBENA, owner=2))
        await desk.order("bot-rights", chat=other.chat_id, bot=LUNA, status="administrator")
        # The owner of Verbena's group speaks there, and Luna's bot hears it.
        said = await desk.write(other.chat_id, "всем", user=2)
        assert await self.hear(office, desk, luna, said) == []
        assert await self.hear(office, desk, verbena, said) == [("manager", verbena.id, Role.MANAGER)]

    async def test_a_group_that_is_connected_to_nothing_is_not_heard(
        self, office: Office, desk: Desk, luna: Project
    ) -> None:
        chat = await desk.group(LUNA)
        assert await self.hear(office, desk, luna, await desk.write(chat, "всем")) == []
