"""Wishes: level, language, licence and full- or part-time chips. They rank and are explained, they don't exclude."""

from __future__ import annotations

from collections import defaultdict

from matching.search.clauses import Clause, all_of, constant, terms
from matching.search.criteria import SearchCriteria
from matching.search.filters import hours_clause
from matching.search.knowledge import Knowledge
from matching.search.ranking import Part, RankingProfile
from matching.taxonomy.vocabularies import Term, Vocabulary, licences_that_cover


def wishes_met(criteria: SearchCriteria, knowledge: Knowledge) -> list[Clause]:
    """A clause for each wish that the showcase lets be asked: it holds for whoever meets the wish wholly."""
    shows = criteria.showcase.shows
    met: list[Clause] = []
    if criteria.levels and shows("level"):
        met.append(terms("level", criteria.levels))
    if criteria.languages and shows("languages"):
        met.append(terms("languages", criteria.languages))
    if criteria.licences and shows("licences"):
        met.append(terms("licences", [held for code in criteria.licences for held in licences_that_cover(code)]))
    if shows("hours"):
        met += [_works(code, knowledge) for code in criteria.working_times]
    return met


def wish_parts(criteria: SearchCriteria, profile: RankingProfile, knowledge: Knowledge) -> list[Clause]:
    """The scored parts of the wishes asked; those that look at a hidden part of the profile are left out."""
    shows = criteria.showcase.shows
    parts: list[Clause] = []
    if criteria.levels and shows("level"):
        parts.append(level_part(criteria.levels, profile["level"], knowledge.vocabularies["level"]))
    if criteria.languages and shows("languages"):
        has = [terms("languages", [code]) for code in criteria.languages]
        parts.append(_shared(has, profile["language"]))
    if criteria.licences and shows("licences"):
        may_drive = [terms("licences", licences_that_cover(code)) for code in criteria.licences]
        parts.append(_shared(may_drive, profile["licence"]))
    if criteria.working_times and shows("hours"):
        works = [_works(code, knowledge) for code in criteria.working_times]
        parts.append(_shared(works, profile["working_time"]))
    return parts


def level_part(asked: tuple[str, ...], part: Part, levels: Vocabulary) -> Clause:
    """The level itself, another on the same step, one step higher or one lower; the best of those counts."""
    codes_by_share: defaultdict[str, list[str]] = defaultdict(list)
    for level in levels:
        shares = {share for code in asked if (share := _share(level, levels.get(code)))}
        if shares:
            codes_by_share[max(shares, key=lambda share: part.shape[share])].append(level.code)
    queries = [constant(terms("level", codes), part.points(share)) for share, codes in sorted(codes_by_share.items())]
    return {"dis_max": {"queries": queries, "_name": part.clause_name}}


def _share(level: Term, asked: Term | None) -> str | None:
    if asked is None:
        return None
    if level.code == asked.code:
        return "same"
    return {0: "same_rank", 1: "higher", -1: "lower"}.get(level.rank - asked.rank)


def _shared(clauses: list[Clause], part: Part) -> Clause:
    """Each of the clauses that holds is worth an equal share of the weight."""
    points = part.weight / len(clauses)
    return {"bool": {"should": [constant(clause, points) for clause in clauses], "_name": part.clause_name}}


def _works(code: str, knowledge: Knowledge) -> Clause:
    term = knowledge.vocabularies["working_time"].get(code)
    return hours_clause(term) if term else all_of([{"match_none": {}}])
