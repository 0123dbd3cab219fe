"""The change log: which records changed and must be indexed, written in the same transaction as the change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy import BigInteger, Index, Integer, String, delete, insert, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from matching.storage.base import Base, UtcDateTime


class Change(Base):
    """One changed record; stays until the index holds the change.

    `sent_at`: when the relay last handed it to the workers. `claim` is the token of the worker that took it at
    `claimed_at`; a claim that was not kept is free again after a while.
    """

    __tablename__ = "changes"
    __table_args__ = (Index("ix_changes_key", "kind", "key"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    key: Mapped[int]
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    claim: Mapped[str | None] = mapped_column(String(32))
    claimed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Counter(Base):
    """A number that only rises; `index_version` numbers the reads from which documents are built."""

    __tablename__ = "counters"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)


def note_changes(session: Session, kind: str, keys: Iterable[int]) -> None:
    """Write one change row per key into the running transaction."""
    now = datetime.now(UTC)
    rows = [{"kind": kind, "key": key, "at": now} for key in keys]
    if rows:
        session.execute(insert(Change), rows)


def pending_changes(session: Session, kind: str, limit: int, after: int = 0) -> Sequence[tuple[int, int]]:
    """Return up to `limit` waiting (change id, key) pairs with ids above `after`, oldest first."""
    waiting = select(Change.id, Change.key).where(Change.kind == kind, Change.id > after)
    statement = waiting.order_by(Change.id).limit(limit)
    return [(row.id, row.key) for row in session.execute(statement)]


def mark_indexed(session: Session, change_ids: Sequence[int]) -> set[int]:
    """Remove exactly these change rows: the index holds what they announced. Returns those that were still there."""
    return set(session.execute(delete(Change).where(Change.id.in_(change_ids)).returning(Change.id)).scalars())


def draw_index_version(session: Session) -> int:
    """Return the next version for documents built from a read that starts after this transaction ends."""
    statement = update(Counter).where(Counter.name == "index_version").values(value=Counter.value + 1)
    value = session.execute(statement.returning(Counter.value)).scalar_one_or_none()
    if value is None:
        session.execute(insert(Counter).values(name="index_version", value=1))
        return 1
    return value
