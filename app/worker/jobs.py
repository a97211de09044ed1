"""All jobs of the product."""

from app.broadcasts import jobs as broadcasts
from app.catalogue import jobs as catalogue
from app.crm import alarms_jobs as alarms
from app.crm import drafts_jobs as drafts
from app.crm import jobs as crm
from app.crm.cards import jobs as cards
from app.notifications import jobs as notifications
from app.payments import jobs as payments
from app.payments.books import jobs as books
from app.payments.ledger import jobs as ledger
from app.payments.subscriptions import jobs as subscriptions
from app.readings import jobs as readings
from app.settings import Settings
from app.telegram import jobs as telegram
from app.wallet import jobs as wallet
from app.worker.port import JobRegistry


def build_registry(settings: Settings) -> JobRegistry:
    registry = JobRegistry()
    catalogue.register(registry, settings)
    broadcasts.register(registry)
    readings.register(registry)
    wallet.register(registry)
    subscriptions.register(registry)
    ledger.register(registry)
    notifications.register(registry)
    payments.register(registry)
    telegram.register(registry)
    cards.register(registry)
    crm.register(registry)
    alarms.register(registry)
    drafts.register(registry)
    books.register(registry)
    return registry
