"""Pairing: one string, pasted once into WordPress, that connects both sides."""

import base64
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import SecretStr

from app.kit import json
from app.kit.crypto import CannotOpen, Keyring
from app.kit.database import Connection
from app.kit.ids import new_id
from app.settings import Settings
from app.woocommerce.client import StoreAccess
from app.woocommerce.errors import PairingExpired, PairingRejected, PairingUsed
from app.woocommerce.repository import Store, StoresRepository

LIFETIME = timedelta(hours=24)
PREFIX = "arcana1."
ENVIRONMENT = "environment"
API_KEY = re.compile(r"c[ks]_[0-9a-zA-Z]{20,128}")


@dataclass(frozen=True, slots=True)
class PairingRequest:
    """What the plugin sends about itself; addresses are checked in `pair`."""

    url: str
    rest_url: str
    name: str
    plugin_version: str
    sealed_credentials: str


async def create_pairing(connection: Connection, keyring: Keyring, address: str) -> str:
    """A new pairing string for the backend at `address`; valid for 24 hours and for one use."""
    store_id, secret = new_id(), secrets.token_bytes(32)
    await StoresRepository(connection).add(store_id, sealed_secret=keyring.seal(secret), lifetime=LIFETIME)
    content = {
        "address": address.rstrip("/"),
        "store": str(store_id),
        "secret": base64.b64encode(secret).decode(),
        "key": public_key(keyring),
    }
    return PREFIX + base64.urlsafe_b64encode(json.dumps(content)).decode().rstrip("=")


def public_key(keyring: Keyring) -> dict[str, str]:
    """The key that WordPress seals with."""
    return {"id": keyring.current.id, "public": keyring.current.public}


async def pair(connection: Connection, keyring: Keyring, store: Store, request: PairingRequest) -> datetime:
    """Connects the store; returns when. Raises `PairingUsed`, `PairingExpired` or `PairingRejected`."""
    if store.state != "offered":
        raise PairingUsed
    for address in (request.url, request.rest_url):
        _check_address(address)
    if urlsplit(request.url).hostname != urlsplit(request.rest_url).hostname:
        raise PairingRejected("The REST address must be on the same host as the site.", field="rest_url")
    open_credentials(keyring, request.sealed_credentials)
    paired_at = await StoresRepository(connection).pair(
        store.id,
        url=request.url,
        rest_url=request.rest_url,
        name=request.name,
        plugin_version=request.plugin_version,
        sealed_credentials=request.sealed_credentials,
    )
    if paired_at is None:
        # Somebody was faster, or the day is over.
        current = await StoresRepository(connection).get(store.id)
        raise PairingExpired if current is not None and current.state == "offered" else PairingUsed
    return paired_at


def _check_address(address: str) -> None:
    try:
        parts = urlsplit(address)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username
        sound = sound and (parts.port is None or parts.port > 0) and address.isprintable() and " " not in address
    except ValueError:
        sound = False
    if not sound:
        raise PairingRejected("The site's address must be an http or https address.", field="url")


def open_credentials(keyring: Keyring, sealed: str) -> tuple[SecretStr, SecretStr]:
    """Consumer key and secret of the store. Raises `PairingRejected` when they cannot be read."""
    try:
        content: Any = json.loads(keyring.open(sealed))
        key, secret = content["consumer_key"], content["consumer_secret"]
    except (CannotOpen, ValueError, KeyError, TypeError) as error:
        raise PairingRejected(
            "The sealed API key cannot be opened with any key of this installation.",
            field="sealed_credentials",
        ) from error
    if not all(isinstance(part, str) and API_KEY.fullmatch(part) for part in (key, secret)):
        raise PairingRejected("This is not a WooCommerce API key.", field="sealed_credentials")
    return SecretStr(key), SecretStr(secret)


async def active_store(connection: Connection, keyring: Keyring, settings: Settings) -> StoreAccess | None:
    """The store to read from: the one that the operator set, else the paired one.

    Raises `PairingRejected` when the paired store's key does not open any more (a lost keyring).
    """
    if access := store_from_settings(settings):
        return access
    store = await StoresRepository(connection).paired()
    if store is None or store.url is None or store.rest_url is None or store.sealed_credentials is None:
        return None
    key, secret = open_credentials(keyring, store.sealed_credentials)
    return StoreAccess(str(store.id), store.url, store.rest_url, key, secret)


def store_from_settings(settings: Settings) -> StoreAccess | None:
    if not settings.woocommerce_url:
        return None
    return StoreAccess(
        ENVIRONMENT,
        settings.woocommerce_url,
        f"{settings.woocommerce_url}/wp-json/",
        settings.woocommerce_consumer_key,
        settings.woocommerce_consumer_secret,
    )


def parse_store_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
