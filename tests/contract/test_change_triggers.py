"""Whatever changes a row that listings are built from, in whatever way, is in the change log; nothing else is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Column, Connection, Select, Table, bindparam, delete, event, insert, select, text, update
from sqlalchemy.orm import Session
from sqlalchemy.sql import visitors

from indexer.catalogue import read_catalogue
from matching.candidates.listings import read_keys, read_window
from matching.candidates.records import (
    Candidate,
    CandidateEntry,
    CandidateMedia,
    CandidateShowcase,
    CandidateTerm,
    Showcase,
)
from matching.storage.base import Base, table_of
from matching.storage.changes import (
    CANDIDATE,
    OCCUPATIONS,
    SHOWCASE,
    Change,
    claim_changes,
    mark_indexed,
    mark_sent,
    release,
)
from matching.storage.database import Database
from matching.taxonomy.records import OccupationRow, PlaceRow, PostcodeRow
from tests.support.profiles import OCCUPATION, insert_full, insert_showcase, insert_taxonomy

#: What the catalogue reads of a showcase for pages: no listing holds it.
FOR_PAGES = {("showcases", "name"), ("showcases", "position"), ("showcases", "categories")}
#: In no listing, so a change of it is none of the index's business.
PRIVATE = ("phone", "email", "address", "birth_date", "fingerprint", "external_id")

SOMEBODY, OTHER, BARE, PLACELESS = 1, 2, 3, 4
#: What the log says of a change to the row that `ROWS` names.
Noted = set[tuple[str, int]]
ABOUT_SOMEBODY: Noted = {(CANDIDATE, SOMEBODY)}
#: record -> the row that is changed, and what is noted then.
ROWS: Mapping[type[Base], tuple[Mapping[str, Any], Noted]] = {
    Candidate: ({"id": SOMEBODY}, ABOUT_SOMEBODY),
    CandidateTerm: ({"candidate_id": SOMEBODY, "position": 0}, ABOUT_SOMEBODY),
    CandidateEntry: ({"candidate_id": SOMEBODY, "kind": "work"}, ABOUT_SOMEBODY),
    CandidateMedia: ({"candidate_id": SOMEBODY, "position": 0}, ABOUT_SOMEBODY),
    CandidateShowcase: ({"candidate_id": SOMEBODY}, ABOUT_SOMEBODY),
    PlaceRow: ({"id": "geheimdorp"}, {(CANDIDATE, SOMEBODY), (CANDIDATE, PLACELESS)}),
    PostcodeRow: ({"code": "3011"}, {(CANDIDATE, SOMEBODY), (CANDIDATE, PLACELESS)}),
    Showcase: ({"code": "stad"}, {(SHOWCASE, 1)}),
    OccupationRow: ({"code": OCCUPATION}, {(OCCUPATIONS, 0)}),
}
#: Columns that take another value than any of their kind: references, and keys that are referred to.
VALUES: Mapping[tuple[str, str], Any] = {
    ("candidates", "place_id"): "elders",
    ("postcodes", "place_id"): "elders",
    ("postcodes", "code"): "9999",
    ("candidate_terms", "candidate_id"): BARE,
    ("candidate_entries", "candidate_id"): BARE,
    ("candidate_media", "candidate_id"): BARE,
    ("candidate_showcases", "candidate_id"): BARE,
    ("candidate_showcases", "showcase_id"): 2,
    ("occupations", "group_code"): "andere-groep",
}
#: Keys that nothing may refer to while they change: the row, and what is noted.
KEYS: Mapping[tuple[str, str], tuple[Mapping[str, Any], Noted]] = {
    ("candidates", "id"): ({"id": BARE}, {(CANDIDATE, BARE), (CANDIDATE, BARE + 1_000)}),
    ("places", "id"): ({"id": "verlaten"}, set()),
    ("showcases", "id"): ({"code": "leeg"}, {(SHOWCASE, 3), (SHOWCASE, 1_003)}),
}


@pytest.fixture
def town(database: Database) -> Database:
    """Two full profiles in two showcases, one that is bare, one with nothing but a postcode; nothing waits."""
    with database.write() as session:
        insert_taxonomy(session)
        place = session.execute(select(PlaceRow.__table__).where(PlaceRow.id == "nergens")).mappings().one()
        session.execute(insert(PlaceRow), [{**place, "id": "elders"}, {**place, "id": "verlaten"}])
        group = "INSERT INTO occupation_groups VALUES ('andere-groep', 'Andere', 'techniek', '[]')"
        session.execute(text(group))
        for code in ("stad", "regio", "leeg"):
            insert_showcase(session, code)
        insert_full(session, SOMEBODY, ["stad"])
        insert_full(session, OTHER, [], place_id="elders", postcode="3012AB")
        nowhere = {"place_id": None, "postcode": None}
        for key, where in ((BARE, nowhere), (PLACELESS, {**nowhere, "postcode": "3011ZZ"})):
            columns = {"external_id": f"x{key}", "name": "Kaal", "updated_at": datetime(2026, 1, 1).astimezone()}
            session.execute(insert(Candidate).values(id=key, fingerprint="x", **columns, **where))
        session.execute(delete(Change))
    return database


@contextmanager
def undone(database: Database) -> Iterator[Session]:
    """A transaction that is rolled back at its end."""
    with database.engine.connect() as connection, Session(connection) as session:
        yield session
        session.rollback()


def noted(session: Session) -> Noted:
    """What the log holds, and that it holds it once."""
    rows = [(row.kind, row.key) for row in session.execute(select(Change.kind, Change.key))]
    assert len(rows) == len(set(rows)), "noted more than once in one transaction"
    return set(rows)


def read_columns(database: Database) -> set[tuple[str, str]]:
    """Every column that takes part in the statements with which listings are read."""
    seen: set[tuple[str, str]] = set()

    def note(_connection: Connection, statement: Any, *_rest: Any) -> None:
        for element in visitors.iterate(statement):
            found = element.selected_columns if isinstance(element, Select) else [element]
            seen.update(
                (one.table.name, one.name) for one in found if isinstance(one, Column) and isinstance(one.table, Table)
            )

    event.listen(database.engine, "before_execute", note)
    with database.read() as session:
        showcases = read_catalogue(session).showcases
        assert read_window(session, 0, 10, showcases)
        assert read_keys(session, [SOMEBODY], showcases)
    event.remove(database.engine, "before_execute", note)
    return seen


def another(column: Column[Any], value: Any) -> Any:
    """A value for `column` that is not `value`."""
    known = VALUES.get((column.table.name, column.name))
    if known is not None:
        return known
    if column.type.python_type is bool:
        return not value
    if column.type.python_type in {int, float}:
        return (value or 0) + (1_000 if column.primary_key else 1)
    if isinstance(value, date):
        return value + timedelta(days=1)
    return value[1:] if isinstance(value, list) else f"{value or ''}"[:1] + "x"


def columns_of(record: type[Base]) -> Sequence[Column[Any]]:
    return list(table_of(record).columns)


def where(record: type[Base], row: Mapping[str, Any]) -> list[Any]:
    return [table_of(record).c[name] == value for name, value in row.items()]


def by_core(session: Session, record: type[Base], row: Mapping[str, Any], column: Column[Any]) -> None:
    """An UPDATE of one column as SQL of its own."""
    table = table_of(record)
    before = session.execute(select(column).where(*where(record, row)).limit(1)).scalar_one()
    session.execute(update(table).where(*where(record, row)).values({column.name: another(column, before)}))


def by_orm(session: Session, record: type[Base], row: Mapping[str, Any], column: Column[Any]) -> None:
    """The same by loading the object, setting the attribute and flushing."""
    loaded = session.scalars(select(record).where(*where(record, row)).limit(1)).one()
    setattr(loaded, column.name, another(column, getattr(loaded, column.name)))
    session.flush()


def by_text(session: Session, record: type[Base], row: Mapping[str, Any], column: Column[Any]) -> None:
    """The same as text, as somebody at a prompt would; columns of all rows, set to what they are, beside it."""
    table = table_of(record)
    before = session.execute(select(column).where(*where(record, row)).limit(1)).scalar_one()
    after = bindparam("after", another(column, before), column.type)
    condition = " AND ".join(f"{name} = :is_{name}" for name in row)
    one = text(f'UPDATE {table.name} SET "{column.name}" = :after WHERE {condition}')  # noqa: S608 - names of ours
    session.execute(one.bindparams(after), {f"is_{name}": key for name, key in row.items()})
    same = ", ".join(f'"{each.name}" = "{each.name}"' for each in table.columns)
    session.execute(text(f"UPDATE {table.name} SET {same}"))  # noqa: S608 - names of ours


def test_what_is_watched_is_what_listings_are_read_from(town: Database) -> None:
    """The rows below are all the tables that are read, and every column of them that is read is noted."""
    read = read_columns(town)
    assert {table for table, _ in read} == {table_of(record).name for record in ROWS}
    assert read >= FOR_PAGES
    unread = {(table_of(Candidate).name, name) for name in PRIVATE}
    assert not read & unread


@pytest.mark.parametrize("change", [by_core, by_orm, by_text])
@pytest.mark.parametrize("record", ROWS, ids=lambda record: table_of(record).name)
def test_every_column_that_is_read_is_noted_and_no_other(
    town: Database, record: type[Base], change: Callable[..., None]
) -> None:
    read = read_columns(town) - FOR_PAGES
    for column in columns_of(record):
        name = (column.table.name, column.name)
        row, expected = KEYS.get(name, ROWS[record])
        if column.name == "candidate_id":  # it moves to somebody else
            expected = expected | {(CANDIDATE, BARE)}
        with undone(town) as session:
            change(session, record, row, column)
            assert noted(session) == (expected if name in read else set()), name


#: statement -> what is noted.
STATEMENTS: Mapping[str, Noted] = {
    # a cascade: every part goes with its candidate, every showing with its showcase
    "DELETE FROM candidates WHERE id = 1": ABOUT_SOMEBODY,
    "DELETE FROM showcases WHERE code = 'stad'": {(SHOWCASE, 1), *ABOUT_SOMEBODY},
    "DELETE FROM candidate_terms": {(CANDIDATE, SOMEBODY), (CANDIDATE, OTHER)},
    "DELETE FROM candidate_media WHERE kind = 'photo' AND candidate_id = 1": ABOUT_SOMEBODY,
    "DELETE FROM candidate_showcases": ABOUT_SOMEBODY,
    "DELETE FROM candidate_terms WHERE candidate_id = 99": set(),
    "DELETE FROM postcodes": {(CANDIDATE, SOMEBODY), (CANDIDATE, PLACELESS)},
    "DELETE FROM places WHERE id = 'verlaten'": set(),
    "DELETE FROM occupations": {(OCCUPATIONS, 0)},
    "INSERT INTO candidate_showcases SELECT id, 2 FROM candidates": {(CANDIDATE, key) for key in (1, 2, 3, 4)},
    "INSERT INTO candidate_entries (candidate_id, kind, position, title, current, volunteer) "
    "VALUES (3, 'work', 0, 'x', true, false), (4, 'work', 0, 'x', true, false)": {(CANDIDATE, 3), (CANDIDATE, 4)},
    "INSERT INTO postcodes VALUES ('3012', 'elders', 1, 1)": {(CANDIDATE, OTHER)},
    "INSERT INTO showcases VALUES (9, 'nieuw', 'Nieuw', 0, '[]', '[]')": {(SHOWCASE, 9)},
    # an upsert: one row is there and stays as it is, the others are new or change
    "INSERT INTO candidate_showcases VALUES (1, 1), (2, 1) ON CONFLICT DO NOTHING": {(CANDIDATE, OTHER)},
    "INSERT INTO candidates (id, external_id, name, updated_at, fingerprint) "
    "SELECT id, external_id, CASE id WHEN 1 THEN 'Ander' ELSE name END, updated_at, 'y' FROM candidates WHERE id < 3 "
    "ON CONFLICT (external_id) DO UPDATE SET name = excluded.name, fingerprint = excluded.fingerprint": ABOUT_SOMEBODY,
    "UPDATE candidates SET name = 'Ander' WHERE id IN (1, 3)": {(CANDIDATE, SOMEBODY), (CANDIDATE, BARE)},
    "UPDATE candidates SET name = 'Ander' WHERE id = 99": set(),
    "UPDATE candidates SET phone = '1', email = '2', address = '3', birth_date = NULL, fingerprint = '4'": set(),
}
#: The same of what only one of the databases knows.
ONLY_SQLITE: Mapping[str, Noted] = {
    "INSERT OR REPLACE INTO candidate_media (id, candidate_id, kind, position) "
    "SELECT min(id), 3, 'photo', 0 FROM candidate_media": {(CANDIDATE, SOMEBODY), (CANDIDATE, BARE)},
    "INSERT OR REPLACE INTO candidates (id, external_id, name, updated_at, fingerprint) "
    "SELECT 77, external_id, name, updated_at, fingerprint FROM candidates WHERE id = 1": {
        (CANDIDATE, SOMEBODY),
        (CANDIDATE, 77),
    },
    "UPDATE OR REPLACE candidate_terms SET candidate_id = 2 WHERE candidate_id = 1": {
        (CANDIDATE, SOMEBODY),
        (CANDIDATE, OTHER),
    },
}
ONLY_POSTGRESQL: Mapping[str, Noted] = {
    "TRUNCATE candidates CASCADE": {(CANDIDATE, key) for key in (1, 2, 3, 4)},
    "TRUNCATE postcodes": {(CANDIDATE, SOMEBODY), (CANDIDATE, PLACELESS)},
    "MERGE INTO candidates USING (VALUES (1), (3)) AS v (id) ON candidates.id = v.id AND v.id = 1 "
    "WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (id, external_id, name, updated_at, fingerprint) "
    "VALUES (50, 'x50', 'x', now(), 'x')": {(CANDIDATE, SOMEBODY), (CANDIDATE, 50)},
}


def test_inserts_deletes_cascades_and_upserts_are_noted(town: Database) -> None:
    ours = ONLY_SQLITE if town.is_sqlite else ONLY_POSTGRESQL
    for statement, expected in {**STATEMENTS, **ours}.items():
        with undone(town) as session:
            session.execute(text(statement))
            assert noted(session) == expected, statement


def test_a_delete_by_the_orm_is_noted(town: Database) -> None:
    with undone(town) as session:
        session.delete(session.get(Candidate, SOMEBODY))
        session.flush()
        assert noted(session) == ABOUT_SOMEBODY


def test_a_transaction_notes_each_candidate_once_however_often_it_changes(town: Database) -> None:
    with undone(town) as session:
        for name in ("een", "twee", "drie"):
            session.execute(update(Candidate).where(Candidate.id.in_([SOMEBODY, BARE])).values(name=name))
            session.execute(insert(CandidateMedia).values(candidate_id=SOMEBODY, kind="photo", position=9))
        assert noted(session) == {(CANDIDATE, SOMEBODY), (CANDIDATE, BARE)}
        before = datetime.now(UTC)
        for at in session.scalars(select(Change.at)):
            assert before - timedelta(minutes=5) < at <= before


def test_what_is_rolled_back_is_not_noted_and_hides_no_later_change(town: Database) -> None:
    rename = update(Candidate).where(Candidate.id == SOMEBODY)
    with town.write() as session:
        with session.begin_nested() as point:
            session.execute(rename.values(name="een"))
            point.rollback()
        session.execute(rename.values(name="twee"))
    with town.read() as session:
        assert noted(session) == ABOUT_SOMEBODY


@pytest.mark.parametrize("done", ["sent", "claimed", "released"])
def test_a_change_after_its_row_was_handed_out_gets_a_row_of_its_own(town: Database, done: str) -> None:
    """Whoever has that row may have read before."""
    rename = update(Candidate).where(Candidate.id == SOMEBODY)
    with town.write() as session:
        session.execute(rename.values(name="een"))
    with town.write() as session:
        [change] = session.scalars(select(Change.id))
        if done == "sent":
            mark_sent(session, [change], datetime.now(UTC))
        else:
            claim_changes(session, CANDIDATE, [SOMEBODY], "a", 60)
        if done == "released":
            release(session, "a")
    with town.write() as session:
        session.execute(rename.values(name="twee"))
    with town.write() as session:
        mark_indexed(session, [change])
        assert noted(session) == ABOUT_SOMEBODY
