"""Showcase configuration names everything the requirements name, and nothing that doesn't exist."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from matching.candidates.overview import PART_OF_ENTRIES, PART_OF_MEDIA, PART_OF_TERMS
from matching.candidates.parts import CATEGORIES, PARTS, ShowcaseView, ShownCategory
from matching.candidates.profile import CandidateProfile
from matching.candidates.records import (
    Candidate,
    CandidateEntry,
    CandidateMedia,
    CandidateTerm,
)
from matching.candidates.schema import json_schema
from matching.candidates.showcases import find_faults, standard
from matching.demo.showcases import SHOWCASES
from matching.taxonomy.vocabularies import load_vocabularies

ROOT = Path(__file__).parents[2]

#: Filter categories of the manual (p. 15) and werksoort (OPEN-10): requirement -> label.
CATEGORY_REQUIREMENTS = {
    "CAND-25": "Niveau",
    "CAND-26": "Rijbewijs",
    "CAND-27": "Vervoer",
    "CAND-28": "Certificaat",
    "CAND-29": "Doelgroep",
    "CAND-30": "Belastbaarheid",
    "CAND-31": "Taal",
    "CAND-32": "Beschikbaarheid",
    "CAND-33": "Werktijden",
    "CAND-34": "Contact",
    "CAND-35": "Laatste wijziging",
    "CAND-36": "Werksoort",
}
#: Profile parts of the manual (p. 16-19); name, update date and the frame are always shown.
PART_REQUIREMENTS = {
    *("PROF-05", "PROF-06", "PROF-07", "PROF-08", "PROF-09", "PROF-10", "PROF-11", "PROF-12", "PROF-13", "PROF-14"),
    *("PROF-15", "PROF-18", "PROF-19", "PROF-20", "PROF-21", "PROF-22", "PROF-23", "PROF-24", "PROF-25", "PROF-26"),
    *("PROF-34", "PROF-35", "PROF-36"),
}
#: The model's lists of typed items that a test must look into: field -> limits in the tables.
COLUMN_OF = {"employer": "organisation", "institution": "organisation"}


@pytest.mark.requirement(*CATEGORY_REQUIREMENTS, "CAND-37", "OPEN-10", "OPEN-32")
def test_every_category_of_the_requirements_can_be_shown() -> None:
    assert {one.requirement: one.label for one in CATEGORIES.values()} == CATEGORY_REQUIREMENTS
    assert [shown.code for shown in standard("alles", "Alles").categories] == list(CATEGORIES)


@pytest.mark.requirement(*PART_REQUIREMENTS, "PROF-03", "OPEN-11")
def test_every_profile_part_of_the_requirements_can_be_shown() -> None:
    assert {requirement for _, requirement in PARTS.values()} >= PART_REQUIREMENTS
    assert standard("alles", "Alles").parts == set(PARTS)


@pytest.mark.requirement("OPEN-32")
def test_capabilities_are_physical_and_mental() -> None:
    kinds = {term.code: term.extra["kind"] for term in load_vocabularies()["capability"]}
    assert set(kinds.values()) == {"physical", "mental"}
    assert kinds["concentreren"] == "mental"


def test_every_category_reads_a_known_part_and_known_vocabularies() -> None:
    for category in CATEGORIES.values():
        assert category.part == "" or category.part in PARTS
        assert all(name in load_vocabularies() for name in category.vocabularies)


def test_everything_a_profile_stores_belongs_to_a_part_that_can_be_hidden() -> None:
    """A new vocabulary, entry kind or medium without a part would be shown in every showcase."""
    shown = {*PART_OF_TERMS.values(), *PART_OF_ENTRIES.values(), *PART_OF_MEDIA.values()}
    singles = {"intro", "one_liner", "about", "hobbies", "home", "level", "hours", "contact"}
    assert shown | singles == set(PARTS)


@pytest.mark.parametrize("view", [standard("alles", "Alles"), *SHOWCASES], ids=lambda view: view.code)
def test_the_showcases_that_come_along_name_only_what_exists(view: ShowcaseView) -> None:
    assert find_faults(view) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"code": "Met Spatie"}, "code 'Met Spatie'"),
        ({"code": "a" * 41}, "code"),
        ({"name": " "}, "name"),
        ({"parts": frozenset({"salaris"})}, "unknown profile part 'salaris'"),
        ({"categories": (ShownCategory("salaris"),)}, "unknown filter category 'salaris'"),
        ({"categories": (ShownCategory("level"), ShownCategory("level"))}, "given 2 times"),
        ({"categories": (ShownCategory("licence", ("B", "Z")),)}, "unknown option 'Z' of 'licence'"),
        ({"parts": frozenset(PARTS) - {"target_groups"}}, "'target_group' would betray"),
    ],
)
@pytest.mark.requirement("CAND-37")
def test_configuration_that_names_what_does_not_exist_is_refused(change: dict[str, object], fault: str) -> None:
    faults = find_faults(replace(standard("alles", "Alles"), **change))
    assert any(fault in one for one in faults), faults


def test_the_published_schema_is_the_models() -> None:
    published = orjson.loads((ROOT / "docs/candidate.schema.json").read_bytes())
    assert published == json_schema(), "run: hallowerk candidates schema > docs/candidate.schema.json"


def test_the_model_promises_nothing_that_the_tables_cannot_hold() -> None:
    """Else one long value would be refused by PostgreSQL together with its batch."""
    limits = {
        **{column.name: getattr(column.type, "length", None) for column in Candidate.__table__.columns},
        **{column.name: getattr(column.type, "length", None) for column in CandidateEntry.__table__.columns},
        "url": CandidateMedia.__table__.c.url.type.length,
        "code": CandidateTerm.__table__.c.code.type.length,
    }
    schema = CandidateProfile.model_json_schema()
    checked = 0
    for model in ("", "Work", "Education", "Course", "Link", "File"):
        properties = schema["$defs"][model]["properties"] if model else schema["properties"]
        for name, described in properties.items():
            column = COLUMN_OF.get(name, name)
            for option in [described, *described.get("anyOf", ())]:
                longest = option.get("maxLength")
                if longest is not None and limits.get(column) is not None:
                    checked += 1
                    assert longest <= limits[column], (model, name)
    assert checked >= 15


def test_codes_of_vocabularies_fit_their_columns() -> None:
    longest = CandidateTerm.__table__.c.code.type.length
    for vocabulary in load_vocabularies().values():
        assert all(len(code) <= longest for code in vocabulary.codes)
    assert all(len(code) <= Candidate.__table__.c.level.type.length for code in load_vocabularies()["level"].codes)
