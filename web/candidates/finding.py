"""Asks the engine: the one place where pages call the reader, with what every search needs to know."""

from __future__ import annotations

from collections.abc import Sequence

from matching.candidates.parts import ShowcaseView
from matching.search.criteria import SearchCriteria
from matching.search.results import Hit, Relaxation, ResultPage, Suggestion
from web.services import services


def find(criteria: SearchCriteria) -> ResultPage:
    """One page of results with its facets; raises EngineDown when the engine gives no answer."""
    parts = services()
    return parts.reader.search(criteria, parts.basis)


def count(criteria: SearchCriteria) -> int:
    """How many match; raises EngineDown."""
    parts = services()
    return parts.reader.count(criteria, parts.basis)


def finds(criteria: SearchCriteria, candidate: int) -> bool:
    """Whether a candidate is among those found, on whatever page; raises EngineDown."""
    parts = services()
    return parts.reader.finds(criteria, candidate, parts.basis)


def one(criteria: SearchCriteria, candidate: int) -> Hit | None:
    """A candidate judged by this search, also when it doesn't meet it; None when the index doesn't hold it (yet)."""
    parts = services()
    return parts.reader.one(criteria, candidate, parts.basis)


def relaxations(criteria: SearchCriteria) -> Sequence[Relaxation]:
    """How many there would be without each thing asked."""
    parts = services()
    return parts.reader.relaxations(criteria, parts.basis)


def suggestions(text: str, view: ShowcaseView) -> Sequence[Suggestion]:
    """Recognised terms with the number of candidates in this showcase."""
    parts = services()
    found = parts.suggestions.find(text, view)
    return parts.reader.suggest_counts(view, found, parts.basis)
