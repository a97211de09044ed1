"""What staff command, in their group over its project, and super-admins in private over all of them."""

from aiogram import Router

from app.crm.commands import audit, block, credit, orders, promo, refund, stats, templates, users, whoami
from app.crm.commands.scope import RoleMiddleware


def router() -> Router:
    router = Router(name="commands")
    for feature in (users, orders, refund, block, credit, stats, promo, templates, audit, whoami):
        part = feature.router()
        part.message.middleware(RoleMiddleware())
        part.callback_query.middleware(RoleMiddleware())
        router.include_router(part)
    return router
