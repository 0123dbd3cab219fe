"""Sweeps the stubs of listings that have been gone for a day: no late write can be on its way any more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from elasticsearch import Elasticsearch
from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from indexer import ledger
from indexer.bulk import USUAL_PATIENCE, BulkWriter, Patience, Write
from indexer.ledger import NO_DIGEST, Entry, Intention, Place
from indexer.registry import registered
from indexer.timeline import check_timeline
from matching.candidates.records import CandidateShowcase, Showcase
from matching.storage.base import table_of
from matching.storage.changes import draw_index_version, timeline
from matching.storage.clock import database_now
from matching.storage.database import Database
from matching.storage.index_state import LedgerEntry

#: The engine forgets the version of a delete after a minute; a stub keeps it until nobody can write with a lower one.
KEPT_FOR = timedelta(hours=24)
BATCH = 1_000

_LEDGER, _SHOWINGS, _SHOWCASES = map(table_of, (LedgerEntry, CandidateShowcase, Showcase))


def sweep_stubs(
    database: Database,
    client: Elasticsearch,
    now: datetime | None = None,
    patience: Patience = USUAL_PATIENCE,
) -> int:
    """Delete the stubs that are older than a day at `now` from every index, and their ledger entries; returns how many.

    Who is shown again meanwhile is passed over. Raises WritesPaused or the client's errors; the next sweep goes on.
    """
    with database.read() as session:
        until = (now or database_now(session)) - KEPT_FOR
    swept, after = 0, ("", 0)
    while True:
        with database.read() as session:
            old = _old(session, until, after)
        if not old:
            return swept
        swept += _sweep(database, client, old, patience)
        after = old[-1]


def _old(session: Session, until: datetime, after: Place) -> list[Place]:
    """The next stubs after that place, by showcase and candidate."""
    c = _LEDGER.c
    gone = select(c.showcase, c.candidate_id).where(c.gone, c.at < until, tuple_(c.showcase, c.candidate_id) > after)
    return [(row[0], row[1]) for row in session.execute(gone.order_by(c.showcase, c.candidate_id).limit(BATCH))]


def _sweep(database: Database, client: Elasticsearch, old: Sequence[Place], patience: Patience) -> int:
    """Delete these as any writer does: with a version drawn before the read that finds them not shown."""
    keys = sorted({key for _, key in old})
    with database.write() as session:
        version = draw_index_version(session)
    with database.read() as session:
        life = timeline(session)
        targets = registered(session)
        shown = _shown(session, keys)
    check_timeline(database, client, (target for many in targets.values() for target in many), life, version)
    with database.write() as session:
        entries = ledger.lock(session, {code for code, _ in old}, keys)
        due = {place for place in old if place not in shown and _may_go(entries.get(place), version)}
        ledger.intend(session, version, [Intention(code, key, NO_DIGEST, 1) for code, key in sorted(due)])
    with BulkWriter(client, patience) as writer:
        for code, key in sorted(due):
            for target in targets.get(code, ()):
                writer.add(Write(target.index, key, version, None))
    showcase_of = {target.index: code for code, many in targets.items() for target in many}
    due -= {(showcase_of[one.index], one.id) for one in writer.outcome.refused}
    due -= {(showcase_of[one.index], one.id) for one in writer.outcome.conflicts}
    with database.write() as session:
        ledger.forget(session, version, due)
    return len(due)


def _shown(session: Session, keys: Sequence[int]) -> set[Place]:
    """Where these candidates are shown by the record."""
    joined = _SHOWINGS.join(_SHOWCASES, _SHOWCASES.c.id == _SHOWINGS.c.showcase_id)
    statement = select(_SHOWCASES.c.code, _SHOWINGS.c.candidate_id).select_from(joined)
    return {(row[0], row[1]) for row in session.execute(statement.where(_SHOWINGS.c.candidate_id.in_(keys)))}


def _may_go(entry: Entry | None, version: int) -> bool:
    return entry is not None and entry.gone and entry.intended < version
