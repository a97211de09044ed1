"""A Telegram on loopback: the Bot API over real HTTP, with a desk of controls for the demo and the tests."""

from app.sandbox.telegram.server import create_app

__all__ = ["create_app"]
