"""The facts that operations people watch, at one moment: indexes, lag, rebuilds, drift, dead letters, the engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from celery import Celery
from elasticsearch import ApiError, Elasticsearch, TransportError
from sqlalchemy import select

from indexer.backlog import Backlog, backlog
from indexer.catalogue import Catalogue, read_catalogue
from indexer.celery import make_app
from indexer.cluster import Cluster, Found, StoredIndex, look_through, read_cluster, read_indexes
from indexer.documents import fingerprint, outdated
from indexer.memory import (
    Drift,
    RebuildState,
    Refused,
    count_dead_letters,
    count_missed,
    read_drift,
    read_rebuilds,
    read_refused,
)
from indexer.queues import Broker
from indexer.registry import FILLING, LIVE, SPARE
from indexer.synonyms import listing_body
from indexer.targets import alias_name
from matching.candidates.listings import count_shown
from matching.settings import Settings
from matching.storage.changes import present_version, timeline
from matching.storage.database import Database
from matching.storage.index_state import IndexTarget

CURRENT, UPDATING, DUE, PAUSED = "current", "updating", "rebuild_due", "paused"
NO_INDEX, UNKNOWN = "no_index", "unknown"
STATES = (CURRENT, UPDATING, DUE, PAUSED, NO_INDEX, UNKNOWN)


@dataclass(frozen=True)
class ShowcaseIndex:
    """The index that searches of a showcase use, beside what the record shows there.

    `state`: CURRENT; UPDATING while live updates bring in what the showcase shows by now; DUE when the index was made
    with another mapping or builder; PAUSED when it belongs to another life of the database, such as before a backup
    was put back: nothing is written to it until it is rebuilt; NO_INDEX; UNKNOWN while the engine does not answer,
    with `listings`, `newest` and `size_bytes` None. `mapping` is the mapping's version, `newest` the highest version
    of a listing, `blocked`: the engine takes no writes.
    """

    showcase: str
    name: str
    index: str | None
    mapping: str
    made_at: datetime | None
    state: str
    shown: int
    listings: int | None
    newest: int | None
    size_bytes: int | None
    blocked: bool
    filling: tuple[str, ...]
    spare: tuple[str, ...]


@dataclass(frozen=True)
class Operations:
    """All that is watched; nothing in it is about a person.

    `cluster` is None while the engine does not answer. `version` is the one drawn last. `rebuilds` are those under
    way and the last one that ended. `dead_letters` counts them by showcase, `refused` tells the frequent reasons, and
    `missed` are the profiles that a live index refused.
    """

    at: datetime
    version: int
    cluster: Cluster | None
    showcases: tuple[ShowcaseIndex, ...]
    backlog: Backlog
    rebuilds: tuple[RebuildState, ...]
    drift: tuple[Drift, ...]
    dead_letters: Mapping[str, int]
    missed: int
    refused: tuple[Refused, ...]

    @property
    def changes_waiting(self) -> int:
        """How many changes are in SQL and not yet in the indexes."""
        return sum(log.waiting for log in self.backlog.changes)

    @property
    def lag_s(self) -> float:
        """For how many seconds the oldest of them has waited; 0 when none does."""
        return max((log.oldest_s or 0.0 for log in self.backlog.changes), default=0.0)


@dataclass(frozen=True)
class _Record:
    """What SQL says."""

    catalogue: Catalogue
    life: str
    shown: Mapping[str, int]
    targets: Sequence[IndexTarget]
    rebuilds: tuple[RebuildState, ...]
    drift: tuple[Drift, ...]
    dead_letters: Mapping[str, int]
    missed: int
    refused: tuple[Refused, ...]


@dataclass(frozen=True)
class _Engine:
    """What the engine says; `indexes` None when it did not."""

    cluster: Cluster | None = None
    indexes: Mapping[str, StoredIndex] | None = None
    found: Mapping[str, Found] = field(default_factory=dict)


def operations(database: Database, client: Elasticsearch | None, settings: Settings) -> Operations:
    """Look once at SQL, at the engine (`client` None: there is none to ask) and at the broker.

    An engine or a broker that does not answer is a fact like the others, known within seconds. Raises what the
    database raises.
    """
    now = datetime.now(UTC)
    record = _read_record(database, settings)
    with Broker(_celery(settings)) as broker:
        waiting = backlog(database, broker)
    engine = _ask_engine(client, settings, record.catalogue.codes)
    with database.read() as session:
        # Later than the engine: what was drawn meanwhile may be in it already.
        version = present_version(session)
    return Operations(
        at=now,
        version=version,
        cluster=engine.cluster,
        showcases=tuple(_showcases(record, engine, settings, version)),
        backlog=waiting,
        rebuilds=record.rebuilds,
        drift=record.drift,
        dead_letters=record.dead_letters,
        missed=record.missed,
        refused=record.refused,
    )


@lru_cache(maxsize=4)
def _celery(settings: Settings) -> Celery:
    return make_app(settings)


def _read_record(database: Database, settings: Settings) -> _Record:
    with database.read() as session:
        catalogue = read_catalogue(session)
        return _Record(
            catalogue=catalogue,
            life=timeline(session),
            shown={row.view.code: count_shown(session, row.id) for row in catalogue.showcases},
            targets=session.scalars(select(IndexTarget).order_by(IndexTarget.index)).all(),
            rebuilds=read_rebuilds(session, settings.lease_s),
            drift=read_drift(session),
            dead_letters=count_dead_letters(session),
            missed=count_missed(session),
            refused=read_refused(session),
        )


def _ask_engine(client: Elasticsearch | None, settings: Settings, codes: Sequence[str]) -> _Engine:
    """What the engine says, as far as it does."""
    cluster = None
    if client is None:
        return _Engine()
    try:
        cluster = read_cluster(client)
        indexes = read_indexes(client, settings.index_prefix)
        aliases = {alias for stored in indexes.values() for alias in stored.aliases}
        wanted = [alias for code in codes if (alias := alias_name(settings.index_prefix, code)) in aliases]
        return _Engine(cluster, indexes, look_through(client, wanted))
    except (ApiError, TransportError):
        return _Engine(cluster)


def _showcases(record: _Record, engine: _Engine, settings: Settings, version: int) -> Iterator[ShowcaseIndex]:
    body = listing_body(settings)
    made_at = {target.index: target.made_at for target in record.targets}
    for row in record.catalogue.showcases:
        code = row.view.code
        alias = alias_name(settings.index_prefix, code)
        mine = [target for target in record.targets if target.showcase == code]
        registered = next((target.index for target in mine if target.state == LIVE), None)
        stored = next((one for one in (engine.indexes or {}).values() if alias in one.aliases), None)
        index = stored.index if stored else registered if engine.indexes is None else None
        found = engine.found.get(alias)
        wanted = fingerprint(row.view, record.catalogue.labels, body)
        yield ShowcaseIndex(
            showcase=code,
            name=row.view.name,
            index=index,
            mapping=index.removeprefix(f"{alias}-").partition("-")[0] if index else "",
            made_at=made_at.get(index or ""),
            state=_state(record, engine, stored, found, wanted, version),
            shown=record.shown[code],
            listings=found.listings if found else None,
            newest=found.newest if found else None,
            size_bytes=stored.size_bytes if stored else None,
            blocked=stored.blocked if stored else False,
            filling=tuple(target.index for target in mine if target.state == FILLING),
            spare=tuple(target.index for target in mine if target.state == SPARE),
        )


def _state(
    record: _Record,
    engine: _Engine,
    stored: StoredIndex | None,
    found: Found | None,
    wanted: Mapping[str, str],
    version: int,
) -> str:
    if engine.indexes is None:
        return UNKNOWN
    if stored is None:
        return NO_INDEX
    if stored.meta.get("timeline") != record.life or (found and found.newest > version):
        return PAUSED
    differing = outdated(stored.meta, wanted)
    if differing - {"content"}:
        return DUE
    return UPDATING if differing else CURRENT
