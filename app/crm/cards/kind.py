"""What a kind of card is: one file each, listed in `registry`."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiogram.types import InlineKeyboardButton

from app.crm.audit import Actor
from app.crm.cards.store import Card
from app.crm.roles import Role
from app.kit.database import Connection

Facts = dict[str, Any]
# What an action changes besides its card, in the same transaction.
Perform = Callable[[Connection, Card, Actor], Awaitable[None]]


async def nothing_more(_: Connection, __: Card, ___: Actor) -> None:
    """The card is all that changes."""


@dataclass(frozen=True, slots=True)
class Action:
    """A button that works once. Its caption is `button.card_<name>`, and `card.did.<name>` says who pressed it.

    `state` is the card's next one; in the states of `unless` the button is gone. `name` has at most 16 characters.
    """

    name: str
    state: str | None = None
    unless: tuple[str, ...] = ()
    role: Role = Role.STAFF
    perform: Perform = nothing_more


class CardKind(ABC):
    """`topic` is the kind of the topic that its cards go to."""

    name: str
    topic: str
    actions: tuple[Action, ...] = ()

    @abstractmethod
    async def facts(self, connection: Connection, card: Card) -> Facts | None:
        """What the card tells, as it is now; None if what it was about is gone."""

    @abstractmethod
    def text(self, facts: Facts, language: str) -> str:
        """Telegram HTML, with all values escaped; who the client is and what was done are added below it."""

    def buttons(self, card: Card, facts: Facts, language: str) -> list[list[InlineKeyboardButton]]:
        """Rows above the common ones that lead elsewhere, and may be pressed again and again."""
        return []

    async def touched(self, connection: Connection, card: Card) -> list[tuple[str, str]]:
        """(kind, subject) of the other cards that tell something else since this one was announced."""
        return []

    def action(self, name: str) -> Action | None:
        return next((action for action in self.actions if action.name == name), None)
