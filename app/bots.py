"""Everything that the bots can do: the features' routers, a Router for each call, for it belongs to one dispatcher."""

from aiogram import Router

from app.broadcasts import telegram as broadcasts
from app.crm import commands, contacts_telegram, drafts_telegram
from app.crm import telegram as crm
from app.crm.cards import telegram as cards
from app.crm.commands import whoami
from app.crm.middlewares import know_staff
from app.leads import telegram as leads
from app.notifications import telegram as notifications
from app.payments.telegram import buying, money, shop, subscription
from app.payments.telegram import gifts as telegram_gifts
from app.payments.telegram import support as paysupport
from app.readings import telegram as readings
from app.readings import telegram_after as after
from app.readings import telegram_daily as daily
from app.readings import telegram_fan as fan
from app.telegram.handlers import checkout, managed, membership, start
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
        broadcasts.router(),
        crm.group_router(),
        membership.router(),
        checkout.router(),
        # Whoever paid is not turned away.
        money.router(),
        managed.router(),
        commands.router(),
        drafts_telegram.router(),
        cards.router(),
        whoami.unknown_router(),
        start.closed_router(),
        telegram_gifts.router(),
        start.router(),
        people.router(),
        shop.router(),
        buying.router(),
        subscription.router(),
        paysupport.router(),
        daily.router(),
        readings.router(),
        fan.router(),
        after.router(),
        leaving.router(),
        leads.router(),
        contacts_telegram.router(),
        manners.router(),
        notifications.router(),
        # Dialogues, in which plain words have a meaning.
        shop.dialogue_router(),
        readings.dialogue_router(),
        after.dialogue_router(),
        crm.mirror_router(),
        start.hint_router(),
    ]
