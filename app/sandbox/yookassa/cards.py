"""Test cards of YooKassa (https://yookassa.ru/developers/payment-acceptance/testing-and-going-live/testing)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Card:
    """`reason` is why a payment by it is canceled, `""` if it is paid; `later`, why renewals by it are."""

    number: str
    kind: str = "MasterCard"
    reason: str = ""
    secure: bool = False
    later: str = ""


GOOD = "5555555555554444"
SECURE = "5555555555554477"
INSUFFICIENT = "5555555555554600"
DECLINED = "5555555555554527"
# Not one of YooKassa's own: it is good once, and the person then takes the consent back.
REVOKES = "5555555555554002"

CARDS = {
    card.number: card
    for card in (
        Card(GOOD),
        Card("4111111111111111", "Visa"),
        Card("2200000000000004", "Mir"),
        Card(SECURE, secure=True),
        Card("5555555555554592", reason="3d_secure_failed"),
        Card("5555555555554535", reason="call_issuer"),
        Card("5555555555554543", reason="card_expired"),
        Card("5555555555554568", reason="fraud_suspected"),
        Card(DECLINED, reason="general_decline"),
        Card(INSUFFICIENT, reason="insufficient_funds"),
        Card("5555555555554618", reason="invalid_card_number"),
        Card("5555555555554626", reason="invalid_csc"),
        Card(REVOKES, later="permission_revoked"),
    )
}
UNKNOWN = Card("0000000000000000", "Unknown", reason="invalid_card_number")


def find(number: str) -> Card:
    return CARDS.get("".join(number.split()), UNKNOWN)
