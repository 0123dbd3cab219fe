"""Makes of a page of results the list at the left: how many, paging, order, rows, ways to search wider."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from matching.candidates.parts import ShowcaseView
from matching.search.criteria import MAX_RESULT_WINDOW, PAGE_SIZE, Order
from matching.search.results import Relaxation, ResultPage
from web import formatting
from web.candidates.addresses import changed_url, explore_url, profile_urls
from web.candidates.profile import Tab
from web.candidates.query import Chip, Query
from web.candidates.rows import Row, row_view
from web.labels import category_label, chip_label, option_label
from web.texts import gettext as _
from web.texts import ngettext

#: Kinds of terms that are common nouns inside a sentence; names of languages and words as typed stay as they are.
COMMON = frozenset({"occupation", "group", "level", "working_time"})
#: With at most this many results the page says what to leave out (issue 4).
FEW = 5


@dataclass(frozen=True)
class Switch:
    """The switch 'ook verwante'."""

    on: bool


@dataclass(frozen=True)
class Wider:
    """A search with one thing left out, how many it finds, and whether that is more."""

    text: str
    total: int
    url: str
    helps: bool


@dataclass(frozen=True)
class Column:
    """A heading that orders the list (UI-20): what a click does, and the present `direction` in a sign and in words.

    `direction` is 'up', 'down' or '' when the list is not in this order.
    """

    id: str
    label: str
    url: str
    action: str
    direction: str
    state: str


@dataclass(frozen=True)
class Empty:
    """What is said when nobody is found, with the words that may have been meant as something else."""

    title: str
    text: str
    meant: tuple[Tab, ...] = ()


@dataclass(frozen=True)
class ResultsView:
    """The list; `split` is 'n met dit beroep, m verwant'; `previous` and `next` are addresses, '' at an end."""

    total: int
    show: str
    split: str
    switch: Switch | None
    first: int
    last: int
    paged: bool
    previous: str
    next: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    relaxations: tuple[Wider, ...]
    afresh: str
    best_first: str
    empty: Empty


def results_view(
    view: ShowcaseView,
    query: Query,
    found: ResultPage,
    shown: Collection[int],
    relaxations: Sequence[Relaxation],
    picked: int | None = None,
    meant: Sequence[Tab] = (),
) -> ResultsView:
    """The list of one page; hits that the record no longer shows (`shown` are those it does) are left out.

    `meant` are searches to offer when nobody is found, for words that name something else.
    """
    hits = [hit for hit in found.hits if hit.id in shown]
    start = (found.page - 1) * PAGE_SIZE
    last_page = min(found.pages, MAX_RESULT_WINDOW // PAGE_SIZE)
    urls = profile_urls(view.code, [hit.id for hit in hits], query)
    return ResultsView(
        total=found.total,
        show=show_text(found.total),
        split=_split(found, query),
        switch=Switch(query.related) if found.exact is not None else None,
        first=start + 1 if found.hits else 0,
        last=start + len(found.hits),
        paged=found.pages > 1,
        previous=explore_url(view.code, query.on_page(found.page - 1)) if found.page > 1 else "",
        next=explore_url(view.code, query.on_page(found.page + 1)) if found.page < last_page else "",
        columns=tuple(_columns(view.code, query)),
        rows=tuple(row_view(view, hit, urls[hit.id], picked) for hit in hits),
        relaxations=tuple(_wider(view.code, query, relaxations, found.total, picked)),
        afresh=explore_url(view.code, Query()),
        best_first=_best_first(query),
        empty=_empty(query, bool(relaxations), meant),
    )


def _best_first(query: Query) -> str:
    """Who stands on top, for the page without a profile; '' in an order that its column tells."""
    if query.order != "match":
        return ""
    return _("De best passende staat bovenaan.") if query.ranks else _("Laatst bijgewerkt bovenaan.")


def _empty(query: Query, wider: bool, meant: Sequence[Tab]) -> Empty:
    words = query.values("word")
    if len(words) == 1 and len(query.chips) == 1 and not query.place and not query.filters:
        return Empty(
            _("Niemand heeft “%(word)s” in het profiel", word=words[0]), _("Controleer de spelling."), tuple(meant)
        )
    if not wider:
        text = _("In deze etalage staat nog niemand die hierbij past. Probeer een ander beroep of woord.")
    elif query.place and query.radius_km is not None:
        text = _("Laat iets weg, of zoek in een grotere straal.")
    else:
        text = _("Laat iets weg van wat je vraagt.")
    return Empty(_("Niemand past bij alles wat je vraagt"), text, tuple(meant))


def _columns(showcase: str, query: Query) -> Iterator[Column]:
    """Best match, name (A-Z first) and date of change (newest first); a second click turns the order round.

    Where nothing ranks the usual order is by date, newest first: then there is no match to speak of.
    """
    texts: dict[Order, tuple[str, str]] = {
        "match": (_("Sorteer op beste match"), _("beste bovenaan")),
        "name": (_("Sorteer op naam, A-Z"), _("A-Z")),
        "-name": (_("Sorteer op naam, Z-A"), _("Z-A")),
        "-updated": (_("Sorteer op datum, nieuwste eerst"), _("nieuwste eerst")),
        "updated": (_("Sorteer op datum, oudste eerst"), _("oudste eerst")),
    }
    columns: tuple[tuple[str, str, Order, Order], ...] = (
        ("match", _("Beste match"), "match", "match"),
        ("name", _("Naam"), "name", "-name"),
        ("updated", _("Bijgewerkt"), "-updated", "updated"),
    )
    usual: Order = "match" if query.ranks else "-updated"
    order = usual if query.order == "match" else query.order
    for name, label, first, second in columns if query.ranks else columns[1:]:
        after = second if order == first else first
        present = order if order in (first, second) else None
        yield Column(
            id=name,
            label=label,
            url=explore_url(showcase, query.ordered("match" if after == usual else after)),
            action=texts[after][0],
            direction="" if present is None else "up" if present in ("name", "updated") else "down",
            state="" if present is None else texts[present][1],
        )


def show_text(total: int) -> str:
    """The text of the button that closes a sheet: 'Toon 64 kandidaten'."""
    return ngettext("Toon %(n)s kandidaat", "Toon %(n)s kandidaten", total, n=formatting.format_number(total))


def _split(found: ResultPage, query: Query) -> str:
    if found.exact is None or not found.total:
        return ""
    exact, related = formatting.format_number(found.exact), formatting.format_number(found.related or 0)
    if not query.related:
        return _("%(exact)s met dit beroep", exact=exact)
    return _("%(exact)s met dit beroep, %(related)s verwant", exact=exact, related=related)


def _wider(
    showcase: str, query: Query, relaxations: Sequence[Relaxation], total: int, picked: int | None
) -> Iterator[Wider]:
    for item in relaxations:
        if item.kind == "filter":
            labels = ", ".join(option_label(item.value, option) for option in query.filters.get(item.value, ()))
            text = _("Zonder %(category)s %(options)s", category=category_label(item.value).lower(), options=labels)
            wider = query.without_category(item.value)
        elif item.kind == "radius":
            text = _("Op elke afstand")
            wider = query.with_radius(None)
        else:
            label = chip_label(item.kind, item.value)
            text = _("Zonder %(label)s", label=formatting.lower_first(label) if item.kind in COMMON else label)
            wider = query.without_chip(Chip(item.kind, item.value))
        yield Wider(text, item.total, changed_url(showcase, wider, picked), item.total > total)
