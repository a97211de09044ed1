"""Who takes money: a file each, and a line in `build`."""

from collections.abc import Iterable, Iterator

import httpx

from app.catalogue.library import Project
from app.payments.errors import ProviderNotOffered
from app.payments.port import Place, Provider
from app.payments.providers.sandbox import SandboxProvider
from app.payments.providers.stars import StarsProvider
from app.payments.providers.stripe import StripeProvider
from app.payments.providers.yookassa import YooKassaProvider
from app.settings import Settings

# Digital goods inside Telegram are sold for Stars, unless the project's owner answers for more.
IN_TELEGRAM = StarsProvider.name


class Registry:
    """The providers by name, in the order in which they are offered."""

    def __init__(self, providers: Iterable[Provider]) -> None:
        self._providers = {provider.name: provider for provider in providers}

    def __iter__(self) -> Iterator[Provider]:
        return iter(self._providers.values())

    def get(self, name: str) -> Provider | None:
        """Also for payments that were begun where it is no longer offered."""
        return self._providers.get(name)

    def offered(self, project: Project, place: Place) -> list[Provider]:
        """Those with which this project can be paid at this place, the natural one first."""
        found = [
            provider
            for provider in self._providers.values()
            if (provider.name == IN_TELEGRAM or place == "web" or project.other_providers_in_telegram)
            and provider.account(project) is not None
        ]
        # From a browser, Stars lead away into Telegram.
        return sorted(found, key=lambda provider: place == "web" and provider.name == IN_TELEGRAM)

    def choose(self, project: Project, place: Place, name: str) -> Provider:
        """Raises `ProviderNotOffered`."""
        offered = self.offered(project, place)
        for provider in offered:
            if provider.name == name:
                return provider
        raise ProviderNotOffered(offered=[provider.name for provider in offered])


def build(*, settings: Settings, http: httpx.AsyncClient) -> Registry:
    """All of this installation; keys are the projects' own."""
    providers: list[Provider] = [
        StarsProvider(settings, http),
        StripeProvider(http, api_url=settings.stripe_api_url),
        YooKassaProvider(http, api_url=settings.yookassa_api_url, loopback=settings.demo),
    ]
    if settings.sandbox_bank_url:
        providers.append(SandboxProvider(settings, http))
    return Registry(providers)
