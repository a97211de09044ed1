"""Readings from the start to the draw, and what their owner may do with them. The edge owns the transaction."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from app.catalogue.library import Library, Project
from app.kit.clock import utc_now
from app.kit.database import Connection
from app.kit.ids import new_id
from app.payments.errors import FairUseReached
from app.payments.subscriptions.share import SUBSCRIBED, give_share_back, take_share
from app.readings import draw
from app.readings.copies import DeckCopies, DeckCopyContent, spread_copy
from app.readings.errors import (
    AlreadyDrawn,
    DeckNotFound,
    PicksInvalid,
    ReadingExpired,
    ReadingNotFinished,
    ReadingNotFound,
    SpreadNotFound,
)
from app.readings.generations import GenerationRepository
from app.readings.repository import Paid, Reading, ReadingRepository
from app.users.errors import ConsentRequired
from app.users.repository import User, UserRepository
from app.users.service import admit
from app.users.tokens import Principal
from app.wallet.balance import Balance
from app.wallet.errors import InsufficientBalance
from app.wallet.service import wallet
from app.worker.port import enqueue


@dataclass(frozen=True, slots=True)
class Started:
    """The answer, and the copy that was stored with it."""

    body: dict[str, Any]
    copy: DeckCopyContent


@dataclass(frozen=True, slots=True)
class Order:
    """What a user asks for; keys of the catalogue."""

    spread: str
    deck: str | None
    question: str | None


class ReadingService:
    def __init__(self, copies: DeckCopies, *, draw_lifetime: timedelta) -> None:
        self._copies = copies
        self._draw_lifetime = draw_lifetime

    async def start(self, connection: Connection, principal: Principal, order: Order, *, library: Library) -> Started:
        """Holds the spread's cost and commits to a shuffled deck.

        A running subscription pays first. Raises `ConsentRequired`, `SpreadNotFound`, `DeckNotFound`,
        `InsufficientBalance`, or `FairUseReached` when the wallet has too little as well.
        """
        user = admit(await UserRepository(connection, principal.project_id).get(principal.user_id, lock="KEY SHARE"))
        if user.consented_at is None:
            raise ConsentRequired
        project = library.project_by_id(principal.project_id)
        if project is None or project.status != "live":
            raise SpreadNotFound
        spread = project.spread(order.spread)
        if spread is None:
            raise SpreadNotFound
        deck = project.deck(order.deck)
        if deck is None:
            raise DeckNotFound
        language = project.language(user.language)
        copy = self._copies.make(library.stamp, project, deck, spread, language)
        if len(copy.keys) < len(spread.positions):
            raise DeckNotFound("This deck has too few cards for this spread.")
        paid, balance = await self._pay(connection, user, spread.cost)
        reading_id, seed = new_id(), draw.new_seed()
        reversals: draw.Reversals = "half" if deck.reversals and user.reversals else "none"
        commitment = draw.commitment(reading=reading_id, cards=copy.keys, reversals=reversals, seed=seed)
        readings = ReadingRepository(connection, project.id)
        if not self._copies.is_stored(project.id, copy):
            await readings.add_deck_copy(copy.hash, copy.content)
        layout = spread_copy(project, spread, language)
        await readings.add(
            reading_id=reading_id,
            user_id=user.id,
            language=language,
            question=order.question,
            spread=layout,
            deck_hash=copy.hash,
            cards=list(copy.keys),
            reversals=reversals,
            cost=spread.cost,
            free_follow_ups=project.free_follow_ups,
            paid=paid,
            seed=seed,
            commitment=commitment,
            lifetime=self._draw_lifetime,
        )
        body = {
            "id": reading_id,
            "commitment": commitment,
            "card_count": len(copy.keys),
            "positions": layout["positions"],
            "spread": {"key": spread.key, "name": layout["name"]},
            "deck": {"key": deck.key, "name": copy.content["name"]},
            "cost": spread.cost,
            "paid_by": paid.by,
            "wallet": {"readings": balance.body()},
        }
        return Started(body, copy)

    async def _pay(self, connection: Connection, user: User, cost: int) -> tuple[Paid, Balance]:
        if cost == 0:
            balances = await wallet.get(connection, project_id=user.project_id, user_id=user.id)
            return Paid("free"), balances["readings"]
        owner: dict[str, Any] = {"project_id": user.project_id, "user_id": user.id}
        held = await wallet.hold_unless(connection, **owner, unit="readings", amount=cost, unless=SUBSCRIBED)
        if held is not None:
            return Paid("wallet", held[0]), held[1]
        share = await take_share(connection, user, now=utc_now())
        if share is not None and share.day is not None:
            return Paid("subscription", on=share.day), (await wallet.get(connection, **owner))["readings"]
        try:
            hold_id, balance = await wallet.hold(connection, **owner, unit="readings", amount=cost)
        except InsufficientBalance as error:
            if share is None:
                raise
            raise FairUseReached(limit=share.limit, free_at=share.free_at, **error.facts) from error
        return Paid("wallet", hold_id), balance

    def committed(self, project_id: int, copy: DeckCopyContent) -> None:
        """The edge calls this after its commit: the copy needs not be stored again."""
        self._copies.mark_stored(project_id, copy)

    async def draw(
        self,
        connection: Connection,
        principal: Principal,
        reading_id: UUID,
        *,
        picks: list[int],
        client_seed: str,
    ) -> Reading:
        """Turns places of the fan into cards and durably starts the interpretation; the same picks answer the same.

        Raises `ReadingNotFound`, `ReadingExpired`, `AlreadyDrawn`, `PicksInvalid`.
        """
        reading = await self.get(connection, principal, reading_id, lock=True)
        if reading.state == "expired" or (reading.state == "awaiting_draw" and reading.expires_at <= utc_now()):
            raise ReadingExpired
        positions = reading.spread["positions"]
        in_fan = all(0 <= place < len(reading.cards) for place in picks)
        if not in_fan or len(picks) != len(positions) or len(set(picks)) != len(picks):
            raise PicksInvalid(positions=len(positions), card_count=len(reading.cards))
        if reading.picks is not None:
            if reading.picks != picks or (reading.client_seed or "") != client_seed:
                raise AlreadyDrawn
            return reading
        fan = draw.shuffle(
            seed=reading.seed,
            reading=reading.id,
            cards=reading.cards,
            reversals="half" if reading.reversals == "half" else "none",
            client_seed=client_seed,
        )
        readings = ReadingRepository(connection, principal.project_id)
        cards = await readings.copied_cards(reading.deck_hash, [fan.order[place] for place in picks])
        drawn = [{"place": place, "reversed": fan.reversed[place], "card": cards[fan.order[place]]} for place in picks]
        await readings.draw(reading.id, picks=picks, client_seed=client_seed, drawn=drawn)
        generation_id = await GenerationRepository(connection).add(
            project_id=principal.project_id, reading_id=reading.id
        )
        await enqueue(connection, "readings.write", {"generation": str(generation_id)}, priority=10)
        return await self.get(connection, principal, reading_id)

    async def get(
        self, connection: Connection, principal: Principal, reading_id: UUID, *, lock: bool = False
    ) -> Reading:
        """Raises `ReadingNotFound`, also for somebody else's."""
        reading = await ReadingRepository(connection, principal.project_id).get(
            reading_id, principal.user_id, lock=lock
        )
        if reading is None:
            raise ReadingNotFound
        return reading

    async def rate(self, connection: Connection, principal: Principal, reading_id: UUID, *, rating: str) -> None:
        reading = await self.get(connection, principal, reading_id)
        if reading.state not in ("finished", "failed"):
            raise ReadingNotFinished
        await ReadingRepository(connection, principal.project_id).rate(reading.id, rating)

    async def delete(self, connection: Connection, principal: Principal, reading_id: UUID) -> None:
        """Gone from the history at once; one that is being written ends first, so that the ledger stays right."""
        reading = await self.get(connection, principal, reading_id, lock=True)
        if reading.state == "awaiting_draw":
            await unpay(connection, principal.project_id, reading.user_id, Paid.of(reading))
        is_written = await GenerationRepository(connection).is_open(reading.id)
        await ReadingRepository(connection, principal.project_id).delete(reading.id, keep_until_end=is_written)

    async def expire(self, connection: Connection, project: Project, *, limit: int = 100) -> int:
        """Expires what nobody drew for and gives back the holds; how many."""
        due = await ReadingRepository(connection, project.id).expire_due(limit)
        for user_id, paid in due:
            await unpay(connection, project.id, user_id, paid)
        return len(due)


