"""What a person does with a running subscription: cancel, resume, manage at the provider.

The provider is asked between transactions; whatever breaks in between, its own word comes later as an event.
"""

from app.catalogue.library import Project
from app.errors import ArcanaError
from app.kit.clock import utc_now
from app.kit.database import Database
from app.payments.errors import SubscriptionNotFound
from app.payments.port import Provider
from app.payments.providers import Registry
from app.payments.subscriptions.repository import Subscription, SubscriptionRepository
from app.users.repository import User, UserRepository
from app.users.service import admit
from app.users.tokens import Principal


class RenewalNotPossible(ArcanaError):
    """`reason`: over, no_agreement (nothing to charge is known), no_provider."""

    status, code, detail = 409, "renewal_not_possible", "This subscription cannot renew by itself."


class PortalNotOffered(ArcanaError):
    status, code, detail = 404, "portal_not_offered", "The provider of this subscription has no page for it."


async def _look(database: Database, principal: Principal) -> tuple[User, Subscription]:
    async with database.connection() as connection:
        user = admit(await UserRepository(connection, principal.project_id).get(principal.user_id))
        found = await SubscriptionRepository(connection, principal.project_id).open_of(user.id)
    if found is None:
        raise SubscriptionNotFound
    return user, found


def _provider(registry: Registry, project: Project, known: Subscription) -> Provider | None:
    """Who holds the agreement, if it is still the same account of the project."""
    provider = registry.get(known.provider) if known.provider else None
    return provider if provider is not None and provider.account(project) == known.account else None


async def _decide(database: Database, principal: Principal, known: Subscription, *, renews: bool) -> Subscription:
    async with database.transaction() as connection:
        admit(await UserRepository(connection, principal.project_id).get(principal.user_id, lock="KEY SHARE"))
        decided = await SubscriptionRepository(connection, principal.project_id).set_renewal(known.id, renews=renews)
    if decided is None:
        raise SubscriptionNotFound
    return decided


async def cancel(database: Database, registry: Registry, project: Project, principal: Principal) -> Subscription:
    """Nothing is charged any more, and what is paid for runs on; again, it answers the same.

    Raises `SubscriptionNotFound`, `RenewalNotPossible` (`no_provider`: its keys are gone), `ProviderAway` and
    `ProviderRefused`.
    """
    user, known = await _look(database, principal)
    if not known.renews:
        return known
    if known.reference is not None:
        provider = _provider(registry, project, known)
        if provider is None:
            raise RenewalNotPossible(reason="no_provider")
        await provider.cancel(project, subscription=known.reference, telegram_id=user.telegram_id)
    return await _decide(database, principal, known, renews=False)


async def resume(database: Database, registry: Registry, project: Project, principal: Principal) -> Subscription:
    """Takes a cancellation back while it runs. Where the provider asks the person as well, it renews only after that.

    Raises as `cancel`, and `RenewalNotPossible` where nothing can renew.
    """
    user, known = await _look(database, principal)
    if known.renews:
        return known
    if known.until <= utc_now():
        raise RenewalNotPossible(reason="over")
    if not resumable(known):
        raise RenewalNotPossible(reason="no_agreement")
    provider = _provider(registry, project, known)
    if provider is None:
        raise RenewalNotPossible(reason="no_provider")
    if known.reference is not None:
        await provider.resume(project, subscription=known.reference, telegram_id=user.telegram_id)
        if not provider.resumes_at_once:
            return known
    return await _decide(database, principal, known, renews=True)


def resumable(known: Subscription) -> bool:
    return known.canceled_at is not None and (known.reference is not None or known.sealed_method is not None)


async def portal(
    database: Database, registry: Registry, project: Project, principal: Principal, *, return_url: str
) -> str:
    """The address of the provider's own page for this person. Raises `SubscriptionNotFound`, `PortalNotOffered`."""
    _, known = await _look(database, principal)
    provider = _provider(registry, project, known)
    if provider is None or known.reference is None or not provider.has_portal:
        raise PortalNotOffered
    return await provider.portal(project, subscription=known.reference, return_url=return_url)


def actions(registry: Registry, project: Project, known: Subscription) -> list[str]:
    """What can be done with it now: cancel, resume, portal."""
    provider = _provider(registry, project, known)
    found = []
    if known.renews and (known.reference is None or provider is not None):
        found.append("cancel")
    if not known.renews and resumable(known) and provider is not None and known.until > utc_now():
        found.append("resume")
    if provider is not None and provider.has_portal and known.reference is not None:
        found.append("portal")
    return found
