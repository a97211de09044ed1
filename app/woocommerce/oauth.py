"""OAuth 1.0a, one-legged (RFC 5849), as WooCommerce takes API keys over plain http; in the header only."""

import base64
import hmac
import secrets
import time
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit


def _encode(text: str) -> str:
    return quote(text, safe="~-._")


def authorization(
    method: str,
    url: str,
    *,
    consumer_key: str,
    consumer_secret: str,
    nonce: str | None = None,
    timestamp: int | None = None,
) -> str:
    """The value of the Authorization header for one request; signed with HMAC-SHA256."""
    parts = urlsplit(url)
    parameters = {
        "oauth_consumer_key": consumer_key,
        "oauth_nonce": nonce or secrets.token_hex(16),
        "oauth_signature_method": "HMAC-SHA256",
        "oauth_timestamp": str(timestamp if timestamp is not None else int(time.time())),
    }
    signed = sorted(
        (_encode(name), _encode(value))
        for name, value in [*parameters.items(), *parse_qsl(parts.query, keep_blank_values=True)]
    )
    base = "&".join(
        (
            method.upper(),
            _encode(urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))),
            _encode("&".join(f"{name}={value}" for name, value in signed)),
        )
    )
    # WooCommerce signs with the consumer's secret and an empty token secret.
    digest = hmac.digest(f"{_encode(consumer_secret)}&".encode(), base.encode(), "sha256")
    parameters["oauth_signature"] = base64.b64encode(digest).decode()
    return "OAuth " + ", ".join(f'{name}="{_encode(value)}"' for name, value in parameters.items())
