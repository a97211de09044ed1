"""The staff's group as the bots see it. Commands and dialogs of other features come between the two."""

from aiogram import Router

from app.crm import telegram_clients, telegram_connect, telegram_group, telegram_staff


def group_router() -> Router:
    """The group itself: connecting, its rights, its members. Before everything else, `/start` included."""
    router = Router(name="crm first")
    router.include_routers(telegram_group.router(), telegram_connect.router())
    return router


def mirror_router() -> Router:
    """Whatever was no command and no part of a dialog is carried over. Last but for the friendly hint."""
    router = Router(name="crm mirror")
    router.include_routers(telegram_staff.router(), telegram_clients.router())
    return router
