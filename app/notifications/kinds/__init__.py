"""Kinds of notifications: a file each, a line here, and texts in `app/locales/*/notices.json`."""

from typing import Final

from app.notifications.kinds import account, news, readings, replies, subscription
from app.notifications.kinds.kind import Kind, Said, Screen

# In the order of the switches.
KINDS: Final[dict[str, Kind]] = {
    kind.name: kind for kind in (replies.KIND, readings.KIND, news.KIND, account.KIND, subscription.KIND)
}

__all__ = ["KINDS", "Kind", "Said", "Screen"]
