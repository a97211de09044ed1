"""The card of the day: one for each person and day of his own calendar, free, drawn fairly, the same until midnight."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from app.catalogue.library import Project
from app.kit.clock import utc_now
from app.kit.database import Connection
from app.kit.ids import new_id
from app.readings import draw
from app.readings.copies import card_copy
from app.readings.errors import DeckNotFound
from app.users.days import local_date
from app.users.repository import User


@dataclass(frozen=True, slots=True)
class DailyCard:
    """`copies` maps each of the project's languages to the card as it was."""

    day: date
    deck: str
    card: str
    reversed: bool
    copies: dict[str, Any]

    def copy(self, language: str) -> dict[str, Any]:
        """The card in this language, or in the first one that it was kept in."""
        found: dict[str, Any] = self.copies.get(language) or next(iter(self.copies.values()))
        return found


def local_day(user: User, now: datetime) -> date:
    """What "today" is for this person."""
    return local_date(user.timezone, now)


class DailyCardRepository:
    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection = connection
        self._project_id = project_id

    async def get(self, user_id: UUID, day: date) -> DailyCard | None:
        row = await self._connection.fetchrow(
            """
            SELECT day, deck, card, reversed, copies FROM daily_cards
            WHERE project_id = $1 AND user_id = $2 AND day = $3
            """,
            self._project_id, user_id, day,
        )  # fmt: skip
        return DailyCard(*row) if row else None

    async def add(self, user_id: UUID, card: DailyCard, *, draw_id: UUID, seed: bytes) -> None:
        """Does nothing if the day has its card already."""
        await self._connection.execute(
            """
            INSERT INTO daily_cards (project_id, user_id, day, id, seed, deck, card, reversed, copies)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (project_id, user_id, day) DO NOTHING
            """,
            self._project_id, user_id, card.day, draw_id, seed, card.deck, card.card, card.reversed, card.copies,
        )  # fmt: skip


async def card_of_the_day(
    connection: Connection, project: Project, user: User, *, now: datetime | None = None
) -> DailyCard:
    """Today's card of this person, drawn at the first look. Raises `DeckNotFound` when the project has no deck."""
    day = local_day(user, now or utc_now())
    cards = DailyCardRepository(connection, project.id)
    found = await cards.get(user.id, day)
    if found is not None:
        return found
    deck = project.deck()
    if deck is None:
        raise DeckNotFound
    draw_id, seed = new_id(), draw.new_seed()
    fan = draw.shuffle(
        seed=seed,
        reading=draw_id,
        cards=[card.key for card in deck.cards],
        reversals="half" if deck.reversals and user.reversals else "none",
    )
    card = next(card for card in deck.cards if card.key == fan.order[0])
    copies = {language: card_copy(project, card, language) for language in project.languages}
    drawn = DailyCard(day, deck.key, card.key, fan.reversed[0], copies)
    await cards.add(user.id, drawn, draw_id=draw_id, seed=seed)
    # Two looks at once draw twice; the first one to be kept is the day's.
    return await cards.get(user.id, day) or drawn


async def erase(connection: Connection, project_id: int, user_id: UUID) -> None:
    await connection.execute("DELETE FROM daily_cards WHERE project_id = $1 AND user_id = $2", project_id, user_id)
