"""The port to whoever takes money: a provider turns its own protocol into facts, and never touches our books.

Amounts are integers in the currency's smallest units (Stars, `XTR`, have none smaller); times are UTC.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from app.catalogue.library import Project
from app.errors import ArcanaError

Place = Literal["telegram", "web"]


class ProviderRefused(ArcanaError):
    """The provider answered no, and would again: `code` and words of its own are in the log, without secrets."""

    status, code, detail = 502, "provider_refused", "The payment provider refused."


class ProviderAway(ArcanaError):
    """No answer, or one that says nothing: the same call is repeated later under the same key."""

    status, code, detail = 503, "provider_away", "The payment provider does not answer."


class EventRefused(ArcanaError):
    """A webhook that is not the provider's, or not for us. It is logged and changes nothing."""

    status, code, detail = 400, "event_refused", "This event cannot be believed."


@dataclass(frozen=True, slots=True)
class Photo:
    """What is sold, at an address where the provider can fetch it (JPEG); in pixels."""

    url: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Ask:
    """One attempt to pay for an order. `id` is the payment's row, and the key under which a call may be repeated.

    `renews` asks for a payment that repeats by itself every `period`, where the provider can.
    `return_url` is where the browser comes back to, paid or not.
    """

    id: UUID
    project: Project
    order_id: UUID
    telegram_id: int | None
    language: str
    title: str
    description: str
    amount: int
    currency: str
    place: Place
    return_url: str
    expires_at: datetime
    renews: bool = False
    period: Literal["month", "year"] | None = None
    # For the receipt of 54-FZ: an e-mail address or a phone number in E.164.
    contact: str | None = None
    photo: Photo | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """`url` is opened by the person; `opens` says how. `reference` names the payment at the provider."""

    reference: str
    url: str
    opens: Literal["invoice", "redirect"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one payment may come to, in the currency's smallest units; without a `maximum` none is published."""

    minimum: int = 1
    maximum: int | None = None

    def broken_by(self, amount: int) -> Literal["below_minimum", "above_maximum"] | None:
        if amount < self.minimum:
            return "below_minimum"
        return "above_maximum" if self.maximum is not None and amount > self.maximum else None


# ---- facts: what a provider says happened ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Paid:
    """Money came in. `charge` is unique at the provider's account, also over renewals.

    `payment_id` is ours if the provider carries it, else `reference` finds it. For a payment that renews by itself
    `subscription` names the agreement at the provider, and `paid_until` is where this payment ends.
    """

    charge: str
    amount: int
    currency: str
    payment_id: UUID | None = None
    reference: str | None = None
    telegram_id: int | None = None
    subscription: str | None = None
    renewal: bool = False
    paid_until: datetime | None = None
    # What later renewals are charged with (a saved method); opened nowhere but at the provider.
    method: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """This attempt will not be paid any more. `reason` is a short code of ours: declined, canceled, expired."""

    reason: str
    payment_id: UUID | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Refunded:
    """Money went back. `refund` is unique at the account; `refund_id` is ours if the refund began here."""

    charge: str
    refund: str
    amount: int
    currency: str
    refund_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class RefundFailed:
    """A refund came to nothing, maybe long after it was said to be done: the money is with us again."""

    charge: str
    refund: str
    amount: int
    currency: str
    refund_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Disputed:
    """The person's bank asks the money back. `state`: opened, won, lost."""

    charge: str
    dispute: str
    amount: int
    currency: str
    state: Literal["opened", "won", "lost"]


@dataclass(frozen=True, slots=True)
class SubscriptionChanged:
    """The agreement at the provider. `canceled` still runs to its end; `failed` waits for money; `ended` is over."""

    subscription: str
    state: Literal["active", "canceled", "failed", "ended"]
    until: datetime | None = None


Fact = Paid | Failed | Refunded | RefundFailed | Disputed | SubscriptionChanged


@dataclass(frozen=True, slots=True)
class Event:
    """A believed event as it came, to be kept before it is worked on. `id` is unique at the account.

    `numbered` is false where the provider gives notices no number: the same `id` then comes with each of them, and one
    that meant nothing may mean something when it comes again.
    """

    id: str
    kind: str
    body: dict[str, Any]
    numbered: bool = True


@dataclass(frozen=True, slots=True)
class Incoming:
    """A webhook's request: the raw body, headers in lower case, and the client's address behind trusted proxies."""

    body: bytes
    headers: Mapping[str, str]
    address: str


@dataclass(frozen=True, slots=True)
class Transaction:
    """One line of the provider's own books; `amount` is negative for money that went back."""

    charge: str
    amount: int
    currency: str
    at: datetime
    facts: Sequence[Fact] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class RefundOutcome:
    """`pending` ends later by a fact. `reference` names the refund at the provider."""

    reference: str
    state: Literal["succeeded", "pending"]


class Provider(ABC):
    """One file each, one line in `registry`. All calls go over HTTP and happen outside of any transaction.

    `account` names whose money it is (a bot's id, a shop, a Stripe account): charges and events are unique in it.
    Calls raise `ProviderAway` and `ProviderRefused`.
    """

    name: str
    # Whether an agreement renews by itself at the provider, by a charge of ours on a saved method, or not at all.
    renewal: Literal["provider", "ours", "none"] = "none"
    # False where only all of a payment can be given back.
    refunds_in_parts: bool = True
    # Whether `resume` is all it takes; if not, the person has to agree there as well, and an event tells of it.
    resumes_at_once: bool = True
    # Whether `portal` gives an address.
    has_portal: bool = False

    @abstractmethod
    def account(self, project: Project) -> str | None:
        """None if the project cannot be paid this way: no keys, no bot."""

    @abstractmethod
    def price(self, project: Project, *, stars: int | None, money: tuple[int, str] | None) -> tuple[int, str] | None:
        """(amount, currency) of what it would take, out of a price in Stars and one in the store's currency."""

    def limits(self, currency: str) -> Limits:
        """What it takes at once in this currency; checked before anybody is sent there."""
        return Limits()

    def needs_contact(self, project: Project) -> bool:
        """Whether `Ask.contact` is obligatory, for receipts."""
        return False

    def renews(self, *, period: str | None, amount: int) -> bool:
        """Whether a payment of this sum can repeat by itself every `period`."""
        return self.renewal != "none"

    @abstractmethod
    async def start(self, ask: Ask) -> Started:
        """Repeatable: the same `ask.id` gives the same payment."""

    async def close(self, project: Project, *, reference: str) -> None:
        """Nobody shall pay on this page any more; nothing where the provider has no such call. Money that has come
        stays, and is told as ever."""
        return

    @abstractmethod
    async def look(self, project: Project, *, reference: str, payment_id: UUID) -> Sequence[Fact]:
        """What the provider knows of this payment now; none while it is open."""

    def refundable(self, *, amount: int, currency: str) -> bool:
        """Whether exactly this sum can go back; some cannot write every one down."""
        return True

    @abstractmethod
    async def refund(
        self, project: Project, *, charge: str, amount: int, currency: str, refund_id: UUID, telegram_id: int | None
    ) -> RefundOutcome:
        """Gives money back, once per `refund_id`; what was given back before counts as done."""

    @abstractmethod
    def transactions(
        self, project: Project, *, since: datetime, settled: Set[str] = frozenset()
    ) -> AsyncIterator[Transaction]:
        """The provider's own books since then, oldest first, for the reconciliation.

        `settled` are the charges and refunds that stand in our books already: where a fact costs a question of its
        own, their lines come without facts.
        """

    async def receive(self, project: Project, incoming: Incoming) -> Sequence[Event]:
        """The events of a webhook, checked to be the provider's. Raises `EventRefused`."""
        raise EventRefused

    async def understand(self, project: Project, event: Event) -> Sequence[Fact]:
        """What a kept event means; may ask the provider again. None for what does not concern us.

        Raises `EventRefused` if the provider knows nothing of it.
        """
        return ()

    async def charge(self, ask: Ask, *, method: str) -> Sequence[Fact]:
        """A renewal on a saved method (`renewal == "ours"`); none while it is pending."""
        raise ProviderRefused

    async def cancel(self, project: Project, *, subscription: str, telegram_id: int | None) -> None:
        """No further renewals; what is paid runs on. Raises `ProviderRefused` where nothing renews there."""
        raise ProviderRefused

    async def resume(self, project: Project, *, subscription: str, telegram_id: int | None) -> None:
        """Takes a cancellation back, where the provider can; raises `ProviderRefused` where not."""
        raise ProviderRefused

    async def portal(self, project: Project, *, subscription: str, return_url: str) -> str:
        """An address at the provider where a person sees the agreement, its receipts and its card."""
        raise ProviderRefused
