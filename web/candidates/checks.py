"""Holds an address against what exists: unknown codes are left out and named, so that the rest still works."""

from __future__ import annotations

from dataclasses import replace

from matching.candidates.parts import CATEGORIES, NOT_FILLED, ShowcaseView
from matching.search.criteria import PAGE_SIZE, Centre, SearchCriteria
from matching.search.terms import offered
from matching.taxonomy.occupations import Taxonomy
from matching.taxonomy.places import Gazetteer
from matching.taxonomy.vocabularies import Vocabulary
from web.candidates.query import Chip, Problem, Query
from web.labels import chip_label, option_label, part_label

Vocabularies = dict[str, Vocabulary]

#: Problems with something that exists but isn't offered in this showcase.
_NOT_HERE = frozenset({"not_offered", "option", "place_hidden"})


def check(
    query: Query, view: ShowcaseView, taxonomy: Taxonomy, vocabularies: Vocabularies, gazetteer: Gazetteer
) -> tuple[Query, tuple[Problem, ...]]:
    """The search with only what exists and what this showcase offers, and a problem for each thing left out."""
    problems: list[Problem] = []
    chips = []
    for chip in query.chips:
        if not _known(chip, taxonomy, vocabularies):
            problems.append(Problem("chip", chip.value))
        elif chip.kind != "word" and not offered(chip.kind, view):
            problems.append(Problem("not_offered", chip_label(chip.kind, chip.value)))
        else:
            chips.append(chip)
    filters: dict[str, tuple[str, ...]] = {}
    for code, options in query.filters.items():
        choice = offered_options(view, code, vocabularies)
        kept = tuple(option for option in options if option in choice)
        problems.extend(Problem("option", option_label(code, option)) for option in options if option not in choice)
        if kept:
            filters[code] = kept
    place = query.place
    if place and not view.shows("home"):
        problems.append(Problem("place_hidden"))
        place = ""
    if place and gazetteer.at(place) is None:
        problems.append(Problem("place", place))
        place = ""
    return replace(query, chips=tuple(chips), filters=filters, place=place), tuple(problems)


def fallen_away(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """What another showcase did offer and this one doesn't, said in one sentence; other problems stay."""
    labels = [part_label("home") if p.kind == "place_hidden" else p.value for p in problems if p.kind in _NOT_HERE]
    rest = tuple(problem for problem in problems if problem.kind not in _NOT_HERE)
    return (*rest, Problem("fell_away", ", ".join(labels))) if labels else problems


def offered_options(view: ShowcaseView, category: str, vocabularies: Vocabularies) -> tuple[str, ...]:
    """The options of a category in this showcase, 'Niet ingevuld' last; none when the showcase hides it (CAND-37)."""
    shown = view.category(category)
    if shown is None:
        return ()
    codes = [code for name in CATEGORIES[category].vocabularies for code in vocabularies[name].codes]
    return (*(code for code in codes if shown.options is None or code in shown.options), NOT_FILLED)


def criteria_of(query: Query, view: ShowcaseView, gazetteer: Gazetteer) -> SearchCriteria:
    """The typed search of a checked address."""
    point = gazetteer.at(query.place) if query.place else None
    return SearchCriteria(
        showcase=view,
        occupations=query.values("occupation"),
        groups=query.values("group"),
        words=query.values("word"),
        levels=query.values("level"),
        languages=query.values("language"),
        licences=query.values("licence"),
        working_times=query.values("working_time"),
        centre=Centre(query.place, point.label, point.lat, point.lon) if point else None,
        radius_km=query.radius_km,
        filters={code: frozenset(options) for code, options in query.filters.items()},
        related=query.related,
        order=query.order,
        page=query.page,
        page_size=PAGE_SIZE,
    )


def _known(chip: Chip, taxonomy: Taxonomy, vocabularies: Vocabularies) -> bool:
    if chip.kind == "word":
        return True
    if chip.kind == "occupation":
        return chip.value in taxonomy.occupations
    if chip.kind == "group":
        return chip.value in taxonomy.groups
    return chip.value in vocabularies[chip.kind]
