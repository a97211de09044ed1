"""People: everybody who has acted, or was introduced."""

from typing import Any

NAMES = ("first_name", "last_name", "username")


class People:
    def __init__(self) -> None:
        self._people: dict[int, dict[str, Any]] = {}

    def remember(self, person: dict[str, Any]) -> dict[str, Any]:
        """A `User` of the Bot API. What is new about a known person replaces the old."""
        user = {"is_bot": False, **person}
        self._people[user["id"]] = user
        return user

    def get(self, user_id: int) -> dict[str, Any] | None:
        return self._people.get(user_id)

    def all(self) -> list[dict[str, Any]]:
        return list(self._people.values())


def about(user: dict[str, Any]) -> dict[str, Any]:
    """What a private chat says of the person."""
    return {name: user[name] for name in NAMES if user.get(name)}
