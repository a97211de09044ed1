"""Which bot a delivery of Telegram is for. All that the API's process needs of the bots, without aiogram."""

import hmac
from dataclasses import dataclass
from typing import Protocol

from app.catalogue.library import Library, Project
from app.kit.crypto import derive_key, keyed_hash


class Catalogue(Protocol):
    def library(self) -> Library: ...


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where Telegram delivers a bot's updates; both parts are derived, so that every process knows them."""

    id: str
    secret: str


class WebhookDirectory:
    """Bots come and go with the catalogue; a new one is noticed at the next look-up."""

    def __init__(self, *, secret: str, catalogue: Catalogue) -> None:
        self._key = derive_key(secret, "telegram webhook")
        self._catalogue = catalogue
        self._library: Library | None = None
        self._webhooks: dict[int, Webhook] = {}
        self._by_id: dict[str, int] = {}

    def webhook(self, bot_id: int) -> Webhook:
        webhook = self._webhooks.get(bot_id)
        if webhook is None:
            webhook = self._webhooks[bot_id] = Webhook(
                keyed_hash(self._key, "id", bot_id).hex()[:32], keyed_hash(self._key, "secret", bot_id).hex()
            )
        return webhook

    def admit(self, webhook_id: str, secret: str) -> Project | None:
        """The project whose bot Telegram delivers for. An unknown id costs the comparison of a wrong
        secret."""
        library = self._catalogue.library()
        if library is not self._library:
            bot_ids = [project.bot.id for project in library.projects if project.bot]
            self._by_id = {self.webhook(bot_id).id: bot_id for bot_id in bot_ids}
            self._library = library
        bot_id = self._by_id.get(webhook_id, 0)
        expected = self.webhook(bot_id).secret.encode()
        genuine = hmac.compare_digest(expected, secret.encode("utf-8", "replace"))
        return library.project_by_bot(bot_id) if genuine and bot_id else None
