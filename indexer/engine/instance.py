"""Starts, stops and looks at the engine of this installation."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from indexer.engine import configuration, disk, jdk, ports, processes, unprivileged
from indexer.engine.errors import EngineError, WayError
from indexer.engine.home import Home, find_home
from indexer.engine.install import install, make_reachable
from indexer.engine.locks import Report, exclusive, silent
from indexer.engine.note import Folders, Note, folders, read_note, write_note
from indexer.engine.pins import START_FREE_BYTES
from indexer.engine.startup import PortTakenError, wait_until_ready
from indexer.engine.synonym_file import managed_file
from matching.private import FOLDER_MODE
from matching.settings import Settings

STOP_PATIENCE_SECONDS = 30.0
_START_TRIES = 3


@dataclass(frozen=True)
class Running:
    """An engine that answers; synonym files go below `config_dir`, in `synonyms`."""

    url: str
    pid: int
    port: int
    version: str
    config_dir: Path


@dataclass(frozen=True)
class Status:
    """What is known of the engine without asking it: `state` is external, running, stopped or absent."""

    state: str
    url: str = ""
    pid: int = 0
    version: str = ""
    home: str = ""
    log: str = ""

    @property
    def running(self) -> bool:
        """Whether there is an engine to talk to."""
        return self.state in {"running", "external"}

    @property
    def sentence(self) -> str:
        """The status for a person."""
        return {
            "external": f"The cluster at {self.url} is used (ELASTICSEARCH_URL).",
            "running": f"Elasticsearch {self.version} runs at {self.url} (process {self.pid}; log: {self.log}).",
            "stopped": f"Elasticsearch {self.version} is installed in {self.home}, not running. "
            "Start it with `hallowerk engine start`.",
            "absent": "No engine is installed. `hallowerk engine start` installs and starts one.",
        }[self.state]

    def as_dict(self) -> dict[str, Any]:
        """The fields that are known, for JSON."""
        return {name: value for name, value in asdict(self).items() if value}


def start(settings: Settings, report: Report = silent, environment: Mapping[str, str] = os.environ) -> Running:
    """Return this installation's engine once it answers; installs and starts it if need be.

    Two starts at once end in one engine. Raises EngineError with the last lines of the engine's log when it does not
    come up, and when ELASTICSEARCH_URL is set (that cluster is not ours to start).
    """
    home = install(settings, report, environment)
    if home is None:
        raise EngineError("ELASTICSEARCH_URL is set: that cluster is used, no engine is started here.")
    place = folders(settings)
    try:
        make_reachable(place.root)
    except OSError as error:
        raise EngineError(f"The folder {place.root} cannot be made ({error.strerror}).") from error
    with exclusive(place.root / "start.lock", "Another run is starting the engine; waiting for it", report):
        note = read_note(settings)
        if note is not None and note.alive:
            report(f"The engine runs already at {note.url}")
            wait_until_ready(note, place, report)
            return _running(note, place)
        for _ in range(_START_TRIES - 1):
            try:
                return _start(settings, home, note, report, environment)
            except PortTakenError as error:
                report(str(error))
        return _start(settings, home, note, report, environment)


def stop(settings: Settings) -> bool:
    """End this installation's engine and return whether one was running; a second call does nothing."""
    note = read_note(settings)
    if note is None or not note.alive:
        return False
    processes.end(note.pid, note.started, STOP_PATIENCE_SECONDS)
    if note.alive:
        raise EngineError(f"The engine (process {note.pid}) did not end, not even when killed.")
    return True


def status(settings: Settings) -> Status:
    """What is known of the engine, without asking it anything."""
    if settings.elasticsearch_url:
        return Status("external", url=_without_password(settings.elasticsearch_url))
    home = find_home(settings)
    where = str(home.path) if home else ""
    note = read_note(settings)
    if note is not None and note.alive:
        log = str(folders(settings).console)
        return Status("running", note.url, note.pid, note.version, where, log)
    if home is None:
        return Status("absent")
    return Status("stopped", version=home.version, home=where)


