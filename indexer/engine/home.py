"""An unpacked engine: where it lies, whether it is complete, which version and modules it has."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from indexer.engine.errors import EngineError
from indexer.engine.pins import VERSION
from matching.settings import Settings

#: Written last: a folder without it was left by a run that was killed.
MARKER = "hallowerk-engine.json"


@dataclass(frozen=True)
class Home:
    """An unpacked Elasticsearch: its folder, version and where it came from."""

    path: Path
    version: str
    origin: str

    @property
    def bundled_jdk(self) -> Path | None:
        """The JDK inside the official archive, None where the engine has none of its own."""
        for place in ("jdk", "jdk.app/Contents/Home"):
            if (self.path / place / "bin" / "java").is_file():
                return self.path / place
        return None

    @property
    def modules(self) -> list[str]:
        """The names of its modules, sorted."""
        return sorted(folder.name for folder in (self.path / "modules").iterdir() if folder.is_dir())


def cache_place(settings: Settings) -> Path:
    """The folder in the shared cache that holds the pinned version once it is installed."""
    return settings.engine_cache / f"elasticsearch-{VERSION}"


def mark_complete(folder: Path, origin: str) -> None:
    """Write the marker that says the folder is whole."""
    (folder / MARKER).write_text(json.dumps({"version": VERSION, "origin": origin}) + "\n")


def find_home(settings: Settings) -> Home | None:
    """The engine that is already unpacked: the configured folder, else the cache; None when there is none.

    Raises EngineError when HALLOWERK_ENGINE_HOME names something else than an Elasticsearch 9.
    """
    if settings.engine_home is not None:
        return _configured(settings.engine_home)
    return _complete(cache_place(settings))


def _complete(folder: Path) -> Home | None:
    try:
        marker = json.loads((folder / MARKER).read_text())
        return Home(folder, str(marker["version"]), str(marker["origin"]))
    except (FileNotFoundError, NotADirectoryError, json.JSONDecodeError, KeyError):
        return None


def _configured(folder: Path) -> Home:
    versions = [
        jar.stem.removeprefix("elasticsearch-")
        for jar in sorted((folder / "lib").glob("elasticsearch-[0-9]*.jar"))
        if jar.stem.removeprefix("elasticsearch-").replace(".", "").isdigit()
    ]
    if not (folder / "bin" / "elasticsearch").is_file() or not versions:
        raise EngineError(
            f"HALLOWERK_ENGINE_HOME is {folder}, but there is no unpacked Elasticsearch there "
            "(bin/elasticsearch and lib/elasticsearch-VERSION.jar). Correct the variable, or unset it "
            "and run `hallowerk engine install`."
        )
    if versions[0].split(".")[0] != VERSION.split(".")[0]:
        raise EngineError(
            f"HALLOWERK_ENGINE_HOME holds Elasticsearch {versions[0]}; HalloWerk needs {VERSION.split('.')[0]}."
        )
    return Home(folder, versions[0], "HALLOWERK_ENGINE_HOME")


def clean_leftovers(settings: Settings) -> list[Path]:
    """Remove what killed runs left in the cache and return it; call only while holding the install lock."""
    cache = settings.engine_cache
    left = [*cache.glob("fetching-*"), *cache.glob("unpacking-*")]
    folder = cache_place(settings)
    if folder.exists() and _complete(folder) is None:
        left.append(folder)
    for path in left:
        shutil.rmtree(path)
    return left
