"""Who takes money in the demo: a bank of play money, and Stripe and YooKassa, played by sandboxes that know the keys
of every project.
"""

import secrets
from functools import partial
from typing import Any

from starlette.applications import Starlette

from app.catalogue.library import Library
from app.catalogue.service import Catalogue
from app.sandbox import bank, stripe, yookassa
from app.sandbox.bank import keeping as bank_keeping
from app.sandbox.keeping import Keeping
from app.sandbox.stripe import keeping as stripe_keeping
from app.sandbox.stripe.state import Desk as StripeDesk
from app.sandbox.yookassa import keeping as yookassa_keeping
from app.sandbox.yookassa.state import Desk as YooKassaDesk
from app.settings import Settings

VERSION = "/v3"


def environment(*, stripe: str, yookassa: str, bank: str) -> dict[str, str]:
    """Where our processes find the sandboxes that are at these addresses; the bank's secrets are of this run alone."""
    return {
        "STRIPE_API_URL": stripe,
        "YOOKASSA_API_URL": f"{yookassa}{VERSION}",
        "SANDBOX_RECEIPTS": "true",
        "SANDBOX_BANK_URL": bank,
        "SANDBOX_BANK_KEY": f"SANDBOX-{secrets.token_urlsafe(24)}",
        "SANDBOX_BANK_SECRET": f"SANDBOX-{secrets.token_urlsafe(24)}",
    }


def create_apps(settings: Settings, catalogue: Catalogue) -> tuple[Keeping, Keeping, Keeping]:
    """Stripe, YooKassa and the bank, with the books of the last run. Projects that come later, or change their keys,
    are made known as well."""
    stripe_app = stripe.create_app(origin=settings.stripe_api_url)
    yookassa_app = yookassa.create_app(origin=settings.yookassa_api_url.removesuffix(VERSION))
    bank_app = bank.create_app(
        key=settings.sandbox_bank_key.get_secret_value(),
        secret=settings.sandbox_bank_secret.get_secret_value(),
        page=settings.sandbox_bank_url,
    )
    kept = (
        keep(stripe_app, settings, "stripe", stripe_keeping, stripe_app.state.desk),
        keep(yookassa_app, settings, "yookassa", yookassa_keeping, yookassa_app.state.desk),
        keep(bank_app, settings, "bank", bank_keeping, bank_app.state.bank),
    )

    def register(library: Library) -> None:
        register_stripe(stripe_app.state.desk, library, settings.public_url)
        register_yookassa(yookassa_app.state.desk, library, settings.public_url)

    catalogue.on_change(register)
    register(catalogue.library())
    return kept


def keep(app: Starlette, settings: Settings, name: str, books: Any, state: Any) -> Keeping:
    """A sandbox whose books are a file of the demo's data; `books` is its module of `dump` and `load`, over `state`."""
    path = settings.data_dir / "sandbox" / f"{name}.json"
    return Keeping(app, path, dump=partial(books.dump, state), load=partial(books.load, state))


def register_stripe(desk: StripeDesk, library: Library, public_url: str) -> None:
    for project in library.projects:
        if (keys := project.payments.stripe) is not None:
            desk.add_account(
                secret_key=keys.secret_key.get_secret_value(),
                webhook_secret=keys.webhook_secret.get_secret_value(),
                webhook_url=f"{public_url}/api/v1/payments/stripe/{project.slug}",
                account=f"acct_SANDBOX{project.id}",
            )


def register_yookassa(desk: YooKassaDesk, library: Library, public_url: str) -> None:
    for project in library.projects:
        if (keys := project.payments.yookassa) is not None:
            desk.add_shop(
                shop_id=keys.shop_id,
                secret_key=keys.secret_key.get_secret_value(),
                webhook_url=f"{public_url}/api/v1/payments/yookassa/{project.slug}",
                receipts=keys.receipts,
            )
