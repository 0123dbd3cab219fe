"""Shows one profile within the search it was found by: with its reasons, and the way to its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from indexer.reader import EngineDown
from matching.candidates import overview
from matching.search.criteria import MAX_RESULT_WINDOW, PAGE_SIZE
from matching.search.results import Hit, ResultPage
from web.candidates import finding
from web.candidates.addresses import explore_url, profile_url
from web.candidates.asked import Asked
from web.candidates.notices import Notice, notice_of
from web.candidates.profile import ProfileView, Tab, Walk, profile_view
from web.candidates.query import FIRST, LAST, Problem, Query
from web.candidates.reasons import reason_view
from web.guard import signed_in_actor
from web.services import services


@dataclass(frozen=True)
class ProfilePage:
    """A profile as a page of its own; `back` leads to its row in the list."""

    profile: ProfileView
    back: str
    notices: tuple[Notice, ...] = ()


def profile_page(asked: Asked, candidate: int) -> ProfilePage | None:
    """The profile in the search of this address; None when this showcase doesn't hold the candidate."""
    beyond = asked.query.page * PAGE_SIZE > MAX_RESULT_WINDOW
    problems = asked.problems
    try:
        found = None if beyond or asked.place_problem else finding.find(asked.criteria)
        profile = pane(asked, found, candidate)
    except EngineDown:
        # The profile is in the record: it can be read without the engine, only not judged.
        profile = _read(asked, candidate, None, None)
        problems = (*problems, Problem("engine"))
    if profile is None:
        return None
    back = explore_url(asked.view.code, asked.query.opened("")) + f"#rij-{candidate}"
    return ProfilePage(profile, back, tuple(notice_of(problem) for problem in problems))


def pane(asked: Asked, found: ResultPage | None, candidate: int) -> ProfileView | None:
    """The profile for beside the list; None when this showcase doesn't hold the candidate (any more)."""
    hits = found.hits if found else ()
    position = next((number for number, hit in enumerate(hits) if hit.id == candidate), None)
    hit = hits[position] if position is not None else finding.one(asked.criteria, candidate)
    walk = _walk(asked.view.code, asked.query, found, position) if found and position is not None else None
    return _read(asked, candidate, hit, walk)


def _read(asked: Asked, candidate: int, hit: Hit | None, walk: Walk | None) -> ProfileView | None:
    with services().database.read() as session:
        profile = overview.profile(session, asked.view, candidate, signed_in_actor().showcases)
    if profile is None:
        return None
    return profile_view(
        profile,
        asked.view,
        _showcases(asked, candidate, profile.showcases),
        km=hit.distance_km if hit and not hit.same_town else None,
        reasons=[reason_view(reason) for reason in hit.reasons] if hit else (),
        walk=walk,
    )


def _showcases(asked: Asked, candidate: int, codes: Sequence[str]) -> tuple[Tab, ...]:
    """The showcases that hold this candidate, for the list at the top of the profile (PROF-03).

    The search goes along; elsewhere it begins at its first page, where the neighbours are known.
    """
    query = asked.query.on_page(1)
    return tuple(
        Tab(view.name, asked.there(view, profile_url(code, candidate, query)), code == asked.view.code)
        for code, view in asked.showcases.items()
        if code in codes
    )


def _walk(showcase: str, query: Query, found: ResultPage, position: int) -> Walk:
    """Neighbours in the results; at the end of a page its neighbour is on the next page, first or last of it."""
    start = (found.page - 1) * PAGE_SIZE
    last_page = min(found.pages, MAX_RESULT_WINDOW // PAGE_SIZE)
    before: Hit | None = found.hits[position - 1] if position else None
    after: Hit | None = found.hits[position + 1] if position + 1 < len(found.hits) else None
    if before:
        previous = profile_url(showcase, before.id, query)
    else:
        previous = explore_url(showcase, query.on_page(found.page - 1, LAST)) if found.page > 1 else ""
    if after:
        following = profile_url(showcase, after.id, query)
    else:
        following = explore_url(showcase, query.on_page(found.page + 1, FIRST)) if found.page < last_page else ""
    return Walk(number=start + position + 1, total=found.total, previous=previous, next=following)
