"""What each filter option keeps, as clauses."""

from __future__ import annotations

from typing import Any

import pytest

from matching.candidates.parts import CATEGORIES, NOT_FILLED, ShownCategory
from matching.search.errors import NotOffered
from matching.search.filters import (
    category_clause,
    check_filters,
    filter_clauses,
    offered_options,
    option_clause,
    overlaps,
    place_clause,
)
from tests.support.knowing import asked, hiding, knowledge
from tests.support.listings import EVERYTHING, ROTTERDAM

KNOWN = knowledge()


def kept(category: str, *options: str) -> dict[str, Any]:
    return category_clause(CATEGORIES[category], options, KNOWN)


@pytest.mark.requirement("CAND-25")
def test_levels_are_exactly_the_ticked_ones() -> None:
    assert kept("level", "mbo-3", "mbo-2") == {"terms": {"level": ["mbo-2", "mbo-3"]}}


@pytest.mark.requirement("CAND-26")
def test_a_licence_is_also_held_by_who_has_one_that_includes_it() -> None:
    assert kept("licence", "CE") == {"terms": {"licences": ["CE"]}}
    assert kept("licence", "C") == {"terms": {"licences": ["C", "CE"]}}
    assert {"B", "BE", "C", "CE", "D", "DE"} <= set(kept("licence", "B")["terms"]["licences"])


@pytest.mark.requirement(
    "CAND-27", "CAND-28", "CAND-29", "CAND-30", "CAND-31", "CAND-34", "CAND-36", "OPEN-10", "OPEN-32"
)
@pytest.mark.parametrize(
    ("category", "option", "field"),
    [
        ("transport", "fiets", "transport"),
        ("certificate", "bhv", "certificates"),
        ("target_group", "bbl", "target_groups"),
        ("capability", "tillen", "capabilities"),
        ("capability", "concentreren", "capabilities"),
        ("language", "en", "languages"),
        ("contact", "direct", "contact"),
        ("work_type", "maken", "work_types"),
    ],
)
def test_an_option_keeps_the_listings_with_its_code(category: str, option: str, field: str) -> None:
    assert option in offered_options(category, EVERYTHING, KNOWN)
    assert kept(category, option) == {"terms": {field: [option]}}


@pytest.mark.requirement("CAND-24", "OPEN-09")
def test_options_of_one_category_widen_and_categories_narrow() -> None:
    criteria = asked(filters={"transport": ["auto", "fiets"], "level": ["hbo"]})
    assert filter_clauses(criteria, KNOWN) == [
        {"terms": {"level": ["hbo"]}},
        {"terms": {"transport": ["auto", "fiets"]}},
    ]
    assert filter_clauses(criteria, KNOWN, without="level") == [{"terms": {"transport": ["auto", "fiets"]}}]


def test_not_filled_in_joins_the_options_of_its_category() -> None:
    assert kept("level", "hbo", NOT_FILLED) == {
        "bool": {
            "should": [{"terms": {"level": ["hbo"]}}, {"bool": {"must_not": [{"exists": {"field": "level"}}]}}],
            "minimum_should_match": 1,
        }
    }


@pytest.mark.requirement("CAND-32", "OPEN-29", "OPEN-31")
@pytest.mark.parametrize(
    ("least", "most", "classes"),
    [
        (0, 8, {"tot-16"}),
        (16, 16, {"16-24"}),
        (8, 16, {"tot-16", "16-24"}),
        (24, 24, {"24-32"}),
        (16, 24, {"16-24", "24-32"}),
        (24, 40, {"24-32", "32-plus"}),
        (32, 32, {"24-32", "32-plus"}),
        (33, 40, {"32-plus"}),
        (0, 60, {"tot-16", "16-24", "24-32", "32-plus"}),
    ],
)
def test_hours_are_met_when_the_ranges_overlap(least: int, most: int, classes: set[str]) -> None:
    """A class holds the hours up to the next one's; only 32 hours belongs to two of them."""
    clauses = {code: option_clause("hours", code, KNOWN) for code in KNOWN.vocabularies["hours"].codes}
    assert {code for code, clause in clauses.items() if holds(clause, least, most)} == classes
    explained = {term.code for term in KNOWN.vocabularies["hours"] if overlaps(term, {"min": least, "max": most})}
    assert explained == classes


def holds(clause: dict[str, Any], least: int, most: int) -> bool:
    """Whether a clause on hours holds for a candidate, worked out by hand."""
    values = {"hours.min": least, "hours.max": most}
    checks = {"gte": int.__ge__, "lt": int.__lt__, "lte": int.__le__}
    for condition in clause["bool"]["filter"]:
        [(field, limits)] = condition["range"].items()
        if not all(checks[name](values[field], limit) for name, limit in limits.items()):
            return False
    return True


@pytest.mark.requirement("CAND-33")
def test_days_and_day_parts_are_two_groups() -> None:
    assert kept("working_times", "maandag", "zondag", "avond") == {
        "bool": {"filter": [{"terms": {"days": ["maandag", "zondag"]}}, {"terms": {"day_parts": ["avond"]}}]}
    }


def test_working_times_are_not_filled_in_when_neither_group_is() -> None:
    assert kept("working_times", NOT_FILLED) == {
        "bool": {"must_not": [{"exists": {"field": "days"}}, {"exists": {"field": "day_parts"}}]}
    }


@pytest.mark.requirement("CAND-35")
def test_ages_count_from_the_day_so_that_equal_searches_are_cached() -> None:
    assert kept("recency", "week") == {"range": {"updated_at": {"gte": "2026-11-17", "time_zone": "Europe/Amsterdam"}}}


@pytest.mark.requirement("CAND-16")
def test_the_place_excludes_only_with_a_radius() -> None:
    assert place_clause(asked(centre=ROTTERDAM, radius_km=10)) == {
        "geo_distance": {"distance": "10km", "point": {"lat": 51.9225, "lon": 4.4792}}
    }
    assert place_clause(asked(centre=ROTTERDAM, radius_km=None)) is None
    assert place_clause(asked()) is None


@pytest.mark.requirement("CAND-37")
def test_a_showcase_offers_only_its_own_options_and_always_not_filled_in() -> None:
    view = hiding("languages")
    few = view.__class__(view.code, view.name, view.parts, (ShownCategory("level", ("hbo", "wo")),))
    assert offered_options("level", few, KNOWN) == ("hbo", "wo", NOT_FILLED)
    assert offered_options("licence", few, KNOWN) == ()
    assert offered_options("language", view, KNOWN) == ()
    assert offered_options("working_times", EVERYTHING, KNOWN)[-2:] == ("nacht", NOT_FILLED)


@pytest.mark.requirement("CAND-37")
@pytest.mark.parametrize(
    ("criteria", "category", "option"),
    [
        (asked(hiding("languages"), filters={"language": ["nl"]}), "language", ""),
        (asked(filters={"level": ["onzin"]}), "level", "onzin"),
        (asked(hiding("home"), centre=ROTTERDAM), "place", ""),
    ],
)
def test_what_the_showcase_does_not_offer_is_refused(criteria: Any, category: str, option: str) -> None:
    with pytest.raises(NotOffered) as refused:
        check_filters(criteria, KNOWN)
    assert (refused.value.category, refused.value.option) == (category, option)