def delete_data(settings: Settings) -> None:
    """Delete all that this installation's engine holds; it must be stopped. The install stays."""
    note = read_note(settings)
    if note is not None and note.alive:
        raise EngineError("The engine is running: stop it first (`hallowerk engine stop`).")
    shutil.rmtree(folders(settings).root, ignore_errors=True)


def _start(
    settings: Settings, home: Home, former: Note | None, report: Report, environment: Mapping[str, str]
) -> Running:
    place = folders(settings)
    if former is not None:
        _wait_for_orphans(former, report)
    disk.require(place.root, START_FREE_BYTES, "the engine")
    java = _java(home, environment)
    for needed in (place.root, home.path, java):
        closed = unprivileged.closed_folder(needed)
        if closed is not None:
            raise EngineError(
                f"The engine does not run as root but under uid {unprivileged.UID}, which cannot enter {closed}. "
                "Set HALLOWERK_ENGINE_CACHE (or HALLOWERK_ENGINE_HOME, ES_JAVA_HOME) to a folder open to all."
            )
    port = ports.choose(settings.installation, former.port if former else None)
    with disk.told_when_full(place.root, "the engine's configuration"):
        _configure(settings, home, place, port)
        with place.console.open("wb") as console:
            process = unprivileged.popen(
                [str(home.path / "bin" / "elasticsearch")],
                _environment(place, java, environment),
                place.root,
                console,
            )
        started = processes.started_at(process.pid)
        note = Note(process.pid, started or "", port, f"http://127.0.0.1:{port}", home.version)
        write_note(settings, note)
    report(f"Starting Elasticsearch {home.version} on port {port}")
    wait_until_ready(note, place, report)
    return _running(note, place)


def _running(note: Note, place: Folders) -> Running:
    return Running(note.url, note.pid, note.port, note.version, place.config)


def _wait_for_orphans(former: Note, report: Report) -> None:
    """Let the server of a launcher that was killed end: it notices within seconds, and holds the data until then."""
    if not processes.group_lives(former.pid):
        return
    report("Waiting for the rest of an engine that was killed to end")
    if not processes.group_gone(former.pid, STOP_PATIENCE_SECONDS):
        raise EngineError(
            f"Processes of a former engine (process group {former.pid}) still run and hold its data. "
            f"Look at them with `ps -o pid,args -g {former.pid}`, end them and try again."
        )


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _java(home: Home, environment: Mapping[str, str]) -> Path:
    if home.bundled_jdk is not None:
        return home.bundled_jdk
    try:
        return jdk.find(environment).home
    except WayError as error:
        raise EngineError(f"The engine cannot be started: {error}.") from error


def _environment(place: Folders, java: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Only what the launcher needs: a stray ES_JAVA_OPTS or CLASSPATH of the user's does not reach the engine."""
    return {
        "PATH": environment.get("PATH", os.defpath),
        "HOME": str(place.root / "tmp"),
        "ES_JAVA_HOME": str(java),
        "ES_PATH_CONF": str(place.config),
        "ES_TMPDIR": str(place.root / "tmp"),
        "LC_ALL": "C.UTF-8",
    }


def _configure(settings: Settings, home: Home, place: Folders, port: int) -> None:
    """Write the configuration anew; synonym files and data of the last run stay."""
    for folder in (*place.engines_own, place.config / "synonyms", place.config / "jvm.options.d"):
        folder.mkdir(parents=True, exist_ok=True)
    for file in (home.path / "config").rglob("*"):
        target = place.config / file.relative_to(home.path / "config")
        if file.is_dir():
            target.mkdir(exist_ok=True)
        elif not target.exists():
            shutil.copyfile(file, target)
    (place.config / "jvm.options").write_text(configuration.jvm_options(settings.engine_heap_mb))
    (place.config / "elasticsearch.yml").write_text(
        configuration.engine_settings(settings.installation, port, place.root)
    )
    (place.config / "log4j2.properties").write_text(configuration.LOG4J)
    managed_file(settings).make_readable()
    for folder in place.engines_own:
        unprivileged.own(folder)
        folder.chmod(FOLDER_MODE)  # listings lie in it: nobody but the engine's uid may look
