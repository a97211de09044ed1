"""Postgres and Redis for a command: the configured ones, or embedded ones while the command lasts."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.settings import Settings


@contextmanager
def with_storage(settings: Settings) -> Iterator[Settings]:
    """Settings with both addresses filled in. Raises `EmbeddedServerError`, in words."""
    if settings.database_url and settings.redis_url:
        yield settings
        return
    from app.kit.embedded import EmbeddedServers

    with EmbeddedServers(
        settings.data_dir, postgres=not settings.database_url, redis=not settings.redis_url
    ) as servers:
        yield settings.model_copy(
            update={
                "database_url": settings.database_url or servers.database_url,
                "redis_url": settings.redis_url or servers.redis_url,
            }
        )
