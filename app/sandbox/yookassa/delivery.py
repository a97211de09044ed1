"""Notifications, which YooKassa does not sign (https://yookassa.ru/developers/using-api/webhooks)."""

from typing import Any

from app.kit import json
from app.sandbox.webhooks import WebhookSender


class Delivery(WebhookSender):
    def send(self, notice: dict[str, Any], *, url: str) -> None:
        headers = {"content-type": "application/json", "user-agent": "AHC/2.1"}
        note = f"{notice['event']} {notice['object']['id']}"
        self.post(json.dumps(notice), url=url, headers=lambda: headers, note=note)
