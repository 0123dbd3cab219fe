"""How many candidates stand behind each suggestion, in one cached body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from matching.candidates.parts import ShowcaseView
from matching.search.asked import any_ring, asked_rings
from matching.search.clauses import MATCH_NONE, Clause, any_of
from matching.search.criteria import CHIP_FIELDS, SearchCriteria
from matching.search.filters import option_clause
from matching.search.knowledge import Knowledge
from matching.search.results import Suggestion
from matching.search.wishes import wishes_met

_OWN, _WIDER = "suggestions", "with_related"


def suggestion_counts_body(showcase: ShowcaseView, suggestions: Sequence[Suggestion], knowledge: Knowledge) -> Any:
    """A body whose answer counts each suggestion: an occupation once for who has it and once with the related."""
    filters = {str(number): _clause(showcase, one, knowledge) for number, one in enumerate(suggestions)}
    aggregations = {_OWN: {"filters": {"filters": filters}}}
    wider = {
        str(number): _rings(_asking(showcase, one, related=True), knowledge)
        for number, one in enumerate(suggestions)
        if one.kind == "occupation"
    }
    if wider:
        aggregations[_WIDER] = {"filters": {"filters": wider}}
    return {"size": 0, "track_total_hits": False, "aggs": aggregations}


def with_counts(suggestions: Sequence[Suggestion], answer: Mapping[str, Any]) -> tuple[Suggestion, ...]:
    """The suggestions with the counts of an answer, in the same order."""
    own = answer["aggregations"][_OWN]["buckets"]
    wider = answer["aggregations"].get(_WIDER, {}).get("buckets", {})
    counted = []
    for number, one in enumerate(suggestions):
        count = own[str(number)]["doc_count"]
        total = wider.get(str(number), {}).get("doc_count", count)
        counted.append(replace(one, count=count, related=max(total - count, 0)))
    return tuple(counted)


def _clause(showcase: ShowcaseView, suggestion: Suggestion, knowledge: Knowledge) -> Clause:
    if suggestion.kind in ("occupation", "group"):
        return _rings(_asking(showcase, suggestion), knowledge)
    if suggestion.kind in CHIP_FIELDS:
        return any_of(wishes_met(_asking(showcase, suggestion), knowledge))
    if showcase.category(suggestion.kind) is None:
        return dict(MATCH_NONE)
    return option_clause(suggestion.kind, suggestion.code, knowledge)


def _rings(criteria: SearchCriteria, knowledge: Knowledge) -> Clause:
    return any_ring(asked_rings(criteria, knowledge.taxonomy, knowledge.compound_parts), criteria.showcase)


def _asking(showcase: ShowcaseView, suggestion: Suggestion, related: bool = False) -> SearchCriteria:
    chosen: dict[str, Any] = {CHIP_FIELDS[suggestion.kind]: (suggestion.code,)}
    return SearchCriteria(showcase, related=related, **chosen)
