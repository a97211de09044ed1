"""`/credit`: readings or follow-ups as a gift, with a reason that stays in the ledger."""

import re

from aiogram import Bot, Router
from aiogram.filters import CommandObject
from aiogram.methods import SendMessage
from aiogram.types import Message

from app.crm.audit import record
from app.crm.commands.scope import Scope, StaffCommand
from app.crm.commands.target import target
from app.crm.gifts import give
from app.crm.roles import Role
from app.crm.told import tell
from app.kit.database import Connection
from app.locales import html
from app.wallet.balance import Unit
from app.wallet.service import wallet

MOST = 1000
REASON_CHARACTERS = 200
FORM = re.compile(
    r"\+?(?P<amount>\d{1,9})(?:\s+(?P<unit>readings?|follow_ups?|расклад\w*|вопрос\w*))?(?:\s+(?P<reason>.+))?",
    re.IGNORECASE | re.DOTALL,
)


def router() -> Router:
    router = Router(name="commands.credit")
    router.message.register(credit, StaffCommand("credit"), flags={"role": Role.MANAGER})
    return router


async def credit(
    message: Message, scope: Scope, command: CommandObject, bot: Bot, connection: Connection
) -> SendMessage:
    """Once for each message, however often its update is worked on."""
    language = scope.language
    who = await target(connection, scope, message, command.args)
    if who.client is None:
        return message.reply(who.refusal)
    form = FORM.fullmatch(who.rest)
    if form is None or not form["reason"]:
        return message.reply(html(language, "credit.usage"))
    amount, reason = int(form["amount"]), form["reason"].strip()[:REASON_CHARACTERS]
    if not 1 <= amount <= MOST:
        return message.reply(html(language, "credit.amount", most=MOST))
    named = (form["unit"] or "readings").lower()
    unit: Unit = "follow_ups" if named.startswith(("follow", "вопрос")) else "readings"
    client = who.client
    is_new = await give(
        connection,
        project_id=client.project_id,
        user_id=client.id,
        unit=unit,
        amount=amount,
        key=f"staff:{bot.id}:{message.chat.id}:{message.message_id}",
        reason=reason,
        by_bot=False,
    )
    balance = (await wallet.get(connection, project_id=client.project_id, user_id=client.id))[unit].available
    if is_new:
        await record(
            connection,
            project_id=client.project_id,
            actor=scope.actor,
            action="user.credit",
            user_id=client.id,
            details={"amount": amount, "unit": unit, "reason": reason},
        )
        await tell(connection, project_id=client.project_id, user_id=client.id, key=f"credit.told_{unit}", count=amount)
    return message.reply(html(language, f"credit.done_{unit}", count=amount, name=client.name, balance=balance))
