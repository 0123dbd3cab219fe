"""What a rebuild costs those who work meanwhile, and what their changes cost the rebuild.

`rebuild_under_changes_over_quiet`, `search_p95_during_rebuild_over_before`.
"""

from __future__ import annotations

import itertools
import statistics
import threading
import time
from collections.abc import Iterator, Sequence

from elasticsearch import Elasticsearch
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from benchmarks.people import count_listings, fill
from benchmarks.processes import workers
from benchmarks.saving import saving
from benchmarks.surroundings import remove_indexes
from indexer.changes import drain
from indexer.reader import Basis, EngineDown, EngineRefused, Reader
from indexer.rebuild.run import rebuild
from indexer.verify import verify
from matching.candidates.listings import read_showcases
from matching.candidates.records import CandidateTerm
from matching.search.criteria import SearchCriteria
from matching.search.ranking import load_profile
from matching.settings import Settings
from matching.storage.database import Database
from matching.taxonomy.store import load_taxonomy
from matching.taxonomy.vocabularies import load_vocabularies

PEOPLE = 200_000
CHANGES_PER_SECOND = 50
SEARCHES_PER_SECOND, SAMPLES = 5, 500
_WANTED = 40


def measure(database: Database, client: Elasticsearch, settings: Settings) -> Iterator[str]:
    """Yield the lines of this benchmark; `database` grows to PEOPLE candidates."""
    fill(database, PEOPLE)
    listings = count_listings(database)
    free = settings.model_copy(update={"rebuild_rate": 0})
    rebuild(database, client, free)  # warms the engine up, and makes the ledger
    quiet = _timed_rebuild(database, client, free)
    yield f"# rebuild of {listings} listings: {quiet:.1f} s, {listings / quiet:.0f} a second"
    searches = Searches(database, client, settings)
    with workers(settings) as broker:
        with saving(database, CHANGES_PER_SECOND):
            under = _timed_rebuild(database, client, free)
        yield f"# with {CHANGES_PER_SECOND} changes a second through {broker}: {under:.1f} s"
        yield f"rebuild_under_changes_over_quiet {quiet / under:.3f}"
        with saving(database, CHANGES_PER_SECOND, seed=2):
            before = searches.run(SAMPLES)
            stop = threading.Event()
            rebuilding = threading.Thread(target=_rebuild_until, args=(stop, database, client, settings))
            rebuilding.start()
            during = searches.run(SAMPLES)
            stop.set()
            rebuilding.join()
    drain(database, client, settings)
    lost = sum(one.count for result in verify(database, client, settings) for one in result.differences)
    p95s = [statistics.quantiles(took, n=20)[-1] for took in (before, during)]
    limit = f"{settings.rebuild_rate} listings a second at most" if settings.rebuild_rate else "no limit"
    yield f"# searches: {SEARCHES_PER_SECOND} a second, {SAMPLES} each; the rebuild: {limit}"
    yield f"# search p95 before {p95s[0] * 1000:.1f} ms, during {p95s[1] * 1000:.1f} ms"
    yield f"search_p95_during_rebuild_over_before {p95s[1] / p95s[0]:.2f}"
    yield f"failed_searches {searches.failed}"
    yield f"changes_lost {lost}"
    remove_indexes(client, settings.index_prefix)


def _timed_rebuild(database: Database, client: Elasticsearch, settings: Settings) -> float:
    started = time.perf_counter()
    rebuild(database, client, settings)
    return time.perf_counter() - started


def _rebuild_until(stop: threading.Event, database: Database, client: Elasticsearch, settings: Settings) -> None:
    while not stop.is_set():
        rebuild(database, client, settings)


class Searches:
    """Searches for wanted occupations at a steady pace; `failed` counts those without an answer."""

    def __init__(self, database: Database, client: Elasticsearch, settings: Settings) -> None:
        self.failed = 0
        self._reader = Reader(client, settings.index_prefix, settings.search_timeout_s)
        with database.read() as session:
            taxonomy = load_taxonomy(session)
            showcases = [row.view for row in read_showcases(session)]
            occupations = _wanted(session)
        self._basis = Basis(load_profile(settings.ranking_profile), taxonomy, load_vocabularies())
        pairs = zip(itertools.cycle(showcases), occupations, strict=False)
        self._criteria = [SearchCriteria(showcase=view, occupations=(code,)) for view, code in pairs]

    def run(self, count: int) -> Sequence[float]:
        """Seconds that each of `count` searches took."""
        took = []
        due = time.perf_counter()
        for criteria in itertools.islice(itertools.cycle(self._criteria), count):
            started = time.perf_counter()
            try:
                self._reader.search(criteria, self._basis)
            except (EngineDown, EngineRefused):
                self.failed += 1
            took.append(time.perf_counter() - started)
            due += 1 / SEARCHES_PER_SECOND
            time.sleep(max(0.0, due - time.perf_counter()))
        return took


def _wanted(session: Session) -> Sequence[str]:
    term = CandidateTerm
    wanted = select(term.code).where(term.vocabulary == "function", term.code.is_not(None)).group_by(term.code)
    statement = wanted.order_by(func.count().desc(), term.code).limit(_WANTED)
    return [code for code in session.execute(statement).scalars() if code]
