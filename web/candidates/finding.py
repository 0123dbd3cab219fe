"""Asks the engine: the one place where pages call the reader, with what every search needs to know."""

from __future__ import annotations

from collections.abc import Sequence

from matching.candidates.parts import ShowcaseView
from matching.search.criteria import SearchCriteria
from matching.search.results import Hit, Relaxation, ResultPage, Suggestion
from web.services import services


def find(criteria: SearchCriteria) -> ResultPage:
    """One page of results with its facets; raises EngineDown when the engine gives no answer."""
    return services().reader.search(criteria)


def one(criteria: SearchCriteria, candidate: int) -> Hit | None:
    """A candidate judged by this search, also when it doesn't meet it; None when the index doesn't hold it (yet)."""
    return services().reader.one(criteria, candidate)


def relaxations(criteria: SearchCriteria) -> Sequence[Relaxation]:
    """How many there would be without each thing asked."""
    return services().reader.relaxations(criteria)


def suggestions(text: str, view: ShowcaseView) -> Sequence[Suggestion]:
    """Recognised terms with the number of candidates in this showcase."""
    return services().reader.suggest(text, view)
