"""What query building knows besides the criteria: occupations, vocabularies, word lists and the day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from matching.search.mapping import load_word_lists
from matching.taxonomy.occupations import Taxonomy
from matching.taxonomy.vocabularies import Vocabulary


@dataclass(frozen=True)
class Knowledge:
    """Passed to every body and answer. `today` is the day that ages count from: times are rounded to it, so that
    equal searches on one day give equal bodies, which the engine caches."""

    taxonomy: Taxonomy
    vocabularies: Mapping[str, Vocabulary]
    compound_parts: frozenset[str]
    stopwords: frozenset[str]
    today: date


def knowledge_of(taxonomy: Taxonomy, vocabularies: Mapping[str, Vocabulary], today: date) -> Knowledge:
    """Knowledge with the project's own word lists."""
    return Knowledge(taxonomy, vocabularies, *_word_sets(), today)


@cache
def _word_sets() -> tuple[frozenset[str], frozenset[str]]:
    words = load_word_lists()
    return frozenset(words.compound_parts), frozenset(words.stopwords)
