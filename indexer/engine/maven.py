"""Puts the engine together from two Maven packages, fetched by the ordinary client."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from indexer.engine import archives, disk, jdk
from indexer.engine.errors import DiskFullError, WayError
from indexer.engine.locks import Report
from indexer.engine.pins import MODULES_PACKAGE, SERVER_PACKAGE, Package

_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:2.8:copy"
_CONNECT_TIMEOUT_MS = 10_000
_PROGRESS_SECONDS = 2.0
_MODULES_FOLDER = "elasticsearch/modules"


def fetch(into: Path, work: Path, report: Report, environment: Mapping[str, str] = os.environ) -> None:
    """Fetch both packages below `work`, check them and put the engine together in the folder `into`.

    Raises WayError when there is no `mvn` or no JDK that the result would run on, when a package cannot be had or
    has the wrong checksum; DiskFullError when there is no room.
    """
    mvn = shutil.which("mvn", path=environment.get("PATH"))
    if mvn is None:
        raise WayError("there is no `mvn` on the path; install Maven (Debian: apt-get install maven)")
    runs_on = jdk.find(environment)  # before a gigabyte is fetched for an engine that could not start
    report(f"The engine will run on {runs_on.home} (Java {runs_on.major})")
    with disk.told_when_full(work, "the download of the engine"):
        server = _copy(mvn, SERVER_PACKAGE, work, report, environment)
        top = f"{server.stem}/"
        report("Unpacking the server")
        archives.unpack_zip(server, into, lambda name: name.removeprefix(top) or None)
        server.unlink()
        own_modules = {folder.name for folder in (into / "modules").iterdir()}
        modules = _copy(mvn, MODULES_PACKAGE, work, report, environment)
        report("Unpacking its modules")
        archives.unpack_zip(modules, into, lambda name: missing_module(name, own_modules))


def missing_module(name: str, present: set[str]) -> str | None:
    """Where a file of the modules' package goes: below `modules/`, or nowhere (None)."""
    _, found, rest = name.partition(f"/{_MODULES_FOLDER}/")
    if not found or PurePosixPath(rest).parts[0] in present:
        return None
    return f"modules/{rest}"


def _copy(mvn: str, package: Package, work: Path, report: Report, environment: Mapping[str, str]) -> Path:
    """Fetch one package into `work` and return its checked file; Maven's own copy of it does not stay."""
    repository = work / "repository"
    command = [
        mvn,
        "--batch-mode",
        "--no-transfer-progress",
        _PLUGIN,
        f"-Dartifact={package.coordinates}",
        f"-DoutputDirectory={work}",
        f"-Dmaven.repo.local={repository}",
        f"-Daether.connector.connectTimeout={_CONNECT_TIMEOUT_MS}",
    ]
    log = work / "mvn.log"
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603
            command, cwd=work, env=dict(environment), stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
        try:
            _watch(process, package, repository, report)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
    shutil.rmtree(repository, ignore_errors=True)
    file = work / package.file_name
    if process.returncode != 0 or not file.is_file():
        text = log.read_text(errors="replace")
        if "No space left on device" in text:
            raise DiskFullError(f"The disk of {work} is full: make room and try again.")
        raise WayError(f"mvn could not fetch {package.coordinates} ({_first_error(text)})")
    report(f"Checking {file.name}")
    archives.check(file, "sha256", package.sha256)
    return file


def _watch(process: subprocess.Popen[bytes], package: Package, repository: Path, report: Report) -> None:
    total = disk.size(package.size)
    report(f"Downloading {package.file_name}: {total}")
    told = time.monotonic()
    while process.poll() is None:
        try:
            process.wait(0.2)
        except subprocess.TimeoutExpired:
            if time.monotonic() - told >= _PROGRESS_SECONDS:
                told = time.monotonic()
                report(f"Downloading {package.file_name}: {disk.size(_largest(repository))} of {total}")


def _largest(folder: Path) -> int:
    """Bytes of the largest file below `folder`: the package that is being fetched."""
    largest = 0
    for place, _, files in os.walk(folder):
        for name in files:
            path = Path(place, name)
            if path.exists():  # Maven renames files while we look
                largest = max(largest, path.lstat().st_size)
    return largest


def _first_error(log: str) -> str:
    for line in log.splitlines():
        if "ERROR" in line and len(line.strip()) > len("[ERROR]"):
            return line.replace("[ERROR]", "").strip()[:300]
    return "it gave no reason"
