"""Ports for programs that are told theirs before they listen there."""

import random
import socket

# Below those that the kernel gives to whoever asks for any (Linux: from 32768), so that none of the many connections
# of tests beside this one takes it in between. Every other one: a demo puts its desk next door.
CANDIDATES = range(20_000, 30_000, 2)
# Held to the end of this process: another test process chooses another port.
_held: list[socket.socket] = []


def free_port() -> int:
    """A port of loopback where nobody listens, given to nobody else for as long as this process lives."""
    while True:
        port = random.choice(CANDIDATES)
        # For datagrams, which none of our programs uses; it leaves the same number free for connections.
        mark = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            mark.bind(("127.0.0.1", port))
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            mark.close()
            continue
        _held.append(mark)
        return port
