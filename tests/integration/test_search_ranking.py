"""Who is found and in which order, on the real engine; what each listing is for stands in tests/support/listings.py."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from indexer.engine.instance import Running
from matching.search.errors import NotOffered
from tests.support.knowing import hiding
from tests.support.listings import PEOPLE, ROTTERDAM
from tests.support.searching import Searching, hand_made


@pytest.fixture(scope="module")
def people(engine: Running) -> Iterator[Searching]:
    with hand_made(engine) as searching:
        yield searching


@pytest.mark.requirement("CAND-01")
def test_without_a_question_everybody_is_there_latest_first(people: Searching) -> None:
    found = people.search()
    assert found.total == len(PEOPLE)
    assert [hit.id for hit in found.hits] == [13, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 10]
    assert (found.exact, found.related, found.pages) == (None, None, 1)


@pytest.mark.requirement("CAND-04", "CAND-14")
def test_who_wants_and_did_it_then_wants_it_most_then_wants_it_too_then_did_it_then_related(people: Searching) -> None:
    found = people.search(occupations=("heftruckchauffeur",))
    assert [hit.id for hit in found.hits] == [1, 2, 4, 13, 3, 5, 6]
    assert (found.total, found.exact, found.related) == (7, 5, 2)


@pytest.mark.requirement("CAND-14")
def test_without_related_only_those_with_the_occupation_itself(people: Searching) -> None:
    found = people.search(occupations=("heftruckchauffeur",), related=False)
    assert [hit.id for hit in found.hits] == [1, 2, 4, 13, 3]
    assert (found.exact, found.related) == (5, 0)


def test_a_group_finds_all_its_occupations_as_the_thing_itself(people: Searching) -> None:
    found = people.search(groups=("heftruck-intern-transport",))
    assert {hit.id for hit in found.hits} == {1, 2, 3, 4, 5, 13}
    assert found.exact == 6


def test_several_occupations_widen(people: Searching) -> None:
    assert set(people.ids(occupations=("taxichauffeur", "vrachtwagenchauffeur"), related=False)) == {7, 8}


@pytest.mark.requirement("CAND-15")
@pytest.mark.parametrize(
    ("words", "ids", "why"),
    [
        (("chauffeur",), {1, 2, 3, 5, 7, 8, 9, 13}, "a word finds the compounds that end in it"),
        (("chauffeurs",), {1, 2, 3, 5, 7, 8, 9, 13}, "and so does its plural"),
        (("vrachtwagenchauffeur",), {7, 9}, "a compound finds itself and its parts written apart, no other driver"),
        (("vrachtwagen", "chauffeur"), {7, 9}, "written apart it finds the compound"),
        (("arts",), set(), "'arts' stands in 'Bartstraat' by accident"),
        (("bartstraat",), {9}, "a protected word is found as it is"),
        (("verkoper",), {10}, "gender doesn't matter"),
        (("containers", "kade"), {1}, "words may stand in different parts"),
        (("containers", "dordrecht"), set(), "but all must occur"),
        (("heftruck",), {1, 2, 3, 4, 11, 13}, "a name counts as text too"),
        (("vorkheftruck",), {1, 2, 3, 4, 13}, "a synonym of a word, but not of a name"),
        (("eerste", "hulp"), set(), "words that stand nowhere"),
        (("Yildiz",), {3}, "accents and dotless letters don't matter"),
        (("turks",), {1}, "labels of coded values are words"),
        (("*",), set(), "a wildcard is no word"),
        (("heftr*",), set(), "nor does it stand for letters"),
    ],
)
def test_words(people: Searching, words: tuple[str, ...], ids: set[int], why: str) -> None:
    assert set(people.ids(words=words)) == ids, why


def test_a_title_says_more_than_a_name(people: Searching) -> None:
    assert people.ids(words=("heftruck",))[-1] == 11


@pytest.mark.requirement("CAND-16", "CAND-08")
def test_the_radius_excludes_and_nearness_ranks(people: Searching) -> None:
    found = people.search(occupations=("heftruckchauffeur",), centre=ROTTERDAM, radius_km=10)
    assert [hit.id for hit in found.hits] == [1, 2, 3]
    assert found.hits[0].distance_km == pytest.approx(0, abs=0.01)
    assert found.hits[1].distance_km == pytest.approx(6.2, abs=0.1)
    wide = people.search(centre=ROTTERDAM, radius_km=None)
    assert wide.total == len(PEOPLE)
    assert [hit.id for hit in wide.hits][:3] == [1, 2, 3]


@pytest.mark.requirement("OPEN-07")
def test_wishes_alone_find_those_who_meet_one_and_rank_by_how_many(people: Searching) -> None:
    assert people.ids(levels=("mbo-2",), licences=("B",)) == [1, 2, 7]
    assert people.ids(languages=("tr",)) == [1]
    assert people.ids(working_times=("voltijd",)) == [1, 2, 7, 9]


def test_beside_an_occupation_wishes_exclude_nobody(people: Searching) -> None:
    plain = people.search(occupations=("heftruckchauffeur",)).total
    assert people.search(occupations=("heftruckchauffeur",), levels=("wo",), languages=("fr",)).total == plain
    assert people.ids(occupations=("heftruckchauffeur",), levels=("mbo-1",), licences=("B",))[0] in (1, 2)


@pytest.mark.requirement("CAND-09", "CAND-10", "CAND-24", "OPEN-09")
def test_filters_narrow_between_categories_and_widen_within(people: Searching) -> None:
    assert set(people.ids(filters={"licence": ["B"]})) == {1, 2, 7}
    assert set(people.ids(filters={"licence": ["B"], "level": ["mbo-1"]})) == {2}
    assert people.ids(occupations=("heftruckchauffeur",), filters={"licence": ["B"]}) == [1, 2]
    assert set(people.ids(filters={"level": ["mbo-1", "mbo-2"]})) == {1, 2}
    assert set(people.ids(filters={"level": ["mbo-1", "niet-ingevuld"], "licence": ["B"]})) == {2, 7}


@pytest.mark.requirement("CAND-33")
def test_working_times_need_a_day_and_a_day_part(people: Searching) -> None:
    assert set(people.ids(filters={"working_times": ["maandag"]})) == {1, 2}
    assert set(people.ids(filters={"working_times": ["maandag", "ochtend"]})) == {1}


@pytest.mark.requirement("CAND-35")
def test_recency_counts_back_from_today(people: Searching) -> None:
    assert set(people.ids(filters={"recency": ["maand"]})) == {1, 13}
    assert 10 not in people.ids(filters={"recency": ["jaar"]})


@pytest.mark.requirement("CAND-32")
def test_hours_inside_the_choice_come_before_hours_that_overlap(people: Searching) -> None:
    assert people.ids(filters={"hours": ["24-32"]}) == [2, 7, 1, 9]


@pytest.mark.requirement("CAND-37")
def test_a_part_hidden_now_finds_nobody_although_the_index_holds_it(people: Searching) -> None:
    assert people.ids(hiding("about"), words=("bartstraat",)) == []
    assert people.ids(hiding("languages"), words=("turks",)) == []
    assert "about" not in people.search(hiding("about"), words=("vrachtwagenchauffeur",)).hits[0].listing
    with pytest.raises(NotOffered):
        people.search(hiding("licences"), filters={"licence": ["B"]})


def test_reasons_come_with_the_hits(people: Searching) -> None:
    [first, *_] = people.search(occupations=("heftruckchauffeur",), levels=("mbo-3",)).hits
    assert [(reason.sign, reason.kind) for reason in first.reasons] == [
        ("met", "function"),
        ("met", "experience"),
        ("partly", "level"),
    ]


def test_pages_follow_each_other_without_gap_or_repeat(people: Searching) -> None:
    pages = [people.ids(page=number, page_size=5) for number in (1, 2, 3)]
    assert [len(page) for page in pages] == [5, 5, 3]
    assert [one for page in pages for one in page] == people.ids()
    assert people.search(page=2, page_size=5).pages == 3
