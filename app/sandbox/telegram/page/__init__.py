"""The desk's page: Telegram as people see it, two of them side by side in a browser."""

from app.sandbox.telegram.page.page import router

__all__ = ["router"]
