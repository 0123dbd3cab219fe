"""The right to work on a rebuild: one holder at a time, for a while, with a number that shuts out former holders.

A lock alone would not do: a holder that was stopped for longer than its lease goes on as if nothing happened. Each
new holder gets a higher number, and every write of a holder checks its own in the same transaction.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, text, update
from sqlalchemy.orm import Session

from matching.storage.clock import database_now
from matching.storage.database import Database
from matching.storage.errors import DatabaseBusy
from matching.storage.index_state import Rebuild

#: Any constant will do: those who begin or take over a rebuild take turns on PostgreSQL; SQLite's writers already do.
_BEGIN_LOCK = 0x48415242

CREATE, FILL, VERIFY, OPEN, SWAP, ROLLBACK = "create", "fill", "verify", "open", "swap", "rollback"
#: At the gate, which it did not pass: waits for somebody to decide.
HELD = "held"
DONE, UNDONE = "done", "undone"


class LeaseLost(Exception):
    """This process was stopped for longer than its lease, or another one took the rebuild over: it must end here."""


class RebuildRunning(Exception):
    """Another process works on a rebuild or rollback of these showcases; the message says how far it is."""


@dataclass(frozen=True)
class Work:
    """A rebuild as its row says: new indexes by showcase code, the step it is at, and how far the fill is."""

    id: int
    indexes: Mapping[str, str]
    step: str
    after_key: int
    done: int
    total: int
    error: str | None
    started_at: datetime
    updated_at: datetime
    held_until: datetime | None

    @classmethod
    def of(cls, row: Rebuild) -> Work:
        """The facts of a row."""
        return cls(
            row.id,
            dict(row.indexes),
            row.step,
            row.after_key,
            row.done,
            row.total,
            row.error,
            row.started_at,
            row.updated_at,
            row.lease_until,
        )


class Lease:
    """The right to work on one rebuild; safe to use from several threads."""

    def __init__(self, database: Database, rebuild: int, fence: int, length_s: float) -> None:
        self.rebuild = rebuild
        self.fence = fence
        self._database = database
        self._length_s = length_s
        self._renewed = time.monotonic()
        self._renewing = threading.Lock()

    @contextmanager
    def write(self, **changes: Any) -> Iterator[Session]:
        """A write transaction of the holder, that also renews the lease and sets columns of the rebuild's row.

        Raises LeaseLost, and keeps nothing, when the lease has ended or the number is no longer the present one.
        """
        started = time.monotonic()
        with self._database.write() as session:
            now = database_now(session)
            kept = session.execute(
                update(Rebuild)
                .where(
                    Rebuild.id == self.rebuild,
                    Rebuild.fence == self.fence,
                    Rebuild.ended_at.is_(None),
                    Rebuild.lease_until > now,
                )
                .values({"lease_until": now + timedelta(seconds=self._length_s), "updated_at": now, **changes})
                .returning(Rebuild.id)
                .execution_options(synchronize_session=False)
            )
            if kept.first() is None:
                raise LeaseLost(f"rebuild {self.rebuild} is in other hands, or was left alone for too long")
            yield session
        self._renewed = started

    def keep(self) -> None:
        """Renew the lease when a third of it is over; call it wherever something may take long. Raises LeaseLost."""
        age_s = time.monotonic() - self._renewed
        if age_s >= self._length_s:
            raise LeaseLost(f"rebuild {self.rebuild} was left alone for {age_s:.0f} s")
        if age_s < self._length_s / 3 or not self._renewing.acquire(blocking=False):
            return
        try:
            with self.write():
                pass
        except DatabaseBusy:
            pass  # there is time left to try again
        finally:
            self._renewing.release()

    def work(self) -> Work:
        """The rebuild as its row says now."""
        with self._database.read() as session:
            return Work.of(session.get_one(Rebuild, self.rebuild))

    def end(self, step: str, **changes: Any) -> None:
        """Close the row: done or undone. Raises LeaseLost."""
        with self.write(**ending(step), **changes):
            pass

    def let_go(self, **changes: Any) -> None:
        """Let the next one carry on at once instead of when the lease ends. Raises LeaseLost."""
        with self.write(lease_until=None, **changes):
            pass


def ending(step: str) -> dict[str, Any]:
    """The columns of a rebuild that ends with this step."""
    return {"step": step, "ended_at": datetime.now(UTC), "lease_until": None}


def take_turns(session: Session) -> None:
    """Let nobody else begin or take over a rebuild until this write transaction ends."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _BEGIN_LOCK})


def unfinished(session: Session) -> Sequence[Work]:
    """Every rebuild and rollback that has not ended, oldest first."""
    rows = session.execute(select(Rebuild).where(Rebuild.ended_at.is_(None)).order_by(Rebuild.id)).scalars()
    return [Work.of(row) for row in rows]


def is_held(work: Work, now: datetime, length_s: float) -> bool:
    """Whether somebody works on it; a lease longer than one taken now is from before the clock stepped back."""
    return work.held_until is not None and now < work.held_until <= now + timedelta(seconds=length_s)


def refuse_held(session: Session, works: Collection[Work], length_s: float) -> None:
    """Raise RebuildRunning when somebody works on one of these."""
    now = database_now(session)
    for work in works:
        if is_held(work, now, length_s) and work.held_until:
            left_s = (work.held_until - now).total_seconds()
            raise RebuildRunning(
                f"rebuild {work.id} of {', '.join(sorted(work.indexes))} is running: step {work.step}, {work.done} of "
                f"{work.total} listings. If its process is gone, `hallowerk index resume` carries on in {left_s:.0f} s"
            )


def begin(
    session: Session, database: Database, indexes: Mapping[str, str], step: str, length_s: float, total: int = 0
) -> Lease:
    """Write the row of a new rebuild and hold it; after `take_turns`, with no other one of these showcases running."""
    now = database_now(session)
    row = {
        "indexes": dict(indexes),
        "step": step,
        "total": total,
        "fence": 1,
        "lease_until": now + timedelta(seconds=length_s),
        "started_at": now,
        "updated_at": now,
    }
    number = session.execute(insert(Rebuild).values(row).returning(Rebuild.id)).scalar_one()
    return Lease(database, number, 1, length_s)


def take_over(session: Session, database: Database, work: Work, length_s: float) -> Lease:
    """Hold a rebuild that nobody works on, with the next number; after `take_turns` and `refuse_held`."""
    now = database_now(session)
    taken = (
        update(Rebuild)
        .where(Rebuild.id == work.id)
        .values(fence=Rebuild.fence + 1, lease_until=now + timedelta(seconds=length_s))
        .returning(Rebuild.fence)
        .execution_options(synchronize_session=False)
    )
    return Lease(database, work.id, session.execute(taken).scalar_one(), length_s)
