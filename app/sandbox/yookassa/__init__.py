"""YooKassa as the demo and the tests meet it; see server.py."""

from app.sandbox.yookassa.server import create_app

__all__ = ["create_app"]
