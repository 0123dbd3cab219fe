"""Listings that the engine refused for good: kept with the reason until one is taken, tried again or put away."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from indexer import ledger
from indexer.bulk import Refusal
from matching.storage.base import table_of
from matching.storage.changes import CANDIDATE, note_changes
from matching.storage.index_state import DeadLetter

#: The number of tries of a letter that was put away: nobody is told of it, and comparisons still leave its listing out.
PUT_AWAY = 0

_LETTERS = table_of(DeadLetter)


def keep(session: Session, version: int, refused: Iterable[tuple[str, Refusal]]) -> None:
    """Keep what was refused of a read with `version`, with its showcase; refused again it is one letter, a try more.

    An answer that comes late changes nothing: a later read was taken by every index, or refused, before it.
    """
    refused = list(refused)
    if not refused:
        return
    # Held until the end, so that whoever has a later read taken meanwhile lifts the letter.
    entries = ledger.lock(session, {code for code, _ in refused}, {refusal.id for _, refusal in refused})
    taken = {place for place, entry in entries.items() if (entry.acknowledged or 0) > version}
    now = datetime.now(UTC)
    rows = {
        (refusal.index, refusal.id): {
            "index_name": refusal.index,
            "showcase": showcase,
            "candidate_id": refusal.id,
            "version": version,
            "status": refusal.status,
            "reason": refusal.reason,
            "tries": 1,
            "at": now,
        }
        for showcase, refusal in refused
        if (showcase, refusal.id) not in taken
    }
    if not rows:
        return
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    made = dialect.insert(_LETTERS)
    again = {name: made.excluded[name] for name in ("version", "status", "reason", "at")}
    upsert = made.on_conflict_do_update(
        index_elements=["index_name", "candidate_id"],
        set_=again | {"tries": _LETTERS.c.tries + 1},
        where=made.excluded.version >= _LETTERS.c.version,
    )
    session.execute(upsert, [rows[place] for place in sorted(rows)])


def lift(session: Session, version: int, keys: Collection[int]) -> None:
    """Remove the letters of candidates that were written with `version`, but for what was refused with it."""
    session.execute(delete(DeadLetter).where(DeadLetter.candidate_id.in_(keys), DeadLetter.version < version))


def letters(session: Session) -> Sequence[DeadLetter]:
    """The letters that were not put away, newest first."""
    shown = select(DeadLetter).where(DeadLetter.tries > PUT_AWAY)
    return session.execute(shown.order_by(DeadLetter.at.desc(), DeadLetter.id.desc())).scalars().all()


def replay(session: Session, ids: Collection[int]) -> list[int]:
    """Put the candidates of these letters into the change log again; returns their ids.

    A letter goes when its listing is taken.
    """
    keys = session.execute(select(DeadLetter.candidate_id).where(DeadLetter.id.in_(ids)).distinct()).scalars()
    found = sorted(keys)
    note_changes(session, CANDIDATE, found)
    return found


def discard(session: Session, ids: Collection[int]) -> int:
    """Put these letters away; returns how many. One comes back when its listing is refused anew.

    The row stays: without it a comparison would find the listing missing, and have it refused again within minutes.
    """
    mine = update(DeadLetter).where(DeadLetter.id.in_(ids), DeadLetter.tries > PUT_AWAY)
    return len(session.execute(mine.values(tries=PUT_AWAY).returning(DeadLetter.id)).all())
