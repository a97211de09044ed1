"""All kinds of cards: a new one is its file and its line here."""

from collections.abc import Iterable

from app.crm.cards.agreement import AgreementCard
from app.crm.cards.dispute import DisputeCard
from app.crm.cards.kind import CardKind
from app.crm.cards.lead import LeadCard
from app.crm.cards.order import OrderCard
from app.crm.cards.payment import PaymentFailedCard
from app.crm.cards.refund import RefundCard
from app.crm.cards.refund_request import RefundRequestCard
from app.crm.cards.safety import SafetyCard
from app.crm.cards.strange_money import PaymentMissingCard, PaymentRefusedCard

KINDS: tuple[CardKind, ...] = (
    LeadCard(),
    SafetyCard(),
    OrderCard(),
    PaymentFailedCard(),
    RefundCard(),
    RefundRequestCard(),
    DisputeCard(),
    AgreementCard(),
    PaymentRefusedCard(),
    PaymentMissingCard(),
)


class CardKinds:
    """Raises `ValueError` for two of one name, and for names that a button could not carry."""

    def __init__(self, kinds: Iterable[CardKind] = KINDS) -> None:
        self._kinds: dict[str, CardKind] = {}
        for kind in kinds:
            if kind.name in self._kinds:
                raise ValueError(f"two kinds of card are called {kind.name}")
            if any(len(action.name) > 16 or ":" in action.name for action in kind.actions):
                raise ValueError(f"an action of {kind.name} has a name that no button carries")
            self._kinds[kind.name] = kind

    def get(self, name: str) -> CardKind | None:
        """None for one that this version of the product does not know."""
        return self._kinds.get(name)
