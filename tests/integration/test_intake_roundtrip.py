"""Export gives back what import takes, on both databases."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from matching.candidates import export
from matching.candidates.attachments import attach
from matching.candidates.checks import Reference
from matching.candidates.export import STATEMENTS_PER_WINDOW, FolderOfMedia, export_lines
from matching.candidates.intake import Summary
from matching.candidates.mediastore import FolderMediaStore
from matching.candidates.profile import CandidateProfile
from matching.candidates.records import Candidate
from matching.candidates.rows import CandidateRows, make_rows
from matching.storage.database import Database
from tests.support.intake import FULL, Office, profile, write_files
from tests.support.profile_strategy import profiles
from tests.support.statements import counted_statements


def _export(office: Office, folder: Path) -> list[dict[str, Any]]:
    folder.mkdir(exist_ok=True)
    copies = FolderOfMedia(office.store, folder / "media", "media")
    with office.database.read() as session:
        return [orjson.loads(line) for line in export_lines(session, copies)]


@cache
def _reference(database: Database) -> Reference:
    with database.read() as session:
        return Reference.load(session)


def _stored(office: Office, lines: Sequence[dict[str, Any]], root: Path) -> dict[str, CandidateRows]:
    """What the lines come to in the tables: the measure of whether two lines say the same."""
    reference = _reference(office.database)
    found = {}
    for line in lines:
        person = CandidateProfile.model_validate_json(orjson.dumps(line), strict=True)
        residence = reference.residence(person.home)
        found[person.external_id] = make_rows(person, residence, attach(person, root, office.store)[0])
    return found


@given(st.lists(profiles(), min_size=1, max_size=4, unique_by=lambda line: line["external_id"]))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_profiles_come_back_as_they_went_in(office: Office, lines: list[dict[str, Any]]) -> None:
    write_files(office.folder)
    summary = office.load(lines)
    assert summary == Summary(lines=len(lines), new=len(lines)), office.rejects()
    exported = _export(office, office.folder / "export")
    assert _stored(office, exported, office.folder / "export") == _stored(office, lines, office.folder)
    again = b"".join(orjson.dumps(line) + b"\n" for line in exported)
    assert office.load_bytes(again, office.folder / "export") == Summary(lines=len(lines), unchanged=len(lines))
    with office.database.write() as session:
        session.execute(delete(Candidate))


def test_a_full_profile_comes_back_word_for_word(office: Office) -> None:
    write_files(office.folder)
    office.load([FULL])
    [line] = _export(office, office.folder / "export")
    changed = {"portrait", "photos", "documents", "updated_at", "home"}
    assert {name: line[name] for name in line if name not in changed} == {
        name: FULL[name] if name != "experience" else _without_false(FULL[name]) for name in FULL if name not in changed
    }
    assert line["updated_at"] == "2026-10-01T07:30:00Z"
    assert line["home"] == {"place": "Rotterdam", "postcode": "3011AB"}
    assert line["documents"][0]["title"] == "CV"
    document = office.folder / "export" / line["documents"][0]["file"]
    assert document.name == "Mijn CV.pdf"
    assert document.read_bytes() == (office.folder / "files/Mijn CV.pdf").read_bytes()
    assert (office.folder / "export" / line["portrait"]).read_bytes()[:2] == b"\xff\xd8"


def _without_false(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in item.items() if value is not False} for item in items]


def test_an_export_fills_another_installation(office: Office, tmp_path: Path) -> None:
    """Photos are decoded anew there, so their content differs; all else is the same."""
    write_files(office.folder)
    office.load([FULL, profile("b", home={"place": "Bergen (Limburg)"})])
    exported = _export(office, tmp_path / "export")
    with office.database.write() as session:
        session.execute(delete(Candidate))
    other = Office(office.database, FolderMediaStore(tmp_path / "elsewhere"), office.folder)
    content = b"".join(orjson.dumps(line) + b"\n" for line in exported)
    assert other.load_bytes(content, tmp_path / "export") == Summary(lines=2, new=2)
    again = _export(other, tmp_path / "again")
    photos = ("portrait", "photos")
    assert [{**line, **dict.fromkeys(photos)} for line in again] == [
        {**line, **dict.fromkeys(photos)} for line in exported
    ]


def test_export_takes_a_fixed_number_of_statements_per_window(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.load([profile(f"a{n}", licences=["B"], experience=[{"title": "x"}]) for n in range(6)])
    monkeypatch.setattr(export, "WINDOW", 3)
    with counted_statements(office.database) as sent:
        assert [line["external_id"] for line in _export(office, office.folder)] == [f"a{n}" for n in range(6)]
    selects = [one for one in sent if one.startswith("SELECT") and "candidate" in one]
    assert len(selects) == 2 * STATEMENTS_PER_WINDOW + 1  # the last one finds nothing more


def test_an_empty_database_exports_nothing(office: Office) -> None:
    assert _export(office, office.folder / "export") == []


def test_ids_survive_an_export_and_import_in_place(office: Office) -> None:
    office.load([profile("a"), profile("b")])
    with office.database.read() as session:
        before = session.execute(select(Candidate.id, Candidate.external_id)).all()
    exported = _export(office, office.folder / "export")
    office.load([{**line, "intro": "Anders"} for line in exported])
    with office.database.read() as session:
        assert session.execute(select(Candidate.id, Candidate.external_id)).all() == before
