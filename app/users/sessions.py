"""Signing in, staying signed in, signing out."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from app.catalogue.library import Library, Project
from app.errors import Unauthenticated
from app.kit.crypto import derive_key, keyed_hash
from app.kit.database import Connection
from app.kit.ids import new_id
from app.users import init_data, referrals
from app.users.errors import ProjectNotFound, RefreshTokenInvalid, UserBlocked
from app.users.init_data import TelegramPerson
from app.users.repository import RefreshTokenRepository, User, UserRepository
from app.users.tokens import Place, Principal, Tokens
from app.users.welcome import welcome_readings
from app.wallet.repository import WalletRepository
from app.wallet.service import wallet

# A reply gets lost on a phone: within this time the same token gets the same successor.
GRACE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Session:
    user: User
    access_token: str
    refresh_token: str


class SessionService:
    def __init__(self, tokens: Tokens, secret: str, *, refresh_lifetime: timedelta) -> None:
        self._tokens = tokens
        self._person_key = derive_key(secret, "erased-person")
        self._refresh_lifetime = refresh_lifetime

    def person_hash(self, project: Project, telegram_id: int) -> bytes:
        """What stays of an erased person: without the installation's secret nobody can guess whom it means."""
        return keyed_hash(self._person_key, project.key, telegram_id)

    @staticmethod
    def authenticate(library: Library, *, slug: str, raw_init_data: str) -> tuple[Project, TelegramPerson]:
        """Raises `ProjectNotFound`, `InitDataInvalid` or `InitDataExpired`; asks nobody."""
        project = library.project_by_slug(slug)
        if project is None or project.status != "live" or project.bot is None:
            raise ProjectNotFound
        return project, init_data.verify(raw_init_data, bot_token=project.bot.token.get_secret_value())

    async def sign_in(self, connection: Connection, *, project: Project, person: TelegramPerson) -> Session:
        """As `meet`, and a session for the person. Raises `UserBlocked`."""
        user = await self.meet(connection, project=project, person=person)
        if user.state == "blocked":
            raise UserBlocked
        if user.source is None:
            await self.arrive(connection, project=project, user=user, payload=person.start_param, otherwise="app")
        return await self._begin(connection, user, place=person.place)

    async def open(self, connection: Connection, *, project_id: int, user_id: UUID) -> Session:
        """A session for a known person in a browser. Raises `Unauthenticated` for one who left, `UserBlocked`."""
        user = await UserRepository(connection, project_id).get(user_id)
        if user is None or user.state == "erased":
            raise Unauthenticated
        if user.state == "blocked":
            raise UserBlocked
        return await self._begin(connection, user, place="web")

    async def _begin(self, connection: Connection, user: User, *, place: Place) -> Session:
        refresh_token = self._tokens.new_refresh()
        await self._keep(connection, user, refresh_token, family_id=new_id(), place=place)
        return self._session(user, refresh_token, place=place)

    async def arrive(
        self, connection: Connection, *, project: Project, user: User, payload: str | None, otherwise: str
    ) -> None:
        """Notes once how a person came: by whose invitation, by what link, or `otherwise`.

        Whoever was erased before is nobody's newcomer.
        """
        returning = user.telegram_id is not None and await UserRepository(connection, project.id).was_erased(
            self.person_hash(project, user.telegram_id)
        )
        await referrals.arrive(connection, user, payload=payload, otherwise=otherwise, returning=returning)

    async def meet(self, connection: Connection, *, project: Project, person: TelegramPerson) -> User:
        """The person as Telegram describes him now; a newcomer's row and wallet with the project's free readings.

        Also one who is blocked: what he may do is the caller's to decide.
        """
        users = UserRepository(connection, project.id)
        user, is_new = await users.see(person, language=project.language(person.language_code))
        if is_new:
            await self._welcome(connection, project, person, user)
        return user

    async def _welcome(self, connection: Connection, project: Project, person: TelegramPerson, user: User) -> None:
        await WalletRepository(connection, project.id).open(user.id)
        was_here = await UserRepository(connection, project.id).was_erased(self.person_hash(project, person.id))
        amount = await welcome_readings(connection, project.id, default=project.free_readings)
        if amount and not was_here:
            await wallet.credit(
                connection,
                project_id=project.id,
                user_id=user.id,
                unit="readings",
                amount=amount,
                kind="welcome",
                key=f"welcome:{user.id}",
            )

    async def refresh(self, connection: Connection, *, refresh_token: str) -> Session | None:
        """The next session; None if the token was used before, which has now ended its family (commit that!).

        Raises `RefreshTokenInvalid` and `UserBlocked`.
        """
        sessions = RefreshTokenRepository(connection)
        token_hash = self._tokens.hash(refresh_token)
        row = await sessions.lock(token_hash, grace=GRACE)
        if row is None or row.expired or row.revoked:
            raise RefreshTokenInvalid
        if row.used and not row.used_recently:
            await sessions.revoke_family(row.family_id)
            return None
        user = await UserRepository(connection, row.project_id).get(row.user_id)
        if user is None or user.state == "erased":
            raise RefreshTokenInvalid
        if user.state == "blocked":
            raise UserBlocked
        successor = self._tokens.successor(refresh_token)
        if not row.used:
            await sessions.use(token_hash)
            await self._keep(connection, user, successor, family_id=row.family_id, place=row.place)
        return self._session(user, successor, place=row.place)

    async def sign_out(self, connection: Connection, *, refresh_token: str) -> None:
        """Ends the whole family; an unknown token is fine too."""
        sessions = RefreshTokenRepository(connection)
        row = await sessions.lock(self._tokens.hash(refresh_token), grace=GRACE)
        if row is not None:
            await sessions.revoke_family(row.family_id)

    async def _keep(
        self, connection: Connection, user: User, refresh_token: str, *, family_id: UUID, place: Place
    ) -> None:
        await RefreshTokenRepository(connection).add(
            token_hash=self._tokens.hash(refresh_token),
            family_id=family_id,
            project_id=user.project_id,
            user_id=user.id,
            place=place,
            lifetime=self._refresh_lifetime,
        )

    def _session(self, user: User, refresh_token: str, *, place: Place) -> Session:
        return Session(user, self._tokens.access(Principal(user.id, user.project_id, place)), refresh_token)
