"""Postgres and Redis for a command: the configured ones, or embedded ones that it shares or starts."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.settings import Settings


@contextmanager
def with_storage(settings: Settings) -> Iterator[Settings]:
    """Settings with both addresses filled in. Raises `EmbeddedServerError`, in words."""
    if settings.database_url and settings.redis_url:
        yield settings
        return
    from app.kit.embedded import EmbeddedServers, RunningServers, running_servers

    def filled_in(servers: EmbeddedServers | RunningServers) -> Settings:
        return settings.model_copy(
            update={
                "database_url": settings.database_url or servers.database_url,
                "redis_url": settings.redis_url or servers.redis_url,
            }
        )

    # A worker beside an API, or a command beside the demo, shares the servers of the one that came first.
    running = running_servers(settings.data_dir)
    if running is not None:
        yield filled_in(running)
        return
    with EmbeddedServers(
        settings.data_dir, postgres=not settings.database_url, redis=not settings.redis_url
    ) as servers:
        yield filled_in(servers)
