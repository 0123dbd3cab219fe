"""Suggestions while typing, and what typed text is read as."""

from __future__ import annotations

import pytest

from matching.candidates.parts import CATEGORIES, PARTS, ShowcaseView, ShownCategory
from matching.search.suggestions import PER_KIND, SuggestionIndex
from matching.search.terms import KINDS
from matching.search.understanding import Understander
from matching.taxonomy.occupations import load_bundled
from matching.taxonomy.vocabularies import load_vocabularies

OPEN = ShowcaseView("open", "Open", frozenset(PARTS), tuple(ShownCategory(code) for code in CATEGORIES))


@pytest.fixture(scope="module")
def index() -> SuggestionIndex:
    return SuggestionIndex.build(load_bundled(), load_vocabularies())


@pytest.fixture(scope="module")
def understander() -> Understander:
    return Understander.build(load_bundled(), load_vocabularies())


def labels(index: SuggestionIndex, text: str, view: ShowcaseView = OPEN) -> list[str]:
    return [suggestion.label for suggestion in index.find(text, view)]


@pytest.mark.requirement("CAND-11", "CAND-12")
@pytest.mark.parametrize(
    ("typed", "kind", "label"),
    [
        ("heftruckch", "occupation", "Heftruckchauffeur"),
        ("interieurverz", "occupation", "Schoonmaker"),
        ("truckch", "occupation", "Heftruckchauffeur"),
        ("recepsion", "occupation", "Receptionist"),
        ("horeca", "group", "Leiding in horeca en hotel"),
        ("mbo", "level", "MBO 2"),
        ("engel", "language", "Engels"),
        ("rijbewijs b", "licence", "B: personenauto"),
        ("voltijd", "working_time", "Voltijd (min. 32 uur)"),
        ("concentr", "capability", "Concentreren"),
        ("garantie", "target_group", "Garantiebaan (banenafspraak)"),
    ],
)
def test_every_kind_is_suggested(index: SuggestionIndex, typed: str, kind: str, label: str) -> None:
    assert (kind, label) in {(suggestion.kind, suggestion.label) for suggestion in index.find(typed, OPEN)}


def test_the_name_that_was_recognised_is_told(index: SuggestionIndex) -> None:
    found = {suggestion.code: suggestion.matched for suggestion in index.find("interieurverzorger", OPEN)}
    assert found["schoonmaker"] == "interieurverzorger"


def test_a_name_that_begins_so_comes_before_one_that_holds_it(index: SuggestionIndex) -> None:
    found = labels(index, "kok")
    assert found[0] == "Kok"


def test_suggestions_are_grouped_by_kind_and_bounded(index: SuggestionIndex) -> None:
    kinds = [suggestion.kind for suggestion in index.find("ve", OPEN)]
    assert kinds == sorted(kinds, key=kinds.index)
    assert all(kinds.count(kind) <= PER_KIND for kind in KINDS)


@pytest.mark.parametrize("typed", ["", "k", " ", "*", "xqzwv", "((((", "\u0000"])
def test_nothing_fits_nothing(index: SuggestionIndex, typed: str) -> None:
    assert index.find(typed, OPEN) == ()


@pytest.mark.requirement("CAND-37")
def test_a_showcase_suggests_only_what_it_shows(index: SuggestionIndex) -> None:
    closed = ShowcaseView("dicht", "Dicht", frozenset({"functions"}), (ShownCategory("target_group"),))
    assert "language" not in {suggestion.kind for suggestion in index.find("engels", closed)}
    assert index.find("garantie", closed) == ()
    assert "Kok" in labels(index, "kok", closed)


@pytest.mark.requirement("CAND-15")
@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("Heftruckchauffeur", [("occupation", "Heftruckchauffeur", "label")]),
        ("interieurverzorger", [("occupation", "Schoonmaker", "synonym")]),
        ("verpleegkundigen", [("occupation", "Verpleegkundige", "variant")]),
        ("kapsters", [("occupation", "Kapper", "variant")]),
        ("pakket bezorger", [("occupation", "Pakketbezorger", "variant")]),
        ("administratiefmedewerker", [("occupation", "Administratief medewerker", "variant")]),
        ("stukedoor", [("occupation", "Stukadoor", "typo")]),
        ("lekker werken", [("word", "lekker", "word"), ("word", "werken", "word")]),
        ("medewerker", [("word", "medewerker", "word")]),
        (
            "kok, rijbewijs B, voltijd",
            [
                ("occupation", "Kok", "label"),
                ("licence", "B: personenauto", "synonym"),
                ("working_time", "Voltijd (min. 32 uur)", "synonym"),
            ],
        ),
        ("kok, kok", [("occupation", "Kok", "label")]),
        ("", []),
        ("?!*", [("word", "?!*", "word")]),
    ],
)
def test_what_typed_text_is_read_as(
    understander: Understander, typed: str, expected: list[tuple[str, str, str]]
) -> None:
    assert [(item.kind, item.label, item.via) for item in understander.read(typed, OPEN)] == expected


def test_a_name_that_several_groups_share_is_all_of_them(understander: Understander) -> None:
    read = understander.read("chauffeurs", OPEN)
    assert len(read) > 1
    assert {item.kind for item in read} == {"group"}


def test_what_was_typed_is_kept_beside_what_it_was_read_as(understander: Understander) -> None:
    (item,) = understander.read("  loodgeiter ", OPEN)
    assert (item.typed, item.label, item.via) == ("loodgeiter", "Loodgieter", "typo")


def test_a_kind_that_the_showcase_hides_is_a_word_there(understander: Understander) -> None:
    closed = ShowcaseView("dicht", "Dicht", frozenset({"functions"}), ())
    assert [item.kind for item in understander.read("engels", closed)] == ["word"]
