"""Stripe's test cards (https://docs.stripe.com/testing) and what each of them does."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Card:
    """`code` and `decline_code` as in Stripe's errors; `later` is what further charges of a saved card do."""

    number: str
    outcome: Literal["paid", "declined", "authenticate"] = "paid"
    code: str = ""
    decline_code: str = ""
    message: str = ""
    later: Literal["paid", "declined"] = "paid"
    refunds: Literal["succeeded", "pending", "failed"] = "succeeded"

    @property
    def last4(self) -> str:
        return self.number[-4:]


def _declined(number: str, code: str, decline_code: str, message: str) -> Card:
    return Card(number, "declined", code, decline_code, message)


GOOD = "4242424242424242"
DECLINED = "4000000000000002"
INSUFFICIENT = "4000000000009995"
AUTHENTICATE = "4000002760003184"
FAILS_LATER = "4000000000000341"

CARDS = {
    card.number: card
    for card in (
        Card(GOOD),
        Card("5555555555554444"),
        _declined(DECLINED, "card_declined", "generic_decline", "Your card was declined."),
        _declined(INSUFFICIENT, "card_declined", "insufficient_funds", "Your card has insufficient funds."),
        _declined("4000000000000069", "expired_card", "expired_card", "Your card has expired."),
        Card(AUTHENTICATE, "authenticate"),
        Card("4000002500003155", "authenticate"),
        Card(FAILS_LATER, later="declined"),
        Card("4000000000007726", refunds="pending"),
        Card("4000000000005126", refunds="failed"),
    )
}
UNKNOWN = _declined("", "card_declined", "test_mode_live_card", "Your card was declined: use a test card here.")


def find(number: str) -> Card:
    return CARDS.get("".join(number.split()), UNKNOWN)
