"""The demo's Stripe and YooKassa: every project has keys of its own there, and nobody has them elsewhere."""

from dataclasses import replace

import pytest

from app import demo_payments
from app.catalogue.library import Library, StripeKeys, YooKassaKeys
from app.catalogue.secrets import sandbox_keys
from app.container import open_container
from app.settings import Settings
from tests.payments.stripe_shop import stripe_project

AT_HOME = {"stripe_api_url": "http://127.0.0.1:9", "yookassa_api_url": "http://127.0.0.1:9/v3"}


def test_the_same_keys_for_an_installation_and_a_project() -> None:
    first, again, other = (sandbox_keys(b"k" * 32, name, "stripe") for name in ("luna", "luna", "sol"))
    assert first == again != other
    assert isinstance(first, StripeKeys)
    assert first.secret_key.get_secret_value().startswith("sk_test_SANDBOX")
    shop = sandbox_keys(b"k" * 32, "luna", "yookassa")
    assert isinstance(shop, YooKassaKeys)
    assert shop.shop_id.isdigit()
    assert shop != sandbox_keys(b"l" * 32, "luna", "yookassa")


async def test_only_where_the_sandboxes_are(stocked_settings: Settings) -> None:
    for changes, expected in ({}, False), (AT_HOME, True), ({**AT_HOME, "demo": False}, False):
        settings = stocked_settings.model_copy(update=changes)
        async with open_container(settings) as services:
            await services.catalogue.start(refreshing=False)
            projects = services.catalogue.library().projects
            await services.catalogue.stop()
        assert projects
        assert {bool(project.payments.stripe and project.payments.yookassa) for project in projects} == {expected}


async def test_every_project_is_known_also_when_its_keys_change(stocked_settings: Settings) -> None:
    async with open_container(stocked_settings.model_copy(update=AT_HOME)) as services:
        await services.catalogue.start(refreshing=False)
        library = services.catalogue.library()
        stripe, yookassa, _ = demo_payments.create_apps(services.settings, services.catalogue)
        await services.catalogue.stop()
    accounts, shops = stripe.app.state.desk.accounts, yookassa.app.state.desk.shops
    assert len(accounts) == len(shops) == len(library.projects)
    for project in library.projects:
        keys = project.payments.stripe
        assert keys is not None
        account = accounts[keys.secret_key.get_secret_value()]
        assert account.webhook_url == f"{services.settings.public_url}/api/v1/payments/stripe/{project.slug}"
        # Another key for the same project is the same account.
        changed = replace(project, payments=stripe_project(key="sk_test_SANDBOXnext").payments)
        demo_payments.register_stripe(stripe.app.state.desk, Library(projects=(changed,)), "http://127.0.0.1:9")
        assert accounts["sk_test_SANDBOXnext"].things is account.things
        del accounts["sk_test_SANDBOXnext"]


def test_other_addresses_are_not_the_sandboxes() -> None:
    settings = Settings(_env_file=None, demo=True)
    assert not settings.plays("stripe")
    assert not settings.plays("yookassa")
    assert not settings.plays("stars")
    assert settings.model_copy(update=AT_HOME).plays("yookassa")
    with pytest.raises(ValueError, match="http"):
        Settings(_env_file=None, stripe_api_url="ftp://127.0.0.1")
