"""Signed requests of a paired WordPress: HMAC-SHA256 over method, path, time, nonce and body."""

import hashlib
import hmac
import re
import time
from collections.abc import Mapping, Sequence

from app.kit.crypto import CannotOpen, Keyring
from app.kit.database import Connection
from app.woocommerce.errors import SignatureExpired, SignatureInvalid, SignatureReplayed
from app.woocommerce.pairing import parse_store_id
from app.woocommerce.repository import Store, StoresRepository

WINDOW_SECONDS = 300
NONCE = re.compile(r"[0-9a-fA-F]{32,128}")
SIGNATURE = re.compile(r"v1=([0-9a-f]{64})")
TIMESTAMP = re.compile(r"[0-9]{1,12}")


def sign(secret: bytes, *, method: str, path: str, timestamp: str, nonce: str, body: bytes) -> str:
    """The value of `X-Arcana-Signature`."""
    message = "\n".join((method, path, timestamp, nonce, hashlib.sha256(body).hexdigest()))
    return "v1=" + hmac.digest(secret, message.encode(), "sha256").hex()


async def verify(
    connection: Connection,
    keyring: Keyring,
    *,
    method: str,
    paths: Sequence[str],
    headers: Mapping[str, str],
    body: bytes,
    now: float | None = None,
) -> Store:
    """The store that signed this request, if not retired; the caller's transaction keeps the nonce.

    `paths` are the forms of the path that the signer may have seen: a proxy may have taken a prefix off.
    Raises `SignatureInvalid` (also for a store we do not know), `SignatureExpired`, `SignatureReplayed`.
    """
    timestamp, nonce = headers.get("x-arcana-timestamp", ""), headers.get("x-arcana-nonce", "")
    claimed = SIGNATURE.fullmatch(headers.get("x-arcana-signature", ""))
    store_id = parse_store_id(headers.get("x-arcana-store", ""))
    if not (claimed and store_id and TIMESTAMP.fullmatch(timestamp) and NONCE.fullmatch(nonce)):
        raise SignatureInvalid
    stores = StoresRepository(connection)
    store = await stores.get(store_id)
    if store is None or store.state == "retired":
        raise SignatureInvalid
    try:
        secret = keyring.open(store.sealed_secret)
    except CannotOpen as error:
        raise SignatureInvalid from error
    expected = [sign(secret, method=method, path=path, timestamp=timestamp, nonce=nonce, body=body) for path in paths]
    if not any(hmac.compare_digest(one, claimed[0]) for one in expected):
        raise SignatureInvalid
    # Only to who holds the secret do we say what the clock says.
    if abs((time.time() if now is None else now) - int(timestamp)) > WINDOW_SECONDS:
        raise SignatureExpired
    if not await stores.remember_nonce(store.id, nonce):
        raise SignatureReplayed
    return store
