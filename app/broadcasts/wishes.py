"""What a person has said about being written to, as conditions over a row of `users` (`u`)."""

from app.notifications.preferences import quiet_ends_sql, quiet_join_sql, wants_sql

NEWS_WANTED = wants_sql("news", users="u")
QUIET_JOIN = quiet_join_sql(users="u", alias="quiet")


def quiet_ends(moment: str) -> str:
    """SQL: the moment, or the end of the quiet hours that it falls into; needs QUIET_JOIN."""
    return quiet_ends_sql(moment, users="u", alias="quiet")
