"""Relay, worker and Redis of a benchmark's own, as processes; gone afterwards."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from matching.settings import Settings

_STOP_WITHIN_S = 15.0
_REDIS_WITHIN_S = 10.0


def environment_of(settings: Settings, **more: str) -> dict[str, str]:
    """The environment in which another process works on the same database, engine and broker."""
    return {
        **os.environ,
        "HALLOWERK_STATE_DIR": str(settings.state_dir),
        "HALLOWERK_INDEX_PREFIX": settings.index_prefix,
        "HALLOWERK_SEARCH_TIMEOUT_S": str(settings.search_timeout_s),
        "ELASTICSEARCH_URL": settings.elasticsearch_url,
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        **more,
    }


@contextmanager
def workers(settings: Settings) -> Iterator[str]:
    """A relay and a worker at work; yields which broker they use: a Redis of our own where there is one, else files."""
    with ExitStack() as stack:
        program = shutil.which("redis-server")
        url = settings.redis_url or (stack.enter_context(_redis(program, settings.state_dir)) if program else "")
        environment = environment_of(settings, REDIS_URL=url)
        for name in ("relay", "worker"):
            command = [sys.executable, "-c", "from web.commands import main; main()", name]
            stack.enter_context(_process(command, environment))
        yield "Redis" if url else "files"


@contextmanager
def _process(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)  # noqa: S603 - our own
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def _redis(program: str, folder: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
    with _process([program, *options], dict(os.environ)):
        deadline = time.monotonic() + _REDIS_WITHIN_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
        yield f"redis://127.0.0.1:{port}/0"
