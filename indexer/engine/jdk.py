"""Finds a JDK that Elasticsearch runs on: ES_JAVA_HOME, JAVA_HOME, where the system keeps its JVMs, the path."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer.engine.errors import WayError
from indexer.engine.pins import OLDEST_JDK

#: Without it Elasticsearch's launcher ends with 'Module jdk.jlink not found' (a trimmed JRE).
NEEDED_MODULE = "jdk.jlink"
SYSTEM_PLACES = (
    "/usr/lib/jvm/*",
    "/usr/lib64/jvm/*",
    "/usr/java/*",
    "/opt/java/*",
    "/opt/jdk*",
    "/Library/Java/JavaVirtualMachines/*/Contents/Home",
    "/opt/homebrew/opt/openjdk*",
    "/usr/local/opt/openjdk*",
)
USER_PLACES = (".sdkman/candidates/java/*", ".jdks/*", "Library/Java/JavaVirtualMachines/*/Contents/Home")


@dataclass(frozen=True)
class Jdk:
    """A Java installation: its folder, main version, and whether it has the module the engine's launcher needs."""

    home: Path
    major: int
    has_jlink: bool

    @property
    def suits(self) -> bool:
        """Whether Elasticsearch runs on it."""
        return self.major >= OLDEST_JDK and self.has_jlink


def inspect(home: Path) -> Jdk | None:
    """What is installed at `home`, from its `release` file (or its `java`, where that names no modules)."""
    if not (home / "bin" / "java").is_file():
        return None
    release = home / "release"
    text = release.read_text(errors="replace") if release.is_file() else ""
    version = re.search(r'^JAVA_VERSION="(?:1\.)?(\d+)', text, re.MULTILINE)
    if version is None:
        return None
    modules = re.search(r'^MODULES="([^"]*)"', text, re.MULTILINE)
    names = modules.group(1).split() if modules else _list_modules(home)
    return Jdk(home, int(version.group(1)), NEEDED_MODULE in names)


def _list_modules(home: Path) -> list[str]:
    command = [str(home / "bin" / "java"), "--list-modules"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=30)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [line.split("@")[0] for line in answer.stdout.splitlines()]


def candidates(environment: Mapping[str, str], places: Sequence[str] = SYSTEM_PLACES) -> Iterator[tuple[str, Path]]:
    """Yield (where it was named, folder) in the order in which a JDK is looked for."""
    for variable in ("ES_JAVA_HOME", "JAVA_HOME"):
        if environment.get(variable):
            yield variable, Path(environment[variable])
    home = environment.get("HOME")
    patterns = [*places, *(str(Path(home) / place) for place in USER_PLACES if home)]
    for pattern in patterns:
        found = sorted(Path("/").glob(pattern.lstrip("/")))
        yield from ((str(folder.parent), folder) for folder in found)
    java = shutil.which("java", path=environment.get("PATH"))
    if java:
        yield "PATH", Path(java).resolve().parent.parent


def find(environment: Mapping[str, str] = os.environ, places: Sequence[str] = SYSTEM_PLACES) -> Jdk:
    """The JDK to run Elasticsearch on: the one a variable names if it suits, else the newest that suits.

    Raises WayError that lists what was found and says what to install.
    """
    seen: dict[Path, Jdk] = {}
    for where, folder in candidates(environment, places):
        jdk = inspect(folder)
        if jdk is None:
            continue
        if jdk.suits and where in {"ES_JAVA_HOME", "JAVA_HOME"}:
            return jdk
        seen.setdefault(folder.resolve(), jdk)
    suitable = [jdk for jdk in seen.values() if jdk.suits]
    if suitable:
        return max(suitable, key=lambda jdk: jdk.major)
    found = ", ".join(
        f"{jdk.home} (Java {jdk.major}{'' if jdk.has_jlink else f', without {NEEDED_MODULE}'})" for jdk in seen.values()
    )
    raise WayError(
        f"no JDK {OLDEST_JDK} or newer with the module {NEEDED_MODULE} was found "
        f"(found: {found or 'none'}); install one, for example Temurin 25, and set ES_JAVA_HOME to its folder"
    )
