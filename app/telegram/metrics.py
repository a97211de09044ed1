"""What is counted of the bots."""

from prometheus_client import Counter

RECEIVED = Counter("arcana_telegram_updates_received_total", "Updates that came", ["transport", "outcome"])
WORKED = Counter("arcana_telegram_updates_worked_total", "Updates that were worked on", ["outcome"])
CALLS = Counter("arcana_telegram_calls_total", "Calls of the Bot API", ["method", "outcome"])
