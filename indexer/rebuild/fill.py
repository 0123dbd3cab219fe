"""Fills new indexes in key order, every showcase of the run from one read; a checkpoint says where to go on."""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import stamina
from sqlalchemy import select
from sqlalchemy.orm import Session

from indexer import dead_letters, ledger
from indexer.bulk import BulkWriter, Refusal, Write
from indexer.catalogue import read_catalogue
from indexer.documents import ListingBuilder, stub
from indexer.failpoints import reached
from indexer.rebuild.context import RebuildFailed, Run
from indexer.rebuild.lease import VERIFY, Work
from indexer.rebuild.progress import Meter
from indexer.registry import registered
from indexer.targets import live_target
from matching.candidates.listings import Profile, ShowcaseRow, read_window, window_end
from matching.storage.base import table_of
from matching.storage.changes import CANDIDATE, draw_index_version, note_changes
from matching.storage.errors import DatabaseBusy
from matching.storage.index_state import LedgerEntry

#: Candidates that are read and built from one snapshot.
WINDOW = 1_000
#: About three windows' worth of rows.
_ALLOCATIONS_BETWEEN_COLLECTIONS = 100_000
_LAST_KEY = 2**31 - 1
_BUSY_S = 60.0
_LEDGER = table_of(LedgerEntry)


@dataclass
class _Window:
    """Candidates with ids above `after`, up to `last`, as one read with a drawn version saw them.

    `ended`: there is nobody behind it. `mark` is where the bulk writer was when all of it was sent.
    """

    after: int
    last: int
    version: int
    ended: bool
    profiles: Sequence[Profile] = ()
    mark: int = 0
    listings: int = 0
    unbuilt: list[Refusal] = field(default_factory=list)


def fill(run: Run, work: Work) -> None:
    """Write every listing above the checkpoint to the new indexes, and go to the next step when all are answered.

    Raises RebuildFailed when an index is gone, LeaseLost, or what bulk writer and database raise; the checkpoint then
    says where to go on.
    """
    with run.database.read() as session:
        catalogue = read_catalogue(session)
        searched = any(live_target(targets) for targets in registered(session).values())
    showcases = catalogue.choose(tuple(work.indexes))
    builder = ListingBuilder(catalogue.labels, (row.view for row in showcases))
    limit = run.settings.rebuild_rate if searched else 0
    _Filling(run, work, showcases, builder, limit).run_through()


