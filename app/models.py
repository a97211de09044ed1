"""All ORM models, imported for Alembic: `Base.metadata` is the schema."""

from app.alerts import models as alerts
from app.catalogue import models as catalogue
from app.kit import idempotency
from app.kit.database import Base
from app.notifications import models as notifications
from app.projects import models as projects
from app.readings import models as readings
from app.telegram import models as telegram
from app.users import models as users
from app.wallet import models as wallet
from app.woocommerce import models as woocommerce
from app.worker import models as worker

metadata = Base.metadata

__all__ = [
    "alerts",
    "catalogue",
    "idempotency",
    "metadata",
    "notifications",
    "projects",
    "readings",
    "telegram",
    "users",
    "wallet",
    "woocommerce",
    "worker",
]
