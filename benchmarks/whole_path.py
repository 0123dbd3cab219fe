"""How near indexing from SQL comes to what the engine can take in: `whole_path_over_engine_limit`."""

from __future__ import annotations

import queue
import statistics
import threading
import time
from collections.abc import Iterator, Sequence

import stamina
from elasticsearch import ApiError, Elasticsearch

from benchmarks.people import count_listings
from benchmarks.surroundings import remove_indexes
from indexer.bulk import CHUNK_BYTES, Write
from indexer.catalogue import read_catalogue
from indexer.documents import ListingBuilder
from indexer.rebuild.fill import WINDOW
from indexer.rebuild.run import rebuild
from indexer.targets import create_index
from matching.candidates.listings import read_window
from matching.search.mapping import index_body
from matching.settings import Settings
from matching.storage.database import Database

ROUNDS = 5
#: The engine's limit is the best of these numbers of connections.
CONNECTIONS = (2, 3)
_HEADERS = {"accept": "application/json", "content-type": "application/x-ndjson"}


def measure(database: Database, client: Elasticsearch, settings: Settings) -> Iterator[str]:
    """Yield the lines of this benchmark.

    Both are measured from an engine without the indexes to all listings searchable, by turns, and compared round by
    round; the median is the figure. The engine's own rate takes the same bodies, made beforehand, in bulks of the
    same size, with whichever number of connections is fastest.
    """
    settings = settings.model_copy(update={"rebuild_rate": 0})
    listings = count_listings(database)
    bodies = _prepare(database, settings.index_prefix)
    size = sum(map(len, bodies)) / listings
    yield f"# whole path: {listings} listings of {size:.0f} bytes on average, {ROUNDS} rounds"
    _flood(client, settings.index_prefix, bodies, CONNECTIONS[0])  # warms the engine up
    whole: list[float] = []
    limits: dict[int, list[float]] = {connections: [] for connections in CONNECTIONS}
    for _ in range(ROUNDS):
        started = time.perf_counter()
        built = rebuild(database, client, settings)
        whole.append(listings / (time.perf_counter() - started))
        if sum(built.listings.values()) != listings or built.refused:
            raise RuntimeError("the build did not index every listing")
        remove_indexes(client, settings.index_prefix)
        for connections, rates in limits.items():
            rates.append(listings / _flood(client, settings.index_prefix, bodies, connections))
    best = max(limits.values(), key=statistics.median)
    yield f"# whole path, listings a second: {_figures(whole)}"
    for connections, rates in limits.items():
        yield f"# engine alone with {connections} connections: {_figures(rates)}"
    yield f"whole_path_listings_per_s {statistics.median(whole):.0f}"
    yield f"engine_limit_listings_per_s {statistics.median(best):.0f}"
    # By rounds: what else the machine does in one of them slows both.
    ratios = [path / limit for path, limit in zip(whole, best, strict=True)]
    yield f"whole_path_over_engine_limit {statistics.median(ratios):.3f}"


def _figures(rates: Sequence[float]) -> str:
    return ", ".join(f"{rate:.0f}" for rate in rates)


def _prepare(database: Database, prefix: str) -> list[bytes]:
    """The bulk bodies of all listings, as the build would send them."""
    chunks: list[bytes] = []
    lines: list[bytes] = []
    size = 0
    for line in _lines(database, prefix):
        lines.append(line)
        size += len(line)
        if size >= CHUNK_BYTES:
            chunks.append(b"".join(lines))
            lines, size = [], 0
    return [*chunks, b"".join(lines)] if lines else chunks


def _lines(database: Database, prefix: str) -> Iterator[bytes]:
    with database.read() as session:
        catalogue = read_catalogue(session)
        builder = ListingBuilder(catalogue.labels, (row.view for row in catalogue.showcases))
        after = 0
        while window := read_window(session, after, WINDOW, catalogue.showcases):
            for profile in window:
                for code, listing in builder.listings(profile):
                    yield Write(
                        f"{prefix}_limit-{code}", profile.single.id, 1, listing.body(profile.single.id, 1)
                    ).encode()
            after = window[-1].single.id


def _too_busy(error: Exception) -> bool:
    return isinstance(error, ApiError) and error.meta.status == 429


def _flood(client: Elasticsearch, prefix: str, bodies: Sequence[bytes], connections: int) -> float:
    """Seconds that the engine takes from no index to all of `bodies` searchable."""
    names = sorted({name for body in bodies for name in _indexes(body)})
    started = time.perf_counter()
    for name in names:
        create_index(client, name, index_body(), {})
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    for body in bodies:
        waiting.put(body)
    failed: list[Exception] = []
    senders = [threading.Thread(target=_send, args=(client, waiting, failed)) for _ in range(connections)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    client.indices.refresh(index=names)
    took = time.perf_counter() - started
    if failed:
        raise failed[0]
    remove_indexes(client, f"{prefix}_limit")
    return took


def _send(client: Elasticsearch, waiting: queue.SimpleQueue[bytes], failed: list[Exception]) -> None:
    while not failed:
        try:
            body = waiting.get_nowait()
        except queue.Empty:
            return
        try:
            _send_one(client, body)
        except Exception as error:
            failed.append(error)


@stamina.retry(on=_too_busy, attempts=None, timeout=60)
def _send_one(client: Elasticsearch, body: bytes) -> None:
    answer = client.options(request_timeout=120).perform_request(
        "POST", "/_bulk", params={"filter_path": "errors"}, headers=_HEADERS, body=body
    )
    if answer["errors"]:
        raise RuntimeError("the engine refused a prepared listing")


def _indexes(body: bytes) -> set[str]:
    return {line.split(b'"', 6)[5].decode() for line in body.splitlines()[::2]}
