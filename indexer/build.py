"""Fills new indexes from SQL, checks them, and lets searches use them in one switch."""

from __future__ import annotations

import gc
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from elasticsearch import ApiError, Elasticsearch, TransportError
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from indexer import dead_letters, ledger, registry
from indexer.bulk import BULK_TIMEOUT_S, USUAL_PATIENCE, BulkWriter, Patience, Refusal, Write
from indexer.catalogue import read_catalogue
from indexer.documents import Labels, ListingBuilder, fingerprint
from indexer.synonyms import ensure_published, listing_body
from indexer.targets import (
    LISTINGS,
    Target,
    create_index,
    find_targets,
    index_name,
    live_target,
    new_build,
    open_indexes,
    prune,
    swap_aliases,
)
from matching.candidates.listings import Profile, ShowcaseRow, count_shown, read_window
from matching.candidates.records import Candidate
from matching.settings import Settings
from matching.storage.changes import CANDIDATE, Change, draw_index_version, mark_indexed, timeline
from matching.storage.database import Database
from matching.storage.index_state import LedgerEntry

#: Candidates that are read and built from one snapshot.
WINDOW = 1_000
#: A build in which the engine refuses more than this share of a showcase's listings does not go live.
ALLOWED_REFUSED_SHARE = 0.01
GREEN_WITHIN_S = 120.0
_MARKED_AT_ONCE = 1_000
#: About three windows' worth of rows.
_ALLOCATIONS_BETWEEN_COLLECTIONS = 100_000


class BuildFailed(Exception):
    """A build did not go live; what was live before still is. The message says why."""


@dataclass(frozen=True)
class Progress:
    """How far a fill is: listings handed to the engine, and how many there were at the start."""

    done: int
    total: int


@dataclass(frozen=True)
class Built:
    """A build that went live: index and number of listings by showcase, what was refused, which indexes went."""

    indexes: Mapping[str, str]
    listings: Mapping[str, int]
    refused: tuple[Refusal, ...]
    pruned: tuple[str, ...]


@dataclass(frozen=True)
class _Start:
    """The change log before the first version is drawn: what the fill's reads hold for certain.

    `changes` are those of candidates that exist; deletes stay for the drain, which also reaches the spare indexes.
    """

    changes: array[int]
    newest: int


def build(
    database: Database,
    client: Elasticsearch,
    settings: Settings,
    codes: Sequence[str] = (),
    report: Callable[[Progress], None] = lambda _: None,
    patience: Patience = USUAL_PATIENCE,
) -> Built:
    """Build new indexes for the showcases of `codes` (none: all) and switch to them; the former ones stay as a spare.

    Searches and single changes go on meanwhile; a change that comes in is written to live and new index by a drain.
    The switch is one call, made only when counts agree and hardly anything was refused. Raises BuildFailed when not,
    UnknownShowcase, or the client's errors; the new indexes are removed then, and nothing has changed for searches.
    """
    with database.read() as session:
        catalogue = read_catalogue(session)
        showcases = catalogue.choose(codes)
    with database.write() as session:
        start = _read_start(session)
    if not showcases:
        raise BuildFailed("there is no showcase to build an index for")
    new = _targets(settings, showcases)
    try:
        ensure_published(client, settings)
        _create(database, client, listing_body(settings), showcases, new, catalogue.labels)
        listings, refused = _fill(database, client, catalogue.labels, showcases, new, report, patience)
        names = [target.index for target in new.values()]
        client.options(request_timeout=BULK_TIMEOUT_S).indices.refresh(index=names)
        for row in showcases:
            _check(database, client, row, new[row.view.code].index, refused, start)
        open_indexes(client, names, GREEN_WITHIN_S)
        former = _live(client, settings, new)
        swap_aliases(client, settings.index_prefix, tuple(new.values()), former)
        if len(showcases) == len(catalogue.showcases):
            _mark(database, start.changes)
        with database.write() as session:
            for code, target in new.items():
                ledger.settle(session, code, target.index)
                registry.make_live(session, code, target.index)
    except BaseException as error:
        _remove(database, client, new, error)
        raise
    pruned = prune(client, settings.index_prefix, new, former)
    with database.write() as session:
        registry.forget(session, pruned)
    return Built({code: target.index for code, target in new.items()}, listings, tuple(refused), tuple(pruned))


def _read_start(session: Session) -> _Start:
    known = Change.key.in_(select(Candidate.id))
    # From now on these rows speak for no later change: it gets a row of its own.
    taken = update(Change).where(Change.kind == CANDIDATE, known).values(claimed_at=datetime.now(UTC))
    ids = session.execute(taken.returning(Change.id).execution_options(synchronize_session=False)).scalars()
    newest = session.execute(select(func.max(Change.id))).scalar() or 0
    return _Start(array("q", sorted(ids)), newest)


def _targets(settings: Settings, showcases: Sequence[ShowcaseRow]) -> dict[str, Target]:
    number = new_build()
    return {
        row.view.code: Target(number, row.view.code, index_name(settings.index_prefix, row.view.code, number), False)
        for row in showcases
    }


