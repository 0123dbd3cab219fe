"""Fills new indexes from SQL, checks them, and lets searches use them in one switch."""

from __future__ import annotations

import gc
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from elasticsearch import ApiError, Elasticsearch, TransportError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from indexer.bulk import BULK_TIMEOUT_S, USUAL_PATIENCE, BulkWriter, Patience, Refusal, Write
from indexer.catalogue import read_catalogue
from indexer.documents import Labels, ListingBuilder, fingerprint
from indexer.synonyms import ensure_published, listing_body
from indexer.targets import (
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
from matching.candidates.write import CANDIDATE
from matching.settings import Settings
from matching.storage.changes import Change, draw_index_version, mark_indexed
from matching.storage.database import Database

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
        start = _read_start(session)
    if not showcases:
        raise BuildFailed("there is no showcase to build an index for")
    new = _targets(settings, showcases)
    try:
        ensure_published(client, settings)
        _create(client, listing_body(settings), showcases, new, catalogue.labels)
        listings, refused = _fill(database, client, catalogue.labels, showcases, new, report, patience)
        names = [target.index for target in new.values()]
        client.options(request_timeout=BULK_TIMEOUT_S).indices.refresh(index=names)
        for row in showcases:
            _check(database, client, row, new[row.view.code].index, refused, start)
        open_indexes(client, names, GREEN_WITHIN_S)
        former = _live(client, settings, new)
        swap_aliases(client, settings.index_prefix, tuple(new.values()), former)
    except BaseException as error:
        _remove(client, new, error)
        raise
    if len(showcases) == len(catalogue.showcases):
        _mark(database, start.changes)
    pruned = prune(client, settings.index_prefix, new, former)
    return Built({code: target.index for code, target in new.items()}, listings, tuple(refused), tuple(pruned))


def _read_start(session: Session) -> _Start:
    known = select(Change.id).join(Candidate, Candidate.id == Change.key).where(Change.kind == CANDIDATE)
    newest = session.execute(select(func.max(Change.id))).scalar() or 0
    return _Start(array("q", session.execute(known).scalars()), newest)


def _targets(settings: Settings, showcases: Sequence[ShowcaseRow]) -> dict[str, Target]:
    number = new_build()
    return {
        row.view.code: Target(number, row.view.code, index_name(settings.index_prefix, row.view.code, number), False)
        for row in showcases
    }


def _create(
    client: Elasticsearch,
    body: Mapping[str, Any],
    showcases: Sequence[ShowcaseRow],
    new: Mapping[str, Target],
    labels: Labels,
) -> None:
    for row in showcases:
        meta = {"showcase": row.view.code, "fingerprint": fingerprint(row.view, labels, body)}
        create_index(client, new[row.view.code].index, body, meta)


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
            version, profiles = _next_window(database, after, showcases)
            if not profiles:
                break
            for profile in profiles:
                for code, listing in builder.listings(profile):
                    writer.add(
                        Write(new[code].index, profile.single.id, version, listing.body(profile.single.id, version))
                    )
                    counts[code] += 1
            after = profiles[-1].single.id
            report(Progress(counts.total(), total))
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


def _next_window(database: Database, after: int, showcases: Sequence[ShowcaseRow]) -> tuple[int, list[Profile]]:
    with database.write() as session:
        version = draw_index_version(session)
    with database.read() as session:  # starts after the draw, see matching.storage.changes
        return version, read_window(session, after, WINDOW, showcases)


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
    found = client.count(index=index)["count"]
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


def _remove(client: Elasticsearch, new: Mapping[str, Target], error: BaseException) -> None:
    names = [target.index for target in new.values()]
    try:
        client.indices.delete(index=names, ignore_unavailable=True)
    except (ApiError, TransportError) as failure:
        error.add_note(f"Left behind, removed by the next build: {', '.join(names)} ({failure})")


def _mark(database: Database, changes: array[int]) -> None:
    for first in range(0, len(changes), _MARKED_AT_ONCE):
        with database.write() as session:
            mark_indexed(session, changes[first : first + _MARKED_AT_ONCE])
