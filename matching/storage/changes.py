"""The change log: which records changed and must be indexed, written in the same transaction as the change."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from math import ceil
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Index,
    Integer,
    String,
    and_,
    delete,
    func,
    insert,
    not_,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, mapped_column

from matching.storage.base import Base, UtcDateTime
from matching.storage.clock import database_now
from matching.storage.index_state import Timeline

#: Kinds of changes: of one candidate (the key is its id), of what a showcase shows (its id), of the labels of
#: occupations (0).
CANDIDATE, SHOWCASE, OCCUPATIONS = "candidate", "showcase", "occupations"

#: The counter's row on SQLite, and the sequence on PostgreSQL.
_INDEX_VERSION, _SEQUENCE = "index_version", "index_versions"
#: Row ids that one statement names: SQLite takes at most 32,766 parameters.
_IDS_AT_ONCE = 10_000
#: What a worker never gave back is claimed again in so many parts.
_PARTS_OF_A_LOST_CLAIM = 10


class Change(Base):
    """One changed record; stays until the index holds the change.

    `sent_at`: when the relay last handed it to the workers. `claim` is the token of the worker that took it at
    `claimed_at`; a claim that was not kept is free again after a while. A released row keeps `claimed_at`.
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
    """A number that only rises; on SQLite `index_version` numbers the reads from which documents are built.

    On PostgreSQL a sequence does: a number that is drawn in a transaction that rolls back is not given again.
    """

    __tablename__ = "counters"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)


class Waiting(NamedTuple):
    """A row of the log as the relay passes it on."""

    id: int
    kind: str
    key: int
    at: datetime


class Pending(NamedTuple):
    """How many changes of a kind wait, and since when the oldest does."""

    changes: int
    oldest: datetime

    def age_s(self, now: datetime) -> float:
        """For how many seconds the oldest has waited at that moment."""
        return max(0.0, (now - self.oldest).total_seconds())


def note_changes(session: Session, kind: str, keys: Iterable[int]) -> None:
    """Write one change row per key into the running transaction, for records that must be looked at once more."""
    now = datetime.now(UTC)
    rows = [{"kind": kind, "key": key, "at": now} for key in keys]
    if rows:
        session.execute(insert(Change), rows)


def claim_changes(
    session: Session, kind: str, keys: Iterable[int], token: str, lease_s: float
) -> Sequence[tuple[int, int]]:
    """Take every free row about these keys; returns (change id, key) pairs, oldest first.

    Free is what nobody claimed, or claimed more than `lease_s` seconds ago. The claim holds once the transaction is
    committed; only a read that starts after that may count as having seen these changes. Rows of transactions that
    are still open are not seen and stay for a later claim, whatever their number (F17).
    """
    now = database_now(session)
    wanted = list(keys)
    free = select(Change.id).where(Change.kind == kind, Change.key.in_(wanted), _free(now, lease_s))
    claimed = (
        update(Change)
        # Locked in one order, so that claims at the same time take turns and never block each other for good.
        .where(Change.id.in_(free.order_by(Change.id).with_for_update()))
        .values(claim=token, claimed_at=now)
        .returning(Change.id, Change.key)
        .execution_options(synchronize_session=False)
    )
    return sorted((row.id, row.key) for row in session.execute(claimed))


def parts_to_claim(session: Session, kind: str, keys: Iterable[int], lease_s: float) -> Sequence[Sequence[int]]:
    """These keys in the parts in which they are to be claimed, one after the other.

    A claim that lapsed may be that of a worker which one of its candidates killed. So what it held comes after all
    else, a tenth of it at a time: who kills does so with fewer others each time, in the end alone, and holds up nobody.
    """
    rest = dict.fromkeys(keys)
    lapsed = _lapsed(Change.claimed_at, database_now(session), lease_s)
    lost = select(Change.claim, Change.key).where(Change.kind == kind, Change.key.in_(rest), Change.claim.is_not(None))
    held: dict[str | None, set[int]] = {}
    for claim, key in session.execute(lost.where(lapsed)):
        held.setdefault(claim, set()).add(key)
    parts: list[list[int]] = []
    for suspects in sorted(held.values(), key=len):  # in several: counts with the fewest
        mine = sorted(suspects & rest.keys())
        size = ceil(len(mine) / _PARTS_OF_A_LOST_CLAIM) or 1
        parts = [*(mine[first : first + size] for first in range(0, len(mine), size)), *parts]
        rest = {key: None for key in rest if key not in suspects}
    return [list(rest), *parts] if rest else parts


def claim_oldest(session: Session, kind: str, limit: int, token: str, lease_s: float) -> Sequence[tuple[int, int]]:
    """Take every free row about the keys of the oldest `limit` free rows; see `claim_changes`. Empty: none is free.

    Of these only the first part to be claimed, see `parts_to_claim`.
    """
    while True:
        free = select(Change.key).where(Change.kind == kind, _free(database_now(session), lease_s))
        keys = session.execute(free.order_by(Change.id).limit(limit)).scalars().all()
        parts = parts_to_claim(session, kind, keys, lease_s)
        claimed = claim_changes(session, kind, parts[0], token, lease_s) if parts else []
        # Another worker may have taken just these in between; then there may be more behind them.
        if claimed or not keys:
            return claimed


