"""What a person may see and change of himself, and how he leaves."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

from app.catalogue.library import Project
from app.errors import Unauthenticated
from app.kit.clock import utc_now
from app.kit.database import Connection
from app.users.errors import LanguageNotSpoken, UserBlocked
from app.users.repository import Profile, RefreshTokenRepository, User, UserRepository
from app.users.sessions import SessionService
from app.users.tokens import Principal
from app.wallet.balance import Unit
from app.wallet.service import wallet


def admit(user: User | None) -> User:
    """The user if he may act; raises `Unauthenticated` for one who left, `UserBlocked` for one shut out."""
    if user is None or user.state == "erased":
        raise Unauthenticated("This account no longer exists.")
    if user.state == "blocked":
        raise UserBlocked
    return user


# Deletes what one feature holds of a user, in the transaction of his erasure: (connection, project id, user id).
Eraser = Callable[[Connection, int, UUID], Awaitable[None]]


class UserService:
    """`erasers` come from the features above; they run before the wallet is emptied."""

    def __init__(self, sessions: SessionService, *, erasers: Sequence[Eraser]) -> None:
        self._sessions = sessions
        self._erasers = erasers

    async def profile(self, connection: Connection, principal: Principal) -> Profile:
        """The user, the wallet and the reading that waits for him. Raises `Unauthenticated`, `UserBlocked`."""
        profile = await UserRepository(connection, principal.project_id).profile(principal.user_id)
        admit(profile.user if profile else None)
        assert profile is not None  # noqa: S101  # admit() has refused a missing row
        return profile

    async def update(
        self,
        connection: Connection,
        principal: Principal,
        *,
        changes: dict[str, Any],
        consent: bool | None,
        project: Project | None,
    ) -> Profile:
        """`changes` holds only columns that the schema allows; `consent` stamps or withdraws the agreement.

        Raises `LanguageNotSpoken`.
        """
        if project and changes.get("language", project.default_language) not in project.languages:
            raise LanguageNotSpoken(languages=list(project.languages))
        users = UserRepository(connection, principal.project_id)
        user = admit(await users.get(principal.user_id, lock="UPDATE"))
        if consent is not None and consent != (user.consented_at is not None):
            changes = {**changes, "consented_at": utc_now() if consent else None}
        if changes:
            await users.update(user.id, changes)
        return await self.profile(connection, principal)

    async def erase(self, connection: Connection, principal: Principal, *, project: Project) -> dict[Unit, int]:
        """Erases the person; what was left in the wallet is forfeited and returned as a count."""
        users = UserRepository(connection, principal.project_id)
        # Sessions before the person: a refresh that is under way holds its session and comes for the person.
        await RefreshTokenRepository(connection).delete_of_user(
            project_id=principal.project_id, user_id=principal.user_id
        )
        user = admit(await users.get(principal.user_id, lock="UPDATE"))
        for erase in self._erasers:
            await erase(connection, principal.project_id, user.id)
        forfeited = await wallet.forfeit(connection, project_id=principal.project_id, user_id=user.id)
        if user.telegram_id is not None:
            await users.remember_erased(self._sessions.person_hash(project, user.telegram_id))
        await users.erase(user.id)
        return forfeited
