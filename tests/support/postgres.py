"""A real PostgreSQL server for the tests: started once per session, a fresh database per test from a template."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from indexer.engine import unprivileged
from tests.support.ports import free_port

START_WITHIN_S = 60
POLL_S = 0.05
USER = "hallowerk"
#: A test's database is thrown away, so nothing waits for the disk.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=50", "shared_buffers=64MB")


class PostgresServer:
    """A running server; databases are made by copying the template that holds the migrated tables."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._numbers = itertools.count(1)

    def url(self, name: str) -> str:
        """The SQLAlchemy address of database `name`."""
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{name}"

    def create(self, name: str | None = None, template: str = "template0") -> str:
        """Make a database that is a copy of `template`; its name, a new one unless given."""
        name = name or f"t{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY ENCODING 'UTF8' LOCALE 'C'")
        return name

    def drop(self, name: str) -> None:
        """Remove database `name`, ending what is still connected to it."""
        self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def cut(self, name: str) -> None:
        """End every connection to database `name`, as a restart of the server does."""
        with self._link() as link:
            link.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])

    def _execute(self, statement: str) -> None:
        with self._link() as link:
            link.execute(statement.encode())

    def _link(self) -> psycopg.Connection[Any]:
        return psycopg.connect(f"host=127.0.0.1 port={self.port} user={USER} dbname=postgres", autocommit=True)


@contextmanager
def running_server() -> Iterator[PostgresServer]:
    """Start a server of this machine's PostgreSQL in a folder of its own; it and its folder are gone afterwards."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="hallowerk-postgres-"))
    data = folder / "data"
    try:
        unprivileged.own(folder)
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC"}
        made = unprivileged.run(
            [f"{programs}/initdb", "-D", f"{data}", "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
            environment,
            folder,
        )
        if made.returncode:
            raise RuntimeError(f"initdb failed: {made.stderr.decode(errors='replace')}")
        port = free_port()
        options = itertools.chain.from_iterable(("-c", option) for option in FAST)
        command = [
            f"{programs}/postgres",
            "-D",
            f"{data}",
            "-p",
            f"{port}",
            "-h",
            "127.0.0.1",
            "-k",
            f"{folder}",
            *options,
        ]
        with (folder / "log").open("wb") as log:
            process = unprivileged.popen(command, environment, folder, log)
            try:
                _wait_until_ready(process, port, folder / "log")
                yield PostgresServer(port)
            finally:
                process.send_signal(signal.SIGQUIT)  # at once: its data are thrown away
                process.wait(START_WITHIN_S)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("postgres")
    if on_path is None:
        raise RuntimeError("PostgreSQL is not installed; `make test` tells how to get it")
    return Path(on_path).resolve().parent


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_WITHIN_S
    while True:
        try:
            psycopg.connect(f"host=127.0.0.1 port={port} user={USER} dbname=postgres").close()
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {log.read_text(errors='replace')}") from error
            time.sleep(POLL_S)
        else:
            return
