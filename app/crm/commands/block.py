"""`/block` and `/unblock`: shutting a person out, with a reason, and letting him in again."""

from uuid import UUID

from aiogram import Router
from aiogram.filters import CommandObject
from aiogram.methods import SendMessage
from aiogram.types import Message
from redis.asyncio import Redis

from app.crm.audit import record
from app.crm.commands.scope import Scope, StaffCommand
from app.crm.commands.target import target
from app.crm.roles import Role
from app.crm.told import tell
from app.kit.database import Connection, Database
from app.locales import html
from app.notifications.service import notify
from app.readings.generations import GenerationRepository
from app.readings.transcripts import call_readers
from app.users.repository import UserRepository

REASON_CHARACTERS = 500


def router() -> Router:
    router = Router(name="commands.block")
    router.message.register(block, StaffCommand("block"), flags={"role": Role.MANAGER})
    router.message.register(unblock, StaffCommand("unblock"), flags={"role": Role.MANAGER})
    return router


async def block(
    message: Message, scope: Scope, command: CommandObject, database: Database, redis: Redis
) -> SendMessage:
    """What he reads ends, every request is refused; what is being written for him is finished and kept."""
    async with database.transaction() as connection:
        who = await target(connection, scope, message, command.args)
        if who.client is None:
            return message.reply(who.refusal)
        client, reason = who.client, who.rest[:REASON_CHARACTERS]
        if not reason:
            return message.reply(html(scope.language, "block.reason_needed"))
        user = await UserRepository(connection, client.project_id).get(client.id, lock="UPDATE")
        if user is None or user.state != "active":
            return message.reply(html(scope.language, "block.already", name=client.name))
        await UserRepository(connection, client.project_id).update(client.id, {"state": "blocked"})
        await _record(connection, scope, "user.block", client.project_id, user.id, reason)
        await _tell(connection, client.project_id, user.id, event="blocked", key="block.told")
        generations = await GenerationRepository(connection).open_of_user(
            project_id=client.project_id, user_id=client.id
        )
    await call_readers(redis, project_id=client.project_id, generation_ids=generations)
    return message.reply(html(scope.language, "block.done", name=client.name, reason=reason))


async def unblock(message: Message, scope: Scope, command: CommandObject, connection: Connection) -> SendMessage:
    who = await target(connection, scope, message, command.args)
    if who.client is None:
        return message.reply(who.refusal)
    client, reason = who.client, who.rest[:REASON_CHARACTERS]
    user = await UserRepository(connection, client.project_id).get(client.id, lock="UPDATE")
    if user is None or user.state != "blocked":
        return message.reply(html(scope.language, "unblock.already", name=client.name))
    await UserRepository(connection, client.project_id).update(client.id, {"state": "active"})
    await _record(connection, scope, "user.unblock", client.project_id, user.id, reason)
    await _tell(connection, client.project_id, user.id, event="unblocked", key="unblock.told")
    return message.reply(html(scope.language, "unblock.done", name=client.name))


async def _tell(connection: Connection, project_id: int, user_id: UUID, *, event: str, key: str) -> None:
    """At once in the chat, quiet hours or not: every request of his is answered differently from now on."""
    await tell(connection, project_id=project_id, user_id=user_id, key=key)
    await notify(
        connection, project_id=project_id, user_id=user_id, kind="account", values={"event": event}, by_bot=False
    )


async def _record(
    connection: Connection, scope: Scope, action: str, project_id: int, user_id: UUID, reason: str
) -> None:
    await record(
        connection,
        project_id=project_id,
        actor=scope.actor,
        action=action,
        user_id=user_id,
        details={"reason": reason} if reason else {},
    )
