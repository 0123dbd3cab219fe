"""Occupations and places in SQL: filled from the bundled lists, read back the same, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import delete, func, insert, select, update

from matching.candidates.records import Candidate
from matching.candidates.taxonomy_lists import places_lived_in, seed
from matching.storage.database import Database
from matching.taxonomy.occupations import Occupation, OccupationGroup, Taxonomy, load_bundled
from matching.taxonomy.places import Gazetteer, load_places
from matching.taxonomy.records import OccupationRelation, OccupationRow, PlaceRow, PostcodeRow
from matching.taxonomy.store import load_gazetteer, load_taxonomy, write_gazetteer, write_taxonomy
from tests.support.intake import NOW, Office
from tests.support.statements import counted_statements

OTHER = Taxonomy.build(
    [
        Occupation("esco-1", "Bakker", "7512", "g1", "horeca", "", ""),
        Occupation("esco-2", "Kok", "5120", "g1", "", "", ""),
    ],
    [OccupationGroup("g1", "Keuken", "horeca")],
    [("esco-1", "esco-2", 2)],
)


def test_the_bundled_lists_come_back_the_same(office: Office) -> None:
    with office.database.read() as session:
        taxonomy, gazetteer = load_taxonomy(session), load_gazetteer(session)
    bundled, places = load_bundled(), load_places()
    assert dict(taxonomy.occupations) == dict(bundled.occupations)
    assert dict(taxonomy.groups) == dict(bundled.groups)
    assert taxonomy.relations == bundled.relations
    assert dict(gazetteer.places) == dict(places.places)
    assert dict(gazetteer.postcodes) == dict(places.postcodes)


def test_seeding_again_writes_nothing(office: Office) -> None:
    with counted_statements(office.database) as sent, office.database.write() as session:
        seed(session)
    assert {statement.split()[0] for statement in sent} <= {"SELECT", "BEGIN"}


def test_seeding_takes_a_few_statements_however_long_the_lists(database: Database) -> None:
    with counted_statements(database) as sent, database.write() as session:
        seed(session)
    assert len(sent) <= 14


def test_seeding_puts_right_what_differs(office: Office) -> None:
    code = next(iter(load_bundled().occupations))
    with office.database.write() as session:
        session.execute(update(OccupationRow).where(OccupationRow.code == code).values(label="Verkeerd"))
        session.execute(delete(OccupationRelation))
        session.execute(delete(PostcodeRow).where(PostcodeRow.code == "3011"))
        session.execute(update(PlaceRow).values(population=1))
        seed(session)
    with office.database.read() as session:
        assert load_taxonomy(session).occupations[code] == load_bundled().occupations[code]
        assert load_taxonomy(session).relations == load_bundled().relations
        assert dict(load_gazetteer(session).places) == dict(load_places().places)
        assert "3011" in load_gazetteer(session).postcodes


def test_another_list_of_occupations_is_left_alone(database: Database) -> None:
    with database.write() as session:
        write_taxonomy(session, OTHER)
        seed(session)
    with database.read() as session:
        assert set(load_taxonomy(session).occupations) == {"esco-1", "esco-2"}


def test_a_taxonomy_replaces_the_former_one(office: Office) -> None:
    with office.database.write() as session:
        write_taxonomy(session, OTHER)
    with office.database.read() as session:
        found = load_taxonomy(session)
    assert (set(found.occupations), set(found.groups)) == ({"esco-1", "esco-2"}, {"g1"})
    assert found.relations == (("esco-1", "esco-2", 2),)


@pytest.mark.requirement("PROF-12")
def test_a_place_that_candidates_live_in_is_not_removed(office: Office) -> None:
    whole = load_places()
    lived_in, empty = [place for place in whole.places.values() if place.name in {"Rotterdam", "Schiedam"}][:2]
    gone = {lived_in.id, empty.id}
    smaller = Gazetteer.build(
        (place for key, place in whole.places.items() if key not in gone),
        (one for one in whole.postcodes.values() if one.place_id not in gone),
    )
    with office.database.write() as session:
        row = {"external_id": "a", "name": "A", "place_id": lived_in.id, "updated_at": NOW, "fingerprint": "x"}
        session.execute(insert(Candidate).values(**row))
        write_gazetteer(session, smaller, places_lived_in(session))
    with office.database.read() as session:
        kept = set(session.scalars(select(PlaceRow.id).where(PlaceRow.id.in_(gone))))
        assert kept == {lived_in.id}
        assert session.scalar(select(func.count()).select_from(PostcodeRow)) == len(smaller.postcodes)


def test_a_changed_place_is_updated_in_place(office: Office) -> None:
    whole = load_places()
    one = next(iter(whole.places.values()))
    changed = Gazetteer.build([*whole.places.values(), replace(one, population=7)], whole.postcodes.values())
    with office.database.write() as session:
        write_gazetteer(session, changed)
    with office.database.read() as session:
        assert session.scalar(select(PlaceRow.population).where(PlaceRow.id == one.id)) == 7
