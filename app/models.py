"""All ORM models, imported for Alembic: `Base.metadata` is the schema."""

from app.alerts import models as alerts
from app.broadcasts import models as broadcasts
from app.catalogue import models as catalogue
from app.crm import audit, contacts, drafts_repository, templates
from app.crm import models as crm
from app.crm.cards import models as cards
from app.kit import idempotency
from app.kit.database import Base
from app.leads import models as leads
from app.notifications import models as notifications
from app.payments import models as payments
from app.payments.subscriptions import models as subscriptions
from app.projects import models as projects
from app.readings import models as readings
from app.telegram import models as telegram
from app.users import models as users
from app.users import welcome
from app.wallet import models as wallet
from app.woocommerce import models as woocommerce
from app.worker import models as worker

metadata = Base.metadata

__all__ = [
    "alerts",
    "audit",
    "broadcasts",
    "cards",
    "catalogue",
    "contacts",
    "crm",
    "drafts_repository",
    "idempotency",
    "leads",
    "metadata",
    "notifications",
    "payments",
    "projects",
    "readings",
    "subscriptions",
    "telegram",
    "templates",
    "users",
    "wallet",
    "welcome",
    "woocommerce",
    "worker",
]
