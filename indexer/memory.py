"""Reads what SQL remembers of rebuilds, drift and refused listings, in numbers: nothing about a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from indexer.dead_letters import PUT_AWAY
from indexer.rebuild.lease import Work, is_held
from indexer.registry import LIVE
from matching.storage.clock import database_now
from matching.storage.index_state import DeadLetter, Finding, IndexTarget, Rebuild

#: Reasons of dead letters that are listed, the most frequent first.
SHOWN_REASONS = 20


@dataclass(frozen=True)
class RebuildState:
    """A rebuild and how far its fill is, in listings.

    `held` while somebody works on it; `error` is what stopped it last, and may name candidates' ids; `ended_at` None
    until it ended. `resumed`: it was taken over, and lay still before that, nobody noted for how long.
    """

    id: int
    showcases: tuple[str, ...]
    step: str
    done: int
    total: int
    held: bool
    error: str | None
    started_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    resumed: bool = False

    @property
    def per_second(self) -> float:
        """Listings a second since it started; 0 while that is not known: before the first, or when it was resumed."""
        seconds = (self.updated_at - self.started_at).total_seconds()
        return self.done / seconds if seconds > 0 and not self.resumed else 0.0

    @property
    def left_s(self) -> float | None:
        """Seconds until the fill ends at this rate; None while the rate is not known."""
        return max(0, self.total - self.done) / self.per_second if self.per_second else None


@dataclass(frozen=True)
class Drift:
    """How many listings of a showcase differed in one way: repaired, and not yet; and when that was last seen."""

    showcase: str
    kind: str
    repaired: int
    waiting: int
    last_at: datetime


@dataclass(frozen=True)
class Refused:
    """How many listings of a showcase the engine refused for one reason; `status` is its answer's, as in HTTP."""

    showcase: str
    status: int
    reason: str
    count: int
    last_at: datetime


def read_rebuilds(session: Session, lease_s: float) -> tuple[RebuildState, ...]:
    """The rebuilds under way and the last one that ended, newest first; `lease_s` is how long a lease lasts."""
    now = database_now(session)
    last = select(func.max(Rebuild.id)).where(Rebuild.ended_at.is_not(None)).scalar_subquery()
    rows = session.scalars(
        select(Rebuild).where(or_(Rebuild.ended_at.is_(None), Rebuild.id == last)).order_by(Rebuild.id.desc())
    )
    return tuple(
        RebuildState(
            id=row.id,
            showcases=tuple(row.indexes),
            step=row.step,
            done=row.done,
            total=row.total,
            held=is_held(Work.of(row), now, lease_s),
            error=row.error,
            started_at=row.started_at,
            updated_at=row.updated_at,
            ended_at=row.ended_at,
            resumed=row.fence > 1,
        )
        for row in rows
    )


def read_drift(session: Session) -> tuple[Drift, ...]:
    """What verification found, by showcase and kind, as far back as findings are kept."""
    repaired = func.sum(case((Finding.repaired_at.is_not(None), Finding.count), else_=0))
    waiting = func.sum(case((Finding.repaired_at.is_(None), Finding.count), else_=0))
    statement = (
        select(Finding.showcase, Finding.kind, repaired, waiting, func.max(Finding.at))
        .group_by(Finding.showcase, Finding.kind)
        .order_by(Finding.showcase, Finding.kind)
    )
    return tuple(Drift(*row) for row in session.execute(statement))


def count_dead_letters(session: Session) -> dict[str, int]:
    """How many dead letters there are that were not put away, by showcase; showcases without one are left out."""
    shown = select(DeadLetter.showcase, func.count()).where(DeadLetter.tries > PUT_AWAY)
    statement = shown.group_by(DeadLetter.showcase).order_by(DeadLetter.showcase)
    return {row[0]: row[1] for row in session.execute(statement)}


def count_missed(session: Session) -> int:
    """Of how many profiles a live index refused the listing: searches there miss them, or find them as they were."""
    live = select(IndexTarget.index).where(IndexTarget.state == LIVE)
    statement = select(func.count(DeadLetter.candidate_id.distinct()))
    return session.execute(statement.where(DeadLetter.index.in_(live), DeadLetter.tries > PUT_AWAY)).scalar_one()


def read_refused(session: Session) -> tuple[Refused, ...]:
    """Why listings were refused: up to SHOWN_REASONS reasons, the most frequent first."""
    cause = (DeadLetter.showcase, DeadLetter.status, DeadLetter.reason)
    count = func.count()
    shown = select(*cause, count, func.max(DeadLetter.at)).where(DeadLetter.tries > PUT_AWAY)
    statement = shown.group_by(*cause).order_by(count.desc(), *cause)
    return tuple(Refused(*row) for row in session.execute(statement.limit(SHOWN_REASONS)))
