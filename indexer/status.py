"""Says how the index of each showcase stands against the record, what waits, and what a rebuild is at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from elasticsearch import Elasticsearch
from sqlalchemy import select
from sqlalchemy.orm import Session

from indexer.catalogue import Catalogue, read_catalogue
from indexer.documents import fingerprint, outdated
from indexer.fan_out import running
from indexer.memory import RebuildState, count_dead_letters, read_rebuilds
from indexer.rebuild.lease import HELD
from indexer.registry import LIVE
from indexer.synonyms import listing_body
from indexer.targets import LISTINGS, alias_name, find_targets, live_target, read_meta
from matching.candidates.listings import ShowcaseRow, count_shown
from matching.settings import Settings
from matching.storage.changes import pending_counts, timeline
from matching.storage.database import Database
from matching.storage.index_state import IndexTarget

#: What an index needs: nothing, the changes that are on their way anyhow, or a rebuild.
NOTHING, UPDATE, REBUILD = "nothing", "update", "rebuild"
#: State of an index that writes don't reach: a crash left it, and `prune` removes it.
UNREGISTERED = "unregistered"

_REASONS = {
    "mapping": "its fields or their analysis are not those of this version",
    "builder": "this version makes other listings of the same profiles",
    "timeline": "it was made in another life of the database",
    "content": "what it shows was changed, and live updates bring that in",
}


@dataclass(frozen=True)
class OtherIndex:
    """An index beside the one that searches use; `state` is 'spare' (for a rollback), 'filling' or 'unregistered'."""

    index: str
    state: str


@dataclass(frozen=True)
class ShowcaseStatus:
    """The index of one showcase: `index` None before the first rebuild.

    `documents` listings are in the index, `shown` in the record. `needs` is NOTHING, UPDATE (changes on their way will
    do) or REBUILD, and `reasons` say why. `switching`: searches use another index than SQL calls live, because a switch
    was broken off; `hallowerk index resume` ends it.
    """

    showcase: str
    alias: str
    index: str | None
    documents: int
    shown: int
    needs: str
    reasons: tuple[str, ...]
    switching: bool
    others: tuple[OtherIndex, ...]

    @property
    def current(self) -> bool:
        """Whether searches find exactly what the record shows, as far as can be told without reading a listing."""
        return self.needs == NOTHING and not self.switching and self.documents == self.shown


@dataclass(frozen=True)
class RebuildStatus:
    """A rebuild or rollback that has not ended; `held`: somebody works on it. `rate` in listings a second.

    `waits`: it did not pass the gate, and somebody must decide. `error` is what stopped it last.
    """

    id: int
    showcases: tuple[str, ...]
    step: str
    done: int
    total: int
    rate: float
    left_s: float | None
    held: bool
    waits: bool
    error: str | None


@dataclass(frozen=True)
class Waiting:
    """Changes of one kind that are not in the indexes yet, and the age of the oldest in seconds."""

    kind: str
    changes: int
    oldest_s: float


@dataclass(frozen=True)
class IndexStatus:
    """All showcases, what waits to be indexed, rebuilds under way, and how many listings the engine refused."""

    showcases: tuple[ShowcaseStatus, ...]
    waiting: tuple[Waiting, ...]
    fan_outs: int
    rebuilds: tuple[RebuildStatus, ...]
    dead_letters: Mapping[str, int]

    @property
    def pending_changes(self) -> int:
        """Changes of all kinds that wait."""
        return sum(one.changes for one in self.waiting)


def index_status(database: Database, client: Elasticsearch, settings: Settings) -> IndexStatus:
    """Compare the engine with the record; reads no candidate. Raises the client's errors."""
    with database.read() as session:
        catalogue = read_catalogue(session)
        shown = {row.view.code: count_shown(session, row.id) for row in catalogue.showcases}
        states = {row.index: row.state for row in session.execute(select(IndexTarget)).scalars()}
        life = timeline(session)
        dead_letters = count_dead_letters(session)
        fan_outs = len(running(session))
        rebuilds = [one for one in read_rebuilds(session, settings.lease_s) if one.ended_at is None]
        waiting = _waiting(session)
    made_of = {"timeline": life, "body": listing_body(settings)}
    found = find_targets(client, settings.index_prefix, catalogue.codes)
    rows = []
    for row in catalogue.showcases:
        code = row.view.code
        live = live_target(found[code])
        needs, documents = REBUILD, 0
        reasons: tuple[str, ...] = ("it has no index yet",)
        if live:
            documents = client.count(index=live.index, query=LISTINGS)["count"]
            needs, reasons = _judge(client, live.index, row, catalogue, made_of)
        rows.append(
            ShowcaseStatus(
                showcase=code,
                alias=alias_name(settings.index_prefix, code),
                index=live.index if live else None,
                documents=documents,
                shown=shown[code],
                needs=needs,
                reasons=reasons,
                switching=live is not None and states.get(live.index) != LIVE,
                others=tuple(
                    OtherIndex(one.index, states.get(one.index, UNREGISTERED)) for one in found[code] if not one.live
                ),
            )
        )
    return IndexStatus(tuple(rows), waiting, fan_outs, tuple(map(_rebuild, reversed(rebuilds))), dead_letters)


def _judge(
    client: Elasticsearch, index: str, row: ShowcaseRow, catalogue: Catalogue, made_of: Mapping[str, Any]
) -> tuple[str, tuple[str, ...]]:
    """What an index needs, and why."""
    meta = read_meta(client, index)
    unlike = outdated(meta, fingerprint(row.view, catalogue.labels, made_of["body"]))
    if meta.get("timeline") != made_of["timeline"]:
        unlike.add("timeline")
    needs = NOTHING if not unlike else UPDATE if unlike == {"content"} else REBUILD
    return needs, tuple(reason for name, reason in _REASONS.items() if name in unlike)


def _rebuild(state: RebuildState) -> RebuildStatus:
    return RebuildStatus(
        id=state.id,
        showcases=tuple(sorted(state.showcases)),
        step=state.step,
        done=state.done,
        total=state.total,
        rate=round(state.per_second, 1),
        left_s=None if state.left_s is None else round(state.left_s, 1),
        held=state.held,
        waits=state.step == HELD,
        error=state.error,
    )


def _waiting(session: Session) -> tuple[Waiting, ...]:
    now = datetime.now(UTC)
    return tuple(
        Waiting(kind, pending.changes, round(pending.age_s(now), 1))
        for kind, pending in pending_counts(session).items()
    )
