"""Carries a change of something shared (what a showcase shows, occupations' labels) to every listing, in batches."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from elasticsearch import Elasticsearch, NotFoundError
from sqlalchemy import ColumnElement, Select, and_, exists, func, insert, not_, or_, select, update
from sqlalchemy.orm import Session

from indexer.catalogue import read_catalogue
from indexer.changes import index_candidates
from indexer.documents import fingerprint, outdated
from indexer.registry import registered
from indexer.synonyms import listing_body
from indexer.targets import read_meta, write_meta
from matching.candidates.records import Candidate, CandidateShowcase, Showcase
from matching.settings import Settings
from matching.storage.changes import CANDIDATE, OCCUPATIONS, SHOWCASE, Change, mark_indexed
from matching.storage.clock import database_now
from matching.storage.database import Database
from matching.storage.index_state import FanOut

#: Candidates of one batch: about a second of a worker's time, which is how long a single change may wait where one
#: worker serves every queue.
BATCH = 500


@dataclass(frozen=True)
class Progress:
    """How far a fan-out is: candidates done of those there were when it began. `key` is the showcase's id, or 0."""

    id: int
    kind: str
    key: int
    done: int
    total: int


@dataclass(frozen=True)
class _Batch:
    fan_out: int
    kind: str
    key: int
    after: int
    keys: Sequence[int]


def shared_changes(session: Session) -> Sequence[tuple[int, str, int]]:
    """(change id, kind, key) of every change of something shared that waits in the log."""
    rows = session.execute(select(Change.id, Change.kind, Change.key).where(Change.kind.in_((SHOWCASE, OCCUPATIONS))))
    return [(row.id, row.kind, row.key) for row in rows]


def start_fan_outs(session: Session, changes: Sequence[tuple[int, str, int]]) -> None:
    """Put a fan-out in the place of these changes; one that waits and has not begun serves for them too."""
    for kind, key in sorted({(kind, key) for _, kind, key in changes}):
        fresh = and_(FanOut.after_key == 0, FanOut.lease_until.is_(None), FanOut.ended_at.is_(None))
        waits = select(FanOut.id).where(FanOut.kind == kind, FanOut.key == key, fresh)
        if session.execute(waits).first() is None:
            session.execute(insert(FanOut).values(kind=kind, key=key, started_at=datetime.now(UTC)))
    mark_indexed(session, [change for change, _, _ in changes])


def due(session: Session, lease_s: float) -> Sequence[tuple[int, int]]:
    """(id, checkpoint) of every fan-out that has batches left and is in no worker's hands, oldest first."""
    free = select(FanOut.id, FanOut.after_key).where(FanOut.ended_at.is_(None), _free(database_now(session), lease_s))
    return [(row.id, row.after_key) for row in session.execute(free.order_by(FanOut.id))]


def running(session: Session) -> Sequence[Progress]:
    """Every fan-out that has not ended, oldest first."""
    rows = session.execute(select(FanOut).where(FanOut.ended_at.is_(None)).order_by(FanOut.id)).scalars()
    return [Progress(row.id, row.kind, row.key, row.done, row.total) for row in rows]


def advance(database: Database, client: Elasticsearch, settings: Settings, fan_out: int) -> None:
    """Do the next batch of a fan-out; after the last one note in the indexes that they are up to date, and end it.

    Does nothing when another worker is at it. A batch that fails or is killed keeps its lease and is done again when
    that ends. Raises what indexing raises.
    """
    batch = _take(database, fan_out, settings.lease_s)
    if batch is None:
        return
    if batch.keys:
        index_candidates(database, client, settings, batch.keys)
    else:
        _note_fingerprints(database, client, settings, batch)
    _finish(database, batch)


def carry_out(database: Database, client: Elasticsearch, settings: Settings) -> None:
    """Start and finish every fan-out that no worker is at, for installations without a relay; raises as `advance`."""
    with database.write() as session:
        start_fan_outs(session, shared_changes(session))
    while True:
        with database.read() as session:
            left = due(session, settings.lease_s)
        if not left:
            return
        for fan_out, _ in left:
            advance(database, client, settings, fan_out)


