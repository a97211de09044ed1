"""How Stripe is called: the `stripe` package over our own connections, a client for each key, errors by name.

Source: https://docs.stripe.com/api (versions, idempotency, errors) and https://docs.stripe.com/currencies (units).
"""

import asyncio
from collections.abc import Awaitable, Mapping
from hashlib import sha256
from typing import Any, TypeVar

import httpx
import stripe

from app.catalogue.library import StripeKeys
from app.kit import money
from app.kit.telemetry import get_logger
from app.payments.port import Limits, ProviderAway, ProviderRefused

log = get_logger("app.payments.stripe")

# What our code was written for. The package is pinned to a release with the same version: its types describe it.
API_VERSION = "2026-10-28.endive"
TIMEOUT = httpx.Timeout(12.0, connect=5.0)
RETRIES = 1

# The package would write an id of this machine into the home folder and report latencies; no key is touched by it.
stripe.enable_telemetry = False

Thing = TypeVar("Thing")

# Where Stripe counts other decimals than ISO 4217: https://docs.stripe.com/currencies#special-cases
_STRIPE_DECIMALS = {"ISK": 2, "UGX": 2, "MGA": 0}
# What is charged at least, in Stripe's units, and at most eight digits of them; other currencies are converted first,
# which nobody can foresee: https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
_LEAST = {
    **dict.fromkeys(("USD", "AUD", "BRL", "CAD", "CHF", "EUR", "INR", "NZD", "SGD", "JPY"), 50),
    **dict.fromkeys(("AED", "MYR", "PLN", "RON"), 2_00),
    "BGN": 1_00, "CZK": 15_00, "DKK": 2_50, "GBP": 30, "HKD": 4_00, "HUF": 175_00, "MXN": 10_00, "NOK": 3_00,
    "SEK": 3_00, "THB": 10_00,
}  # fmt: skip
_MOST = 99_999_999


class Transport(stripe.HTTPClient):
    """The package's requests on the process's own connections, which end with the process."""

    name = "httpx"

    def __init__(self, http: httpx.AsyncClient) -> None:
        super().__init__()
        self._http = http

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        try:
            got = await self._http.request(
                method, url, headers=dict(headers), content=post_data, timeout=TIMEOUT, follow_redirects=False
            )
        except httpx.HTTPError as error:
            raise stripe.APIConnectionError(type(error).__name__, should_retry=True) from error  # type: ignore[no-untyped-call]  # the package says nothing of its arguments
        return got.content, got.status_code, got.headers

    def sleep_async(self, secs: float) -> Awaitable[None]:
        return asyncio.sleep(secs)

    async def close_async(self) -> None:
        """The connections belong to the process."""


class Clients:
    """A client for each secret key; never the package's own globals, which all projects would share."""

    def __init__(self, http: httpx.AsyncClient, *, api_url: str) -> None:
        self._transport = Transport(http)
        self._api_url = api_url
        self._clients: dict[bytes, stripe.StripeClient] = {}

    def of(self, keys: StripeKeys) -> stripe.StripeClient:
        secret = keys.secret_key.get_secret_value()
        name = sha256(secret.encode()).digest()
        if name not in self._clients:
            self._clients[name] = stripe.StripeClient(
                secret,
                stripe_version=API_VERSION,
                base_addresses={"api": self._api_url},
                max_network_retries=RETRIES,
                http_client=self._transport,
            )
        return self._clients[name]


async def answer(call: Awaitable[Thing]) -> Thing:
    """The answer of a call. Raises `ProviderAway` or `ProviderRefused`, whose `reason` is Stripe's own code."""
    try:
        return await call
    except stripe.StripeError as error:
        refusal = _named(error)
    # Out here it carries nothing along of Stripe's own error, whose words may quote a part of a wrong key.
    raise refusal


def _named(error: stripe.StripeError) -> ProviderAway | ProviderRefused:
    reason = error.code or (error.error.code if error.error else None) or type(error).__name__
    # The code and the request's id say enough, and nothing of what was sent.
    log.warning("Stripe refused or is away", reason=reason, status=error.http_status, request=error.request_id)
    return (ProviderAway if _away(error, error.http_status) else ProviderRefused)(reason=reason)


def _away(error: stripe.StripeError, status: int | None) -> bool:
    if isinstance(error, stripe.APIConnectionError | stripe.RateLimitError):
        return True
    # 409: the same key is being worked on at this moment. A success that is not JSON says nothing either.
    return status is None or status < 400 or status >= 500 or status in (408, 409, 425, 429)


def plain(thing: stripe.StripeObject) -> dict[str, Any]:
    """Stripe's object as plain data, as it came."""
    return thing.to_dict()


def is_live(keys: StripeKeys) -> bool:
    """Whether a key moves real money; `sk_test_…` and `rk_test_…` do not."""
    return keys.secret_key.get_secret_value().startswith(("sk_live_", "rk_live_"))


def to_units(amount: int, currency: str) -> int | None:
    """Stripe's count of an amount of ours; `None` if Stripe cannot take exactly this sum."""
    ours, theirs = _scale(currency)
    units, rest = divmod(amount * theirs, ours)
    # The last of three decimals has to be zero.
    return None if rest or (money.decimals(currency) == 3 and units % 10) else units


def from_units(units: int, currency: str) -> int:
    """An amount of ours out of Stripe's; rounds down where Stripe counts finer than the currency does."""
    ours, theirs = _scale(currency)
    return units * ours // theirs


def limits_of(currency: str) -> Limits:
    """In our units."""
    return Limits(max(1, from_units(_LEAST.get(currency, 1), currency)), from_units(_MOST, currency))


def _scale(currency: str) -> tuple[int, int]:
    """How many of our units, and how many of Stripe's, are one whole."""
    ours = money.decimals(currency)
    return int(10**ours), int(10 ** _STRIPE_DECIMALS.get(currency, ours))
