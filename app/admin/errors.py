"""Refusals of the admin API."""

from app.errors import ArcanaError


class ManagersOnly(ArcanaError):
    status, code, detail = (
        403,
        "managers_only",
        "Only admins of the staff group and super-admins may do this.",
    )


class UserNotFound(ArcanaError):
    status, code, detail = 404, "user_not_found", "There is no such person in this project."
