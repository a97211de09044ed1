"""The desk, for what the bots send."""

from tests.telegram.conftest import desk, logs, luna, office, shelf, verbena

__all__ = ["desk", "logs", "luna", "office", "shelf", "verbena"]
