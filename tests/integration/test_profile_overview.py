"""What pages read of a candidate: only what the showcase shows, at this moment, in a fixed number of statements."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from matching.candidates import overview
from matching.candidates.overview import STATEMENTS_PER_PROFILE, Profile, media_file, visible
from matching.candidates.parts import CATEGORIES, PARTS, ShowcaseView
from matching.candidates.records import Candidate
from matching.candidates.showcases import ShowcaseRefused, define, load_showcases, standard
from tests.support.intake import FULL, Office, profile, write_files
from tests.support.statements import counted_statements

WHOLE = standard("noord", "Noord")


def hiding(*parts: str) -> ShowcaseView:
    """'noord' without these parts, and without the categories that read them."""
    kept = tuple(shown for shown in WHOLE.categories if CATEGORIES[shown.code].part not in parts)
    return replace(WHOLE, parts=WHOLE.parts - set(parts), categories=kept)


@pytest.fixture
def key(office: Office) -> int:
    """The id of the full profile, shown in 'noord' and 'zuid'."""
    write_files(office.folder)
    office.load([FULL, profile("K-2", showcases=["zuid"])])
    with office.database.read() as session:
        return int(session.scalars(select(Candidate.id).where(Candidate.external_id == "K-1")).one())


def read(office: Office, view: ShowcaseView, key: int, *allowed: str) -> Profile | None:
    """The profile as the page reads it."""
    with office.database.read() as session:
        return overview.profile(session, view, key, allowed)


@pytest.mark.requirement("PROF-01", "PROF-06", "PROF-08", "PROF-12", "PROF-15", "PROF-20", "PROF-21", "PROF-34")
def test_a_showcase_that_shows_all_gives_every_part(office: Office, key: int) -> None:
    found = read(office, WHOLE, key)
    assert found is not None
    assert (found.external_id, found.name, found.intro) == ("K-1", "Noor de Vries", FULL["intro"])
    assert (found.place_name, found.level, found.hours_min, found.hours_max) == ("Rotterdam", "mbo-2", 24, 32)
    assert [(one.code, one.text) for one in found.terms["function"]] == [
        ("magazijnmedewerker", None),
        (None, "Iets met planten"),
    ]
    assert [(one.code, one.grade) for one in found.terms["language"]] == [("nl", "goed"), ("en", None)]
    assert [one.title for one in found.entries["work"]] == ["Magazijnmedewerker", "Gastvrouw"]
    assert found.entries["education"][0].completed is True
    assert {kind: len(items) for kind, items in found.media.items()} == {
        "portrait": 1,
        "photo": 1,
        "video": 1,
        "link": 1,
        "document": 1,
    }
    assert found.media["document"][0].file_name == "Mijn CV.pdf"


@pytest.mark.parametrize("part", sorted(PARTS))
@pytest.mark.requirement("PROF-03", "PROF-04")
def test_what_a_showcase_hides_is_as_if_it_were_not_filled_in(office: Office, key: int, part: str) -> None:
    with_part, without = read(office, WHOLE, key), read(office, hiding(part), key)
    assert with_part is not None
    assert without is not None
    nothing = {
        "home": {"place": None, "place_name": None},
        "hours": {"hours_min": None, "hours_max": None},
        **{one: {one: None} for one in ("intro", "one_liner", "about", "hobbies", "level", "contact")},
    }
    expected = replace(
        with_part,
        **nothing.get(part, {}),
        terms={name: one for name, one in with_part.terms.items() if overview.PART_OF_TERMS[name] != part},
        entries={kind: one for kind, one in with_part.entries.items() if overview.PART_OF_ENTRIES[kind] != part},
        media={kind: one for kind, one in with_part.media.items() if overview.PART_OF_MEDIA[kind] != part},
    )
    assert without == expected
    assert without != with_part


@pytest.mark.requirement("CONT-01")
def test_contact_details_are_never_in_it(office: Office, key: int) -> None:
    shown = repr(read(office, WHOLE, key, "noord", "zuid"))
    assert not [name for name in ("phone", "email", "address", "birth_date") if FULL[name] in shown]
    assert not {"phone", "email", "address", "birth_date"} & Profile.__dataclass_fields__.keys()


@pytest.mark.requirement("PROF-03", "GEN-06")
def test_other_showcases_are_those_that_the_reader_may_open(office: Office, key: int) -> None:
    for allowed, expected in (
        (("noord", "zuid"), ("noord", "zuid")),
        (("noord",), ("noord",)),
        (("noord", "oost"), ("noord",)),
    ):
        found = read(office, WHOLE, key, *allowed)
        assert found is not None
        assert found.showcases == expected


def test_a_candidate_of_another_showcase_is_not_there(office: Office, key: int) -> None:
    assert read(office, WHOLE, key + 1) is None
    assert read(office, standard("zuid", "Zuid"), key + 1) is not None
    assert read(office, WHOLE, 10**9) is None
    office.load([{"external_id": "K-1", "deleted": True}])
    assert read(office, WHOLE, key) is None


def test_hits_that_are_no_longer_shown_drop_out_in_one_statement(office: Office, key: int) -> None:
    ids = [key, key + 1, 10**9]
    with counted_statements(office.database) as sent, office.database.read() as session:
        assert visible(session, "noord", ids) == {key: "K-1"}
        assert visible(session, "zuid", ids) == {key: "K-1", key + 1: "K-2"}
        assert visible(session, "oost", ids) == {}
        assert visible(session, "noord", []) == {}
    assert sum(statement.startswith("SELECT") for statement in sent) == 4


def test_a_profile_takes_a_fixed_number_of_statements(office: Office, key: int) -> None:
    for candidate in (key, key + 1):
        with counted_statements(office.database) as sent:
            read(office, standard("zuid", "Zuid"), candidate, "noord", "zuid")
        assert sum(statement.startswith("SELECT") for statement in sent) == STATEMENTS_PER_PROFILE


@pytest.mark.requirement("PROF-10", "PROF-30", "ROLE-21")
def test_a_file_is_under_the_same_right_as_its_part(office: Office, key: int) -> None:
    found = read(office, WHOLE, key)
    assert found is not None
    for kind, part in overview.PART_OF_MEDIA.items():
        number = found.media[kind][0].id
        with office.database.read() as session:
            stored = media_file(session, WHOLE, key, number)
            assert (stored is not None) == (kind not in {"video", "link"})
            assert media_file(session, hiding(part), key, number) is None
            assert media_file(session, WHOLE, key + 1, number) is None
            assert media_file(session, standard("oost", "Oost"), key, number) is None
        if stored:
            with office.store.open(stored.content_hash) as file:
                assert len(file.read()) == stored.size


@pytest.mark.requirement("CAND-37")
def test_showcases_are_data_that_is_checked(office: Office) -> None:
    other = hiding("target_groups", "contact")
    with office.database.write() as session:
        before = load_showcases(session)
        assert list(before) == ["noord", "zuid"]
        number = define(session, other, 5)
        assert define(session, other, 5) == number
        with pytest.raises(ShowcaseRefused, match="salaris"):
            define(session, replace(other, parts=frozenset({"salaris"})))
    with office.database.read() as session:
        assert load_showcases(session)["noord"] == other
        assert list(load_showcases(session)) == ["zuid", "noord"]
        assert "oost" not in load_showcases(session)
