"""Everything that the bots can do: the features' routers, a Router for each call, for it belongs to one dispatcher."""

from aiogram import Router

from app.crm.middlewares import know_staff
from app.notifications import telegram as notifications
from app.readings import telegram_daily as daily
from app.telegram.handlers import checkout, membership, start
from app.users import telegram as people
from app.users import telegram_leaving as leaving
from app.users import telegram_manners as manners


def routers() -> list[Router]:
    """One root, whose handlers know the staff's group and roles."""
    root = Router(name="bots")
    know_staff(root)
    root.include_routers(*features())
    return [root]


def features() -> list[Router]:
    """In the order in which they are asked; the friendly answer to everything else comes last."""
    return [
        membership.router(),
        checkout.router(),
        start.closed_router(),
        start.router(),
        people.router(),
        daily.router(),
        leaving.router(),
        manners.router(),
        notifications.router(),
        start.hint_router(),
    ]
