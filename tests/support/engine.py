"""The one real engine that all tests of a session share, apart from the engine you work with."""

from __future__ import annotations

import atexit
import fcntl
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from elasticsearch import Elasticsearch

from indexer.engine import instance
from indexer.engine.client import connect
from indexer.engine.instance import Running
from indexer.engine.synonym_file import FOLDER, synonym_file
from matching.search.mapping import load_word_lists
from matching.settings import PROJECT_ROOT, Settings

STATE_DIR = PROJECT_ROOT / ".hallowerk" / "test-engine"
HEAP_MB = 512


def running_engine(settings: Settings) -> Running:
    """Return an engine that answers: ELASTICSEARCH_URL if set, else the tests' own, installed and started if need be.

    Point your settings at it with `settings.model_copy(update={"elasticsearch_url": running.url})` and use an
    `index_prefix` of your own. Test sessions that run side by side share it; the last one to end stops it, unless it
    was started by hand (`HALLOWERK_STATE_DIR=.hallowerk/test-engine hallowerk engine start`).
    """
    if settings.elasticsearch_url:
        return _external(settings.elasticsearch_url, settings.elasticsearch_api_key)
    return _own_engine(settings.engine_cache, settings.engine_home)


@contextmanager
def own_corner(engine: Running, settings: Settings) -> Iterator[Settings]:
    """These settings with an index prefix that nobody else uses in the engine, and the project's synonyms published.

    What was made there is gone afterwards: every index, and then the file of synonyms.
    """
    own = settings.model_copy(
        update={
            "elasticsearch_url": engine.url,
            "synonyms_dir": engine.config_dir / FOLDER if engine.pid else settings.synonyms_dir,
            "index_prefix": f"test_{uuid.uuid4().hex[:12]}",
        }
    )
    file = synonym_file(own)
    if file is not None:
        file.replace("".join(f"{rule}\n" for rule in load_word_lists().synonyms))
    yield own
    client = connect(own)
    for index in client.indices.get(index=f"{own.index_prefix}*", expand_wildcards="all"):
        client.indices.delete(index=index)
    if file is not None:
        for left in (file.path, file.lock):
            left.unlink(missing_ok=True)


def variables_of(settings: Settings) -> dict[str, str]:
    """The environment variables with which a command uses the engine as these settings do."""
    return {
        "ELASTICSEARCH_URL": settings.elasticsearch_url,
        "HALLOWERK_SYNONYMS_DIR": str(settings.synonyms_dir or ""),
        "HALLOWERK_INDEX_PREFIX": settings.index_prefix,
    }


def _external(url: str, api_key: str) -> Running:
    with Elasticsearch(url, api_key=api_key or None) as client:
        version = str(client.info()["version"]["number"])
    return Running(url, 0, urlsplit(url).port or 0, version, Path())


@cache
def _own_engine(cache_dir: Path, home: Path | None) -> Running:
    own = Settings(
        state_dir=STATE_DIR, engine_cache=cache_dir, engine_home=home, engine_heap_mb=HEAP_MB, elasticsearch_url=""
    )
    STATE_DIR.mkdir(parents=True, exist_ok=True)
    in_use = (STATE_DIR / "in-use").open("w")
    fcntl.flock(in_use, fcntl.LOCK_SH)
    ours = STATE_DIR / "started-by-tests"
    if not instance.status(own).running:
        ours.touch()

    def stop_if_last() -> None:
        try:
            fcntl.flock(in_use, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # another session still uses it and will stop it
        if ours.exists():
            ours.unlink()
            instance.stop(own)

    atexit.register(stop_if_last)
    return instance.start(own, lambda message: print(message, file=sys.__stderr__))
