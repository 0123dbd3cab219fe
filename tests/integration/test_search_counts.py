"""Counts beside options, chips and suggestions: each is what one finds after clicking it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from indexer.engine.instance import Running
from matching.candidates.parts import CATEGORIES, NOT_FILLED
from matching.search.bodies import relaxed
from matching.search.results import Suggestion
from tests.support.knowing import asked, hiding
from tests.support.listings import EVERYTHING, PEOPLE, ROTTERDAM
from tests.support.searching import Searching, hand_made


@pytest.fixture(scope="module")
def people(engine: Running) -> Iterator[Searching]:
    with hand_made(engine) as searching:
        yield searching


@pytest.mark.requirement("CAND-20")
@pytest.mark.parametrize(
    "question",
    [
        {},
        {"occupations": ("heftruckchauffeur",)},
        {"words": ("chauffeur",), "centre": ROTTERDAM, "radius_km": 100},
        {"filters": {"level": ["mbo-1"], "licence": ["B"]}},
        {"levels": ("mbo-2",)},
    ],
)
@pytest.mark.parametrize("category", list(CATEGORIES))
def test_a_count_is_what_ticking_only_that_option_gives(
    people: Searching, category: str, question: dict[str, Any]
) -> None:
    counts = people.search(**question).facets[category]
    assert list(counts)[-1] == NOT_FILLED
    for option, count in counts.items():
        filters = {**question.get("filters", {}), category: [option]}
        assert people.search(**{**question, "filters": filters}).total == count, option


def test_zeros_are_filled_in(people: Searching) -> None:
    counts = people.search(filters={"level": ["wo"]}).facets["level"]
    assert (counts["wo"], counts["mbo-2"], counts[NOT_FILLED]) == (0, 1, 11)


@pytest.mark.requirement("CAND-33")
def test_day_parts_are_counted_among_the_ticked_days(people: Searching) -> None:
    assert people.counts("working_times", filters={"working_times": ["dinsdag"]}) == {
        "maandag": 2,
        "dinsdag": 1,
        "ochtend": 1,
        NOT_FILLED: 11,
    }


@pytest.mark.requirement("CAND-37")
def test_only_categories_that_the_showcase_offers_are_counted(people: Searching) -> None:
    view = hiding("languages", "hours")
    codes = list(people.search(view).facets)
    assert "language" not in codes
    assert "hours" not in codes
    assert "level" in codes


@pytest.mark.requirement("CAND-06")
def test_each_relaxation_counts_what_the_search_without_it_finds(people: Searching) -> None:
    criteria = asked(
        occupations=("kok",),
        words=("heftruck",),
        levels=("mbo-2",),
        centre=ROTTERDAM,
        radius_km=5,
        filters={"licence": ["B"]},
    )
    found = people.reader.relaxations(criteria, people.basis)
    assert [(one.kind, one.value) for one in found] == [(kind, value) for kind, value, _ in relaxed(criteria)]
    for relaxation, (_, _, other) in zip(found, relaxed(criteria), strict=True):
        assert relaxation.total == people.run(other).total


def test_nothing_asked_has_nothing_to_relax(people: Searching) -> None:
    assert people.reader.relaxations(asked(), people.basis) == ()


@pytest.mark.requirement("CAND-12")
def test_suggestions_tell_how_many_candidates_have_each(people: Searching) -> None:
    pairs = {
        ("occupation", "heftruckchauffeur"): 5,
        ("group", "heftruck-intern-transport"): 6,
        ("level", "mbo-2"): 1,
        ("language", "nl"): 2,
        ("licence", "B"): 3,
        ("working_time", "voltijd"): 4,
        ("capability", "zitten"): 1,
        ("target_group", "wsw"): 1,
    }
    suggestions = [Suggestion(kind, code, code, code, 0) for kind, code in pairs]
    counted = people.reader.suggest_counts(EVERYTHING, suggestions, people.basis)
    assert {(one.kind, one.code): one.count for one in counted} == pairs
    found = people.search(occupations=("heftruckchauffeur",))
    assert [one.related for one in counted] == [found.related, *[0] * (len(pairs) - 1)]
    hidden = people.reader.suggest_counts(hiding("capabilities"), suggestions[6:7], people.basis)
    assert [one.count for one in hidden] == [0]
    assert people.reader.suggest_counts(EVERYTHING, [], people.basis) == ()


def test_one_listing_is_judged_by_the_search_whether_it_matches_or_not(people: Searching) -> None:
    criteria = asked(levels=("mbo-1",), centre=ROTTERDAM, radius_km=5)
    hit = people.reader.one(criteria, 7, people.basis)
    assert hit is not None
    assert hit.listing["name"] == PEOPLE[7]["name"]
    assert [(reason.sign, reason.kind) for reason in hit.reasons] == [("unknown", "level"), ("met", "distance")]
    assert people.reader.one(criteria, 999, people.basis) is None


def test_whether_one_candidate_is_found(people: Searching) -> None:
    criteria = asked(occupations=("heftruckchauffeur",), filters={"licence": ["B"]})
    assert [one for one in range(1, 14) if people.reader.finds(criteria, one, people.basis)] == sorted(
        people.ids(occupations=("heftruckchauffeur",), filters={"licence": ["B"]})
    )
    assert not people.reader.finds(criteria, 99, people.basis)
