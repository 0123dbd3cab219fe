"""Importing profiles on both databases: what lands, what is left alone, what is refused."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, update

from matching.candidates import intake
from matching.candidates.intake import Summary
from matching.candidates.records import (
    Candidate,
    CandidateEntry,
    CandidateMedia,
    CandidateShowcase,
    CandidateTerm,
    Showcase,
)
from matching.candidates.write import STATEMENTS_PER_BATCH
from matching.storage.base import Base
from matching.storage.changes import CANDIDATE, Change
from matching.storage.database import Database
from matching.storage.errors import DatabaseBusy
from tests.support.intake import FULL, Office, profile, write_files
from tests.support.statements import counted_statements

TABLES = (Candidate, CandidateTerm, CandidateEntry, CandidateMedia, CandidateShowcase, Change)


def _rows(database: Database) -> dict[str, list[Any]]:
    """Everything intake writes, as plain rows."""

    def of(record: type[Base]) -> list[Any]:
        table = record.__table__
        return [tuple(row) for row in session.execute(select(table).order_by(*table.primary_key))]

    with database.read() as session:
        return {record.__name__: of(record) for record in TABLES}


def _names(database: Database) -> dict[str, str]:
    with database.read() as session:
        rows = session.execute(select(Candidate.external_id, Candidate.name))
        return {row.external_id: row.name for row in rows}


def _changed_keys(database: Database) -> list[int]:
    with database.read() as session:
        return list(session.scalars(select(Change.key).where(Change.kind == CANDIDATE).order_by(Change.id)))


def _forget_changes(database: Database) -> None:
    with database.write() as session:
        session.execute(delete(Change))


@pytest.mark.requirement("ROLE-20", "PROF-06", "PROF-12", "PROF-14", "PROF-34", "PROF-35", "PROF-36")
def test_a_full_profile_lands_with_every_part(office: Office) -> None:
    write_files(office.folder)
    assert office.load([FULL]) == Summary(lines=1, new=1)
    rows = _rows(office.database)
    with office.database.read() as session:
        found = session.execute(select(Candidate.__table__)).mappings().one()
    assert found["name"] == "Noor de Vries"
    assert found["postcode"] == "3011AB"
    assert found["updated_at"].isoformat() == "2026-10-01T07:30:00+00:00"
    assert (found["hours_min"], found["hours_max"], found["level"]) == (24, 32, "mbo-2")
    terms = [(row[1], row[2], *row[3:]) for row in rows["CandidateTerm"]]
    assert ("function", 0, "magazijnmedewerker", None, None) in terms
    assert ("function", 1, None, None, "Iets met planten") in terms
    assert ("language", 0, "nl", "goed", None) in terms
    assert ("day_part", 0, "ochtend", None, None) in terms
    assert len(rows["CandidateEntry"]) == 4
    assert [row[2] for row in rows["CandidateMedia"]] == ["portrait", "photo", "document", "video", "link"]
    assert len(rows["CandidateShowcase"]) == 2
    assert _changed_keys(office.database) == [found["id"]]


def test_the_same_file_twice_writes_nothing(office: Office) -> None:
    write_files(office.folder)
    lines = [FULL, *(profile(f"a{n}", licences=["B", "B"]) for n in range(3))]
    office.load(lines)
    before = _rows(office.database)
    with counted_statements(office.database) as sent:
        assert office.load(lines) == Summary(lines=4, unchanged=4)
    assert _rows(office.database) == before
    assert not [statement for statement in sent if not statement.startswith(("SELECT", "BEGIN DEFERRED"))]


def test_what_is_written_differently_but_means_the_same_is_unchanged(office: Office) -> None:
    office.load([profile("a", home={"place": "'s-Gravenhage", "postcode": "2511 AB"})])
    same = profile(
        "a",
        home={"postcode": "2511AB", "place": "den haag"},
        updated_at="2026-10-01T12:00:00+02:00",
        licences=[],
        intro=None,
        name="  Persoon a ",
    )
    assert office.load([same]) == Summary(lines=1, unchanged=1)


@pytest.mark.parametrize(
    "part",
    [
        {"name": "Een ander"},
        {"intro": None},
        {"licences": ["B"]},
        {"languages": [{"language": "nl", "level": "matig"}, {"language": "en"}]},
        {"showcases": ["zuid"]},
        {"experience": []},
        {"courses": [{"title": "Heftruck", "institution": "Rijschool", "certificate": True}]},
        {"portrait": None},
        {"photos": [{"file": "files/photo.jpg", "title": "Balkon"}]},
        {"phone": "06 00000002"},
        {"home": {"postcode": "3011 AB"}},
    ],
    ids=lambda part: next(iter(part)),
)
def test_any_changed_part_is_a_change(office: Office, part: dict[str, Any]) -> None:
    write_files(office.folder)
    office.load([FULL])
    _forget_changes(office.database)
    assert office.load([{**FULL, **part}]) == Summary(lines=1, changed=1)
    assert len(_changed_keys(office.database)) == 1
    assert office.load([FULL]) == Summary(lines=1, changed=1)


def test_a_file_with_other_content_under_the_same_path_is_a_change(office: Office) -> None:
    write_files(office.folder)
    office.load([FULL])
    (office.folder / "files/Mijn CV.pdf").write_bytes(b"%PDF-1.7\nanother")
    assert office.load([FULL]) == Summary(lines=1, changed=1)


def test_media_that_stay_keep_their_ids(office: Office) -> None:
    """Addresses of photos stay valid when something else in the profile changes."""
    write_files(office.folder)
    office.load([FULL])
    before = {row[2]: row[0] for row in _rows(office.database)["CandidateMedia"]}
    office.load([{**FULL, "intro": "Anders", "links": []}])
    after = {row[2]: row[0] for row in _rows(office.database)["CandidateMedia"]}
    assert after == {kind: key for kind, key in before.items() if kind != "link"}


def test_only_changed_profiles_are_noted_for_the_index(office: Office) -> None:
    office.load([profile("a"), profile("b"), profile("c")])
    _forget_changes(office.database)
    office.load([profile("a"), profile("b", name="Anders"), profile("d")])
    with office.database.read() as session:
        keys = select(Candidate.id).where(Candidate.external_id.in_(["b", "d"])).order_by(Candidate.id)
        assert _changed_keys(office.database) == list(session.scalars(keys))


def test_delete_markers_remove_the_whole_profile(office: Office) -> None:
    write_files(office.folder)
    office.load([FULL, profile("b")])
    _forget_changes(office.database)
    summary = office.load([{"external_id": "K-1", "deleted": True}, {"external_id": "nooit", "deleted": True}])
    assert summary == Summary(lines=2, deleted=1, unchanged=1)
    rows = _rows(office.database)
    assert [len(rows[record.__name__]) for record in TABLES[:4]] == [1, 0, 0, 0]
    assert len(_changed_keys(office.database)) == 1
    assert office.load([FULL]) == Summary(lines=1, new=1)


def test_an_id_never_comes_back_for_another_person(office: Office) -> None:
    """Else the index, or a saved address, could show one person under another's number."""
    office.load([profile("a")])
    first = _changed_keys(office.database)[0]
    office.load([{"external_id": "a", "deleted": True}])
    office.load([profile("b")])
    assert _changed_keys(office.database)[-1] != first


