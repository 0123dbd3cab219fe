"""The address of a search: read once, written back as short as it can be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from matching.candidates.parts import CATEGORIES
from matching.search.criteria import DEFAULT_RADIUS_KM, RADII_KM, Order
from web.candidates.query import CHIP_PARAMETERS, ORDERS, Chip, Problem, Query, Understood, parse

TEXT = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=30)
CODE = st.from_regex(r"[a-z0-9-]{1,20}", fullmatch=True)
CHIPS = st.lists(
    st.one_of(st.builds(Chip, st.just("word"), TEXT), st.builds(Chip, st.sampled_from(sorted(CHIP_PARAMETERS)), CODE)),
    max_size=6,
    unique=True,
)
FILTERS = st.dictionaries(
    st.sampled_from(sorted(CATEGORIES)), st.lists(CODE, min_size=1, max_size=3, unique=True).map(tuple), max_size=4
)


def read(address: str | list[tuple[str, str]]) -> Query:
    query, problems = parse(MultiDict(address))
    assert problems == ()
    return query


@given(
    CHIPS,
    CODE | st.just(""),
    st.sampled_from((*RADII_KM, None)),
    FILTERS,
    st.booleans(),
    st.sampled_from(("match", *ORDERS.values())),
    st.integers(1, 5000),
    st.sampled_from(("", "eerste", "12")),
)
def test_what_is_written_is_read_back(
    chips: list[Chip],
    place: str,
    radius: int | None,
    filters: dict[str, tuple[str, ...]],
    related: bool,
    order: Order,
    page: int,
    candidate: str,
) -> None:
    ordered = {code: filters[code] for code in CATEGORIES if code in filters}
    query = Query(tuple(chips), place, radius, ordered, related, order, page, candidate)
    again = read(query.arguments())
    assert set(again.chips) == set(query.chips)
    assert (again.place, again.filters, again.related) == (place, ordered, related)
    assert again.radius_km == (radius if place else DEFAULT_RADIUS_KM)
    assert (again.order, again.page, again.candidate) == (order, page, candidate)


def test_an_empty_search_has_an_empty_address() -> None:
    assert Query().arguments() == []
    assert read([]).empty


@pytest.mark.requirement("CAND-16")
def test_a_distance_without_a_place_is_not_written() -> None:
    assert read([("straal", "5")]).arguments() == []
    assert read([("straal", "5")]).with_place("rotterdam").arguments() == [("plaats", "rotterdam"), ("straal", "5")]


@pytest.mark.requirement("CAND-13", "CAND-10")
def test_taking_a_chip_out_keeps_the_rest_and_starts_on_page_one() -> None:
    query = read([("beroep", "kok"), ("woord", "nacht"), ("f.niveau", "mbo-2"), ("pagina", "3"), ("kandidaat", "8")])
    assert query.without_chip(Chip("occupation", "kok")).arguments() == [("woord", "nacht"), ("f.niveau", "mbo-2")]


@pytest.mark.requirement("CAND-22")
def test_all_filters_go_at_once_and_chips_stay() -> None:
    query = read([("beroep", "kok"), ("f.niveau", "mbo-2"), ("f.rijbewijs", "B")])
    assert query.without_filters().arguments() == [("beroep", "kok")]


@pytest.mark.requirement("CAND-15")
def test_what_was_understood_can_be_searched_as_a_word() -> None:
    query = Query().with_chip(Chip("occupation", "kok"), "koks")
    assert query.understood == (Understood("occupation", "kok", "koks"),)
    assert query.as_word(query.understood[0]).arguments() == [("woord", "koks")]


def test_what_was_understood_is_forgotten_with_its_chip() -> None:
    assert read([("begrepen", "beroep:kok:koks")]).understood == ()


@pytest.mark.parametrize(
    ("pair", "problem"),
    [
        (("straal", "ver"), Problem("radius", "ver")),
        (("straal", "26"), Problem("radius", "26")),
        (("straal", "²5"), Problem("radius", "²5")),
        (("pagina", "nul"), Problem("page", "nul")),
        (("pagina", "0"), Problem("page", "0")),
        (("f.kleur", "rood"), Problem("category", "kleur")),
        (("woord", "x" * 201), Problem("text_too_long")),
        (("plaats", "x" * 81), Problem("place", "x" * 80)),
    ],
)
def test_what_cannot_be_used_is_named_and_left_out(pair: tuple[str, str], problem: Problem) -> None:
    query, problems = parse(MultiDict([("beroep", "kok"), pair]))
    assert problems == (problem,)
    assert query.arguments() == [("beroep", "kok")]


def test_too_many_chips_are_named() -> None:
    query, problems = parse(MultiDict([("woord", f"woord{number}") for number in range(30)]))
    assert len(query.chips) == 20
    assert problems == (Problem("too_many_chips", "20"),)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["beroep", "straal", "pagina", "f.niveau", "f.x", "kandidaat", "begrepen", "q"]), st.text()
        )
    )
)
def test_no_address_breaks_the_reader(pairs: list[tuple[str, str]]) -> None:
    query, _problems = parse(MultiDict(pairs))
    assert parse(MultiDict(query.arguments()))[1] == ()


def test_the_button_of_a_category_counts_above_the_one_that_was_open() -> None:
    assert read([("categorie", "niveau"), ("categorie", "taal")]).category == "language"
    assert read([("categorie", "niveau"), ("categorie", "-")]).category == ""


def test_the_switch_counts_above_the_field_it_replaces() -> None:
    assert not read([("verwant", "nee")]).related
    assert read([("verwant", "nee"), ("verwant", "")]).related
