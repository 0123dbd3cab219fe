"""Makes of a search and its results what the Verkenner's template draws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from flask import url_for
from markupsafe import Markup

from matching.candidates.parts import CATEGORIES, NOT_FILLED, ShowcaseView
from matching.search.criteria import RADII_KM
from matching.taxonomy.places import Gazetteer
from matching.taxonomy.vocabularies import load_vocabularies
from web import formatting
from web.candidates.addresses import count_url, explore_url
from web.candidates.checks import offered_options
from web.candidates.notices import Notice, notice_of, status_of
from web.candidates.profile import ProfileView, Tab
from web.candidates.query import ALL, FILTER_KINDS, FILTER_PREFIX, Problem, Query
from web.candidates.results import ResultsView
from web.labels import category_label, chip_label, kind_label, option_label
from web.language import chosen_language
from web.texts import gettext as _
from web.texts import ngettext

#: The start of an option's checkbox; the template adds whether it is ticked.
BOX = Markup('<input type="checkbox" form="zoek" id="f-{slug}-{code}" name="f.{slug}" value="{code}"')
#: Categories of which one option is chosen at a time (CAND-35).
SINGLE = frozenset({"recency"})


@dataclass(frozen=True)
class ChipView:
    """A chosen term with the address of the search without it (CAND-13)."""

    label: str
    kind: str
    remove: str


@dataclass(frozen=True)
class RadiusView:
    """An option of the distance list."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True)
class PlaceProblem:
    """Typed text that names no place, or several: what to say and where to choose."""

    title: str
    text: str
    options: tuple[Tab, ...]
    without: str


@dataclass(frozen=True)
class PlaceView:
    """The place field: what it shows, the reference behind it, the label that belongs to the reference."""

    text: str
    ref: str
    label: str
    problem: PlaceProblem | None = None


class OptionView(NamedTuple):
    """A filter option: its `box` (the start of its input) and `label` are drawn once per process, the rest each time.

    `count` is '' when nothing was searched; `look` holds class names; `separated` when another group begins.
    """

    box: Markup
    label: Markup
    count: str
    active: bool
    look: str
    separated: bool


@dataclass(frozen=True)
class CategoryView:
    """A filter category with its options and how many of them are ticked."""

    slug: str
    label: str
    active: int
    open: bool
    single: bool
    options: tuple[OptionView, ...]


@dataclass(frozen=True)
class UnderstoodView:
    """What was typed, what it was understood as, and the address that takes it as a word."""

    text: str
    label: str
    kind: str
    as_word: str


@dataclass(frozen=True)
class Summary:
    """The line that stands for place and filters on a phone: 'Rotterdam, 25 km' and '3 filters'."""

    where: str
    filters: str


@dataclass(frozen=True)
class ExploreView:
    """All that the template draws, and the HTTP status.

    `results` is None when nothing was searched because the place must be chosen first.
    """

    title: str
    address: str
    back: str
    suggest_url: str
    places_url: str
    count_url: str
    tabs: tuple[Tab, ...]
    hidden: tuple[tuple[str, str], ...]
    chips: tuple[ChipView, ...]
    typed: str
    place: PlaceView
    radii: tuple[RadiusView, ...]
    categories: tuple[CategoryView, ...]
    open_category: str
    active_filters: int
    clear_filters: str
    summary: Summary
    status: int
    notices: tuple[Notice, ...]
    understood: tuple[UnderstoodView, ...]
    results: ResultsView | None = None
    profile: ProfileView | None = field(default=None)


