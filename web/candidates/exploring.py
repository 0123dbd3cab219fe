"""Carries out what the Verkenner's address asks: reads it, searches, and puts the page together."""

from __future__ import annotations

from dataclasses import replace

from flask import abort

from matching.candidates import overview
from matching.candidates.parts import ShowcaseView
from matching.candidates.showcases import load_showcases
from matching.search.criteria import MAX_RESULT_WINDOW, PAGE_SIZE
from matching.search.results import ResultPage
from web.candidates import finding, walking
from web.candidates.addresses import MOVED
from web.candidates.asked import Asked
from web.candidates.checks import check, fallen_away
from web.candidates.meant import meant
from web.candidates.notices import page_problem
from web.candidates.page import ExploreView, explore_view
from web.candidates.query import FIRST, LAST, Arguments, Problem, Query, open_candidate, parse
from web.candidates.results import FEW, results_view
from web.candidates.submit import limit_words, settle_place, settle_text
from web.guard import signed_in_actor
from web.services import services


def open_showcases() -> dict[str, ShowcaseView]:
    """The showcases that the signed-in user may open, in their order; one statement."""
    allowed = signed_in_actor().showcases
    with services().database.read() as session:
        found = load_showcases(session)
    return {code: view for code, view in found.items() if code in allowed}


def showcase_view(code: str) -> ShowcaseView:
    """The showcase of an address; 404 when it doesn't exist for this user."""
    view = open_showcases().get(code)
    if view is None:
        abort(404)
    return view


def read(showcase: str, arguments: Arguments, typed: bool = True) -> Asked:
    """Read a request; `typed` False leaves the text in the field alone, as suggestions need."""
    showcases = open_showcases()
    view = showcases.get(showcase)
    if view is None:
        abort(404)
    parts = services()
    query, problems = parse(arguments)
    where = arguments.get("waar")
    if query.place and view.shows("home") and parts.gazetteer.at(query.place) is None:
        # Somebody who writes an address by hand writes a name: 'plaats=Hoorn' is asked as if it was typed.
        where = where or query.place
        query = query.with_place("")
    query, unknown = check(query, view, parts.taxonomy, parts.vocabularies, parts.gazetteer)
    if MOVED in arguments:
        unknown = fallen_away(unknown)
    query, heavy = limit_words(query)
    asked = Asked(view, showcases, query, (*problems, *unknown, *heavy), keep=open_candidate(arguments))
    if not typed:
        return asked
    text = arguments.get("q", "")
    if text.strip():
        asked = settle_text(asked, text)
    if where is not None:
        asked = settle_place(asked, where)
    has_text = "q" in arguments or where is not None
    return replace(asked, settled=has_text and not asked.problems and asked.place_problem is None)


def only_the_place(asked: Asked) -> bool:
    """Whether a choice of place is all that stands between this request and its search."""
    return asked.place_problem is not None and all(problem.kind == "place_typed" for problem in asked.problems)


def explore(asked: Asked) -> ExploreView:
    """Search, and put the list together; with the profile that the address names."""
    if asked.place_problem is not None:
        return explore_view(
            asked.view,
            asked.tabs,
            asked.query,
            services().gazetteer,
            asked.problems,
            {},
            None,
            typed=asked.typed,
            where=asked.where,
            place_problem=asked.place_problem,
        )
    found, query, problems = _search(asked)
    if asked.keep is not None and not query.candidate and _still_found(asked, asked.keep, found):
        query = query.opened(str(asked.keep))
    picked = _picked(query.candidate, found)
    with services().database.read() as session:
        shown = overview.visible(session, asked.view.code, [hit.id for hit in found.hits])
    profile = walking.pane(asked, found, picked) if picked is not None else None
    if picked is not None and profile is None:
        problems = (*problems, Problem("candidate"))
    relaxations = finding.relaxations(asked.criteria) if found.total <= FEW and not query.empty else ()
    others = meant(query, asked.view) if not found.total else ()
    return explore_view(
        asked.view,
        asked.tabs,
        query,
        services().gazetteer,
        problems,
        found.facets,
        results_view(asked.view, query, found, shown, relaxations, profile.id if profile else None, others),
        profile,
        typed=asked.typed,
    )


def _search(asked: Asked) -> tuple[ResultPage, Query, tuple[Problem, ...]]:
    """The page of results that was asked; the first page, with a problem, when it isn't there."""
    query = asked.query
    beyond = query.page * PAGE_SIZE > MAX_RESULT_WINDOW
    if not beyond:
        found = finding.find(asked.criteria)
        if found.hits or query.page == 1:
            return found, query, asked.problems
    problem = page_problem(query.page, MAX_RESULT_WINDOW, PAGE_SIZE)
    first = replace(asked, query=query.on_page(1))
    return finding.find(first.criteria), first.query, (*asked.problems, problem)


def _picked(candidate: str, found: ResultPage) -> int | None:
    if candidate in (FIRST, LAST):
        return found.hits[0 if candidate == FIRST else -1].id if found.hits else None
    return int(candidate) if candidate else None


def _still_found(asked: Asked, candidate: int, found: ResultPage) -> bool:
    return any(hit.id == candidate for hit in found.hits) or finding.finds(asked.criteria, candidate)
