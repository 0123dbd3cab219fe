"""Makes of a search and its results what the Verkenner's template draws."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from flask import url_for

from matching.candidates.parts import CATEGORIES, NOT_FILLED, ShowcaseView
from matching.search.criteria import RADII_KM
from matching.search.results import Facets
from matching.taxonomy.places import Gazetteer
from web import formatting
from web.candidates.addresses import changed_url, count_url, explore_url
from web.candidates.categories import CategoryView, category_views
from web.candidates.notices import Notice, notice_of, status_of
from web.candidates.profile import ProfileView, Tab
from web.candidates.query import ALL, FILTER_KINDS, FILTER_PREFIX, Problem, Query
from web.candidates.results import ResultsView
from web.labels import chip_label, kind_label, option_label
from web.texts import gettext as _
from web.texts import ngettext


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
    """The place field: what it shows, the reference behind it, the label that belongs to the reference.

    `offered` False in a showcase that hides where people live.
    """

    text: str
    ref: str
    label: str
    offered: bool
    problem: PlaceProblem | None = None


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
    counts: Facets,
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
        offered=view.shows("home"),
        problem=place_problem,
    )
    opened = profile.id if profile else None
    active = sum(len(options) for options in query.filters.values())
    return ExploreView(
        title=profile.name if profile else _title(query, place.label, results),
        address=url_for("candidates.explore", showcase=code),
        back=explore_url(code, query.opened("")) + (f"#rij-{profile.id}" if profile else ""),
        suggest_url=url_for("candidates.suggest", showcase=code),
        places_url=url_for("candidates.suggest_places"),
        count_url=count_url(code),
        tabs=tuple(tabs),
        hidden=tuple(_hidden(query, view)),
        chips=tuple(_chips(code, query, opened)),
        typed=typed,
        place=place,
        radii=tuple(_radii(query)),
        categories=tuple(category_views(view, query, counts)),
        open_category=CATEGORIES[query.category].slug if query.category else "",
        active_filters=active,
        clear_filters=changed_url(code, query.without_filters(), opened),
        summary=_summary(place.label, query, active),
        status=status_of(tuple(problems)),
        notices=tuple(notice_of(problem) for problem in problems),
        understood=tuple(
            UnderstoodView(
                u.text, chip_label(u.kind, u.value), kind_label(u.kind), changed_url(code, query.as_word(u), opened)
            )
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


def _chips(showcase: str, query: Query, opened: int | None) -> Iterator[ChipView]:
    for chip in query.chips:
        remove = changed_url(showcase, query.without_chip(chip), opened)
        yield ChipView(chip_label(chip.kind, chip.value), kind_label(chip.kind), remove)
    for kind in FILTER_KINDS:
        for option in query.filters.get(kind, ()):
            if option != NOT_FILLED:
                remove = changed_url(showcase, query.without_option(kind, option), opened)
                yield ChipView(option_label(kind, option), kind_label(kind), remove)


def _radii(query: Query) -> Iterator[RadiusView]:
    for radius in RADII_KM:
        yield RadiusView(str(radius), _("%(km)s km", km=radius), radius == query.radius_km)
    yield RadiusView(ALL, _("alle afstanden"), query.radius_km is None)


def _title(query: Query, place: str, results: ResultsView | None) -> str:
    """What the browser's tab and history say: 'Kok, Delft: 82'."""
    labels = [chip_label(chip.kind, chip.value) for chip in query.chips] + ([place] if place else [])
    title = ", ".join(labels) or _("Kandidaten")
    return f"{title}: {formatting.format_number(results.total)}" if results else title


def _summary(place: str, query: Query, active: int) -> Summary:
    if place and query.radius_km is not None:
        where = _("%(place)s, %(km)s km", place=place, km=query.radius_km)
    else:
        where = place or _("Heel Nederland")
    filters = ngettext("%(num)s filter", "%(num)s filters", active) if active else _("geen filters")
    return Summary(where, filters)
