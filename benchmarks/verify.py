"""How long it takes to know that the indexes are right, beside building them: `verify_over_rebuild_time`."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

from elasticsearch import Elasticsearch

from benchmarks.people import count_listings
from benchmarks.surroundings import remove_indexes
from indexer.rebuild.run import rebuild
from indexer.verify import verify
from matching.settings import Settings
from matching.storage.database import Database

ROUNDS = 5


def measure(database: Database, client: Elasticsearch, settings: Settings) -> Iterator[str]:
    """Yield the lines of this benchmark.

    In each round the indexes of all showcases are built without a throttle, with gate and switch, and then verified as
    `hallowerk index verify` does; the spares of the round before are there too. The median of the rounds is the figure.
    """
    listings = count_listings(database)
    unthrottled = settings.model_copy(update={"rebuild_rate": 0})
    builds, looks = [], []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        rebuild(database, client, unthrottled)
        builds.append(time.perf_counter() - started)
        looks.append(_verify(database, client, settings))
    full_look = _verify(database, client, settings, full=True)
    remove_indexes(client, settings.index_prefix)
    yield f"# verify: {listings} listings, {ROUNDS} rounds"
    yield f"# rebuild, s: {_figures(builds)}"
    yield f"# verify, s: {_figures(looks)}; every field: {full_look:.2f}"
    ratios = [look / build for look, build in zip(looks, builds, strict=True)]
    yield f"verify_over_rebuild_time {statistics.median(ratios):.3f}"
    yield f"full_verify_over_rebuild_time {full_look / statistics.median(builds):.3f}"


def _verify(database: Database, client: Elasticsearch, settings: Settings, full: bool = False) -> float:
    """Seconds that a verification takes. Raises RuntimeError when it finds a difference."""
    started = time.perf_counter()
    found = verify(database, client, settings, full=full)
    took = time.perf_counter() - started
    if not all(one.agrees for one in found):
        raise RuntimeError("the indexes differ from the database right after a rebuild")
    return took


def _figures(seconds: list[float]) -> str:
    return ", ".join(f"{each:.2f}" for each in seconds)
