"""Bot tokens and keys of payment providers: sealed by WordPress, opened here and nowhere else.

In demo mode a bot has a sandbox token of our own, and a provider's keys count only where they say SANDBOX.
"""

import base64
import re
from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from app.catalogue.library import Bot, StripeKeys, YooKassaKeys
from app.kit import json
from app.kit.crypto import CannotOpen, Keyring, keyed_hash

TOKEN = re.compile(r"([1-9][0-9]{4,15}):[A-Za-z0-9_-]{20,128}")


STRIPE_KEY = re.compile(r"(?:sk|rk)_(?:test|live)_[A-Za-z0-9_]{8,240}")
STRIPE_WEBHOOK = re.compile(r"whsec_[A-Za-z0-9_+/=-]{8,240}")
YOOKASSA_SHOP = re.compile(r"[0-9]{1,20}")
YOOKASSA_KEY = re.compile(r"(?:test|live)_[A-Za-z0-9_-]{8,240}")


class TokenUnreadable(Exception):
    """The sealed token does not open, or was sealed for another project."""


class KeysUnreadable(Exception):
    """The sealed keys of a payment provider do not open, or were sealed for another project."""


def open_bot(keyring: Keyring, project_key: str, bot: Mapping[str, Any] | None) -> Bot | None:
    """The bot of a project of the document; `None` when it has no token. Raises `TokenUnreadable`."""
    if bot is None or not bot.get("sealed_token"):
        return None
    try:
        content = json.loads(keyring.open(bot["sealed_token"]))
    except (CannotOpen, ValueError) as error:
        raise TokenUnreadable("no key opens it") from error
    if not isinstance(content, dict) or content.get("project") != project_key:
        # A blob copied from another project's page is worthless.
        raise TokenUnreadable("sealed for another project")
    match = TOKEN.fullmatch(str(content.get("token")))
    if match is None:
        raise TokenUnreadable("not a bot token")
    return Bot(int(match[1]), bot.get("username"), SecretStr(match[0]))


def open_keys(
    keyring: Keyring, project_key: str, provider: str, row: Mapping[str, Any] | None, *, demo: bool = False
) -> StripeKeys | YooKassaKeys | None:
    """The keys of `stripe` or `yookassa`; `None` without any, and in demo mode for real ones.

    Raises `KeysUnreadable`.
    """
    if row is None or not row.get("sealed"):
        return None
    try:
        content = json.loads(keyring.open(row["sealed"]))
    except (CannotOpen, ValueError) as error:
        raise KeysUnreadable("no key opens them") from error
    if not isinstance(content, dict) or content.get("project") != project_key:
        raise KeysUnreadable("sealed for another project")
    if demo and "SANDBOX" not in str(content.get("secret_key")):
        return None
    if provider == "stripe":
        return StripeKeys(
            SecretStr(_matching(STRIPE_KEY, content.get("secret_key"))),
            SecretStr(_matching(STRIPE_WEBHOOK, content.get("webhook_secret"))),
        )
    # What receipts say stands beside the box, where it can be changed without the key.
    tax_system = row.get("tax_system", content.get("tax_system"))
    return YooKassaKeys(
        _matching(YOOKASSA_SHOP, content.get("shop_id")),
        SecretStr(_matching(YOOKASSA_KEY, content.get("secret_key"))),
        vat_code=_code(row.get("vat_code", content.get("vat_code")), 1),
        tax_system=_code(tax_system, 0) or None,
        receipts=row.get("receipts", content.get("receipts")) is True,
        payment_mode=row.get("payment_mode") or "full_payment",
    )


def _matching(pattern: re.Pattern[str], value: object) -> str:
    found = pattern.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise KeysUnreadable("not the keys of this provider")
    return found[0]


def _code(value: object, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 12 else default


def sandbox_bot(key: bytes, project_key: str) -> Bot:
    """A bot of the sandbox: always the same for an installation and a project, and never a real one."""
    digest = keyed_hash(key, project_key)
    number = 9_000_000_000 + int.from_bytes(digest[:4]) % 999_999_999
    tail = base64.urlsafe_b64encode(digest[4:]).decode().rstrip("=")[:27]
    username = re.sub(r"[^a-z0-9_]", "_", project_key)[:20]
    return Bot(number, f"{username}_sandbox_bot", SecretStr(f"{number}:SANDBOX_{tail}"))


def sandbox_keys(key: bytes, project_key: str, provider: str, *, receipts: bool = False) -> StripeKeys | YooKassaKeys:
    """Keys for the sandbox of `stripe` or `yookassa`: always the same for an installation and a project."""
    digest = keyed_hash(key, f"{provider}:{project_key}")
    name = f"SANDBOX{digest.hex()[:24]}"
    if provider == "stripe":
        return StripeKeys(SecretStr(f"sk_test_{name}"), SecretStr(f"whsec_{name}"))
    shop = str(100_000 + int.from_bytes(digest[-4:]) % 900_000_000)
    return YooKassaKeys(shop, SecretStr(f"test_{name}"), receipts=receipts)