def explore_view(
    view: ShowcaseView,
    tabs: Sequence[Tab],
    query: Query,
    gazetteer: Gazetteer,
    problems: Sequence[Problem],
    counts: dict[str, dict[str, int]],
    results: ResultsView | None,
    profile: ProfileView | None = None,
    typed: str = "",
    where: str | None = None,
    place_problem: PlaceProblem | None = None,
) -> ExploreView:
    """Put the page together; `counts` are candidates by category and option, `typed` and `where` what waits."""
    code = view.code
    point = gazetteer.at(query.place) if query.place else None
    place = PlaceView(
        text=where if where is not None else (point.label if point else ""),
        ref=query.place,
        label=point.label if point else "",
        problem=place_problem,
    )
    active = sum(len(options) for options in query.filters.values())
    return ExploreView(
        title=profile.name if profile else _("Kandidaten"),
        address=url_for("candidates.explore", showcase=code),
        back=explore_url(code, query.opened("")) + (f"#rij-{profile.id}" if profile else ""),
        suggest_url=url_for("candidates.suggest", showcase=code),
        places_url=url_for("candidates.suggest_places"),
        count_url=count_url(code),
        tabs=tuple(tabs),
        hidden=tuple(_hidden(query, view)),
        chips=tuple(_chips(code, query)),
        typed=typed,
        place=place,
        radii=tuple(_radii(query)),
        categories=tuple(_categories(view, query, counts)),
        open_category=CATEGORIES[query.category].slug if query.category else "",
        active_filters=active,
        clear_filters=explore_url(code, query.without_filters()),
        summary=_summary(place.label, query, active),
        status=status_of(problems),
        notices=tuple(notice_of(problem) for problem in problems),
        understood=tuple(
            UnderstoodView(u.text, chip_label(u.kind, u.value), kind_label(u.kind), explore_url(code, query.as_word(u)))
            for u in query.understood
        ),
        results=results,
        profile=profile,
    )


def _hidden(query: Query, view: ShowcaseView) -> Iterator[tuple[str, str]]:
    """What the form carries along besides its own fields; filters are in it only where no checkbox says them."""
    own = {"plaats", "straal", "pagina", "kandidaat", "categorie"}
    shown = {FILTER_PREFIX + CATEGORIES[shown.code].slug for shown in view.categories if view.category(shown.code)}
    for name, value in query.arguments():
        if name not in own and name not in shown:
            yield name, value


def _chips(showcase: str, query: Query) -> Iterator[ChipView]:
    for chip in query.chips:
        yield ChipView(
            chip_label(chip.kind, chip.value), kind_label(chip.kind), explore_url(showcase, query.without_chip(chip))
        )
    for kind in FILTER_KINDS:
        for option in query.filters.get(kind, ()):
            if option != NOT_FILLED:
                remove = explore_url(showcase, query.without_option(kind, option))
                yield ChipView(option_label(kind, option), kind_label(kind), remove)


def _radii(query: Query) -> Iterator[RadiusView]:
    for radius in RADII_KM:
        yield RadiusView(str(radius), _("%(km)s km", km=radius), radius == query.radius_km)
    yield RadiusView(ALL, _("alle afstanden"), query.radius_km is None)


def _categories(view: ShowcaseView, query: Query, counts: dict[str, dict[str, int]]) -> Iterator[CategoryView]:
    language, searched = chosen_language(), bool(counts)
    for shown in view.categories:
        if view.category(shown.code) is None:
            continue
        category = CATEGORIES[shown.code]
        active = query.filters.get(category.code, ())
        here = counts.get(category.code, {})
        yield CategoryView(
            slug=category.slug,
            label=category_label(category.code),
            active=len(active),
            open=query.category == category.code,
            single=category.code in SINGLE,
            options=tuple(
                OptionView(box, label, count := _count(here, code, searched), code in active, _look(code, count), new)
                for code, box, label, new in _drawn_options(view, category.code, language)
            ),
        )


def _count(counts: Mapping[str, int], code: str, searched: bool) -> str:
    return formatting.format_number(counts.get(code, 0)) if searched else ""


def _look(code: str, count: str) -> str:
    return (" opt--none" if code == NOT_FILLED else "") + (" opt--zero" if count == "0" else "")


@lru_cache(maxsize=256)
def _drawn_options(view: ShowcaseView, category: str, language: str) -> tuple[tuple[str, Markup, Markup, bool], ...]:
    """Code, box, label in `language` and whether a new group begins: there are hundreds, the same on every page."""
    vocabularies = dict(load_vocabularies())
    names, slug = CATEGORIES[category].vocabularies, CATEGORIES[category].slug
    begins = {vocabularies[names[1]].codes[0], NOT_FILLED} if len(names) > 1 else set()
    return tuple(
        (code, BOX.format(slug=slug, code=code), Markup.escape(option_label(category, code)), code in begins)
        for code in offered_options(view, category, vocabularies)
    )


def _summary(place: str, query: Query, active: int) -> Summary:
    if place and query.radius_km is not None:
        where = _("%(place)s, %(km)s km", place=place, km=query.radius_km)
    else:
        where = place or _("Heel Nederland")
    filters = ngettext("%(num)s filter", "%(num)s filters", active) if active else _("geen filters")
    return Summary(where, filters)
