"""A model on loopback: OpenAI's chat completions over real HTTP, with faults on demand."""

from app.sandbox.model.server import create_app

__all__ = ["create_app"]
