"""`/stats`: figures of a period with a picture; the period is changed by buttons."""

import asyncio

from aiogram import Router
from aiogram.enums import ParseMode
from aiogram.exceptions import TelegramBadRequest
from aiogram.filters import CommandObject
from aiogram.filters.callback_data import CallbackData
from aiogram.methods import AnswerCallbackQuery, SendMessage, SendPhoto
from aiogram.types import (
    BufferedInputFile,
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    Message,
)

from app.catalogue.library import Project
from app.crm.commands.scope import Scope, StaffCommand, StaffPress
from app.crm.roles import Role
from app.crm.statistics import PERIODS, Figures, Period, PeriodName, figures, series
from app.crm.statistics_chart import render
from app.crm.statistics_money import Money, money, project_line, revenue_lines
from app.kit.database import Database
from app.locales import html, plain

WORDS: dict[str, PeriodName] = {
    "today": "today", "day": "today", "сегодня": "today", "день": "today",
    "week": "week", "неделя": "week",
    "month": "month", "месяц": "month",
}  # fmt: skip
# A caption takes 1024 characters: the busiest projects are named, the rest are in the sum.
NAMED_PROJECTS = 8
CAPTION_CHARACTERS = 1024


class StatsButton(CallbackData, prefix="stats"):
    """`project` 0: all within reach."""

    period: PeriodName
    project: int = 0


def router() -> Router:
    router = Router(name="commands.stats")
    managers = {"role": Role.MANAGER}
    router.message.register(stats, StaffCommand("stats"), flags=managers)
    router.callback_query.register(turn, StatsButton.filter(), StaffPress(), flags=managers)
    return router


async def stats(message: Message, scope: Scope, command: CommandObject, database: Database) -> SendPhoto | SendMessage:
    at = StatsButton(period="week")
    for word in (command.args or "").lower().split():
        if word in WORDS:
            at.period = WORDS[word]
        elif project := scope.by_slug(word):
            at.project = project.id
        else:
            return message.reply(html(scope.language, "stats.usage"))
    picture, caption = await report(scope, at, database)
    return message.answer_photo(
        BufferedInputFile(picture, "stats.png"), caption=caption, reply_markup=buttons(scope, at)
    )


async def turn(
    query: CallbackQuery, callback_data: StatsButton, scope: Scope, database: Database
) -> AnswerCallbackQuery:
    picture, caption = await report(scope, callback_data, database)
    if isinstance(query.message, Message):
        media = InputMediaPhoto(
            media=BufferedInputFile(picture, "stats.png"), caption=caption, parse_mode=ParseMode.HTML
        )
        try:
            await query.message.edit_media(media, reply_markup=buttons(scope, callback_data))
        except TelegramBadRequest as error:
            if "not modified" not in error.message:
                raise
    return query.answer()


def buttons(scope: Scope, at: StatsButton) -> InlineKeyboardMarkup:
    row = []
    for name in PERIODS:
        text = plain(scope.language, f"button.stats_{name}")
        data = StatsButton(period=name, project=at.project).pack()
        row.append(InlineKeyboardButton(text=f"• {text}" if name == at.period else text, callback_data=data))
    return InlineKeyboardMarkup(inline_keyboard=[row])


async def report(scope: Scope, at: StatsButton, database: Database) -> tuple[bytes, str]:
    """The picture and its caption in HTML."""
    chosen = scope.project(at.project)
    projects = (chosen,) if chosen is not None else scope.projects
    ids = [project.id for project in projects]
    period = Period.named(at.period)
    async with database.connection() as connection:
        found = await figures(connection, project_ids=ids, period=period)
        bars = await series(connection, project_ids=ids, period=period)
        sold = await money(connection, project_ids=ids, period=period)
    language = scope.language
    name = projects[0].text(projects[0].name, language) if len(projects) == 1 else plain(language, "stats.all_projects")
    subtitle = plain(language, f"stats.period_{period.name}")
    # Drawing takes a tenth of a second, which other updates need not wait for.
    picture = await asyncio.to_thread(
        render, bars, period, sales=sold.bars, title=name, subtitle=subtitle, language=language
    )
    return picture, caption(language, name, subtitle, projects, found, sold)


def caption(
    language: str, name: str, subtitle: str, projects: tuple[Project, ...], found: dict[int, Figures], sold: Money
) -> str:
    """As many projects as a caption has room for."""
    total = sum(found.values(), Figures())
    rated = total.good + total.bad
    lines = [
        html(language, "stats.title", name=name, period=subtitle),
        html(
            language,
            "stats.people",
            newcomers=total.newcomers,
            active=total.active,
            returning=total.returning,
            share=_share(total.returning, total.active),
        ),
        html(
            language,
            "stats.readings",
            started=total.started,
            finished=total.finished,
            share=_share(total.finished, total.started),
        ),
        html(language, "stats.ratings", good=total.good, bad=total.bad, share=_share(total.good, rated))
        if rated
        else html(language, "stats.no_ratings"),
        html(language, "stats.cost", cost=f"{total.cost_micros / 1_000_000:.2f}"),
        *revenue_lines(sold, active=total.active, language=language),
    ]
    if len(projects) > 1:
        busiest = sorted(projects, key=lambda project: -found[project.id].active)[:NAMED_PROJECTS]
        for project in busiest:
            line = html(
                language,
                "stats.project",
                slug=project.slug,
                newcomers=found[project.id].newcomers,
                active=found[project.id].active,
                finished=found[project.id].finished,
                cost=f"{found[project.id].cost_micros / 1_000_000:.2f}",
            )
            line += project_line(sold, project.id, language)
            if len("\n".join([*lines, line])) > CAPTION_CHARACTERS:
                break
            lines.append(line)
    return "\n".join(lines)


def _share(part: int, whole: int) -> str:
    return f"{round(100 * part / whole)} %" if whole else "—"
