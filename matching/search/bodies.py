"""Request bodies of a search: pure functions of criteria, ranking profile and knowledge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from matching.search.clauses import all_of
from matching.search.criteria import CHIP_FIELDS, MAX_RESULT_WINDOW, Order, SearchCriteria
from matching.search.errors import TooDeep
from matching.search.facets import facet_aggregations
from matching.search.filters import check_filters, place_clause
from matching.search.knowledge import Knowledge
from matching.search.query import matching_query, narrowing, scored_query
from matching.search.ranking import RankingProfile
from matching.search.returned import returned_fields

Body: TypeAlias = dict[str, Any]


def hits_body(criteria: SearchCriteria, profile: RankingProfile, knowledge: Knowledge) -> Body:
    """One page of hits with the exact total, in the order asked, by id among equals.

    Raises TooDeep beyond MAX_RESULT_WINDOW, NotOffered for a filter that the showcase doesn't offer, KeyError for an
    occupation or group that doesn't exist.
    """
    check_filters(criteria, knowledge)
    if criteria.page < 1 or criteria.page * criteria.page_size > MAX_RESULT_WINDOW:
        raise TooDeep(criteria.page, MAX_RESULT_WINDOW)
    return {
        "from": (criteria.page - 1) * criteria.page_size,
        "size": criteria.page_size,
        "track_total_hits": True,
        "query": scored_query(criteria, profile, knowledge),
        "sort": [*_SORTS[criteria.order], {"id": "asc"}],
        "track_scores": True,
        "_source": returned_fields(criteria),
    }


#: order -> sort clauses; among equals the better match comes first.
_SORTS: dict[Order, list[Body]] = {
    "match": [{"_score": "desc"}],
    "name": [{"name.sort": "asc"}, {"_score": "desc"}],
    "-name": [{"name.sort": "desc"}, {"_score": "desc"}],
    "updated": [{"updated_at": "asc"}, {"_score": "desc"}],
    "-updated": [{"updated_at": "desc"}, {"_score": "desc"}],
}


def facets_body(criteria: SearchCriteria, profile: RankingProfile, knowledge: Knowledge) -> Body:
    """Counts of every filter option; fit for the request cache. Errors as `hits_body`, but never TooDeep."""
    check_filters(criteria, knowledge)
    place = place_clause(criteria)
    base = [*matching_query(criteria, profile, knowledge), *([place] if place else [])]
    return {
        "size": 0,
        "track_total_hits": False,
        "query": all_of(base),
        "aggs": facet_aggregations(criteria, knowledge),
    }


def count_body(criteria: SearchCriteria, profile: RankingProfile, knowledge: Knowledge) -> Body:
    """Only how many `hits_body` would find; fit for the request cache. Errors as `facets_body`."""
    check_filters(criteria, knowledge)
    clauses = [*matching_query(criteria, profile, knowledge), *narrowing(criteria, knowledge)]
    return {"size": 0, "track_total_hits": True, "query": all_of(clauses)}


def among_body(criteria: SearchCriteria, candidate_id: int, profile: RankingProfile, knowledge: Knowledge) -> Body:
    """As `count_body`, of one candidate only: 1 when the search finds that candidate, else 0."""
    body = count_body(criteria, profile, knowledge)
    return body | {"query": all_of([body["query"], {"term": {"id": candidate_id}}])}


def exact_body(criteria: SearchCriteria, profile: RankingProfile, knowledge: Knowledge) -> Body | None:
    """How many have the occupation asked themselves, not by relation; None when no occupation is asked."""
    if not (criteria.occupations or criteria.groups):
        return None
    return count_body(replace(criteria, related=False), profile, knowledge)


def relaxed(criteria: SearchCriteria) -> Iterator[tuple[str, str, SearchCriteria]]:
    """Yield (kind, value, criteria) for each chip, filter category and the radius left out, in that order."""
    first_page = replace(criteria, page=1)
    for kind, name in CHIP_FIELDS.items():
        values: Sequence[str] = getattr(criteria, name)
        for value in values:
            rest = tuple(other for other in values if other != value)
            yield kind, value, replace(first_page, **{name: rest})  # type: ignore[arg-type]
    for category, options in criteria.filters.items():
        if options:
            rest_of = {code: chosen for code, chosen in criteria.filters.items() if code != category}
            yield "filter", category, replace(first_page, filters=rest_of)
    if criteria.centre is not None and criteria.radius_km is not None:
        yield "radius", str(criteria.radius_km), replace(first_page, radius_km=None)


def one_body(criteria: SearchCriteria, candidate_id: int) -> Body:
    """One listing as this showcase shows it now."""
    return {
        "size": 1,
        "query": all_of([{"term": {"id": candidate_id}}]),
        "_source": returned_fields(criteria),
    }