def _take(database: Database, fan_out: int, lease_s: float) -> _Batch | None:
    """Take the lease and the next batch, and announce its candidates in the log: from here on nothing can be lost."""
    with database.write() as session:
        now = database_now(session)
        free = and_(FanOut.id == fan_out, FanOut.ended_at.is_(None), _free(now, lease_s))
        taken = session.execute(
            update(FanOut)
            .where(free)
            .values(lease_until=now + timedelta(seconds=lease_s))
            .returning(FanOut.kind, FanOut.key, FanOut.after_key)
        ).first()
        if taken is None:
            return None
        candidates = _candidates(taken.kind, taken.key).subquery()
        if taken.after_key == 0:
            total = session.execute(select(func.count()).select_from(candidates)).scalar_one()
            session.execute(update(FanOut).where(FanOut.id == fan_out).values(total=total))
        following = select(candidates.c.id).where(candidates.c.id > taken.after_key)
        keys = session.execute(following.order_by(candidates.c.id).limit(BATCH)).scalars().all()
        _announce(session, keys, now)
    return _Batch(fan_out, taken.kind, taken.key, taken.after_key, keys)


def _announce(session: Session, keys: Sequence[int], now: datetime) -> None:
    """Have each candidate in the log, in a row whose reader is still to come; as if sent, since this worker goes on.

    A row that was ever claimed does not count: its worker may have read before the change that this is about, and may
    still take it off the log.
    """
    unread = select(Change.key).where(Change.kind == CANDIDATE, Change.key.in_(keys), Change.claimed_at.is_(None))
    missing = sorted(set(keys) - set(session.execute(unread).scalars()))
    if missing:
        session.execute(insert(Change), [{"kind": CANDIDATE, "key": key, "at": now, "sent_at": now} for key in missing])


def _finish(database: Database, batch: _Batch) -> None:
    """Move the checkpoint, unless somebody else did meanwhile: this worker was stopped for longer than its lease."""
    ours = and_(FanOut.id == batch.fan_out, FanOut.after_key == batch.after, FanOut.ended_at.is_(None))
    with database.write() as session:
        if batch.keys:
            done = {"after_key": batch.keys[-1], "done": FanOut.done + len(batch.keys), "lease_until": None}
            session.execute(update(FanOut).where(ours).values(done))
        else:
            session.execute(update(FanOut).where(ours).values(ended_at=datetime.now(UTC), lease_until=None))


def _note_fingerprints(database: Database, client: Elasticsearch, settings: Settings, batch: _Batch) -> None:
    """Say in each index that its listings are those of the present configuration, where a live update could do that.

    It could where builder and mapping are still those that the index was made with. Where another change of the same
    kind waits, its own fan-out says it later.
    """
    same = and_(FanOut.kind == batch.kind, FanOut.key == batch.key, FanOut.ended_at.is_(None))
    with database.read() as session:
        catalogue = read_catalogue(session)
        more = exists().where(same, FanOut.id != batch.fan_out)
        noted = exists().where(Change.kind == batch.kind, Change.key == batch.key)
        if session.execute(select(or_(more, noted))).scalar_one():
            return
        rows = [row for row in catalogue.showcases if batch.kind != SHOWCASE or row.id == batch.key]
        targets = registered(session, [row.view.code for row in rows])
    body = listing_body(settings)
    for row in rows:
        wanted = fingerprint(row.view, catalogue.labels, body)
        for target in targets[row.view.code]:
            with suppress(NotFoundError):  # pruned meanwhile
                meta = read_meta(client, target.index)
                if outdated(meta, wanted) <= {"content"}:
                    write_meta(client, target.index, {**meta, "fingerprint": wanted})


def _candidates(kind: str, key: int) -> Select[int]:
    """Ids of the candidates whose listings the change can touch; a showcase that is gone has none."""
    if kind == SHOWCASE:
        shown = select(CandidateShowcase.candidate_id.label("id")).join(Showcase)
        return shown.where(CandidateShowcase.showcase_id == key)
    return select(Candidate.id.label("id"))


def _free(now: datetime, lease_s: float) -> ColumnElement[bool]:
    """In nobody's hands; a lease that ends later than one taken now would was set before the clock stepped back."""
    until = FanOut.lease_until
    return or_(until.is_(None), not_(and_(until > now, until <= now + timedelta(seconds=lease_s))))
