"""Groups suggestions for the listboxes of the search bar: by kind with their counts, or places with their province."""

from __future__ import annotations

from dataclasses import dataclass, replace

from matching.search.criteria import MAX_TEXT
from matching.search.results import Suggestion
from matching.search.terms import FILTER_KINDS
from matching.taxonomy.places import Gazetteer, Postcode
from matching.taxonomy.text import normalise
from matching.taxonomy.vocabularies import load_vocabularies
from web.candidates import finding
from web.candidates.addresses import explore_url
from web.candidates.asked import Asked
from web.candidates.query import Chip, Query, clean_text
from web.candidates.submit import reference
from web.labels import chip_label, kind_label, option_label
from web.texts import gettext as _

MAX_PLACES = 8
#: Kinds whose values have an order that people know.
IN_OWN_ORDER = frozenset({"level", "licence", "working_time"})


@dataclass(frozen=True)
class Option:
    """A line of a listbox; `url` is the search with it, `ref` the reference of a place.

    `related` is how many the search finds by relation besides `count`.
    """

    id: str
    label: str
    note: str
    count: int | None
    related: int = 0
    url: str = ""
    ref: str = ""


@dataclass(frozen=True)
class Group:
    """Options of one kind under a heading."""

    label: str
    options: tuple[Option, ...]


def term_groups(asked: Asked, text: str) -> tuple[Group, ...]:
    """What is recognised in the typed text so far, grouped by kind, with the number of candidates here (CAND-12)."""
    text = clean_text(text)
    if not text or len(text) > MAX_TEXT:
        return ()
    found = [one for one in finding.suggestions(text, asked.view) if not _chosen(one, asked.query)]
    kinds = list(dict.fromkeys(one.kind for one in found))
    found.sort(key=_order)
    return tuple(
        Group(kind_label(kind).capitalize(), tuple(_option(asked, one) for one in found if one.kind == kind))
        for kind in kinds
    )


def _order(one: Suggestion) -> tuple[int, int, int]:
    """Within a kind: by fit, then the most candidates first; what has an order of its own ('MBO 1', 'MBO 2') keeps it.

    What nobody here has stays findable, below what somebody has.
    """
    if one.kind in IN_OWN_ORDER:
        return one.fit, load_vocabularies()[one.kind].codes.index(one.code), 0
    return one.fit, -(one.count or 0), -(one.related or 0)


def place_groups(text: str, gazetteer: Gazetteer) -> tuple[Group, ...]:
    """Places and postcodes for the typed text so far; each place with its province unless its label has it."""
    text = clean_text(text)[:MAX_TEXT]
    options: list[Option] = []
    for number, location in enumerate(gazetteer.suggest(text, MAX_PLACES) if text else ()):
        label = gazetteer.label(location)
        province = "" if isinstance(location, Postcode) or location.province in label else location.province
        options.append(Option(f"plaats-{number}", label, province, None, ref=reference(location)))
    return (Group(_("Plaatsen en postcodes"), tuple(options)),) if options else ()


def _option(asked: Asked, one: Suggestion) -> Option:
    query = replace(asked.query, candidate="", page=1)
    if one.kind in FILTER_KINDS:
        label, query = option_label(one.kind, one.code), query.with_option(one.kind, one.code)
    else:
        label, query = chip_label(one.kind, one.code), query.with_chip(Chip(one.kind, one.code))
    note = one.matched if normalise(one.matched) not in normalise(label) else ""
    url = explore_url(asked.view.code, query)
    return Option(f"term-{one.kind}-{one.code}", label, note, one.count, one.related or 0, url)


def _chosen(one: Suggestion, query: Query) -> bool:
    return one.code in query.values(one.kind) or one.code in query.filters.get(one.kind, ())
