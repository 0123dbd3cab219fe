"""Writes batches of candidates set-wise: a fixed number of statements whatever the batch's size."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from matching.candidates.attachments import Medium
from matching.candidates.records import (
    Candidate,
    CandidateEntry,
    CandidateMedia,
    CandidateShowcase,
    CandidateTerm,
)
from matching.candidates.rows import CandidateRows
from matching.storage.base import Base, table_of

#: The most statements that one batch takes; a test counts them.
STATEMENTS_PER_BATCH = 12


class Present(NamedTuple):
    """A candidate that the database holds."""

    id: int
    fingerprint: str


def find_present(session: Session, external_ids: Sequence[str]) -> dict[str, Present]:
    """Those of `external_ids` that the database holds, in one statement."""
    columns = (Candidate.external_id, Candidate.id, Candidate.fingerprint)
    found = session.execute(select(*columns).where(Candidate.external_id.in_(external_ids)))
    return {row.external_id: Present(row.id, row.fingerprint) for row in found}


def write_batch(
    session: Session, candidates: Sequence[CandidateRows], deleted: Sequence[int], showcases: Mapping[str, int]
) -> None:
    """Insert or replace `candidates`, delete the ids in `deleted`; the database notes each in the change log.

    `showcases` maps the codes in the rows to ids. Media that stay the same keep their ids, so that addresses of
    photos stay valid.
    """
    connection = session.connection()
    if candidates:
        ids = _upsert(connection, [one.single for one in sorted(candidates, key=lambda one: one.external_id)])
        changed = sorted(ids.values())
        _replace(connection, CandidateTerm, changed, _owned(ids, candidates, "terms"))
        _replace(connection, CandidateEntry, changed, _owned(ids, candidates, "entries"))
        _replace(connection, CandidateShowcase, changed, _shown(ids, candidates, showcases))
        _replace_media(connection, changed, {ids[one.external_id]: one.media for one in candidates})
    if deleted:
        connection.execute(delete(table_of(Candidate)).where(table_of(Candidate).c.id.in_(deleted)))


def _upsert(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    table = table_of(Candidate)
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table)
    columns = {name: statement.excluded[name] for name in rows[0] if name != "external_id"}
    upsert = statement.on_conflict_do_update(index_elements=["external_id"], set_=columns)
    found = connection.execute(upsert.returning(table.c.id, table.c.external_id), rows)
    return {row.external_id: row.id for row in found}


def _owned(ids: Mapping[str, int], candidates: Sequence[CandidateRows], part: str) -> list[dict[str, Any]]:
    return [{"candidate_id": ids[one.external_id], **row} for one in candidates for row in getattr(one, part)]


def _shown(
    ids: Mapping[str, int], candidates: Sequence[CandidateRows], showcases: Mapping[str, int]
) -> list[dict[str, Any]]:
    return [
        {"candidate_id": ids[one.external_id], "showcase_id": showcases[code]}
        for one in candidates
        for code in one.showcases
    ]


def _replace(connection: Connection, record: type[Base], ids: Sequence[int], rows: Sequence[dict[str, Any]]) -> None:
    table = table_of(record)
    connection.execute(delete(table).where(table.c.candidate_id.in_(ids)))
    if rows:
        connection.execute(insert(table), rows)


def _replace_media(connection: Connection, ids: Sequence[int], media: Mapping[int, Sequence[Medium]]) -> None:
    table = table_of(CandidateMedia)
    names = Medium._fields
    columns = (table.c.id, table.c.candidate_id, *(table.c[name] for name in names))
    present: defaultdict[tuple[int, Medium], list[int]] = defaultdict(list)
    for row in connection.execute(select(*columns).where(table.c.candidate_id.in_(ids))):
        present[row.candidate_id, Medium._make(row[2:])].append(row.id)
    new = []
    for owner, medium in _each(media):
        if kept := present.get((owner, medium)):
            kept.pop()
        else:
            new.append({"candidate_id": owner, **medium._asdict()})
    gone = [one for rest in present.values() for one in rest]
    if gone:
        connection.execute(delete(table).where(table.c.id.in_(gone)))
    if new:
        connection.execute(insert(table), new)


def _each(media: Mapping[int, Sequence[Medium]]) -> Iterator[tuple[int, Medium]]:
    for owner, items in media.items():
        for medium in items:
            yield owner, medium
