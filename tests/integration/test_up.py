"""`hallowerk up`: one command that brings everything up and leaves nothing of its own behind (issue 4)."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from click.testing import CliRunner
from elasticsearch import Elasticsearch
from sqlalchemy import func, select, update

from indexer.engine.instance import Running, Status
from indexer.engine.processes import group_gone
from matching.accounts.vault import open_vault
from matching.candidates.records import Candidate, CandidateShowcase
from matching.post.mails import AccessEnded
from matching.post.rules import queue
from matching.settings import load_settings
from matching.storage.database import Database
from tests.support.command import HALLOWERK, environment
from tests.support.ports import free_port
from tests.support.waiting import wait_until
from web.commands import up

READY_WITHIN_S = 120
ENDS_WITHIN_S = 30


@pytest.fixture
def prefix(engine: Running) -> Iterator[str]:
    """An index prefix of the test's own; its indexes are gone afterwards."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    yield name
    with Elasticsearch(engine.url) as client:
        for index in client.indices.get(index=f"{name}-*"):
            client.indices.delete(index=index)


def pid_of(group: int, command: str) -> int:
    """The process of a group that runs this sub-command of ours."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if words[-2:] == [command.encode(), b""] and os.getpgid(int(folder.name)) == group:
                return int(folder.name)
    raise AssertionError(f"{command} does not run")


def rename_somebody(state: Path, name: str) -> None:
    """Change a candidate in the database of this state folder."""
    database = Database(f"sqlite:///{state / 'hallowerk.db'}")
    with database.write() as session:
        somebody = session.execute(select(func.min(CandidateShowcase.candidate_id))).scalar_one()
        session.execute(update(Candidate).where(Candidate.id == somebody).values(name=name))
    database.close()


def queue_a_mail(state: Path) -> None:
    """Have a mail sent by whoever works on the database of this state folder."""
    database = Database(f"sqlite:///{state / 'hallowerk.db'}")
    vault = open_vault(load_settings(state_dir=state))
    with database.write() as session:
        queue(session, vault, "iemand@ergens.example", "nl", AccessEnded(organisation="Gemeente van de proef"))
    database.close()


def test_it_becomes_ready_brings_changes_in_and_an_interrupt_ends_all_of_it(
    engine: Running, prefix: str, tmp_path: Path
) -> None:
    variables = {"PORT": str(free_port()), "ELASTICSEARCH_URL": engine.url, "HALLOWERK_INDEX_PREFIX": prefix}
    process = subprocess.Popen(
        [*HALLOWERK, "up", "--demo", "--people", "50"],
        env=environment(tmp_path, **variables, PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    lines: list[str] = []
    ready = threading.Event()

    def listen() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C ends it." in line:
                ready.set()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        assert ready.wait(READY_WITHIN_S), "".join(lines)
        os.kill(pid_of(process.pid, "relay"), signal.SIGKILL)
        rename_somebody(tmp_path / "state", "Zacharias Hernoemd")
        with Elasticsearch(engine.url) as client:
            query = {"match": {"name": "Hernoemd"}}
            wait_until(lambda: client.count(index=f"{prefix}-*", query=query)["count"], "the change is searchable", 60)
        queue_a_mail(tmp_path / "state")
        page = f"http://127.0.0.1:{variables['PORT']}/postvak"
        wait_until(lambda: "Gemeente van de proef" in httpx.get(page).text, "the mail is in the mailbox")
        process.send_signal(signal.SIGINT)
        assert process.wait(ENDS_WITHIN_S) == 0, "".join(lines)
        assert group_gone(process.pid, ENDS_WITHIN_S), "the command left processes behind"
    finally:
        process.kill()
        process.wait(ENDS_WITHIN_S)
    listener.join(ENDS_WITHIN_S)
    said = "".join(lines)
    assert f"HalloWerk is ready: http://127.0.0.1:{variables['PORT']}" in said
    assert "m.devries@demo.example" in said
    assert f"Mails and text messages: {page}" in said
    assert "The relay ended by itself (exit code -9); it is started again." in said
    assert "Stopping" in said
    with Elasticsearch(engine.url) as client:
        assert client.ping(), "a cluster that is not ours was stopped"


def test_a_port_in_use_is_said_before_anything_is_started(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        state = tmp_path / "state"
        answer = CliRunner(env={"HALLOWERK_STATE_DIR": str(state), "PORT": port}).invoke(up.command, ["--demo"])
    assert answer.exit_code == 1
    assert f"Port {port} on 127.0.0.1 is in use. Choose another one" in answer.output
    assert not state.exists()


class Server:
    """Stands in for gunicorn, and what runs beside it: lives until it is asked to end; waiting for it is Ctrl-C."""

    def __init__(self, _command: list[str], **_: object) -> None:
        self.ended = False

    def poll(self) -> int | None:
        return 0 if self.ended else None

    def wait(self, _seconds: float | None = None) -> int:
        if not self.ended:
            raise up.Stopped
        return 0

    def terminate(self) -> None:
        self.ended = True


@pytest.mark.parametrize(("state", "stops"), [("running", 0), ("stopped", 1)])
def test_only_an_engine_that_it_started_is_stopped(
    state: str, stops: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped: list[object] = []
    fake = SimpleNamespace(status=lambda _: Status(state), start=lambda *_: None, stop=stopped.append)
    monkeypatch.setattr(up, "instance", fake)
    monkeypatch.setattr(up, "install", lambda *_: None)
    monkeypatch.setattr(up, "_wait_until_ready", lambda *_: None)
    monkeypatch.setattr(up.subprocess, "Popen", Server)
    monkeypatch.setattr(up.signal, "signal", lambda *_: None)
    variables = {
        "HALLOWERK_STATE_DIR": str(tmp_path),
        "PORT": str(free_port()),
        "ELASTICSEARCH_URL": None,
        "DATABASE_URL": None,
    }
    answer = CliRunner(env=variables).invoke(up.command)
    assert answer.exit_code == 0, answer.output
    assert "Stopping" in answer.output
    assert len(stopped) == stops
