"""A bank that takes play money: a small payment API, a page to pay on, and signed webhooks, all in memory.

It is a server of its own, for the demo and the tests; see `server.py` for its API.
"""

from app.sandbox.bank.server import create_app

__all__ = ["create_app"]
