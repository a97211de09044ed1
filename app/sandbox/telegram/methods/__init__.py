"""The methods of the Bot API, a file a noun. Each is `async (request) -> result`; one more is a line."""

from app.sandbox.telegram.methods import (
    callbacks,
    copying,
    editing,
    forum,
    managed,
    media,
    members,
    messages,
    payments,
    profile,
    updates,
    uploads,
)
from app.sandbox.telegram.methods.request import Method

TABLES = (
    profile.METHODS,
    updates.METHODS,
    messages.METHODS,
    media.METHODS,
    uploads.METHODS,
    editing.METHODS,
    copying.METHODS,
    callbacks.METHODS,
    forum.METHODS,
    members.METHODS,
    managed.METHODS,
    payments.METHODS,
)
METHODS: dict[str, Method] = {name.lower(): method for table in TABLES for name, method in table.items()}
