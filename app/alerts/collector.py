"""Catches what is logged as an error, in any thread, and groups it by cause; never waits, never raises."""

import threading
from collections.abc import MutableMapping
from typing import Any

from app.alerts.causes import Cause, Occurrences, logged

# So many different causes at once say nothing that the first ones do not.
MOST_CAUSES = 100
# What alerts themselves log must not alert; PgQueuer repeats what our own runner has logged with its cause.
DEAF = ("app.alerts", "pgqueuer")


class Collector:
    """Groups by cause until it is asked. `process` is the kind of this process."""

    def __init__(self, process: str) -> None:
        self._process = process
        self._lock = threading.Lock()
        self._pending: dict[str, Occurrences] = {}
        self._over: set[str] = set()
        self._dropped = 0

    def listen(self, event: MutableMapping[str, Any]) -> None:
        """A listener of `app.kit.telemetry`."""
        if str(event.get("logger", "")).startswith(DEAF):
            return
        try:
            if name := event.get("over"):
                with self._lock:
                    self._over.add(f"watch:{name}")
                    self._pending.pop(f"watch:{name}", None)
                return
            self.add(logged(event, process=self._process), request_id=event.get("request_id"))
        except Exception:  # noqa: BLE001  # a line that cannot be understood must still reach the log
            with self._lock:
                self._dropped += 1

    def add(self, cause: Cause, *, request_id: object = None) -> None:
        name = str(request_id) if request_id else None
        with self._lock:
            known = self._pending.get(cause.fingerprint)
            if known is not None:
                known.count += 1
                known.first_request_id = known.first_request_id or name
                known.last_request_id = name or known.last_request_id
            elif len(self._pending) < MOST_CAUSES:
                self._pending[cause.fingerprint] = Occurrences(cause=cause, first_request_id=name, last_request_id=name)
            else:
                self._dropped += 1

    def take(self) -> tuple[list[Occurrences], set[str]]:
        """(what came, fingerprints of what was said to be over) since the last call."""
        with self._lock:
            pending, over = list(self._pending.values()), self._over
            self._pending, self._over, self._dropped = {}, set(), 0
        return pending, over
