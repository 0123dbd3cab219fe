"""A whole installation for tests of pages: demo people in SQLite, indexed in the real engine, served by gunicorn."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from matching.demo.accounts import PASSWORD
from matching.settings import PROJECT_ROOT, Settings
from tests.support.engine import variables_of
from tests.support.intake import FULL, write_files
from tests.support.ports import free_port
from tests.support.waiting import wait_until
from web.commands.serve import server_command

PEOPLE = 600
EMAIL = "m.devries@demo.example"
OTHER_EMAIL = "s.bennani@vlietkant.example"
OPERATIONS_EMAIL = "techniek@demo.example"
READY_WITHIN_S = 60
STOP_WITHIN_S = 15

#: Somebody with every part filled, long texts, long lists and a long name; not touched for years.
FULL_PERSON = {
    **FULL,
    "external_id": "site-full",
    "name": "Wilhelmina-Josephina van der Achterbergh-Zonderland tot Drakenstein",
    "showcases": ["rijnmond", "haaglanden"],
    "updated_at": "2024-02-03T09:30:00+01:00",
    "about": "Ik werk al tien jaar in het magazijn. " * 12 + "Slotzin van het verhaal.",
    "functions": [{"title": f"Functie {number}"} for number in range(1, 9)],
    "certificates": ["heftruck", "reachtruck", "vca-basis", "bhv", "ehbo", "code-95", "taxipas"],
    "days": ["maandag", "dinsdag", "woensdag", "donderdag", "vrijdag"],
    "day_parts": ["ochtend", "middag"],
    "experience": [
        *FULL["experience"],
        *({"title": f"Eerdere baan {number}", "start": str(2000 + number)} for number in range(5)),
    ],
    "courses": [{"title": "Heftruck", "institution": "Rijschool", "place": "Schiedam", "certificate": True}],
}
#: Somebody who filled in nothing.
THIN_PERSON = {
    "external_id": "site-thin",
    "name": "Dunja Leegdrager",
    "showcases": ["rijnmond"],
    "updated_at": "2026-01-02T10:00:00+01:00",
}

__all__ = ["EMAIL", "FULL_PERSON", "OPERATIONS_EMAIL", "OTHER_EMAIL", "PASSWORD", "THIN_PERSON", "fill_site", "serving"]


def fill_site(folder: Path, corner: Settings) -> Settings:
    """Load the demo into a state folder of its own and the indexes of `corner`; the settings to use it with."""
    settings = corner.model_copy(
        update={"state_dir": folder, "database_url": "", "secret_key": "for tests only, and long enough!"}
    )
    _run(settings, "demo", "load", "--people", str(PEOPLE))
    write_files(folder)
    lines = folder / "profiles.jsonl"
    lines.write_bytes(orjson.dumps(FULL_PERSON) + b"\n" + orjson.dumps(THIN_PERSON) + b"\n")
    _run(settings, "candidates", "import", str(lines))
    return settings


def _run(settings: Settings, *arguments: str) -> None:
    command = [sys.executable, "-c", "from web.commands import main; main()", *arguments]
    subprocess.run(command, check=True, cwd=PROJECT_ROOT, env=environment(settings), stdout=subprocess.DEVNULL)


def environment(settings: Settings) -> dict[str, str]:
    """The environment in which a process of ours has these settings."""
    return os.environ | {
        "HALLOWERK_STATE_DIR": str(settings.state_dir),
        "DATABASE_URL": settings.database_url,
        **variables_of(settings),
        "HALLOWERK_SECRET_KEY": settings.secret_key,
    }


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """The address of a gunicorn that serves this installation and is ready; it ends with the block."""
    with web_server(settings) as (address, _):
        yield address


@contextmanager
def web_server(settings: Settings, *options: str, **variables: str) -> Iterator[tuple[str, int]]:
    """As `serving`, with more options and environment variables of gunicorn; its address and process number."""
    port = free_port()
    settings = settings.model_copy(update={"host": "127.0.0.1", "port": port, "web_workers": 1})
    command = [*server_command(settings), *options]
    server = subprocess.Popen(command, cwd=PROJECT_ROOT, env=environment(settings) | variables)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: _ready(server, address), "web server", READY_WITHIN_S)
        yield address, server.pid
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