def test_bad_lines_go_to_the_rejects_file_and_good_ones_land(office: Office) -> None:
    summary = office.load(
        [
            profile("a"),
            b"{not json",
            profile("b", level="doctor", licences=["Z"]),
            b"\xff",
            profile("c", portrait="../x.png"),
            b'{"external_id": "d", "name": "\\ud800"}',
            profile("e"),
        ]
    )
    assert summary == Summary(lines=7, new=2, rejected=5)
    assert set(_names(office.database)) == {"a", "e"}
    rejects = office.rejects()
    assert [(one["line"], one["external_id"], one["field"]) for one in rejects] == [
        (2, None, ""),
        (3, "b", "level"),
        (3, "b", "licences"),
        (4, None, ""),
        (6, None, ""),
        (5, "c", "portrait"),
    ]
    assert all(one["reason"] and isinstance(one["value"], str) for one in rejects)
    assert office.rejects_path.stat().st_mode & 0o077 == 0


def test_a_good_import_removes_the_rejects_of_an_earlier_one(office: Office) -> None:
    office.load([b"{"])
    assert office.rejects()
    office.load([profile("a")])
    assert not office.rejects_path.exists()


def test_a_rejected_line_leaves_the_former_profile(office: Office) -> None:
    office.load([profile("a", name="Eerst")])
    assert office.load([profile("a", name="Later", level="doctor")]).rejected == 1
    assert _names(office.database) == {"a": "Eerst"}


