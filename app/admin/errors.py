"""Refusals of the admin API."""

from app.errors import ArcanaError


class ManagersOnly(ArcanaError):
    status, code, detail = (
        403,
        "managers_only",
        "Only admins of the staff group and super-admins may do this.",
    )
