"""Why there is no reading, as a page."""

from aiogram.types import InlineKeyboardButton

from app.errors import ArcanaError, RateLimited
from app.kit.idempotency import IdempotencyKeyReused
from app.locales import Words
from app.payments.errors import FairUseReached
from app.readings.errors import DeckNotFound, ReadingExpired, ReadingNotFound, SpreadNotFound
from app.readings.telegram_consent import consent_page
from app.readings.telegram_spreads import SpreadPage, empty_page
from app.readings.telegram_table import Table
from app.telegram.replies import Rows
from app.users.errors import ConsentRequired
from app.wallet.errors import InsufficientBalance


def refusal(error: ArcanaError, table: Table) -> tuple[str, Rows]:
    """A failure that people cause or meet, as a page; anything else is raised again."""
    words = table.words
    if isinstance(error, InsufficientBalance | FairUseReached):
        facts = error.facts
        return empty_page(
            table.project,
            words,
            table.settings,
            required=facts["required"],
            left=facts["available"],
            fair_use=facts if isinstance(error, FairUseReached) else None,
            timezone=table.user.timezone,
        )
    if isinstance(error, ConsentRequired):
        return consent_page(table.project, table.user, words)
    if isinstance(error, RateLimited):
        return words.html("reading.slower", seconds=error.facts["retry_after"]), []
    if isinstance(error, SpreadNotFound | DeckNotFound | ReadingNotFound | IdempotencyKeyReused):
        return words.html("reading.gone"), [[_spreads(words, "button.other_spread")]]
    if isinstance(error, ReadingExpired):
        return words.html("reading.expired"), [[_spreads(words, "button.new_reading")]]
    raise error


def _spreads(words: Words, key: str) -> InlineKeyboardButton:
    return InlineKeyboardButton(text=words.plain(key), callback_data=SpreadPage(page=0).pack())