def test_of_several_lines_for_one_candidate_the_last_counts(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "BATCH", 2)
    lines = [
        profile("a", name="1"),
        profile("b"),
        profile("a", name="3"),
        {"external_id": "b", "deleted": True},
        profile("a", name="5"),
    ]
    assert office.load(lines) == Summary(lines=5, new=1, unchanged=1, rejected=3)
    assert _names(office.database) == {"a": "5"}
    assert [(one["line"], one["reason"]) for one in office.rejects()] == [
        (1, "comes again on line 5, which counts"),
        (2, "comes again on line 4, which counts"),
        (3, "comes again on line 5, which counts"),
    ]
    assert office.load(lines) == Summary(lines=5, unchanged=2, rejected=3)


def test_an_empty_file_is_fine(office: Office) -> None:
    assert office.load_bytes(b"\n\n") == Summary()


def test_a_batch_takes_a_fixed_number_of_statements(office: Office) -> None:
    """No statement per row: ten times the profiles take as many statements."""

    def statements(count: int) -> int:
        lines = [{**FULL, "external_id": f"{count}-{n}", "name": str(n)} for n in range(count)]
        with counted_statements(office.database) as sent:
            office.load(lines)
            changed = [{**line, "intro": "Anders", "photos": []} for line in lines]
            office.load(changed)
        return len(sent)

    write_files(office.folder)
    few = statements(5)
    assert statements(50) == few
    with counted_statements(office.database) as reading:
        office.load([])
    assert few <= 2 * (len(reading) + STATEMENTS_PER_BATCH)


def test_one_row_that_the_database_refuses_does_not_lose_the_batch(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What no check foresees is refused for that candidate alone."""
    real = intake.make_rows

    def with_a_flaw(person: Any, *rest: Any) -> Any:
        rows = real(person, *rest)
        if person.external_id == "b":
            rows.single["name"] = None
        return rows

    monkeypatch.setattr(intake, "make_rows", with_a_flaw)
    office.load([profile("z")])
    summary = office.load([profile("a"), profile("b"), {"external_id": "z", "deleted": True}, profile("c")])
    assert summary == Summary(lines=4, new=2, deleted=1, rejected=1)
    assert set(_names(office.database)) == {"a", "c"}
    assert office.rejects()[0]["reason"] == "is refused by the database"


def test_a_showcase_that_went_away_is_refused_not_fatal(office: Office) -> None:
    assert office.load([profile("a", showcases=["oost"])]).rejected == 1
    with office.database.write() as session:
        session.execute(insert(Showcase).values(code="oost", name="Oost", position=9, parts=[], categories=[]))
    assert office.load([profile("a", showcases=["oost"])]).new == 1


def test_an_import_into_a_locked_database_says_so_and_loses_nothing(office: Office) -> None:
    office.load([profile("a")])
    impatient = Database(office.database.url.render_as_string(hide_password=False), busy_timeout_ms=100)
    blocked = Office(impatient, office.store, office.folder)
    with office.database.write() as session:
        session.execute(update(Candidate).values(name="Vastgehouden"))
        with pytest.raises(DatabaseBusy):
            blocked.load([profile("a", name="Nieuw")])
    impatient.close()
    assert _names(office.database) == {"a": "Vastgehouden"}


def test_two_imports_at_once_both_land(office: Office) -> None:
    """Same candidates, other order: neither deadlocks, and every profile is one of the two."""
    files = [
        [profile(f"p{n}", name=name) for n in order]
        for name, order in (("een", range(200)), ("twee", range(199, -1, -1)))
    ]
    offices = [Office(office.database, office.store, office.folder / str(n)) for n in range(2)]
    for one in offices:
        one.folder.mkdir()
    threads = [threading.Thread(target=one.load, args=(lines,)) for one, lines in zip(offices, files, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    names = _names(office.database)
    assert len(names) == 200
    assert set(names.values()) <= {"een", "twee"}
    with office.database.read() as session:
        assert session.scalar(select(func.count()).select_from(CandidateShowcase)) == 200