class _Filling:
    """One process' run of a fill."""

    def __init__(
        self, run: Run, work: Work, showcases: Sequence[ShowcaseRow], builder: ListingBuilder, limit: int
    ) -> None:
        self._run = run
        self._indexes = work.indexes
        self._showcases = showcases
        self._builder = builder
        self._codes = {index: code for code, index in work.indexes.items()}
        self._meter = Meter(run.database, work.done, work.total, limit)
        self._after = work.after_key
        self._sent: deque[_Window] = deque()
        self._answered = self._taken = work.done
        self._refused = 0

    def run_through(self) -> None:
        """Read, build and send window after window."""
        run = self._run
        run.report(self._meter.progress(self._taken))
        with _rare_collections(), BulkWriter(run.client, run.patience, alive=run.lease.keep) as writer:
            while True:
                window, known = self._next(writer)
                self._send(writer, window, known)
                run.report(self._meter.progress(self._taken))
                self._meter.hold_back(self._taken, run.lease.keep)
                if window.ended:
                    break
            writer.flush()
            self._checkpoint(writer, step=VERIFY)

    def _next(self, writer: BulkWriter) -> tuple[_Window, dict[tuple[str, int], str]]:
        """Read the next window, with the digests that the ledger knows by showcase and candidate."""
        window = self._checkpoint(writer)
        with self._run.database.read() as session:  # starts after the draw, see matching.storage.changes
            profiles = read_window(session, window.after, WINDOW, self._showcases, window.last)
            if len(profiles) == WINDOW:  # there may be more by now
                window.last, window.ended = profiles[-1].single.id, False
            known = _known(session, self._indexes, window.after, window.last)
        window.profiles = profiles
        self._after = window.last
        return window, known

    def _send(self, writer: BulkWriter, window: _Window, known: dict[tuple[str, int], str]) -> None:
        """Build the listings, note in the ledger what it does not say yet, and hand them to the writer."""
        writes: list[Write] = []
        other: list[tuple[str, int, str]] = []
        version, indexes = window.version, self._indexes
        for profile in window.profiles:
            key = profile.single.id
            try:
                listings = list(self._builder.listings(profile))
            except (TypeError, ValueError) as error:
                # One profile that no document can be made of must not hold up the others.
                reason = f"not built: {type(error).__name__}"
                for code in profile.showcases:
                    window.unbuilt.append(Refusal(indexes[code], key, 0, reason))
                    known.pop((code, key), None)
                continue
            for code, listing in listings:
                digest = known.pop((code, key), None)
                if digest is None:
                    continue  # shown since the entries were made: its change is in the log, and a worker writes it
                writes.append(Write(indexes[code], key, version, listing.body(key, version)))
                if digest != listing.digest:
                    other.append((code, key, listing.digest))
        self._note(version, other, {key for (_, key), digest in known.items() if digest})
        window.listings, window.profiles = len(writes), ()
        # A bulk that is late may arrive by the alias after the switch: what keeps it out must be there too.
        gone = [place for place, digest in known.items() if not digest]
        writes += [Write(indexes[code], key, version, stub(key, version)) for code, key in gone]
        for write in writes:
            writer.add(write)
        window.mark = writer.mark()
        self._taken += window.listings
        self._sent.append(window)

    @stamina.retry(on=DatabaseBusy, attempts=None, timeout=_BUSY_S)
    def _note(self, version: int, digests: Sequence[tuple[str, int, str]], vanished: set[int]) -> None:
        """Before the bulk: what the indexes are about to hold, and who is not shown though the ledger has a listing."""
        if digests or vanished:
            with self._run.lease.write() as session:
                ledger.note_filled(session, version, digests)
                # Most have a change in the log already; looking at them once more does no harm.
                note_changes(session, CANDIDATE, sorted(vanished))

    @stamina.retry(on=DatabaseBusy, attempts=None, timeout=_BUSY_S)
    def _checkpoint(self, writer: BulkWriter, **changes: Any) -> _Window:
        """Note what the engine answered for; make the ledger's entries of the next window, and draw its version."""
        if writer.outcome.absent:
            raise RebuildFailed(f"the engine has no index {', '.join(sorted(writer.outcome.absent))} any more")
        answered = [window for window in self._sent if writer.answered(window.mark)]
        refused = writer.refused()[self._refused :]
        done = self._answered + sum(window.listings for window in answered)
        if answered:
            changes |= {"after_key": answered[-1].last, "done": done}
        with self._run.lease.write(**changes) as session:
            for number, window in enumerate(self._sent):
                lost = [one for one in refused if window.after < one.id <= window.last]
                lost += window.unbuilt if number < len(answered) else ()
                # With its own version: one drawn later would outlive what a worker has written since.
                dead_letters.keep(session, window.version, [(self._codes[one.index], one) for one in lost])
            following = self._foresee(session)
        for _ in answered:
            self._sent.popleft()
        self._answered = done
        self._refused += len(refused)
        if answered:
            reached("rebuild.filling")
        return following

    def _foresee(self, session: Session) -> _Window:
        after = self._after
        end = window_end(session, after, WINDOW)
        last = _LAST_KEY if end is None else end
        if after < last:
            ledger.foresee(session, lambda column: column.between(after + 1, last))
        return _Window(after, last, draw_index_version(session), end is None)


def _known(session: Session, showcases: Mapping[str, str], after: int, last: int) -> dict[tuple[str, int], str]:
    """Digests of the ledger by showcase and candidate; those of stubs are empty."""
    c = _LEDGER.c
    statement = select(c.showcase, c.candidate_id, c.digest, c.gone).where(
        c.showcase.in_(showcases), c.candidate_id > after, c.candidate_id <= last
    )
    rows = session.connection().execute(statement).fetchall()
    return {(showcase, key): "" if gone else digest for showcase, key, digest, gone in rows}


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
