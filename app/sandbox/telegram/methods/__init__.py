"""The methods of the Bot API, a file a noun. Each is `async (request) -> result`; one more is a line."""

from app.sandbox.telegram.methods import callbacks, copying, editing, forum, members, messages, profile, updates
from app.sandbox.telegram.methods.request import Method

TABLES = (
    profile.METHODS,
    updates.METHODS,
    messages.METHODS,
    editing.METHODS,
    copying.METHODS,
    callbacks.METHODS,
    forum.METHODS,
    members.METHODS,
)
METHODS: dict[str, Method] = {name.lower(): method for table in TABLES for name, method in table.items()}
