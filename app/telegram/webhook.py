"""Accepting an update by webhook: verified, stored once, and only then acknowledged."""

from app.catalogue.library import Project
from app.telegram.checkout import KIND, Checkout
from app.telegram.inbox import Inbox
from app.telegram.updates import Arrival, read

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105  # the header's name


async def accept(inbox: Inbox, checkout: Checkout, *, project: Project, body: bytes) -> bool:
    """False if it was kept before. `project` is the one that the directory admitted.

    A pre-checkout query is answered before this returns.

    Raises `MalformedUpdate` for what is no update, and `Unavailable` while Postgres is away; Telegram then
    sends it again.
    """
    assert project.bot is not None  # noqa: S101  # it was found by its bot
    incoming = read(body)
    if incoming.kind == KIND:
        return await checkout.receive(inbox, project=project, incoming=incoming)
    return await inbox.keep(Arrival(project.id, project.bot.id, incoming))
