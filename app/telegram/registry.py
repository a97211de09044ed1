"""All bots of the catalogue in this process: they come and go with it, and share one session and one
dispatcher."""

import re
from collections.abc import Iterator

from aiogram import Bot, Dispatcher
from aiogram.client.default import DefaultBotProperties
from aiogram.enums import ParseMode
from redis.asyncio import Redis

from app.catalogue.library import Library, Project
from app.errors import Unavailable
from app.kit.database import Database
from app.kit.telemetry import get_logger
from app.settings import Settings
from app.telegram.departures import DepartureRepository
from app.telegram.directory import Catalogue, WebhookDirectory
from app.telegram.limiter import Rates, SendLimiter, rates_of
from app.telegram.sender import Outgoing
from app.telegram.session import TelegramSession, api_server

log = get_logger("app.telegram.registry")

TOKEN = re.compile(r"[1-9]\d{0,19}:[A-Za-z0-9_-]{3,80}")


class BotRegistry:
    """Lookups are plain dictionary reads; a new catalogue is noticed at the next one. Nothing is asked of
    Telegram."""

    def __init__(
        self,
        *,
        settings: Settings,
        secret: str,
        catalogue: Catalogue,
        database: Database,
        redis: Redis,
        dispatcher: Dispatcher,
        rates: Rates | None = None,
    ) -> None:
        self.settings = settings
        self.dispatcher = dispatcher
        self.webhooks = WebhookDirectory(secret=secret, catalogue=catalogue)
        self._catalogue = catalogue
        self._database = database
        self._limiter = SendLimiter(redis, rates or rates_of(settings))
        self._session: TelegramSession | None = None
        self._library: Library | None = None
        self._bots: dict[int, Bot] = {}

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None
            self._bots.clear()

    @property
    def allowed_updates(self) -> list[str]:
        """The kinds of update that some handler wants."""
        return sorted(self.dispatcher.resolve_used_update_types())

    @property
    def loaded(self) -> bool:
        """False until the first catalogue has arrived."""
        return bool(self._current().stamp)

    def projects(self) -> Iterator[Project]:
        """Every project that has a bot, in any status."""
        return (project for project in self._current().projects if project.bot)

    def project(self, bot_id: int) -> Project | None:
        return self._current().project_by_bot(bot_id)

    def bot(self, bot_id: int) -> Bot | None:
        """The bot, made at its first use and again for a new token; None if it is unknown or has no usable
        token."""
        project = self.project(bot_id)
        if project is None or project.bot is None:
            return None
        token = project.bot.token.get_secret_value()
        bot = self._bots.get(bot_id)
        if bot is None or bot.token != token:
            if not usable(token, bot_id):
                return None
            bot = self._bots[bot_id] = self.connect(token)
        return bot

    def connect(self, token: str) -> Bot:
        """A Bot of the shared session, also for a token that is no longer in the catalogue."""
        if self._session is None:
            api = api_server(self.settings.telegram_api_url, test_environment=self.settings.demo)
            self._session = TelegramSession(api)
            self._session.middleware(Outgoing(self._limiter, self._departed))
        return Bot(token, session=self._session, default=DefaultBotProperties(parse_mode=ParseMode.HTML))

    def _current(self) -> Library:
        library = self._catalogue.library()
        if library is not self._library:
            for gone in [bot_id for bot_id in self._bots if library.project_by_bot(bot_id) is None]:
                del self._bots[gone]
            self._library = library
        return library

    async def _departed(self, bot_id: int, chat_id: int, reason: str) -> None:
        project = self.project(bot_id)
        if project is None:
            return
        try:
            async with self._database.connection() as connection:
                await DepartureRepository(connection, project.id).add(bot_id, chat_id, reason=reason)
        except Unavailable:
            # The next message to this chat is refused again and tells it again.
            log.warning("a departure could not be recorded", bot_id=bot_id)


def usable(token: str, bot_id: int) -> bool:
    """True for the form of a token, and if it is this bot's."""
    return TOKEN.fullmatch(token) is not None and token.partition(":")[0] == str(bot_id)