def release(session: Session, token: str) -> None:
    """Give back what was claimed with this token and is not marked as indexed: another worker may take it at once."""
    mine = update(Change).where(Change.claim == token).values(claim=None)
    session.execute(mine.execution_options(synchronize_session=False))


def mark_indexed(session: Session, change_ids: Iterable[int], token: str | None = None) -> set[int]:
    """Remove exactly these change rows: the index holds what they announced. Returns those that were still there.

    With `token` only rows that are still claimed with it: whoever took another over answers for it now.
    """
    removed: set[int] = set()
    for ids in _chunks(change_ids):
        statement = delete(Change).where(_these(ids)).returning(Change.id)
        if token is not None:
            statement = statement.where(Change.claim == token)
        removed.update(session.execute(statement.execution_options(synchronize_session=False)).scalars())
    return removed


def pending_counts(session: Session) -> dict[str, Pending]:
    """What waits, by kind; a kind without changes is left out."""
    counted = select(Change.kind, func.count(), func.min(Change.at)).group_by(Change.kind).order_by(Change.kind)
    return {kind: Pending(count, oldest) for kind, count, oldest in session.execute(counted)}


def unsent(session: Session, limit: int, resend_after_s: float, now: datetime) -> Sequence[Waiting]:
    """The oldest `limit` rows that were neither sent nor claimed within `resend_after_s` seconds before `now`."""
    statement = (
        select(Change.id, Change.kind, Change.key, Change.at)
        .where(_lapsed(Change.sent_at, now, resend_after_s), _free(now, resend_after_s))
        .order_by(Change.id)
        .limit(limit)
    )
    return [Waiting(*row) for row in session.execute(statement)]


def mark_sent(session: Session, change_ids: Iterable[int], now: datetime) -> None:
    """Remember that the workers were told of these rows at `now`; rows that are gone are passed over."""
    for ids in _chunks(change_ids):
        sent = update(Change).where(_these(ids)).values(sent_at=now)
        session.execute(sent.execution_options(synchronize_session=False))


def draw_index_version(session: Session) -> int:
    """Return the next version for documents built from a read that starts after this transaction ends."""
    if _is_sqlite(session):
        statement = update(Counter).where(Counter.name == _INDEX_VERSION).values(value=Counter.value + 1)
        return session.execute(statement.returning(Counter.value)).scalar_one()
    return session.execute(select(func.nextval(_SEQUENCE, type_=BigInteger))).scalar_one()


def present_version(session: Session) -> int:
    """The version that was drawn last; 0 before the first. A document with a higher one was not written by us."""
    if _is_sqlite(session):
        return session.execute(select(Counter.value).where(Counter.name == _INDEX_VERSION)).scalar_one()
    return int(
        session.execute(text("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM index_versions")).scalar_one()
    )


def raise_version(session: Session, above: int) -> None:
    """Make every version drawn from now on higher than `above`; never lowers it."""
    if _is_sqlite(session):
        lower = update(Counter).where(Counter.name == _INDEX_VERSION, Counter.value < above)
        session.execute(lower.values(value=above))
        return
    # Altering a sequence, even to what it is, keeps others from drawing until this transaction ends.
    session.execute(text("ALTER SEQUENCE index_versions CACHE 1"))
    if present_version(session) < above:
        session.execute(select(func.setval(_SEQUENCE, above)))


def timeline(session: Session) -> str:
    """The id of this life of the database: a restored copy must be given another (`new_timeline`)."""
    return session.execute(select(Timeline.id)).scalar_one()


def new_timeline(session: Session) -> str:
    """Give the database another timeline id and return it: every index made before then demands a rebuild."""
    fresh = secrets.token_hex(16)
    session.execute(delete(Timeline))
    session.execute(insert(Timeline).values(id=fresh, since=datetime.now(UTC)))
    return fresh


def end_timeline(session: Session, life: str) -> None:
    """Give the database another timeline id where `life` is still the present one: it was put back from a backup."""
    successor = {"id": secrets.token_hex(16), "since": datetime.now(UTC)}
    session.execute(update(Timeline).where(Timeline.id == life).values(successor))


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def _free(now: datetime, lease_s: float) -> ColumnElement[bool]:
    return or_(Change.claim.is_(None), _lapsed(Change.claimed_at, now, lease_s))


def _lapsed(moment: InstrumentedAttribute[datetime | None], now: datetime, seconds: float) -> ColumnElement[bool]:
    """Whether `moment` is more than that long from `now`, or never was.

    A moment as far in the future counts as past: the clock was set back since (F7).
    """
    length = timedelta(seconds=seconds)
    return or_(moment.is_(None), not_(and_(moment >= now - length, moment <= now + length)))


def _these(ids: Sequence[int]) -> ColumnElement[bool]:
    """These rows, locked in the order in which claims lock them."""
    return Change.id.in_(select(Change.id).where(Change.id.in_(ids)).order_by(Change.id).with_for_update())


def _chunks(ids: Iterable[int]) -> Iterator[Sequence[int]]:
    rest = iter(ids)
    while chunk := list(islice(rest, _IDS_AT_ONCE)):
        yield chunk
