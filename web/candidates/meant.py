"""For a search that finds nobody: words that name a language, a level, a place or the like, offered as that instead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from matching.candidates.parts import ShowcaseView
from matching.search.terms import FILTER_KINDS
from matching.taxonomy.places import Resolved
from web.candidates.addresses import explore_url
from web.candidates.profile import Tab
from web.candidates.query import Chip, Query
from web.labels import chip_label, kind_label, option_label
from web.services import services
from web.texts import gettext as _

#: Names of more words are not looked for, and further words of a long search aren't either.
MAX_WORDS, MAX_LOOKED_AT = 3, 6


def meant(query: Query, view: ShowcaseView) -> tuple[Tab, ...]:
    """Searches with a word, or words beside each other, as the term or place of that name; longest names first."""
    words = query.values("word")[:MAX_LOOKED_AT]
    found: dict[str, Tab] = {}
    for size in range(MAX_WORDS, 0, -1):
        for start in range(len(words) - size + 1):
            part = words[start : start + size]
            if not any(name in taken.split() for taken in found for name in part):
                found |= {" ".join(part): other for other in _readings(query, part, view)}
    return tuple(found.values())


def _readings(query: Query, words: tuple[str, ...], view: ShowcaseView) -> Iterator[Tab]:
    parts, text = services(), " ".join(words)
    rest = replace(query, chips=tuple(c for c in query.chips if c.kind != "word" or c.value not in words))
    place = parts.gazetteer.resolve(text) if view.shows("home") and not query.place else None
    if isinstance(place, Resolved):
        label = _("%(place)s als plaats", place=place.point.label)
        yield Tab(label, explore_url(view.code, rest.with_place(place.ref)), False)
    for term in parts.understander.read(text, view):
        if term.kind == "word" or term.via == "typo":
            continue
        if term.kind in FILTER_KINDS:
            label, other = option_label(term.kind, term.code), rest.with_option(term.kind, term.code)
        else:
            label, other = chip_label(term.kind, term.code), rest.with_chip(Chip(term.kind, term.code))
        yield Tab(f"{label} ({kind_label(term.kind)})", explore_url(view.code, other), False)