def _create(
    database: Database,
    client: Elasticsearch,
    body: Mapping[str, Any],
    showcases: Sequence[ShowcaseRow],
    new: Mapping[str, Target],
    labels: Labels,
) -> None:
    with database.read() as session:
        life = timeline(session)
    for row in showcases:
        meta = {"showcase": row.view.code, "fingerprint": fingerprint(row.view, labels, body), "timeline": life}
        create_index(client, new[row.view.code].index, body, meta)
    with database.write() as session:
        for target in new.values():
            registry.register(session, target.showcase, target.index)
    with database.write() as session:
        ledger.foresee(session, lambda column: column > 0)


def _fill(
    database: Database,
    client: Elasticsearch,
    labels: Labels,
    showcases: Sequence[ShowcaseRow],
    new: Mapping[str, Target],
    report: Callable[[Progress], None],
    patience: Patience,
) -> tuple[Mapping[str, int], list[Refusal]]:
    """Write every listing in key order; returns the number sent by showcase, and what the engine refused."""
    builder = ListingBuilder(labels, (row.view for row in showcases))
    with database.read() as session:
        total = sum(count_shown(session, row.id) for row in showcases)
    counts: Counter[str] = Counter(dict.fromkeys(new, 0))
    report(Progress(0, total))
    after = 0
    with _rare_collections(), BulkWriter(client, patience) as writer:
        while True:
            version, profiles, entries = _next_window(database, after, showcases)
            if not profiles:
                break
            writes, other = [], []
            for profile in profiles:
                key = profile.single.id
                for code, listing in builder.listings(profile):
                    if entry := entries.get((code, key)):  # else shown since: a change in the log says so
                        writes.append(Write(new[code].index, key, version, listing.body(key, version)))
                        if entry.gone or entry.digest != listing.digest:
                            other.append((code, key, listing.digest))
                        counts[code] += 1
            if other:
                with database.write() as session:
                    ledger.note_filled(session, version, other)
            for write in writes:
                writer.add(write)
            after = profiles[-1].single.id
            report(Progress(counts.total(), total))
    codes = {target.index: code for code, target in new.items()}
    with database.write() as session:
        dead_letters.keep(session, version, ((codes[one.index], one) for one in writer.outcome.refused))
    return dict(counts), writer.outcome.refused


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Have Python look for cyclic garbage more rarely: rows make none, and looking takes half of a fill's time."""
    usual = gc.get_threshold()
    gc.set_threshold(_ALLOCATIONS_BETWEEN_COLLECTIONS, *usual[1:])
    gc.freeze()  # what is there already stays, and is not looked through each time
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*usual)


def _next_window(
    database: Database, after: int, showcases: Sequence[ShowcaseRow]
) -> tuple[int, list[Profile], dict[ledger.Place, ledger.Entry]]:
    with database.write() as session:
        version = draw_index_version(session)
    with database.read() as session:  # starts after the draw, see matching.storage.changes
        profiles = read_window(session, after, WINDOW, showcases)
        last = profiles[-1].single.id if profiles else after
        window = LedgerEntry.candidate_id.between(after + 1, last)
        mine = LedgerEntry.showcase.in_([row.view.code for row in showcases])
        return version, profiles, ledger.read(session, ledger.entries().where(mine, window))


def _check(
    database: Database,
    client: Elasticsearch,
    row: ShowcaseRow,
    index: str,
    refused: Sequence[Refusal],
    start: _Start,
) -> None:
    """Raise BuildFailed unless the index holds as many listings as SQL shows, but for refused ones and new changes."""
    lost = [refusal for refusal in refused if refusal.index == index]
    with database.read() as session:
        shown = count_shown(session, row.id)
        since = select(func.count()).where(Change.kind == CANDIDATE, Change.id > start.newest)
        waiting = session.execute(since).scalar_one()
    found = client.count(index=index, query=LISTINGS)["count"]
    if len(lost) > ALLOWED_REFUSED_SHARE * shown:
        raise BuildFailed(
            f"showcase {row.view.code}: the engine refused {len(lost)} of {shown} listings; the first, candidate "
            f"{lost[0].id}: {lost[0].reason}"
        )
    if abs(shown - len(lost) - found) > waiting:
        raise BuildFailed(f"showcase {row.view.code}: SQL shows {shown} candidates, the new index holds {found}")


def _live(client: Elasticsearch, settings: Settings, codes: Mapping[str, Target]) -> list[Target]:
    targets = find_targets(client, settings.index_prefix, codes)
    return [live for found in targets.values() if (live := live_target(found))]


def _remove(database: Database, client: Elasticsearch, new: Mapping[str, Target], error: BaseException) -> None:
    names = [target.index for target in new.values()]
    with database.write() as session:
        registry.forget(session, names)
    try:
        client.indices.delete(index=names, ignore_unavailable=True)
    except (ApiError, TransportError) as failure:
        error.add_note(f"Left behind, removed by the next build: {', '.join(names)} ({failure})")


def _mark(database: Database, changes: array[int]) -> None:
    for first in range(0, len(changes), _MARKED_AT_ONCE):
        with database.write() as session:
            mark_indexed(session, changes[first : first + _MARKED_AT_ONCE])
