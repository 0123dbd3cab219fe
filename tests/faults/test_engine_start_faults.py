"""Whatever goes wrong while the engine starts or runs ends in a clear message and a next start that works."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.engine import disk, instance, startup, unprivileged
from indexer.engine.client import connect, engine_url
from indexer.engine.errors import DiskFullError, EngineError, EngineUnavailable
from indexer.engine.home import Home
from indexer.engine.note import Note, folders, read_note, write_note
from indexer.engine.processes import end, gone, started_at
from matching.settings import Settings, load_settings
from tests.support.fake_engine import fake_server
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The settings of an installation of its own with the real engine, not running yet."""
    folder = tmp_path_factory.mktemp("installation")
    own = load_settings(state_dir=folder / "state", elasticsearch_url="", engine_heap_mb=512)
    try:
        yield own
    finally:
        instance.stop(own)
        instance.delete_data(own)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any uid can enter, as the cache folder is."""
    folder = Path(tempfile.mkdtemp(prefix="hallowerk-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def pretending(folder: Path, script: str) -> Settings:
    """The settings of an installation whose engine is a shell script."""
    home = fake_server(folder / "home", script)
    return Settings(state_dir=folder / "state", engine_cache=folder / "cache", engine_home=home, elasticsearch_url="")


def test_an_engine_that_was_killed_is_started_again_with_its_data(real: Settings) -> None:
    instance.start(real)
    client = connect(real)
    client.indices.create(index="kept", mappings={"properties": {"n": {"type": "integer"}}})
    client.index(index="kept", id="1", document={"n": 1}, refresh=True)
    note = read_note(real)
    assert note is not None
    os.kill(note.pid, signal.SIGKILL)  # the launcher: its server outlives it for a moment, and holds the data
    assert gone(note.pid, note.started, 20)
    assert instance.status(real).state == "stopped"
    with pytest.raises(EngineUnavailable, match="hallowerk engine start"):
        engine_url(real)
    instance.start(real)
    assert connect(real).get(index="kept", id="1")["_source"] == {"n": 1}


def test_when_its_port_was_taken_meanwhile_it_takes_another(real: Settings) -> None:
    former = instance.start(real)
    instance.stop(real)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", former.port))
        other.listen()
        running = instance.start(real)
    assert running.port != former.port
    assert connect(real).info()["cluster_name"] == f"hallowerk-{real.installation}"


def test_a_port_taken_between_the_choice_and_the_start_leads_to_a_next_try(open_folder: Path) -> None:
    settings = pretending(open_folder, 'echo "BindHttpException: Failed to bind to 127.0.0.1"; exit 1')
    said: list[str] = []
    with pytest.raises(EngineError, match="took the engine's port"):
        instance.start(settings, said.append)
    assert len([line for line in said if line.startswith("Starting")]) == 3


def test_an_engine_that_ends_while_starting_shows_its_last_lines(open_folder: Path) -> None:
    settings = pretending(open_folder, "for n in $(seq 50); do echo line $n; done; echo fatal: bad setting; exit 78")
    with pytest.raises(EngineError) as raised:
        instance.start(settings)
    message = str(raised.value)
    assert "ended while starting" in message
    assert "fatal: bad setting" in message
    assert "line 50" in message
    assert "line 30\n" not in message
    assert str(folders(settings).console) in message
    assert instance.status(settings).state == "stopped"


@pytest.mark.parametrize(
    ("sign", "advice"),
    [
        ("java.lang.OutOfMemoryError: Java heap space", "HALLOWERK_ENGINE_HEAP_MB"),
        ("failed to obtain node locks, tried [data]", "same folder"),
        ("java.io.IOException: No space left on device", "Make room"),
    ],
)
def test_known_causes_come_with_what_to_do(open_folder: Path, sign: str, advice: str) -> None:
    with pytest.raises(EngineError, match=advice):
        instance.start(pretending(open_folder, f'echo "{sign}"; exit 1'))


def test_a_full_disk_is_said_before_the_start(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = pretending(open_folder, "sleep 60")
    monkeypatch.setattr(disk, "free_bytes", lambda path: 3 * 1024**2)
    with pytest.raises(DiskFullError, match="3 MiB free; the engine needs 512 MiB"):
        instance.start(settings)
    assert read_note(settings) is None


def test_an_engine_that_never_answers_is_told_and_can_be_stopped(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(startup, "START_SECONDS", 1.0)
    settings = pretending(open_folder, "exec sleep 300")
    with pytest.raises(EngineError, match="did not answer within 1 s"):
        instance.start(settings)
    assert instance.stop(settings) is True
    assert instance.status(settings).state == "stopped"


def test_an_engine_that_ignores_the_request_to_end_is_killed(open_folder: Path) -> None:
    with (open_folder / "log").open("wb") as log:
        process = unprivileged.popen(
            ["/bin/sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"],
            {"PATH": os.defpath},
            open_folder,
            log,
        )
    started = started_at(process.pid)
    assert started is not None
    wait_until(lambda: (open_folder / "log").read_bytes(), "the trap is set")
    end(process.pid, started, 0.5)
    assert process.wait(timeout=10) == -signal.SIGKILL


def test_a_server_that_outlives_its_killed_launcher_is_waited_for(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instance, "STOP_PATIENCE_SECONDS", 0.3)
    settings = pretending(open_folder, "echo started anew; exit 1")
    with (open_folder / "log").open("wb") as log:
        command = ["/bin/sh", "-c", "sleep 300 & echo $!; wait"]
        launcher = unprivileged.popen(command, {"PATH": os.defpath}, open_folder, log)
    wait_until(lambda: (open_folder / "log").read_text().endswith("\n"), "the server runs")
    server = int((open_folder / "log").read_text())
    folders(settings).root.mkdir(parents=True)
    write_note(settings, Note(launcher.pid, str(started_at(launcher.pid)), 9299, "http://127.0.0.1:9299", "9.4.3"))
    launcher.kill()
    launcher.wait()
    with pytest.raises(EngineError, match=f"process group {launcher.pid}"):
        instance.start(settings)
    os.kill(server, signal.SIGKILL)
    with pytest.raises(EngineError, match="started anew"):
        instance.start(settings)


def test_stop_leaves_a_process_alone_that_got_the_noted_pid(open_folder: Path) -> None:
    settings = pretending(open_folder, "exit 0")
    with (open_folder / "log").open("wb") as log:
        other = unprivileged.popen(["/bin/sleep", "60"], {}, open_folder, log)
    folders(settings).root.mkdir(parents=True)
    write_note(settings, Note(other.pid, "another start", 9299, "http://127.0.0.1:9299", "9.4.3"))
    assert instance.stop(settings) is False
    assert other.poll() is None
    other.kill()
    other.wait()


def test_two_starts_at_once_end_in_one_engine(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = pretending(open_folder, f"echo start >> {open_folder}/starts; exec sleep 300")
    (open_folder / "starts").touch()
    (open_folder / "starts").chmod(0o666)
    monkeypatch.setattr(instance, "wait_until_ready", lambda note, place, report: None)
    found: list[instance.Running] = []
    threads = [threading.Thread(target=lambda: found.append(instance.start(settings))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    wait_until(lambda: (open_folder / "starts").read_text(), "the engine began")
    assert len({running.pid for running in found}) == 1
    assert len(found) == 2
    assert instance.stop(settings) is True
    assert (open_folder / "starts").read_text() == "start\n"


def test_a_folder_closed_to_the_engines_uid_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unprivileged, "as_root", lambda: True)
    closed = tmp_path / "closed"
    (closed / "inner").mkdir(parents=True)
    tmp_path.chmod(0o755)
    closed.chmod(0o700)
    found = unprivileged.closed_folder(closed / "inner")
    assert found is not None
    assert closed == found or closed.is_relative_to(found)


def test_without_a_jdk_the_message_says_what_to_install(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = pretending(open_folder, "exit 0")
    shutil.rmtree(open_folder / "home" / "jdk")
    monkeypatch.setattr(instance.jdk, "inspect", lambda home: None)
    with pytest.raises(EngineError, match=r"no JDK 21 or newer .* Temurin 25"):
        instance.start(settings, environment={})
    assert Home(open_folder / "home", "9.4.3", "test").bundled_jdk is None
