"""Access tokens (JWT, RFC 7519) and rotating refresh tokens, both bound to one project."""

import base64
import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal
from uuid import UUID

import jwt

from app.errors import Unauthenticated
from app.kit.crypto import derive_key

REFUSAL = "The access token is missing, wrong or expired."
REMEMBERED = 4096


# Where somebody asks from: inside Telegram, or in an ordinary browser with a one-time code.
Place = Literal["telegram", "web"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking: a user of one project, and from where, as the session was begun."""

    user_id: UUID
    project_id: int
    # Less is allowed inside Telegram, so that is what somebody of whom it is not known gets.
    place: Place = "telegram"


class Tokens:
    """Makes and reads tokens with keys derived from the installation's secret."""

    def __init__(self, secret: str, *, access_seconds: int) -> None:
        self._access_key = derive_key(secret, "access-token")
        self._refresh_key = derive_key(secret, "refresh-token")
        self.access_seconds = access_seconds
        # A person comes with the same token for a quarter of an hour; reading it costs as much as a query.
        self._read = lru_cache(maxsize=REMEMBERED)(self._verified)

    def access(self, principal: Principal) -> str:
        now = int(time.time())
        claims = {
            "sub": str(principal.user_id),
            "project": principal.project_id,
            "place": principal.place,
            "iat": now,
            "exp": now + self.access_seconds,
            # Two tokens of one second must differ: a client tells by the text whether it got a new one.
            "jti": secrets.token_hex(8),
        }
        return jwt.encode(claims, self._access_key, algorithm="HS256")

    def principal(self, access_token: str) -> Principal:
        """Raises `Unauthenticated` for anything but a living token of ours."""
        principal, expires_at = self._read(access_token)
        if expires_at <= time.time():
            raise Unauthenticated(REFUSAL)
        return principal

    def _verified(self, access_token: str) -> tuple[Principal, int]:
        try:
            claims = jwt.decode(
                access_token,
                self._access_key,
                algorithms=["HS256"],
                options={"require": ["sub", "exp", "project"]},
            )
            place: Place = "web" if claims.get("place") == "web" else "telegram"
            return Principal(UUID(claims["sub"]), int(claims["project"]), place), int(claims["exp"])
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise Unauthenticated(REFUSAL) from error

    @staticmethod
    def new_refresh() -> str:
        return secrets.token_urlsafe(32)

    def successor(self, refresh_token: str) -> str:
        """The next token of the family; the same for the same token, so that a lost reply can be repeated."""
        digest = hmac.digest(self._refresh_key, refresh_token.encode("utf-8", "ignore"), "sha256")
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    @staticmethod
    def hash(refresh_token: str) -> bytes:
        return hashlib.sha256(refresh_token.encode("utf-8", "ignore")).digest()
