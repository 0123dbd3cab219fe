"""The fixed vocabularies: complete, ordered, without double names, and what licences imply."""

from __future__ import annotations

import itertools
import re
from collections import Counter

import pytest

from matching.taxonomy.text import normalise
from matching.taxonomy.vocabularies import (
    Vocabulary,
    implied_licences,
    licences_that_cover,
    load_vocabularies,
)

NAMES = {
    "level",
    "licence",
    "language",
    "language_level",
    "transport",
    "certificate",
    "target_group",
    "capability",
    "work_type",
    "field",
    "day",
    "day_part",
    "hours",
    "contact",
    "recency",
    "working_time",
    "occupation_group",
}


@pytest.fixture(params=sorted(NAMES))
def vocabulary(request: pytest.FixtureRequest) -> Vocabulary:
    return load_vocabularies()[request.param]


def test_there_are_exactly_these_vocabularies() -> None:
    assert set(load_vocabularies()) == NAMES


def test_terms_are_complete_ordered_and_unique(vocabulary: Vocabulary) -> None:
    assert [term.position for term in vocabulary] == list(range(1, len(vocabulary) + 1))
    assert len(set(vocabulary.codes)) == len(vocabulary)
    for term in vocabulary:
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*", term.code), term
        assert term.label, term
        assert term.label_en, term
        assert vocabulary.get(term.code) is term
    assert vocabulary.get("bestaat-niet") is None
    assert list(vocabulary.labels) == list(vocabulary.codes)


def test_a_name_stands_for_one_term(vocabulary: Vocabulary) -> None:
    if vocabulary.name == "occupation_group":
        names = Counter(normalise(term.label) for term in vocabulary)
    else:
        names = Counter(name for term in vocabulary for name in {normalise(n) for n in (term.label, *term.synonyms)})
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.requirement("CAND-25", "PROF-13")
def test_levels_are_in_order_and_ranked_by_the_dutch_framework() -> None:
    levels = load_vocabularies()["level"]
    ranks = {term.code: term.rank for term in levels}
    ladder = ["praktijkonderwijs", "vmbo", "mbo-2", "mbo-3", "mbo-4", "hbo", "wo"]
    assert [ranks[code] for code in ladder] == sorted({ranks[code] for code in ladder})
    assert ranks["mbo-1"] == ranks["vmbo"]
    assert ranks["havo"] == ranks["vwo"] == ranks["mbo-4"] == ranks["hbo"] - 1
    assert levels.labels["mbo-4"] == "MBO 4"


@pytest.mark.requirement("CAND-26", "PROF-22")
@pytest.mark.parametrize(
    ("held", "implied"),
    [
        ("AM", "AM"),
        ("A", "A AM"),
        ("B", "B AM"),
        ("BE", "BE B AM"),
        ("C1", "C1 B AM"),
        ("C1E", "C1E C1 BE B AM"),
        ("C", "C C1 B AM"),
        ("CE", "CE C C1E C1 BE B AM"),
        ("D1", "D1 B AM"),
        ("D1E", "D1E D1 BE B AM"),
        ("D", "D D1 B AM"),
        ("DE", "DE D D1E D1 BE B AM"),
        ("T", "T"),
        ("X", ""),
    ],
)
def test_licences_imply_others(held: str, implied: str) -> None:
    assert implied_licences(held) == set(implied.split())


@pytest.mark.requirement("CAND-26")
def test_licences_that_cover_is_the_reverse() -> None:
    codes = load_vocabularies()["licence"].codes
    for wanted in codes:
        assert licences_that_cover(wanted) == {held for held in codes if wanted in implied_licences(held)}
    assert licences_that_cover("C") == {"C", "CE"}
    assert licences_that_cover("X") == frozenset()


@pytest.mark.requirement("PROF-22")
def test_licences_are_shown_with_code_and_meaning() -> None:
    labels = load_vocabularies()["licence"].labels
    assert labels["C"] == "C: vrachtwagen"
    assert labels["D"] == "D: busrijbewijs"
    assert all(label.startswith(f"{code}: ") for code, label in labels.items())


@pytest.mark.requirement("PROF-21", "CAND-31")
def test_language_levels_are_ranked_from_native_down() -> None:
    ranks = [term.rank for term in load_vocabularies()["language_level"]]
    assert ranks == sorted(ranks, reverse=True)
    assert len(load_vocabularies()["language"]) >= 40


@pytest.mark.requirement("CAND-28", "PROF-24")
def test_certificates_hold_those_the_manual_names() -> None:
    labels = set(load_vocabularies()["certificate"].labels.values())
    assert {"BHV", "Sociale hygiëne", "Heftruck", "Taxipas", "Code 95", "VCA basis", "Reachtruck"} <= labels


@pytest.mark.requirement("CAND-29", "PROF-11")
def test_target_groups_hold_those_the_manual_names() -> None:
    groups = load_vocabularies()["target_group"]
    names = {normalise(name) for term in groups for name in (term.label, *term.synonyms)}
    assert {"bbl", "garantiebaan", "praktijkroute", "beschut werk"} <= names


@pytest.mark.requirement("CAND-30", "PROF-26")
def test_capabilities_are_physical_or_mental() -> None:
    capabilities = load_vocabularies()["capability"]
    assert {term.extra["kind"] for term in capabilities} == {"physical", "mental"}
    assert {"Zitten", "Tillen", "Concentreren"} <= set(capabilities.labels.values())


@pytest.mark.requirement("ABOUT-07", "CAND-36", "PROF-18")
def test_work_types_are_explained() -> None:
    work_types = load_vocabularies()["work_type"]
    assert list(work_types.labels.values()) == ["Aanpakken", "Helpen", "Maken", "Verkopen", "Vervoeren"]
    assert all(term.extra["description"] and term.extra["description_en"] for term in work_types)


@pytest.mark.requirement("CAND-33", "PROF-25")
def test_days_and_day_parts_are_in_order() -> None:
    assert load_vocabularies()["day"].codes[0] == "maandag"
    assert load_vocabularies()["day"].codes[-1] == "zondag"
    assert load_vocabularies()["day_part"].codes == ("ochtend", "middag", "avond", "nacht")


@pytest.mark.requirement("CAND-32", "CAND-12")
def test_hour_classes_meet_and_32_hours_is_both_full_and_part_time() -> None:
    bounds = [(int(t.extra["min"]), int(t.extra["max"])) for t in load_vocabularies()["hours"]]
    assert all(low[1] == high[0] for low, high in itertools.pairwise(bounds))
    for term in load_vocabularies()["working_time"]:
        assert int(term.extra["min"]) <= 32 <= int(term.extra["max"])


@pytest.mark.requirement("CAND-34", "CAND-35", "CAND-27")
def test_contact_recency_and_transport_have_their_options() -> None:
    assert load_vocabularies()["contact"].codes == ("direct", "accountmanager")
    days = [int(term.extra["days"]) for term in load_vocabularies()["recency"]]
    assert days == sorted(days)
    assert load_vocabularies()["recency"].codes == ("week", "maand", "3-maanden", "half-jaar", "jaar")
    assert {"auto", "fiets", "openbaar-vervoer"} <= set(load_vocabularies()["transport"].codes)