async def unpay(connection: Connection, project_id: int, user_id: UUID, paid: Paid) -> None:
    """Gives back what a reading was to cost."""
    if paid.hold_id is not None:
        await wallet.release(connection, project_id=project_id, hold_id=paid.hold_id)
    if paid.on is not None:
        await give_share_back(connection, project_id, user_id, paid.on)


async def erase(connection: Connection, project_id: int, user_id: UUID) -> None:
    """A running generation finds its row gone and stops without touching the wallet."""
    await ReadingRepository(connection, project_id).delete_of_user(user_id)


def proof(reading: Reading) -> dict[str, Any]:
    """Everything needed to recompute the draw. Raises `ReadingNotFinished` while the seed is still a secret."""
    if reading.state not in ("finished", "failed", "expired"):
        raise ReadingNotFinished
    client_seed = reading.client_seed or ""
    fan = draw.shuffle(
        seed=reading.seed,
        reading=reading.id,
        cards=reading.cards,
        reversals="half" if reading.reversals == "half" else "none",
        client_seed=client_seed,
    )
    return {
        "version": draw.VERSION,
        "reading": reading.id,
        "cards": reading.cards,
        "reversals": reading.reversals,
        "seed": reading.seed.hex(),
        "client_seed": client_seed,
        "commitment": reading.commitment,
        "picks": reading.picks,
        "drawn": [
            {"place": card["place"], "card": card["card"]["key"], "reversed": card["reversed"]}
            for card in reading.drawn
        ]
        if reading.drawn is not None
        else None,
        "order": fan.order,
    }
