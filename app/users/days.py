"""What a day is for a person: the zone comes from his Mini App."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        # A zone that this machine's database does not know (any more).
        return ZoneInfo("UTC")


def local_date(timezone: str, now: datetime) -> date:
    """What "today" is there."""
    return now.astimezone(zone(timezone)).date()


def next_midnight(timezone: str, now: datetime) -> datetime:
    """When the next day begins there."""
    where = zone(timezone)
    tomorrow = local_date(timezone, now) + timedelta(days=1)
    return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=where).astimezone(now.tzinfo)
