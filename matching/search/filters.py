"""Filters: what each option of each category keeps; OR within a category, AND between categories (OPEN-09)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from matching.candidates.parts import CATEGORIES, NOT_FILLED, Category, ShowcaseView
from matching.search.clauses import Clause, all_of, any_of, none_filled, terms
from matching.search.criteria import SearchCriteria
from matching.search.errors import NotOffered
from matching.search.knowledge import TIME_ZONE, Knowledge
from matching.taxonomy.vocabularies import Term, licences_that_cover

#: category -> the field that holds its codes, where ticking an option keeps exactly the listings with that code.
CODE_FIELDS: dict[str, str] = {
    "level": "level",
    "transport": "transport",
    "certificate": "certificates",
    "target_group": "target_groups",
    "capability": "capabilities",
    "language": "languages",
    "contact": "contact",
    "work_type": "work_types",
}
#: category -> the fields that must all be empty for 'Niet ingevuld'.
EMPTY_FIELDS: dict[str, tuple[str, ...]] = {
    **{category: (field,) for category, field in CODE_FIELDS.items()},
    "licence": ("licences",),
    "hours": ("hours.max",),
    "working_times": ("days", "day_parts"),
    "recency": ("updated_at",),
}
#: The two groups of 'Werktijden': vocabulary -> field.
TIME_FIELDS: dict[str, str] = {"day": "days", "day_part": "day_parts"}

#: 32 hours a week counts as full-time and as part-time (OPEN-29).
FULL_AND_PART_TIME = 32


def offered_options(category: str, view: ShowcaseView, knowledge: Knowledge) -> tuple[str, ...]:
    """The options of a category in this showcase, in order, 'Niet ingevuld' last (CAND-37).

    Empty when the showcase doesn't offer the category or hides its part.
    """
    shown = view.category(category)
    if shown is None:
        return ()
    codes = [code for name in CATEGORIES[category].vocabularies for code in knowledge.vocabularies[name].codes]
    return (*(codes if shown.options is None else filter(shown.options.__contains__, codes)), NOT_FILLED)


def check_filters(criteria: SearchCriteria, knowledge: Knowledge) -> None:
    """Raise NotOffered for a filter, option or place that the showcase doesn't offer: hiding acts at once (CAND-37)."""
    for category, options in criteria.filters.items():
        offered = offered_options(category, criteria.showcase, knowledge)
        if not offered:
            raise NotOffered(category)
        for option in sorted(options):
            if option not in offered:
                raise NotOffered(category, option)
    if criteria.centre and not criteria.showcase.shows("home"):
        raise NotOffered("place")


def filter_clauses(criteria: SearchCriteria, knowledge: Knowledge, without: str = "") -> list[Clause]:
    """A clause for each category with ticked options, `without` left out, in the order of the categories."""
    return [
        category_clause(category, criteria.filters[category.code], knowledge)
        for category in CATEGORIES.values()
        if category.code != without and criteria.filters.get(category.code)
    ]


def category_clause(category: Category, options: Iterable[str], knowledge: Knowledge) -> Clause:
    """What these options of one category keep together."""
    chosen = set(options)
    ticked = [code for name in category.vocabularies for code in knowledge.vocabularies[name].codes if code in chosen]
    clauses: list[Clause] = []
    if ticked and category.code in CODE_FIELDS:
        clauses.append(terms(CODE_FIELDS[category.code], ticked))
    elif ticked and category.code == "working_times":
        clauses.append(all_of(list(time_groups(ticked, knowledge).values())))
    else:
        clauses += [option_clause(category.code, code, knowledge) for code in ticked]
    if NOT_FILLED in chosen:
        clauses.append(option_clause(category.code, NOT_FILLED, knowledge))
    return any_of(clauses)


def option_clause(category: str, option: str, knowledge: Knowledge) -> Clause:
    """What one option keeps by itself; what is counted beside it is this very clause. KeyError: no such option."""
    if option == NOT_FILLED:
        return none_filled(EMPTY_FIELDS[category])
    if category == "licence":
        return terms("licences", licences_that_cover(option))
    if category == "hours":
        return hours_clause(_term(knowledge, "hours", option))
    if category == "working_times":
        return next(iter(time_groups([option], knowledge).values()))
    if category == "recency":
        days = int(_term(knowledge, "recency", option).extra["days"])
        since = (knowledge.today - timedelta(days=days)).isoformat()
        return {"range": {"updated_at": {"gte": since, "time_zone": TIME_ZONE}}}
    return terms(CODE_FIELDS[category], [option])


def hours_clause(term: Term) -> Clause:
    """The candidate's hours overlap with a class of hours: one job with hours of that class suits (CAND-32).

    The upper end belongs to the next class, so that 24 hours is not also '16 - 24'; only 32 hours belongs to
    '24 - 32' and to '32 of meer' (OPEN-29), and the last class has no end.
    """
    least, most = int(term.extra["min"]), int(term.extra["max"])
    clauses: list[Clause] = []
    if least > 0:
        clauses.append({"range": {"hours.max": {"gte": least}}})
    if most <= FULL_AND_PART_TIME:
        closed = "lte" if most == FULL_AND_PART_TIME else "lt"
        clauses.append({"range": {"hours.min": {closed: most}}})
    return all_of(clauses)


def overlaps(term: Term, hours: Mapping[str, int]) -> bool:
    """Whether hours (`min`, `max`) overlap with a class: as `hours_clause` has it, told from a listing."""
    least, most = int(term.extra["min"]), int(term.extra["max"])
    if most > FULL_AND_PART_TIME:
        return hours["max"] >= least
    begins_in_time = hours["min"] <= most if most == FULL_AND_PART_TIME else hours["min"] < most
    return hours["max"] >= least and begins_in_time


def time_groups(options: Iterable[str], knowledge: Knowledge) -> Mapping[str, Clause]:
    """Ticked days and day parts as two groups: OR within each, both must hold when both are ticked (CAND-33)."""
    groups: dict[str, Clause] = {}
    chosen = set(options)
    for vocabulary, field in TIME_FIELDS.items():
        ticked = [code for code in knowledge.vocabularies[vocabulary].codes if code in chosen]
        if ticked:
            groups[vocabulary] = terms(field, ticked)
    return groups


def place_clause(criteria: SearchCriteria) -> Clause | None:
    """Lives within the radius (CAND-16); None without a centre or a radius."""
    if criteria.centre is None or criteria.radius_km is None:
        return None
    point = {"lat": criteria.centre.lat, "lon": criteria.centre.lon}
    return {"geo_distance": {"distance": f"{criteria.radius_km}km", "point": point}}


def _term(knowledge: Knowledge, vocabulary: str, code: str) -> Term:
    term = knowledge.vocabularies[vocabulary].get(code)
    if term is None:
        raise KeyError(f"{vocabulary} has no value {code!r}")
    return term
