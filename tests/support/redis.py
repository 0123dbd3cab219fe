"""A real Redis of the test's own: nothing is kept on disk, so whoever ends it has lost everything."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from tests.support.ports import free_port
from tests.support.waiting import wait_until

ENDS_WITHIN_S = 30


class RedisServer:
    """A Redis on a port of its own, which can be ended and started anew there, empty."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What REDIS_URL is set to; the same after a new start."""
        return f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Start it and wait until it answers."""
        program = shutil.which("redis-server")
        assert program, "Redis is not installed; `make test` tells how to get it"
        options = {"port": self._port, "bind": "127.0.0.1", "save": "", "appendonly": "no", "dir": self._folder}
        command = [program, *(word for name, value in options.items() for word in (f"--{name}", str(value)))]
        with (self._folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=self._folder)
        wait_until(self._answers, "Redis answers")

    def stop(self) -> None:
        """Kill it, and all that it held."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(ENDS_WITHIN_S)
            self._process = None

    def _answers(self) -> bool:
        with Redis.from_url(self.url, socket_timeout=1.0) as link:
            try:
                return bool(link.ping())
            except RedisError:
                return False


@contextmanager
def running_redis(folder: Path) -> Iterator[RedisServer]:
    """A Redis that answers, with its log in `folder`; gone afterwards."""
    server = RedisServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
