"""The numbers of the operations page in Prometheus' text format; each says what it counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from indexer.overview import STATES, Operations

HEALTHS = ("green", "yellow", "red")


class _Once(Collector):
    """Gives what was found to the one registry it is in."""

    def __init__(self, found: Operations) -> None:
        self._found = found

    def collect(self) -> Iterable[Metric]:
        found = self._found
        yield from _engine(found)
        yield from _indexes(found)
        yield from _waiting(found)
        yield from _rebuilds(found)
        yield from _trouble(found)


def exposition(found: Operations) -> bytes:
    """All metrics as Prometheus reads them; they are gauges, read anew each time, and none names a person."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once(found))
    return generate_latest(registry)


def _gauge(name: str, meaning: str, values: Iterable[tuple[Mapping[str, str], Any]]) -> Metric:
    """A metric; all its values have the same labels. A value of None is left out."""
    rows = [(labels, float(value)) for labels, value in values if value is not None]
    names = list(rows[0][0]) if rows else []
    family = GaugeMetricFamily(f"hallowerk_{name}", meaning, labels=names)
    for labels, value in rows:
        family.add_metric([labels[label] for label in names], value)
    return family


def _engine(found: Operations) -> Iterator[Metric]:
    cluster = found.cluster
    yield _gauge("engine_up", "1 when the engine answers.", [({}, cluster is not None)])
    if cluster is None:
        return
    yield _gauge(
        "engine_health",
        "1 for the health that the cluster has.",
        [({"health": health}, cluster.health == health) for health in HEALTHS],
    )
    yield _gauge("engine_unassigned_shards", "Parts of indexes that lie on no node.", [({}, cluster.unassigned)])
    for name, meaning, field in (
        ("engine_disk_bytes", "Size of the disk under a node.", "disk_bytes"),
        ("engine_disk_free_bytes", "Free room on the disk under a node.", "free_bytes"),
    ):
        yield _gauge(name, meaning, [({"node": node.name}, getattr(node, field)) for node in cluster.nodes])


def _indexes(found: Operations) -> Iterator[Metric]:
    shown = [({"showcase": row.showcase}, row) for row in found.showcases]
    yield _gauge("index_version", "The version that was drawn last for a read.", [({}, found.version)])
    yield _gauge(
        "index_info",
        "1 for the index that searches of a showcase use.",
        [
            ({"showcase": row.showcase, "index": row.index, "mapping": row.mapping}, 1)
            for row in found.showcases
            if row.index
        ],
    )
    yield _gauge(
        "index_state",
        "1 for the state that a showcase's index is in.",
        [({**labels, "state": state}, row.state == state) for labels, row in shown for state in STATES],
    )
    yield _gauge("index_shown", "Candidates that SQL shows.", [(labels, row.shown) for labels, row in shown])
    yield _gauge("index_listings", "Candidates that searches find.", [(labels, row.listings) for labels, row in shown])
    yield _gauge("index_newest", "Highest version in the index.", [(labels, row.newest) for labels, row in shown])
    yield _gauge("index_bytes", "Size of the index on disk.", [(labels, row.size_bytes) for labels, row in shown])
    yield _gauge(
        "index_blocked", "1 when the engine takes no writes to it.", [(labels, row.blocked) for labels, row in shown]
    )


def _waiting(found: Operations) -> Iterator[Metric]:
    backlog = found.backlog
    changes = [({"kind": log.name}, log) for log in backlog.changes]
    queues = [({"queue": queue.name}, queue) for queue in backlog.queues]
    yield _gauge(
        "changes_waiting", "Changes in SQL that no index has yet.", [(labels, log.waiting) for labels, log in changes]
    )
    yield _gauge(
        "changes_oldest_seconds",
        "For how long the oldest of them has waited.",
        [(labels, log.oldest_s or 0) for labels, log in changes],
    )
    yield _gauge("broker_up", "1 when the broker answers.", [({}, backlog.broker_away is None)])
    yield _gauge(
        "queue_waiting", "Messages that wait in a queue.", [(labels, queue.waiting) for labels, queue in queues]
    )
    yield _gauge(
        "queue_oldest_seconds",
        "For how long the oldest of them has waited.",
        [(labels, queue.oldest_s or 0) for labels, queue in queues],
    )
    yield _gauge("mail_waiting", "Mails that are still to be sent.", [({}, backlog.post.waiting)])
    yield _gauge(
        "mail_oldest_seconds", "For how long the oldest of them has waited.", [({}, backlog.post.oldest_s or 0)]
    )
    yield _gauge("mail_failed", "Mails of the last 90 days that could not be sent.", [({}, backlog.post.failed)])
    left = sum(fan_out.total - fan_out.done for fan_out in backlog.fan_outs)
    yield _gauge("fan_out_left", "Candidates that changes of something shared still have to reach.", [({}, left)])


def _rebuilds(found: Operations) -> Iterator[Metric]:
    running = [rebuild for rebuild in found.rebuilds if rebuild.ended_at is None]
    yield _gauge("rebuilds_running", "Rebuilds that have not ended.", [({}, len(running))])
    yield _gauge("rebuild_done", "Listings that they have written.", [({}, sum(one.done for one in running))])
    yield _gauge("rebuild_total", "Listings that they write in all.", [({}, sum(one.total for one in running))])


def _trouble(found: Operations) -> Iterator[Metric]:
    yield _gauge(
        "drift_listings",
        "Listings that differed from the record, as far back as findings are kept.",
        [
            ({"showcase": one.showcase, "kind": one.kind, "state": state}, count)
            for one in found.drift
            for state, count in (("waiting", one.waiting), ("repaired", one.repaired))
        ],
    )
    codes = [row.showcase for row in found.showcases] + sorted(set(found.dead_letters))
    yield _gauge(
        "dead_letters",
        "Listings that the engine refused for good.",
        [({"showcase": code}, found.dead_letters.get(code, 0)) for code in dict.fromkeys(codes)],
    )
