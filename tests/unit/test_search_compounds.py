"""Compounds that are typed are split with the reviewed list of parts, whole words only."""

from __future__ import annotations

import re

import pytest

from matching.search.compounds import LONGEST_WORD, split_compound, written_apart
from matching.search.mapping import load_word_lists

LISTS = load_word_lists()
PARTS = frozenset(LISTS.compound_parts)


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("vrachtwagenchauffeur", ("vrachtwagen", "chauffeur")),
        ("Heftruckchauffeurs", ("heftruck", "chauffeur")),
        ("onderhoudsmonteur", ("onderhoud", "monteur")),
        ("productiemedewerkster", ("productie", "medewerkster")),
        ("bouwplaatsmedewerker", ("bouwplaats", "medewerker")),
        ("winkelcoördinator", ("winkel", "coordinator")),
    ],
)
def test_a_compound_is_split_into_the_longest_parts(word: str, parts: tuple[str, ...]) -> None:
    assert split_compound(word, PARTS) == parts


@pytest.mark.parametrize("word", ["Bartstraat", "huisarts", "kinderopvang", "bezorger", "chauffeur", "pannenkoek", ""])
def test_what_is_no_compound_of_known_parts_stays_whole(word: str) -> None:
    assert split_compound(word, PARTS) == ()


class CountedParts(frozenset[str]):
    """The parts, counting how often they are asked for one."""

    looks = 0

    def __contains__(self, part: object) -> bool:
        self.looks += 1
        return super().__contains__(part)


@pytest.mark.parametrize("word", ["tuin" * 14 + "q", "tuinbouw" * 7 + "q", "tuin" * 15, "tuinen" * 9 + "q"])
def test_splitting_looks_at_each_piece_of_a_word_once(word: str) -> None:
    """A word of many parts that does not work out at its end must not be tried in every way there is."""
    parts = CountedParts(PARTS | {"tuin", "tuinbouw", "bouw"})
    split_compound(word, parts)
    assert len(word) <= LONGEST_WORD
    assert parts.looks <= len(word) ** 2


@pytest.mark.parametrize("word", ["tuinbouw" * 20 + "q", "tuinbouw" * 25, "a" * 200])
def test_what_is_too_long_for_a_word_is_left_whole(word: str) -> None:
    parts = CountedParts(PARTS)
    assert split_compound(word, parts) == ()
    assert parts.looks <= 1


def test_text_is_written_apart_only_when_there_is_a_compound_in_it() -> None:
    assert written_apart("ervaren magazijnmedewerker", PARTS) == "ervaren magazijn medewerker"
    assert written_apart("ervaren medewerker", PARTS) is None


def test_the_list_of_parts_holds_plain_words_of_four_letters_or_more_once() -> None:
    assert [part for part in LISTS.compound_parts if not re.fullmatch(r"[a-z]{4,20}", part)] == []
    assert len(PARTS) == len(LISTS.compound_parts)


def test_reviewed_stems_keep_their_own_form() -> None:
    """Each rule's outcome stands among its forms: it would be stemmed further otherwise."""
    for rule in LISTS.stems:
        forms, _, outcome = rule.partition("=>")
        assert outcome.strip() in [form.strip() for form in forms.split(",")], rule


def test_synonyms_hold_no_word_that_is_left_out() -> None:
    for line in LISTS.synonyms:
        for phrase in re.split(r"=>|,", line):
            assert phrase.strip(), line
            assert not set(phrase.split()) & set(LISTS.stopwords), line
