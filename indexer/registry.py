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


def registered(session: Session, showcases: Iterable[str] | None = None) -> dict[str, list[Target]]:
    """The indexes of each of these showcases (None: of all that have one), oldest first; one statement."""
    statement = select(IndexTarget)
    found: dict[str, list[Target]] = {}
    if showcases is not None:
        found = {code: [] for code in showcases}
        statement = statement.where(IndexTarget.showcase.in_(found))
    for row in session.execute(statement).scalars():
        target = Target(build_of(row.index), row.showcase, row.index, row.state == LIVE, row.state == FILLING)
        found.setdefault(row.showcase, []).append(target)
    for targets in found.values():
        targets.sort()
    return found


def make_live(session: Session, showcase: str, index: str) -> None:
    """Name the index that searches of this showcase use; the one before becomes the spare.

    After the alias was moved, and with `indexer.ledger.settle` in the same transaction.
    """
    mine = IndexTarget.showcase == showcase
    session.execute(update(IndexTarget).where(mine, IndexTarget.state == LIVE).values(state=SPARE))
    session.execute(update(IndexTarget).where(mine, IndexTarget.index == index).values(state=LIVE))


def forget(session: Session, indexes: Iterable[str]) -> None:
    """Take indexes off the list: they are gone, or about to be."""
    session.execute(delete(IndexTarget).where(IndexTarget.index.in_(list(indexes))))
