"""A whole installation for tests of pages: demo people in SQLite, indexed in the real engine, served by gunicorn."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from matching.demo.accounts import PASSWORD
from matching.settings import PROJECT_ROOT, Settings, load_settings
from tests.support.waiting import wait_until
from web.commands.serve import server_command

PEOPLE = 600
EMAIL = "m.devries@demo.example"
OTHER_EMAIL = "s.bennani@vlietkant.example"
READY_WITHIN_S = 60
STOP_WITHIN_S = 15

__all__ = ["EMAIL", "OTHER_EMAIL", "PASSWORD", "fill_site", "serving"]


def fill_site(folder: Path, engine_url: str, prefix: str) -> Settings:
    """Load the demo into a state folder and indexes of its own; the settings to use it with."""
    settings = load_settings(
        state_dir=folder,
        database_url="",
        elasticsearch_url=engine_url,
        index_prefix=prefix,
        secret_key="for tests only",
    )
    command = "from web.commands import main; main()"
    subprocess.run(
        [sys.executable, "-c", command, "demo", "load", "--people", str(PEOPLE)],
        check=True,
        cwd=PROJECT_ROOT,
        env=environment(settings),
        stdout=subprocess.DEVNULL,
    )
    return settings


def environment(settings: Settings) -> dict[str, str]:
    """The environment in which a process of ours has these settings."""
    return os.environ | {
        "HALLOWERK_STATE_DIR": str(settings.state_dir),
        "DATABASE_URL": settings.database_url,
        "ELASTICSEARCH_URL": settings.elasticsearch_url,
        "HALLOWERK_INDEX_PREFIX": settings.index_prefix,
        "HALLOWERK_SECRET_KEY": settings.secret_key,
    }


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """The address of a gunicorn that serves this installation and is ready; it ends with the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = settings.model_copy(update={"host": "127.0.0.1", "port": port, "web_workers": 1})
    server = subprocess.Popen(server_command(settings), cwd=PROJECT_ROOT, env=environment(settings))
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: _ready(server, address), "web server", READY_WITHIN_S)
        yield address
    finally:
        server.terminate()
        server.wait(STOP_WITHIN_S)


def _ready(server: subprocess.Popen[bytes], address: str) -> bool:
    assert server.poll() is None, "the web server ended by itself"
    try:
        with urllib.request.urlopen(f"{address}/health/ready", timeout=5):  # noqa: S310 - our own address
            return True
    except (urllib.error.URLError, ConnectionError):
        return False
