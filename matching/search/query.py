"""The query of the hits: what must match, what excludes, and the bounded parts that a score is the sum of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from matching.candidates.parts import ShowcaseView
from matching.search.asked import AskedRing, any_ring, asked_rings, done, wanted, wanted_first
from matching.search.clauses import MATCH_ALL, MATCH_NONE, Clause, all_of, any_of, constant, exists
from matching.search.criteria import SearchCriteria
from matching.search.filters import filter_clauses, hours_clause, place_clause
from matching.search.knowledge import Knowledge
from matching.search.ranking import Part, RankingProfile
from matching.search.wishes import wish_parts, wishes_met
from matching.search.words import word_clauses
from matching.taxonomy.text import normalise

#: A linear decay is half at its scale, and so nothing at twice that beyond its offset.
_HALF = 0.5


def scored_query(criteria: SearchCriteria, profile: RankingProfile, knowledge: Knowledge) -> Clause:
    """Everything that matches, scored; each part of the profile is one clause at the top, named `part:NAME`."""
    must = [
        part
        for part in (occupation_part(criteria, profile, knowledge), words_part(criteria, profile, knowledge))
        if part
    ]
    should = [*wish_parts(criteria, profile, knowledge), recency_part(profile["recency"], knowledge)]
    should += [part for part in (distance_part(criteria, profile), hours_part(criteria, profile, knowledge)) if part]
    excluding = [*_wish_filter(criteria, knowledge), *narrowing(criteria, knowledge)]
    return {
        "bool": {
            "must": must,
            "filter": excluding or ([] if must else [dict(MATCH_ALL)]),
            "should": should,
            "minimum_should_match": 0,
        }
    }


def matching_query(criteria: SearchCriteria, profile: RankingProfile, knowledge: Knowledge) -> list[Clause]:
    """What must match, as clauses without score: with `narrowing` exactly the set that `scored_query` finds."""
    clauses: list[Clause] = []
    rings = asked_rings(criteria, knowledge.taxonomy, knowledge.compound_parts)
    if rings:
        clauses.append(any_ring(rings, criteria.showcase))
    clauses += word_clauses(asked_words(criteria, knowledge), criteria.showcase, profile["words"], knowledge)
    return [*clauses, *_wish_filter(criteria, knowledge)]


def narrowing(criteria: SearchCriteria, knowledge: Knowledge) -> list[Clause]:
    """What excludes: the place with its radius, and the ticked filters."""
    place = place_clause(criteria)
    return [*([place] if place else []), *filter_clauses(criteria, knowledge)]


def asked_words(criteria: SearchCriteria, knowledge: Knowledge) -> tuple[str, ...]:
    """The words to look for: those that only say 'in', 'de' or 'en' are left out when something else is asked."""
    telling = tuple(word for word in criteria.words if not set(normalise(word).split()) <= knowledge.stopwords)
    return telling if telling or criteria.occupations or criteria.groups else criteria.words


def _wish_filter(criteria: SearchCriteria, knowledge: Knowledge) -> list[Clause]:
    """With nothing else asked at least one wish must be met: nobody is listed who meets nothing (OPEN-07)."""
    if criteria.occupations or criteria.groups or criteria.words or not criteria.wishes:
        return []
    met = wishes_met(criteria, knowledge)
    return [any_of(met)] if met else []


def occupation_part(criteria: SearchCriteria, profile: RankingProfile, knowledge: Knowledge) -> Clause | None:
    """The nearest ring that the candidate stands in, and how; None when no occupation is asked."""
    part = profile["occupation"]
    rings = asked_rings(criteria, knowledge.taxonomy, knowledge.compound_parts)
    if not rings:
        return None
    standing = [
        constant(clause, part.points(ring.name, how))
        for ring in rings
        for how, clause in _standings(ring, criteria.showcase)
    ]
    return {"dis_max": {"queries": standing or [dict(MATCH_NONE)], "_name": part.clause_name}}


def _standings(ring: AskedRing, view: ShowcaseView) -> Iterator[tuple[str, Clause]]:
    """How candidates may stand in a ring (matching.search.ranking.HOW), as far as the showcase shows it."""
    wants, first, did = wanted(ring, view), wanted_first(ring, view), done(ring, view)
    if first and did:
        yield "first_and_done", all_of([first, did])
    if wants and did:
        yield "wanted_and_done", all_of([wants, did])
    if first:
        yield "first", first
    if wants:
        yield "wanted", wants
    if did:
        yield "done", did


def words_part(criteria: SearchCriteria, profile: RankingProfile, knowledge: Knowledge) -> Clause | None:
    """All words must occur; how well they do is squeezed below the weight, whatever the length of a text."""
    words = asked_words(criteria, knowledge)
    if not words:
        return None
    part = profile["words"]
    clauses = word_clauses(words, criteria.showcase, part, knowledge)
    return {
        "script_score": {
            "query": {"bool": {"must": clauses}},
            "script": {
                "source": "saturation(_score, params.half_at) * params.weight",
                "params": {"half_at": part.shape["half_at"] * len(clauses), "weight": part.weight},
            },
            "_name": part.clause_name,
        }
    }


def distance_part(criteria: SearchCriteria, profile: RankingProfile) -> Clause | None:
    """Even steps from the full weight near the centre to nothing at the edge of the radius (or of the reach)."""
    if criteria.centre is None or not criteria.showcase.shows("home"):
        return None
    part = profile["distance"]
    edge = float(criteria.radius_km or part.shape["reach_km"])
    full = edge * part.shape["full_within"]
    decay: dict[str, Any] = {
        "origin": {"lat": criteria.centre.lat, "lon": criteria.centre.lon},
        "offset": f"{full:g}km",
        "scale": f"{(edge - full) * _HALF:g}km",
        "decay": _HALF,
    }
    return {
        "function_score": {
            "query": exists("point"),
            "functions": [{"linear": {"point": decay}, "weight": part.weight}],
            "boost_mode": "replace",
            "_name": part.clause_name,
        }
    }


def hours_part(criteria: SearchCriteria, profile: RankingProfile, knowledge: Knowledge) -> Clause | None:
    """With hours ticked: wholly inside one of the classes, or overlapping with it; None when none is ticked."""
    classes = [term for term in knowledge.vocabularies["hours"] if term.code in criteria.filters.get("hours", ())]
    if not classes:
        return None
    part = profile["hours"]
    queries = []
    for term in classes:
        inside = [
            {"range": {"hours.min": {"gte": int(term.extra["min"])}}},
            {"range": {"hours.max": {"lte": int(term.extra["max"])}}},
        ]
        queries.append(constant(all_of(inside), part.points("inside")))
        queries.append(constant(hours_clause(term), part.points("overlapping")))
    return {"dis_max": {"queries": queries, "_name": part.clause_name}}


def recency_part(part: Part, knowledge: Knowledge) -> Clause:
    """The full weight for a profile changed today, half of it after so many days."""
    return {
        "distance_feature": {
            "field": "updated_at",
            "origin": f"{knowledge.today.isoformat()}",
            "pivot": f"{part.shape['half_after_days']:g}d",
            "boost": part.weight,
            "_name": part.clause_name,
        }
    }
