"""Redis: one bounded client a process, and the one place that builds keys."""

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

# What a caller catches to go on without Redis.
REDIS_LOST = (RedisError, OSError, TimeoutError)


def key(*parts: object) -> str:
    """`key("catalogue", project_key)` → `arcana:catalogue:<project_key>`."""
    return ":".join(("arcana", *map(str, parts)))


def connect(url: str, *, connections: int = 50, timeout: float = 1.0) -> "Redis":
    """A client that waits for a free connection instead of raising, and gives up on a frozen server."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=connections,
        timeout=timeout,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 1),
        health_check_interval=15,
    )
    return Redis(connection_pool=pool)
