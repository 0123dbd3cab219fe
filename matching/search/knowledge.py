"""What query building knows besides the criteria: occupations, vocabularies, word lists and the day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo

from matching.search.mapping import load_word_lists
from matching.taxonomy.occupations import Taxonomy
from matching.taxonomy.vocabularies import Vocabulary

#: Days that ages count from begin and end in the Netherlands.
TIME_ZONE = "Europe/Amsterdam"


def today_in_the_netherlands() -> date:
    """The present day for candidates and employers, wherever this machine's clock thinks it is."""
    return datetime.now(ZoneInfo(TIME_ZONE)).date()


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
