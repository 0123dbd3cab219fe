"""Reasons: met, related, partly, not met or unknown, for what was asked and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from matching.search.found_words import parts_with_words
from matching.search.periods import Span, span_of
from matching.search.reasons import Explainer
from tests.support.knowing import asked, hiding, knowledge
from tests.support.listings import PEOPLE, ROTTERDAM, TODAY

KNOWN = knowledge()


def signs(person: int, distance_km: float | None = None, **changes: Any) -> list[tuple[str, str, Any]]:
    """(sign, kind, telling value) of each reason."""
    telling = {
        "function": "label",
        "experience": "years",
        "related": "ring",
        "word": "part",
        "level": "steps",
        "language": "grade",
        "licence": "via",
        "working_time": "code",
        "hours": "max",
        "distance": "km",
        "filter": "category",
    }
    found = Explainer(asked(**changes), KNOWN).reasons(PEOPLE[person], distance_km)
    return [(reason.sign, reason.kind, reason.values[telling[reason.kind]]) for reason in found]


def test_nothing_asked_is_nothing_judged() -> None:
    assert signs(1) == []


@pytest.mark.requirement("CAND-14")
@pytest.mark.parametrize(
    ("person", "expected"),
    [
        (1, [("met", "function", "Heftruckchauffeur"), ("met", "experience", 4)]),
        (3, [("met", "experience", 4)]),
        (4, [("met", "function", "Vorkheftruck-bestuurder")]),
        (5, [("related", "related", "unit_group")]),
        (6, [("related", "related", "related")]),
    ],
)
def test_who_has_the_occupation_and_who_a_related_one(person: int, expected: list[tuple[str, str, Any]]) -> None:
    assert signs(person, occupations=("heftruckchauffeur",)) == expected


def test_a_related_occupation_says_to_what() -> None:
    [reason] = Explainer(asked(occupations=("heftruckchauffeur",)), KNOWN).reasons(PEOPLE[6], None)
    assert reason.values == {
        "label": "Orderpicker",
        "code": "orderpicker",
        "ring": "related",
        "wanted": True,
        "asked": "Heftruckchauffeur",
    }


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        (1, [("met", "level", 0), ("met", "licence", "C"), ("met", "language", "moedertaal")]),
        (2, [("partly", "level", -1), ("met", "licence", "B"), ("not_met", "language", None)]),
        (12, [("unknown", "level", None), ("unknown", "licence", None), ("unknown", "language", None)]),
    ],
)
def test_wishes_are_met_partly_not_met_or_unknown(person: int, expected: list[tuple[str, str, Any]]) -> None:
    assert signs(person, levels=("mbo-2",), licences=("B",), languages=("tr",)) == expected


@pytest.mark.requirement("OPEN-29")
def test_thirty_two_hours_meets_full_time_and_part_time() -> None:
    both = {"working_times": ("voltijd", "deeltijd")}
    assert signs(7, **both) == [("met", "working_time", "voltijd"), ("met", "working_time", "deeltijd")]
    assert signs(8, **both) == [("not_met", "working_time", "voltijd"), ("met", "working_time", "deeltijd")]
    assert signs(12, **both) == [("unknown", "working_time", "voltijd"), ("unknown", "working_time", "deeltijd")]


def test_hours_filtered_on_are_met_inside_and_partly_when_overlapping() -> None:
    filters = {"hours": ["24-32"]}
    assert signs(2, filters=filters) == [("met", "hours", 32)]
    assert signs(1, filters=filters) == [("partly", "hours", 40)]


def test_a_distance_that_is_not_known_is_unknown() -> None:
    assert signs(1, 3.2, centre=ROTTERDAM) == [("met", "distance", 3.2)]
    assert signs(12, None, centre=ROTTERDAM, radius_km=None) == [("unknown", "distance", None)]


@pytest.mark.requirement("CAND-37")
def test_what_the_showcase_hides_is_no_reason() -> None:
    view = hiding("level", "licences", "experience", "hours")
    reasons = Explainer(
        asked(view, occupations=("heftruckchauffeur",), levels=("mbo-2",), licences=("B",), working_times=("voltijd",)),
        KNOWN,
    ).reasons(PEOPLE[1], None)
    assert [reason.kind for reason in reasons] == ["function"]


@pytest.mark.requirement("CAND-15")
@pytest.mark.parametrize(
    ("person", "word", "part"),
    [
        (1, "containers", "experience"),
        (1, "Turkse", ""),
        (1, "turks", "languages"),
        (9, "vrachtwagenchauffeur", "about"),
        (10, "verkopers", "one_liner"),
        (10, "detailhandel", "education"),
        (8, "chauffeurs", "functions"),
        (11, "heftruck", ""),
    ],
)
def test_a_word_is_found_in_a_part(person: int, word: str, part: str) -> None:
    assert parts_with_words([word], PEOPLE[person], KNOWN) == {word: part}


@pytest.mark.parametrize(
    ("entries", "span"),
    [
        ([{"start": "2018", "end": "2020"}], Span(2, 2020, False)),
        ([{"start": "2018-01", "end": "2020-12"}], Span(3, 2020, False)),
        ([{"start": "2018-01", "end": "2020-12"}, {"start": "2019-01", "end": "2021-12"}], Span(4, 2021, False)),
        ([{"start": "2026-06", "current": True}], Span(0, None, True)),
        ([{"end": "2020"}], Span(None, 2020, False)),
        ([{"start": "2020", "end": "2018"}], Span(None, 2018, False)),
        ([{}], Span(None, None, False)),
    ],
)
def test_years_count_once_and_never_more_than_is_told(entries: list[dict[str, Any]], span: Span) -> None:
    assert span_of(entries, TODAY) == span


def filtered(person: int, **filters: list[str]) -> list[tuple[str, str, tuple[str, ...], tuple[str, ...]]]:
    """(sign, category, options had, had by) of the reasons that filters give."""
    found = Explainer(asked(filters=filters), KNOWN).reasons(PEOPLE[person], None)
    return [(r.sign, r.values["category"], r.values["codes"], r.values["via"]) for r in found if r.kind == "filter"]


@pytest.mark.requirement("OPEN-09")
@pytest.mark.parametrize(
    ("category", "ticked", "has"),
    [
        ("certificate", ["vca-basis", "heftruck", "drone"], {"heftruck", "vca-basis"}),
        ("language", ["pl", "tr"], {"tr"}),
        ("level", ["mbo-1", "mbo-2"], {"mbo-2"}),
        ("target_group", ["wsw"], {"wsw"}),
        ("capability", ["zitten"], {"zitten"}),
        ("contact", ["direct"], {"direct"}),
        ("work_type", ["vervoeren"], {"vervoeren"}),
        ("working_times", ["maandag", "vrijdag", "ochtend"], {"maandag", "ochtend"}),
    ],
)
def test_a_filter_that_is_met_says_which_of_its_options(category: str, ticked: list[str], has: set[str]) -> None:
    [(sign, code, codes, via)] = filtered(1, **{category: ticked})
    assert (sign, code, set(codes)) == ("met", category, has)
    assert via == codes


def test_a_licence_filter_says_by_which_licence() -> None:
    assert filtered(7, licence=["B", "C"]) == [("met", "licence", ("B", "C"), ("CE", "CE"))]


def test_a_recent_change_is_named_by_every_period_it_falls_in() -> None:
    [option, *_rest] = sorted(KNOWN.vocabularies["recency"], key=lambda term: int(term.extra["days"]), reverse=True)
    assert filtered(1, recency=[option.code]) == [("met", "recency", (option.code,), (option.code,))]


def test_not_filled_is_unknown_and_never_met() -> None:
    assert filtered(12, certificate=["niet-ingevuld"], hours=["24-32", "niet-ingevuld"]) == [
        ("unknown", "certificate", (), ()),
        ("unknown", "hours", (), ()),
    ]
    assert signs(12, filters={"hours": ["niet-ingevuld"]}) == [("unknown", "filter", "hours")]


def test_a_filter_that_is_not_met_or_asked_as_a_chip_too_gives_no_second_reason() -> None:
    assert filtered(1, certificate=["drone"], working_times=["maandag", "nacht"]) == []
    assert [kind for _sign, kind, _value in signs(1, levels=("mbo-2",), filters={"level": ["mbo-2"]})] == ["level"]


@pytest.mark.requirement("CAND-16")
def test_in_the_town_searched_around_only_its_middle_is_known() -> None:
    def told(place: str, km: float) -> Any:
        [reason] = Explainer(asked(centre=ROTTERDAM), KNOWN).reasons({"place": place}, km)
        return reason.values["same_town"]

    assert told(ROTTERDAM.ref, 0.0)
    assert not told(ROTTERDAM.ref, 6.1)
    assert not told("schiedam", 0.4)
