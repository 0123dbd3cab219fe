"""Keeps count of drift: what was found, and what a later look saw repaired."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import exists, insert, select
from sqlalchemy.orm import Session

from indexer.drift import OF_LISTINGS
from indexer.verify import Verified
from matching.storage.changes import CANDIDATE, Change
from matching.storage.index_state import DeadLetter, Finding, LedgerEntry


@dataclass(frozen=True)
class Noted:
    """How many findings are open, and whether one waits for listings to be written (not: was refused)."""

    still_open: int
    under_way: bool


def note(session: Session, verified: Iterable[Verified]) -> Noted:
    """Write down what is new in a look at every index, and what it shows to be repaired; returns what stays open.

    The same drift seen again is the same finding. Drift of listings counts as repaired only when nothing that may be
    such a repair waits in the change log, and none was refused since: a look leaves out what waits, and dead letters.
    """
    now = datetime.now(UTC)
    counts: Counter[tuple[str, str]] = Counter()
    for one in verified:
        for difference in one.differences:
            counts[one.showcase, difference.kind] += difference.count
    still_open = set(counts)
    under_way = any(kind in OF_LISTINGS for _, kind in counts)
    for finding in session.execute(select(Finding).where(Finding.repaired_at.is_(None))).scalars():
        place = (finding.showcase, finding.kind)
        if count := counts.pop(place, 0):
            finding.count = max(finding.count, count)
        elif finding.kind in OF_LISTINGS and _under_way(session, finding.showcase):
            still_open.add(place)
            under_way = True
        elif finding.kind in OF_LISTINGS and _refused_since(session, finding):
            still_open.add(place)
        else:
            finding.repaired_at = now
    if counts:
        new = [{"at": now, "showcase": code, "kind": kind, "count": count} for (code, kind), count in counts.items()]
        session.execute(insert(Finding), new)
    return Noted(len(still_open), under_way)


def _under_way(session: Session, showcase: str) -> bool:
    """Whether listings of a showcase wait to be written whose index has not answered for them (`ledger.doubt`)."""
    waits = exists().where(Change.kind == CANDIDATE, Change.key == LedgerEntry.candidate_id)
    doubted = exists().where(LedgerEntry.showcase == showcase, LedgerEntry.acknowledged.is_(None), waits)
    return session.execute(select(doubted)).scalar_one()


def _refused_since(session: Session, finding: Finding) -> bool:
    """Whether a listing of the showcase was refused after the finding, so that it may be what is seen no longer."""
    letters = exists().where(DeadLetter.showcase == finding.showcase, DeadLetter.at >= finding.at)
    return session.execute(select(letters)).scalar_one()
