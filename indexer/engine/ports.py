"""Chooses a port on loopback that nothing else uses."""

from __future__ import annotations

import socket

#: Above Elasticsearch's own default, so that an engine somebody installed by hand keeps 9200; below its transport
#: ports (9300 on).
FIRST, COUNT = 9201, 99


def is_free(port: int) -> bool:
    """Whether a server could bind `port` on loopback now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def choose(installation: str, former: int | None = None) -> int:
    """A free port: the `former` one if it still is, else one of the range, begun at its own place."""
    if former is not None and is_free(former):
        return former
    offset = int(installation, 16)
    for step in range(COUNT):
        port = FIRST + (offset + step) % COUNT
        if is_free(port):
            return port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
