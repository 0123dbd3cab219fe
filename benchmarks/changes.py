"""How soon a saved profile is found, and how little is written for it: `change_to_searchable_s_p50` and `_p99`."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Mapping, Sequence

from elasticsearch import Elasticsearch
from sqlalchemy import func, select, update

from benchmarks.processes import workers
from benchmarks.saving import Saver, save, saving, shown_candidates
from benchmarks.surroundings import remove_indexes
from indexer.rebuild.run import rebuild
from indexer.targets import alias_name
from matching.candidates.records import Candidate, CandidateShowcase, Showcase
from matching.settings import Settings
from matching.storage.changes import Change
from matching.storage.database import Database

PER_SECOND, SECONDS = 20, 60
#: How often the engine is asked; half of it is in each figure.
_LOOK_EVERY_S = 0.02
_FOUND_WITHIN_S = 60.0
_WARM_UP_S = 5.0
SAVES_OF_ONE, UNCHANGED = 100, 200


def measure(database: Database, client: Elasticsearch, settings: Settings) -> Iterator[str]:
    """Yield the lines of this benchmark; relay and worker are processes, the refresh interval is the usual one."""
    rebuild(database, client, settings)
    names = _names(database, settings.index_prefix)
    with workers(settings) as broker:
        yield f"# {PER_SECOND} saves a second for {SECONDS} s, through {broker}"
        with saving(database, PER_SECOND / 2, seed=2) as warm_up:
            time.sleep(_WARM_UP_S)
        _all_found(client, names, warm_up.saved)
        with saving(database, PER_SECOND) as saver:
            found = _watch(client, names, saver)
        took = [found[word] - at for word, at in saver.saved.items() if word in found]
        # A profile saved twice before a look shows only its last word.
        yield f"# {len(took)} of {len(saver.saved)} saves seen one by one, {len(saver.saved) - len(took)} overtaken"
        yield f"change_to_searchable_s_p50 {statistics.median(took):.2f}"
        yield f"change_to_searchable_s_p99 {statistics.quantiles(took, n=100)[-1]:.2f}"
        yield f"unchanged_save_writes {_unchanged_saves(database, client, names)}"
        yield f"writes_of_{SAVES_OF_ONE}_saves_in_a_second {_saves_of_one(database, client, names)}"
    remove_indexes(client, settings.index_prefix)


def _names(database: Database, prefix: str) -> Sequence[str]:
    with database.read() as session:
        return [alias_name(prefix, code) for code in session.execute(select(Showcase.code)).scalars()]


def _watch(client: Elasticsearch, names: Sequence[str], saver: Saver) -> Mapping[str, float]:
    """When each word was first found, looking all the time until SECONDS are over and nothing is missing."""
    found: dict[str, float] = {}
    end = time.perf_counter() + SECONDS
    while True:
        if time.perf_counter() > end:
            saver.stop()
            if not [word for word in saver.last_word.values() if word not in found]:
                return found
            if time.perf_counter() > end + _FOUND_WITHIN_S:
                raise RuntimeError("a saved profile was not found")
        missing = [word for word in list(saver.saved) if word not in found]
        for word in _found(client, names, missing[-1000:]):
            found.setdefault(word, time.perf_counter())
        time.sleep(_LOOK_EVERY_S)


def _found(client: Elasticsearch, names: Sequence[str], words: Sequence[str]) -> set[str]:
    if not words:
        return set()
    answer = client.search(
        index=names, query={"terms": {"one_liner": words}}, source_includes=["one_liner"], size=len(words) * 2
    )
    return {hit["_source"]["one_liner"] for hit in answer["hits"]["hits"]}


def _all_found(client: Elasticsearch, names: Sequence[str], words: Mapping[str, float]) -> None:
    last = list(words)[-1:]
    deadline = time.perf_counter() + _FOUND_WITHIN_S
    while _found(client, names, last) != set(last):
        if time.perf_counter() > deadline:
            raise RuntimeError("a saved profile was not found")
        time.sleep(_LOOK_EVERY_S)


def _written(client: Elasticsearch, names: Sequence[str]) -> int:
    stats = client.indices.stats(index=names, metric="indexing")
    return int(stats["_all"]["primaries"]["indexing"]["index_total"])


def _settled(database: Database) -> None:
    """Wait until no change is in the log."""
    deadline = time.perf_counter() + _FOUND_WITHIN_S
    while True:
        with database.read() as session:
            if not session.execute(select(func.count()).select_from(Change)).scalar_one():
                return
        if time.perf_counter() > deadline:
            raise RuntimeError("changes stay in the log")
        time.sleep(_LOOK_EVERY_S)


def _unchanged_saves(database: Database, client: Elasticsearch, names: Sequence[str]) -> int:
    """Writes to the engine for profiles that were saved as they were."""
    _settled(database)
    before = _written(client, names)
    for key in shown_candidates(database)[:UNCHANGED]:
        with database.write() as session:
            session.execute(update(Candidate).where(Candidate.id == key).values(one_liner=Candidate.one_liner))
    # One that changes shows that the ones before it have been dealt with; it is in so many indexes.
    changed = shown_candidates(database)[UNCHANGED]
    save(database, changed)
    _settled(database)
    return _written(client, names) - before - _showcases_of(database, changed)


def _saves_of_one(database: Database, client: Elasticsearch, names: Sequence[str]) -> int:
    """Writes to an index for one profile that is saved SAVES_OF_ONE times within a second."""
    [key] = shown_candidates(database)[:1]
    before = _written(client, names)
    due = time.perf_counter()
    for _ in range(SAVES_OF_ONE):
        save(database, key)
        due += 1 / SAVES_OF_ONE
        time.sleep(max(0.0, due - time.perf_counter()))
    _settled(database)
    return (_written(client, names) - before) // _showcases_of(database, key)


def _showcases_of(database: Database, candidate: int) -> int:
    shown = select(func.count()).where(CandidateShowcase.candidate_id == candidate)
    with database.read() as session:
        return session.execute(shown).scalar_one()
