"""Turns the engine's answers into a typed page of results."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any

from matching.search.criteria import MAX_RESULT_WINDOW, SearchCriteria
from matching.search.facets import read_facets
from matching.search.knowledge import Knowledge
from matching.search.ranking import PART_PREFIX
from matching.search.reasons import Explainer, same_town
from matching.search.results import Hit, ResultPage
from matching.taxonomy.places import distance_km

Answer = Mapping[str, Any]


def result_page(
    criteria: SearchCriteria, knowledge: Knowledge, hits: Answer, facets: Answer, exact: Answer | None
) -> ResultPage:
    """The page of `criteria` from the answers to the bodies of hits, facets and exact count (None: not asked)."""
    total = total_of(hits)
    own = total_of(exact) if exact is not None else None
    explainer = Explainer(criteria, knowledge)
    return ResultPage(
        total=total,
        exact=own,
        related=None if own is None else max(total - own, 0),
        hits=tuple(read_hit(hit, criteria, explainer) for hit in hits["hits"]["hits"]),
        facets=read_facets(facets["aggregations"], criteria, knowledge),
        page=criteria.page,
        pages=ceil(min(total, MAX_RESULT_WINDOW) / criteria.page_size),
    )


def read_hit(hit: Answer, criteria: SearchCriteria, explainer: Explainer) -> Hit:
    """One hit with its named parts (0 for a part that adds nothing is left out) and the reasons."""
    listing = hit["_source"]
    distance = _distance(listing, criteria)
    named: Mapping[str, float] = hit.get("matched_queries") or {}
    return Hit(
        id=int(hit["_id"]),
        listing=listing,
        score=float(hit.get("_score") or 0.0),
        parts={
            name.removeprefix(PART_PREFIX): points
            for name, points in named.items()
            if name.startswith(PART_PREFIX) and points > 0
        },
        distance_km=distance,
        reasons=explainer.reasons(listing, distance),
        same_town=same_town(criteria, listing, distance),
    )


def total_of(answer: Answer) -> int:
    """How many match: `total` is always counted in full."""
    total: int = answer["hits"]["total"]["value"]
    return total


def _distance(listing: Answer, criteria: SearchCriteria) -> float | None:
    point = listing.get("point")
    if criteria.centre is None or point is None:
        return None
    return distance_km(criteria.centre.lat, criteria.centre.lon, point["lat"], point["lon"])
