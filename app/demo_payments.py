"""Stripe and YooKassa of the demo: played by sandboxes, which know the keys of every project."""

from starlette.applications import Starlette

from app.catalogue.library import Library
from app.catalogue.service import Catalogue
from app.sandbox import stripe, yookassa
from app.sandbox.stripe.state import Desk as StripeDesk
from app.sandbox.yookassa.state import Desk as YooKassaDesk
from app.settings import Settings

VERSION = "/v3"


def environment(*, stripe: str, yookassa: str) -> dict[str, str]:
    """Where our processes find the sandboxes that are at these addresses."""
    return {"STRIPE_API_URL": stripe, "YOOKASSA_API_URL": f"{yookassa}{VERSION}"}


def create_apps(settings: Settings, catalogue: Catalogue) -> tuple[Starlette, Starlette]:
    """Both sandboxes. Projects that come later, or change their keys, are made known as well."""
    stripe_app = stripe.create_app(origin=settings.stripe_api_url)
    yookassa_app = yookassa.create_app(origin=settings.yookassa_api_url.removesuffix(VERSION))

    def register(library: Library) -> None:
        register_stripe(stripe_app.state.desk, library, settings.public_url)
        register_yookassa(yookassa_app.state.desk, library, settings.public_url)

    catalogue.on_change(register)
    register(catalogue.library())
    return stripe_app, yookassa_app


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
