"""The desk, for what the bots send."""

from tests.telegram.conftest import desk, logs, luna, office, shelf, verbena
from tests.telegram.stage import stage

__all__ = ["desk", "logs", "luna", "office", "shelf", "stage", "verbena"]
