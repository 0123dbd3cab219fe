"""How many candidates stand behind each suggestion, in one cached body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matching.candidates.parts import ShowcaseView
from matching.search.asked import any_ring, asked_rings
from matching.search.clauses import MATCH_NONE, Clause, any_of
from matching.search.criteria import CHIP_FIELDS, SearchCriteria
from matching.search.filters import option_clause
from matching.search.knowledge import Knowledge
from matching.search.results import Suggestion
from matching.search.wishes import wishes_met


def suggestion_counts_body(showcase: ShowcaseView, suggestions: Sequence[Suggestion], knowledge: Knowledge) -> Any:
    """A body whose answer counts each suggestion; an occupation counts who has it themselves, not the related."""
    filters = {str(number): _clause(showcase, one, knowledge) for number, one in enumerate(suggestions)}
    return {"size": 0, "track_total_hits": False, "aggs": {"suggestions": {"filters": {"filters": filters}}}}


def read_counts(answer: Mapping[str, Any], number: int) -> list[int]:
    """The counts of an answer, in the order of the suggestions."""
    buckets = answer["aggregations"]["suggestions"]["buckets"]
    return [buckets[str(position)]["doc_count"] for position in range(number)]


def _clause(showcase: ShowcaseView, suggestion: Suggestion, knowledge: Knowledge) -> Clause:
    if suggestion.kind in ("occupation", "group"):
        criteria = _asking(showcase, suggestion)
        return any_ring(asked_rings(criteria, knowledge.taxonomy, knowledge.compound_parts), showcase)
    if suggestion.kind in CHIP_FIELDS:
        return any_of(wishes_met(_asking(showcase, suggestion), knowledge))
    if showcase.category(suggestion.kind) is None:
        return dict(MATCH_NONE)
    return option_clause(suggestion.kind, suggestion.code, knowledge)


def _asking(showcase: ShowcaseView, suggestion: Suggestion) -> SearchCriteria:
    chosen: dict[str, Any] = {CHIP_FIELDS[suggestion.kind]: (suggestion.code,)}
    return SearchCriteria(showcase, related=False, **chosen)
