"""Counts beside filter options: each what ticking that option would give, so its own category's choice is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from matching.candidates.parts import CATEGORIES, NOT_FILLED, Category, ShownCategory
from matching.search.clauses import Clause, all_of
from matching.search.criteria import SearchCriteria
from matching.search.filters import (
    CODE_FIELDS,
    filter_clauses,
    offered_options,
    option_clause,
    time_groups,
)
from matching.search.knowledge import Knowledge
from matching.search.results import Facets

_OPTIONS, _EMPTY = "options", "empty"


def shown_categories(criteria: SearchCriteria) -> Iterator[tuple[Category, ShownCategory]]:
    """The categories of the showcase in its own order, without those whose part it hides."""
    for entry in criteria.showcase.categories:
        shown = criteria.showcase.category(entry.code)
        if shown:
            yield CATEGORIES[entry.code], shown


def facet_aggregations(criteria: SearchCriteria, knowledge: Knowledge) -> dict[str, Any]:
    """An aggregation for each category: those that all other categories keep, by option, and 'Niet ingevuld'."""
    return {
        category.code: {
            "filter": all_of(filter_clauses(criteria, knowledge, without=category.code)),
            "aggs": {
                _OPTIONS: _options(category, criteria, knowledge),
                _EMPTY: {"filter": option_clause(category.code, NOT_FILLED, knowledge)},
            },
        }
        for category, _ in shown_categories(criteria)
    }


def _options(category: Category, criteria: SearchCriteria, knowledge: Knowledge) -> dict[str, Any]:
    options = [code for code in offered_options(category.code, criteria.showcase, knowledge) if code != NOT_FILLED]
    field = CODE_FIELDS.get(category.code)
    if field:
        return {"terms": {"field": field, "include": options, "size": max(len(options), 1)}}
    ticked = time_groups(criteria.filters.get(category.code, frozenset()), knowledge)
    return {"filters": {"filters": {code: _counted(category, code, ticked, knowledge) for code in options}}}


def _counted(category: Category, option: str, ticked: Mapping[str, Clause], knowledge: Knowledge) -> Clause:
    """An option's clause; days and day parts are two groups, each counted among those that the other's ticks keep."""
    clause = option_clause(category.code, option, knowledge)
    if category.code != "working_times" or not ticked:
        return clause
    others = [group for name, group in ticked.items() if option not in knowledge.vocabularies[name]]
    return all_of([clause, *others]) if others else clause


def read_facets(answer: Mapping[str, Any], criteria: SearchCriteria, knowledge: Knowledge) -> Facets:
    """The facets of an answer's `aggregations`: every option the showcase offers, zeros filled in."""
    facets = {}
    for category, _ in shown_categories(criteria):
        counted = answer[category.code]
        counts = _counts(counted[_OPTIONS]["buckets"])
        counts[NOT_FILLED] = counted[_EMPTY]["doc_count"]
        offered = offered_options(category.code, criteria.showcase, knowledge)
        facets[category.code] = {code: counts.get(code, 0) for code in offered}
    return facets


def _counts(buckets: Any) -> dict[str, int]:
    if isinstance(buckets, Mapping):
        return {code: bucket["doc_count"] for code, bucket in buckets.items()}
    return {bucket["key"]: bucket["doc_count"] for bucket in buckets}
