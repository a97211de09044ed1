"""Finished answers: bytes in every encoding, their strong ETags and headers, all made ahead of time."""

import gzip
import hashlib
import struct
from dataclasses import dataclass
from typing import Any, Literal

import brotli

from app.kit import json
from app.kit.http import API_POLICY, SECURITY_HEADERS

Encoding = Literal["br", "gzip", "identity"]
Headers = list[tuple[bytes, bytes]]
SUFFIXES: dict[Encoding, str] = {"br": "-br", "gzip": "-gz", "identity": ""}


@dataclass(frozen=True, slots=True)
class CatalogueBody:
    """One public document. Each encoding is a representation with a strong ETag of its own (RFC 9110)."""

    digest: str
    identity: bytes
    br: bytes
    gzip: bytes

    def etag(self, encoding: Encoding) -> str:
        return f'"{self.digest}{SUFFIXES[encoding]}"'

    def content(self, encoding: Encoding) -> bytes:
        return {"br": self.br, "gzip": self.gzip, "identity": self.identity}[encoding]

    @property
    def size(self) -> int:
        return len(self.identity) + len(self.br) + len(self.gzip)

    def says(self, value: dict[str, Any]) -> bool:
        """Whether this is the finished form of `value`."""
        return self.digest == _digest(json.dumps(value))

    def pack(self) -> bytes:
        """One value for Redis."""
        head = struct.pack(">16sII", bytes.fromhex(self.digest), len(self.identity), len(self.br))
        return head + self.identity + self.br + self.gzip

    @classmethod
    def unpack(cls, packed: bytes) -> "CatalogueBody":
        """Raises `ValueError` for what `pack` did not make."""
        if len(packed) < 24:
            raise ValueError("not a packed body")
        digest, identity, br = struct.unpack(">16sII", packed[:24])
        middle, end = 24 + identity, 24 + identity + br
        body = cls(digest.hex(), packed[24:middle], packed[middle:end], packed[end:])
        if _digest(body.identity) != body.digest:
            raise ValueError("a damaged body")
        return body


def finish(value: dict[str, Any], former: CatalogueBody | None = None) -> CatalogueBody:
    """Serialises and compresses, or gives back an equal `former`; slow enough to belong into a thread."""
    identity = json.dumps(value)
    digest = _digest(identity)
    if former is not None and former.digest == digest:
        return former
    return CatalogueBody(
        digest,
        identity,
        brotli.compress(identity, mode=brotli.MODE_TEXT, quality=11 if len(identity) < 64_000 else 9),
        gzip.compress(identity, 9, mtime=0),
    )


def _digest(identity: bytes) -> str:
    return hashlib.sha256(identity).hexdigest()[:32]


def choose_encoding(accept: bytes) -> Encoding:
    """The best encoding that `Accept-Encoding` allows; quality values decide (RFC 9110, 12.5.3)."""
    if not accept:
        return "identity"
    weights: dict[bytes, float] = {}
    for item in accept.lower().split(b","):
        name, _, parameters = item.partition(b";")
        weight = 1.0
        key, _, value = parameters.partition(b"=")
        if key.strip() == b"q":
            try:
                weight = float(value)
            except ValueError:
                weight = 0.0
        weights[name.strip()] = weight
    others = weights.get(b"*", 0.0)
    br, zipped = weights.get(b"br", others), weights.get(b"gzip", others)
    plain = weights.get(b"identity", 0.0)
    if br > 0 and br >= zipped and br >= plain:
        return "br"
    if zipped > 0 and zipped >= plain:
        return "gzip"
    # Refusing identity too would leave nothing to send; the bytes are more use than a 406.
    return "identity"


def matches(if_none_match: bytes, digest: str) -> bool:
    """Whether any of our representations is in `If-None-Match` (weak comparison, RFC 9110, 13.1.2)."""
    if if_none_match.strip() == b"*":
        return True
    for item in if_none_match.split(b","):
        tag = item.strip().removeprefix(b"W/")
        if tag[:33] == b'"' + digest.encode() and tag[33:] in (b'"', b'-br"', b'-gz"'):
            return True
    return False


def header_list(body: CatalogueBody, encoding: Encoding, *, not_modified: bool) -> Headers:
    """All headers of the answer but the request id."""
    headers: Headers = [
        (b"etag", body.etag(encoding).encode()),
        (b"cache-control", b"no-cache"),
        (b"vary", b"Accept-Encoding"),
    ]
    if not not_modified:
        headers.append((b"content-type", b"application/json"))
        headers.append((b"content-length", str(len(body.content(encoding))).encode()))
        if encoding != "identity":
            headers.append((b"content-encoding", encoding.encode()))
    return [*headers, *SECURITY_HEADERS, API_POLICY]
