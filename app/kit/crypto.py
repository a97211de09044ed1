"""Keys and sealed boxes: one secret with a derived key per purpose, and a keyring of X25519 keys that rotate."""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from app.kit import json


class CannotOpen(Exception):
    """A sealed text that none of our keys opens."""


def derive_key(secret: str, purpose: str) -> bytes:
    """32 bytes for one purpose, by HKDF-SHA256 (RFC 5869) with an empty salt; `purpose` is the info."""
    pseudo_random_key = hmac.digest(bytes(32), secret.encode(), "sha256")
    return hmac.digest(pseudo_random_key, purpose.encode() + b"\x01", "sha256")


def keyed_hash(key: bytes, *parts: object) -> bytes:
    """HMAC-SHA256 over unambiguously joined parts."""
    return hmac.digest(key, json.canonical([str(part) for part in parts]), "sha256")


@dataclass(frozen=True, slots=True)
class SealingKey:
    id: str
    private: PrivateKey

    @property
    def public(self) -> str:
        """Base64 of the 32 public bytes."""
        return base64.b64encode(bytes(self.private.public_key)).decode()


def _new_key() -> SealingKey:
    private = PrivateKey.generate()
    return SealingKey(hashlib.sha256(bytes(private.public_key)).hexdigest()[:16], private)


class Keyring:
    """The newest key seals, every kept key opens. Lives in one file, which is part of the backup."""

    def __init__(self, keys: list[SealingKey]) -> None:
        if not keys:
            raise ValueError("a keyring needs a key")
        self._keys = keys

    @classmethod
    def generate(cls) -> "Keyring":
        return cls([_new_key()])

    @classmethod
    def load(cls, path: Path) -> "Keyring":
        """Reads the file, or makes it with one new key; mode 0600, written whole or not at all."""
        if path.exists():
            stored = json.loads(path.read_bytes())
            return cls([SealingKey(row["id"], PrivateKey(base64.b64decode(row["private"]))) for row in stored["keys"]])
        ring = cls.generate()
        ring.save(path)
        # Another process may have been first: what is on the disk is the truth.
        return cls.load(path)

    def save(self, path: Path, *, replace: bool = False) -> None:
        rows = [{"id": key.id, "private": base64.b64encode(bytes(key.private)).decode()} for key in self._keys]
        write_secret(path, json.dumps({"keys": rows}), replace=replace)

    def rotated(self) -> "Keyring":
        """With a new current key in front; the older ones still open."""
        return Keyring([_new_key(), *self._keys])

    @property
    def current(self) -> SealingKey:
        return self._keys[0]

    @property
    def ids(self) -> list[str]:
        return [key.id for key in self._keys]

    def seal(self, plaintext: bytes) -> str:
        """Base64 of a libsodium sealed box to the current key."""
        return base64.b64encode(SealedBox(self.current.private.public_key).encrypt(plaintext)).decode()

    def open(self, sealed: str) -> bytes:
        """Raises `CannotOpen` for rubbish, and for a box sealed to a key that is gone."""
        try:
            box = base64.b64decode(sealed, validate=True)
        except (binascii.Error, ValueError) as error:
            raise CannotOpen("not base64") from error
        for key in self._keys:
            try:
                return bytes(SealedBox(key.private).decrypt(box))
            except (CryptoError, ValueError, TypeError):
                continue
        raise CannotOpen("no key of this installation opens it")


def seal_to(public_key: str, plaintext: bytes) -> str:
    """Base64 of a sealed box to somebody's base64 public key, as the WordPress plugin makes them."""
    return base64.b64encode(SealedBox(PublicKey(base64.b64decode(public_key))).encrypt(plaintext)).decode()


def write_secret(path: Path, content: bytes, *, replace: bool = False) -> None:
    """Writes a 0600 file atomically; without `replace` an existing file stays as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        if replace:
            os.replace(draft, path)
        else:
            os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)


def load_secret(path: Path) -> str:
    """The installation's own secret: made once, kept in a 0600 file."""
    if not path.exists():
        write_secret(path, secrets.token_urlsafe(48).encode())
    return path.read_text().strip()
