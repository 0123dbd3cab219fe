"""The ledger in SQL: what each showcase's indexes must hold of a candidate, and which of it they answered for.

How it keeps late, repeated and crossing writes harmless:

- An entry is made before the read that may need it (`foresee`). So a writer that finds none knows that nobody can be
  about to write such a listing but with a later read; where it finds one and the record shows nobody, it puts a stub.
- Before its bulk a writer raises `intended` of the entries that it is about (`intend`, or `confirm` where nothing is
  written). One that finds a higher number there gives way: a later read is on its way, or has been there, and whoever
  made that keeps changes in the log until it has answered for them.
- `acknowledged` equals `intended` only while the live and the spare indexes are known to hold the digest (or a stub);
  only then may a write be left out. In doubt it stays behind, which costs no more than one needless write.
- A rebuild writes to its new index alone: it never touches `intended`, and its digests count once it goes live
  (`settle`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Integer,
    Select,
    String,
    Subquery,
    and_,
    delete,
    exists,
    false,
    literal,
    null,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from indexer.documents import BUCKETS, DIGEST_LENGTH, bucket_of
from matching.candidates.listings import Within
from matching.candidates.records import CandidateShowcase, Showcase
from matching.storage.base import UtcDateTime, table_of
from matching.storage.changes import CANDIDATE, Change
from matching.storage.clock import database_now
from matching.storage.given import given_rows
from matching.storage.index_state import DeadLetter, IndexTarget, LedgerEntry

#: Stands for a digest where there is no listing: of stubs, and before the first write.
NO_DIGEST = "0" * DIGEST_LENGTH

#: Showcase code and candidate id.
Place: TypeAlias = tuple[str, int]

_LEDGER, _SHOWINGS, _SHOWCASES = map(table_of, (LedgerEntry, CandidateShowcase, Showcase))
_TARGETS, _CHANGES, _LETTERS = map(table_of, (IndexTarget, Change, DeadLetter))
_COLUMNS = ("showcase", "candidate_id", "bucket", "digest", "intended", "acknowledged", "gone", "at")


class Entry(NamedTuple):
    """What the ledger says of a candidate in a showcase."""

    digest: str
    intended: int
    acknowledged: int | None
    gone: bool

    @property
    def settled(self) -> bool:
        """Whether the live and the spare indexes are known to hold what is intended."""
        return self.acknowledged == self.intended


class Intention(NamedTuple):
    """What is about to be written: a listing with this digest, or a stub."""

    showcase: str
    candidate_id: int
    digest: str
    gone: int


def foresee(session: Session, among: Within) -> None:
    """Make the entries that are missing for candidates as they are shown now, where a showcase has an index.

    To be committed before that read starts.
    """
    key, code = _SHOWINGS.c.candidate_id, _SHOWCASES.c.code
    shown: Select[Any] = (
        select(
            *(code, key, key % BUCKETS, literal(NO_DIGEST), literal(0), null(), literal(False, Boolean)),
            literal(database_now(session), UtcDateTime),
        )
        .select_from(_SHOWINGS.join(_SHOWCASES, _SHOWCASES.c.id == _SHOWINGS.c.showcase_id))
        .where(among(key), exists().where(_TARGETS.c.showcase == code))
        .order_by(code, key)
    )
    session.execute(_insert(session).from_select(_COLUMNS, shown).on_conflict_do_nothing())


def lock(session: Session, showcases: Iterable[str], keys: Collection[int]) -> dict[Place, Entry]:
    """The entries of these candidates, which nobody else changes until the transaction ends."""
    statement = entries().where(_LEDGER.c.showcase.in_(list(showcases)), _LEDGER.c.candidate_id.in_(keys))
    # In one order, so that writers of the same candidates take turns and never block each other for good.
    ordered = statement.order_by(_LEDGER.c.showcase, _LEDGER.c.candidate_id).with_for_update()
    return read(session, ordered)


def entries() -> Select[Any]:
    """A statement for all entries, to be narrowed and handed to `read`."""
    c = _LEDGER.c
    return select(c.showcase, c.candidate_id, c.digest, c.intended, c.acknowledged, c.gone)


def read(session: Session, statement: Select[Any]) -> dict[Place, Entry]:
    """The entries that a statement made from `entries` finds."""
    rows = session.connection().execute(statement)
    return {(row[0], row[1]): Entry._make(row[2:]) for row in rows}


def intend(session: Session, version: int, intentions: Sequence[Intention]) -> None:
    """Note what is about to be written with `version`; the entries were locked in this transaction."""
    if not intentions:
        return
    given = given_rows(session, intentions, showcase=String(), candidate_id=Integer(), digest=String(), gone=Integer())
    values = {"digest": given.c.digest, "gone": given.c.gone == 1, "intended": version, "at": database_now(session)}
    session.execute(update(_LEDGER).where(_is(given)).values(values))


def confirm(session: Session, version: int, places: Collection[Place]) -> None:
    """Note that a read with `version` found these as the indexes hold them; the entries are locked and settled.

    A slower writer with an older read then gives way, instead of writing what no longer is.
    """
    if places:
        given = _given(session, places)
        session.execute(update(_LEDGER).where(_is(given)).values(intended=version, acknowledged=version))


def acknowledge(session: Session, version: int, places: Collection[Place]) -> None:
    """Note that every index took what was intended with `version`; entries that moved on stay as they are."""
    if places:
        mine = and_(_is(_given(session, places)), _LEDGER.c.intended == version)
        session.execute(update(_LEDGER).where(mine).values(acknowledged=version))


def forget(session: Session, version: int, places: Collection[Place]) -> None:
    """Remove entries whose stubs were deleted with `version`; those that moved on stay."""
    for showcase in {code for code, _ in places}:
        keys = [key for code, key in places if code == showcase]
        mine = and_(_LEDGER.c.showcase == showcase, _LEDGER.c.candidate_id.in_(keys), _LEDGER.c.intended == version)
        session.execute(delete(_LEDGER).where(mine))


def doubt(session: Session, showcase: str, keys: Iterable[int]) -> None:
    """Have the next writer of these candidates write, whatever was acknowledged, and put a stub if they aren't shown.

    For listings that were found to be missing, changed or left behind in an index.
    """
    now = database_now(session)
    rows = [
        dict(zip(_COLUMNS, (showcase, key, bucket_of(key), NO_DIGEST, 0, None, False, now), strict=True))
        for key in sorted(set(keys))
    ]
    if rows:
        doubted = _insert(session).on_conflict_do_update(
            index_elements=["showcase", "candidate_id"], set_={"acknowledged": None}
        )
        session.execute(doubted, rows)


def note_filled(session: Session, version: int, digests: Iterable[tuple[str, int, str]]) -> None:
    """Note the digests (of showcase and candidate) that a rebuild read with `version`, where they are new.

    To be committed before its bulk. What a later read of a worker says goes before. `at` stays: who has another listing
    only because it is built otherwise did not change.
    """
    given = given_rows(session, digests, showcase=String(), candidate_id=Integer(), digest=String())
    other = or_(_LEDGER.c.digest != given.c.digest, _LEDGER.c.gone)
    values = {"digest": given.c.digest, "gone": false(), "acknowledged": None}
    session.execute(update(_LEDGER).where(_is(given), other, _LEDGER.c.intended < version).values(values))


def settle(session: Session, showcase: str, index: str) -> None:
    """Say that `index`, filled by a rebuild, is what the ledger speaks of; in the transaction that makes it live.

    Whoever has a change in the log may stand in the new index as a later or an earlier state than the ledger says, and
    is written at the next occasion; the same goes for what `index` refused. So take off the log first what the reads of
    the rebuild hold for certain.
    """
    if session.get_bind().dialect.name != "sqlite":
        # Waits for writers at their entries, and lets no other begin: row by row the two could block each other.
        session.execute(text("LOCK TABLE index_ledger IN EXCLUSIVE MODE"))
    key, mine = _LEDGER.c.candidate_id, _LEDGER.c.showcase == showcase
    waits = exists().where(_CHANGES.c.kind == CANDIDATE, _CHANGES.c.key == key)
    refused = exists().where(_LETTERS.c.index_name == index, _LETTERS.c.candidate_id == key)
    behind = _LEDGER.c.acknowledged.is_distinct_from(_LEDGER.c.intended)
    session.execute(update(_LEDGER).where(mine, behind, ~waits, ~refused).values(acknowledged=_LEDGER.c.intended))
    session.execute(update(_LEDGER).where(mine, or_(waits, refused)).values(acknowledged=None))


def _given(session: Session, places: Iterable[Place]) -> Subquery:
    return given_rows(session, places, showcase=String(), candidate_id=Integer())


def _is(given: Subquery) -> ColumnElement[bool]:
    return and_(_LEDGER.c.showcase == given.c.showcase, _LEDGER.c.candidate_id == given.c.candidate_id)


def _insert(session: Session) -> Any:
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    return dialect.insert(_LEDGER)
