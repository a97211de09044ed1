"""Webhooks signed as Stripe signs them (https://docs.stripe.com/webhooks)."""

import hmac
import time
from hashlib import sha256
from typing import Any

from app.kit import json
from app.sandbox.webhooks import WebhookSender


def signature(body: bytes, *secrets: str, at: int | None = None) -> str:
    """The header `Stripe-Signature`; several secrets while one is being rolled."""
    moment = int(time.time()) if at is None else at
    signed = b"%d.%s" % (moment, body)
    parts = [hmac.new(secret.encode(), signed, sha256).hexdigest() for secret in secrets]
    return ",".join((f"t={moment}", *(f"v1={part}" for part in parts), "v0=" + "0" * 64))


class Delivery(WebhookSender):
    def send(self, event: dict[str, Any], *, url: str, secret: str) -> None:
        body = json.dumps(event)

        def headers() -> dict[str, str]:
            return {
                "content-type": "application/json; charset=utf-8",
                "user-agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
                "stripe-signature": signature(body, secret),
            }

        self.post(body, url=url, headers=headers, note=f"{event['type']} {event['id']}")
