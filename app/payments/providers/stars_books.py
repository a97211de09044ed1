"""A bot's books of Stars: `getStarTransactions` gives them in order of time, by their places alone.

Lines are only ever added, so a place once seen stays where it is: a few are remembered, and none is sought twice.
Source: https://core.telegram.org/bots/api#getstartransactions, #startransaction, #transactionpartneruser.
"""

from bisect import bisect_left
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from app.catalogue.library import Bot
from app.kit.money import STARS
from app.payments.port import Fact, Paid, ProviderAway, Refunded, Transaction
from app.payments.providers.stars_calls import BotApi

PAGE = 100
MARKS = 64


class StarBooks:
    def __init__(self, api: BotApi) -> None:
        self._api = api
        # Of each bot, (moment, place) of lines that were seen, in order.
        self._marks: dict[int, list[tuple[int, int]]] = {}

    async def lines(self, bot: Bot, *, since: datetime) -> AsyncIterator[Transaction]:
        """What people paid for invoices and got back, oldest first. Raises `ProviderAway`, `ProviderRefused`."""
        moment = int(since.timestamp())
        place = await self._place_of(bot, moment)
        while True:
            page = await self._page(bot, place, PAGE)
            for row in page:
                if _date(row) >= moment and (line := read_line(row)) is not None:
                    yield line
            place += len(page)
            if len(page) < PAGE:
                return

    async def _place_of(self, bot: Bot, moment: int) -> int:
        """A place at or before the first line that is not older than `moment`."""
        marks = self._marks.setdefault(bot.id, [(0, 0)])
        low = marks[bisect_left(marks, (moment, 0)) - 1][1]
        step = PAGE
        # Ahead in ever larger steps, then in halves: a few calls instead of all pages of a year.
        while await self._is_before(bot, low + step, moment):
            low, step = low + step, step * 2
        high = low + step
        while high - low > PAGE:
            middle = (low + high) // 2
            if await self._is_before(bot, middle, moment):
                low = middle
            else:
                high = middle
        return low

    async def _is_before(self, bot: Bot, place: int, moment: int) -> bool:
        """Whether there is a line at this place, and older than that."""
        page = await self._page(bot, place, 1)
        return bool(page) and _date(page[0]) < moment

    async def _page(self, bot: Bot, offset: int, limit: int) -> list[dict[str, Any]]:
        result = await self._api.call(bot, "getStarTransactions", {"offset": offset, "limit": limit})
        rows = result.get("transactions") if isinstance(result, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise ProviderAway
        if rows:
            self._remember(bot.id, _date(rows[0]), offset)
        return rows

    def _remember(self, bot_id: int, moment: int, place: int) -> None:
        marks = self._marks.setdefault(bot_id, [(0, 0)])
        at = bisect_left(marks, (moment, place))
        if at == len(marks) or marks[at] != (moment, place):
            marks.insert(at, (moment, place))
        if len(marks) > MARKS:
            # The first stays, and every other of the rest: coarse is good enough.
            marks[1:] = marks[2::2]


def _date(row: dict[str, Any]) -> int:
    date = row.get("date")
    if not isinstance(date, int):
        raise ProviderAway
    return date


def payload_id(payload: object) -> UUID | None:
    """The payment that an invoice was made for; None for an invoice that is not ours."""
    try:
        return UUID(str(payload))
    except ValueError:
        return None


def read_line(row: dict[str, Any]) -> Transaction | None:
    """A payment of an invoice, or its refund; None for gifts, withdrawals, advertising and the like."""
    source, receiver = row.get("source"), row.get("receiver")
    partner = source if isinstance(source, dict) else receiver
    if not isinstance(partner, dict) or partner.get("transaction_type") != "invoice_payment":
        return None
    charge, amount, at = str(row["id"]), int(row["amount"]), datetime.fromtimestamp(_date(row), UTC)
    if partner is receiver:
        return Transaction(charge, -amount, STARS, at, (Refunded(charge, charge, amount, STARS),))
    period = partner.get("subscription_period")
    recurring = isinstance(period, int) and period > 0
    person = partner.get("user")
    fact: Fact = Paid(
        charge=charge,
        amount=amount,
        currency=STARS,
        payment_id=payload_id(partner.get("invoice_payload")),
        telegram_id=person.get("id") if isinstance(person, dict) else None,
        # The books do not say which payment was the first; the machine finds the agreement by the order.
        subscription=charge if recurring else None,
        renewal=recurring,
        paid_until=at + timedelta(seconds=period) if recurring and isinstance(period, int) else None,
        at=at,
    )
    return Transaction(charge, amount, STARS, at, (fact,))
