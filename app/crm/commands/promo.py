"""`/promo`: the welcome bonus that newcomers get instead of the catalogue's free readings."""

from datetime import UTC, datetime, timedelta

from aiogram import Router
from aiogram.filters import CommandObject
from aiogram.methods import SendMessage
from aiogram.types import Message

from app.catalogue.library import Project
from app.crm.audit import record
from app.crm.commands.scope import Scope, StaffCommand
from app.crm.roles import Role
from app.kit.clock import utc_now
from app.kit.database import Connection
from app.locales import html
from app.users.welcome import Promotion, PromotionRepository

MOST = 1000


def router() -> Router:
    router = Router(name="commands.promo")
    router.message.register(promo, StaffCommand("promo"), flags={"role": Role.MANAGER})
    return router


def _usage(scope: Scope) -> str:
    return html(scope.language, "promo.usage_everywhere" if scope.everywhere else "promo.usage")


async def promo(message: Message, scope: Scope, command: CommandObject, connection: Connection) -> SendMessage:
    words = (command.args or "").split()
    projects = list(scope.projects)
    if scope.everywhere and words and (named := scope.by_slug(words[0])) is not None:
        projects, words = [named], words[1:]
    if not words:
        lines = [await _standing(connection, scope, project) for project in projects[:30]]
        return message.answer("\n\n".join([html(scope.language, "promo.title"), "\n".join(lines), _usage(scope)]))
    if len(projects) != 1:
        return message.reply(html(scope.language, "promo.which_project"))
    (project,) = projects
    before = await PromotionRepository(connection, project.id).get(lock=True)
    wanted = _parse(words, before or Promotion(enabled=False, amount=project.free_readings, until=None))
    if wanted is None:
        return message.reply(_usage(scope))
    if not 0 <= wanted.amount <= MOST:
        return message.reply(html(scope.language, "promo.amount", most=MOST))
    if wanted.enabled and wanted.until is not None and wanted.until <= utc_now():
        return message.reply(html(scope.language, "promo.past"))
    await PromotionRepository(connection, project.id).put(wanted, by=scope.actor.telegram_id)
    await record(
        connection,
        project_id=project.id,
        actor=scope.actor,
        action="promo.on" if wanted.enabled else "promo.off",
        details={"amount": wanted.amount, "until": wanted.until.date().isoformat() if wanted.until else None},
    )
    return message.reply(await _standing(connection, scope, project))


def _parse(words: list[str], before: Promotion) -> Promotion | None:
    """`off`, or `on [amount] [until]`; the day is the last one, in UTC. None for anything else."""
    verb, *rest = (word.lower() for word in words)
    if verb in ("off", "выкл") and not rest:
        return Promotion(enabled=False, amount=before.amount, until=before.until)
    if verb not in ("on", "вкл"):
        return None
    amount, until = before.amount, None
    if rest and rest[0].isdecimal() and len(rest[0]) < 9:
        amount, rest = int(rest[0]), rest[1:]
    if rest and rest[0] in ("until", "до"):
        rest = rest[1:]
        if len(rest) != 1:
            return None
    if rest:
        until = _day(rest[0])
        if until is None or len(rest) > 1:
            return None
    return Promotion(enabled=True, amount=amount, until=until)


def _day(word: str) -> datetime | None:
    """The end of a day written as 2026-12-31 or 31.12.2026."""
    for form in ("%Y-%m-%d", "%d.%m.%Y"):
        try:
            return datetime.strptime(word, form).replace(tzinfo=UTC) + timedelta(days=1)
        except (ValueError, OverflowError):
            continue
    return None


async def _standing(connection: Connection, scope: Scope, project: Project) -> str:
    language = scope.language
    promotion = await PromotionRepository(connection, project.id).get()
    name = project.text(project.name, language)
    if promotion is None or not promotion.running:
        return html(language, "promo.off", name=name, count=project.free_readings)
    if promotion.until is None:
        return html(language, "promo.on", name=name, count=promotion.amount)
    last = promotion.until - timedelta(days=1)
    return html(language, "promo.on_until", name=name, count=promotion.amount, until=last.strftime("%d.%m.%Y"))
