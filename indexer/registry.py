"""The list of indexes that writes must reach, kept in SQL and read anew after each claim."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from indexer.targets import Target, build_of
from matching.storage.index_state import IndexTarget

FILLING, LIVE, SPARE = "filling", "live", "spare"


def register(session: Session, showcase: str, index: str, state: str = FILLING) -> None:
    """Make `index` one that writes of this showcase reach from the next claim on."""
    session.execute(insert(IndexTarget).values(index=index, showcase=showcase, state=state, made_at=datetime.now(UTC)))


def registered(session: Session, showcases: Iterable[str]) -> dict[str, list[Target]]:
    """The indexes of each of these showcases, oldest first; one statement."""
    found: dict[str, list[Target]] = {code: [] for code in showcases}
    rows = session.execute(select(IndexTarget).where(IndexTarget.showcase.in_(found))).scalars()
    for row in rows:
        found[row.showcase].append(Target(build_of(row.index), row.showcase, row.index, row.state == LIVE))
    for targets in found.values():
        targets.sort()
    return found


def make_live(session: Session, showcase: str, index: str) -> None:
    """Name the index that searches of this showcase use; the one before becomes the spare."""
    mine = IndexTarget.showcase == showcase
    session.execute(update(IndexTarget).where(mine, IndexTarget.state == LIVE).values(state=SPARE))
    session.execute(update(IndexTarget).where(mine, IndexTarget.index == index).values(state=LIVE))


def forget(session: Session, indexes: Iterable[str]) -> None:
    """Take indexes off the list: they are gone, or about to be."""
    session.execute(delete(IndexTarget).where(IndexTarget.index.in_(list(indexes))))
