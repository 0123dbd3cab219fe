"""Turns typed text into what the address can say: chips and words for the left field, a place for the right one."""

from __future__ import annotations

from dataclasses import replace

from matching.search.criteria import MAX_CHIPS, MAX_TEXT
from matching.search.limits import MAX_WORD_TOKENS, fitting_words
from matching.search.terms import FILTER_KINDS
from matching.taxonomy.places import Ambiguous, Gazetteer, Location, Postcode, Resolved
from web.candidates.addresses import explore_url
from web.candidates.asked import Asked
from web.candidates.page import PlaceProblem
from web.candidates.profile import Tab
from web.candidates.query import Chip, Problem, Query, clean_text
from web.services import services
from web.texts import gettext as _


def settle_text(asked: Asked, text: str) -> Asked:
    """Add what the typed text was understood as; text that can't be used stays in the field, with a problem."""
    text = clean_text(text)
    if len(text) > MAX_TEXT:
        return replace(asked, typed=text[:MAX_TEXT], problems=(*asked.problems, Problem("text_too_long")))
    found = services().understander.read(text, asked.view) if any(map(str.isalnum, text)) else ()
    if not found:
        return replace(asked, typed=text, problems=(*asked.problems, Problem("nothing_to_search", text)))
    query = asked.query
    for item in found:
        if item.kind in FILTER_KINDS:
            query = query.with_option(item.kind, item.code)
            continue
        query = query.with_chip(Chip(item.kind, item.code), "" if item.kind == "word" else item.typed)
    if len(query.chips) > MAX_CHIPS:
        query = replace(query, chips=query.chips[:MAX_CHIPS])
        return replace(asked, query=query, problems=(*asked.problems, Problem("too_many_chips", str(MAX_CHIPS))))
    query, heavy = limit_words(query)
    return replace(asked, query=query, problems=(*asked.problems, *heavy))


def limit_words(query: Query) -> tuple[Query, tuple[Problem, ...]]:
    """The search without the word chips that make it too large, and a problem when there are such."""
    words = fitting_words(query.values("word"))
    chips = tuple(chip for chip in query.chips if chip.kind != "word" or chip.value in words)
    if chips == query.chips:
        return query, ()
    return replace(query, chips=chips), (Problem("too_many_words", str(MAX_WORD_TOKENS)),)


def settle_place(asked: Asked, text: str) -> Asked:
    """Set the place that was typed; several of that name, or none, become a choice and nothing else is lost."""
    text = clean_text(text)[:MAX_TEXT]
    gazetteer = services().gazetteer
    if not text or not asked.view.shows("home"):
        return replace(asked, query=asked.query.with_place(""))
    known = gazetteer.at(asked.query.place) if asked.query.place else None
    if known and known.label == text:
        return asked
    found = gazetteer.resolve(text)
    if isinstance(found, Resolved):
        return replace(asked, query=asked.query.with_place(found.ref))
    if isinstance(found, Ambiguous):
        title = _("Welk %(place)s bedoel je?", place=text)
        explanation = _("Er zijn meer plaatsen die zo heten. Kies er een.")
        options: tuple[Location, ...] = found.options
    else:
        title = _("“%(place)s” kennen we niet", place=text)
        options = found.suggestions
        explanation = (
            _("Controleer hoe je het schrijft, of vul een postcode van vier cijfers in. Bedoel je een van deze?")
            if options
            else _("Controleer hoe je het schrijft, of vul een postcode van vier cijfers in.")
        )
    problem = PlaceProblem(
        title=title,
        text=explanation,
        options=tuple(_option(asked, location, gazetteer) for location in options),
        without=explore_url(asked.view.code, asked.query.with_place("")),
    )
    # An unknown place can't be used; several of a name is a question, not a fault.
    problems = asked.problems if isinstance(found, Ambiguous) else (*asked.problems, Problem("place_typed", text))
    return replace(asked, query=asked.query.with_place(""), where=text, place_problem=problem, problems=problems)


def reference(location: Location) -> str:
    """What an address holds for a place or postcode."""
    return location.code if isinstance(location, Postcode) else location.id


def _option(asked: Asked, location: Location, gazetteer: Gazetteer) -> Tab:
    url = explore_url(asked.view.code, asked.query.with_place(reference(location)))
    label = gazetteer.label(location)
    if not isinstance(location, Postcode) and location.province and location.province not in label:
        label = f"{label} ({location.province})"
    return Tab(label, url, False)
