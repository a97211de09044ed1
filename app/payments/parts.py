"""What orders give and refunds take with, besides the wallet."""

from dataclasses import dataclass

from app.payments.gifts.service import GiftService
from app.payments.subscriptions.service import SubscriptionService


@dataclass(frozen=True, slots=True)
class Parts:
    subscriptions: SubscriptionService
    gifts: GiftService
