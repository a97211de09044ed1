"""Who is asking: the dependency of every route that needs a signed-in user."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials

from app.container import container
from app.errors import Unauthenticated
from app.users.tokens import Principal

bearer = HTTPBearer(auto_error=False, description="The access token of a sign-in.")


async def current_principal(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> Principal:
    """Raises `Unauthenticated`, or `RateLimited` when this user asks too often."""
    if credentials is None:
        raise Unauthenticated
    services = container(request)
    principal = services.tokens.principal(credentials.credentials)
    await services.limits.check("user", principal.user_id, per_minute=services.settings.rate_limit_user_per_minute)
    return principal


CurrentPrincipal = Annotated[Principal, Depends(current_principal)]
