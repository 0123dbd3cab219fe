"""Makes of a page of results the list at the left: how many, paging, rows with their reasons, ways to search wider."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for

from matching.candidates.parts import ShowcaseView
from matching.search.criteria import MAX_RESULT_WINDOW, PAGE_SIZE, Order
from matching.search.results import Hit, Reason, Relaxation, ResultPage, Sign
from web import formatting
from web.candidates.addresses import explore_url, profile_urls
from web.candidates.profile import Tab
from web.candidates.query import Chip, Query
from web.candidates.reasons import ReasonView, reason_view
from web.labels import category_label, chip_label, option_label, term_label
from web.texts import gettext as _
from web.texts import ngettext

#: A row shows this many reasons, then '+n' (look.md).
REASONS_IN_ROW = 3
#: The order of reasons in a row: signs that aren't 'met', then what is met by its kind; other kinds come last.
IN_ROW: tuple[Sign, ...] = ("not_met", "partly", "unknown", "related")
MET_IN_ROW = ("level", "language", "licence", "working_time", "hours", "function", "filter", "word")
#: What a row has for reasons in the narrowest list, and what one takes (padding, sign, gap; a letter), in pixels.
ROW_WIDTH, REASON_WIDTH, LETTER_WIDTH, MORE_WIDTH = 260, 36, 5.1, 40
#: Kinds of terms that are common nouns inside a sentence; names of languages and words as typed stay as they are.
COMMON = frozenset({"occupation", "group", "level", "working_time"})
#: With at most this many results the page says what to leave out (issue 4).
FEW = 5


@dataclass(frozen=True)
class Row:
    """One candidate in the list."""

    id: int
    name: str
    initials: str
    portrait: str
    facts: str
    updated: str
    stale: bool
    reasons: tuple[ReasonView, ...]
    more: int
    more_text: str
    more_spoken: str
    url: str
    picked: bool


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
        rows=tuple(_row(view, hit, urls[hit.id], picked) for hit in hits),
        relaxations=tuple(_wider(view.code, query, relaxations, found.total)),
        afresh=explore_url(view.code, Query()),
        best_first=_best_first(query),
        empty=_empty(query, bool(relaxations), meant),
    )


def _best_first(query: Query) -> str:
    """Who stands on top, for the page without a profile; '' in an order that its column tells."""
    if query.order != "match":
        return ""
    # Filters exclude and never rank: without anything that ranks, the newest profile comes first.
    return _("De best passende staat bovenaan.") if query.chips or query.place else _("Laatst bijgewerkt bovenaan.")


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
    """Best match, name (A-Z first) and date of change (newest first); a second click turns the order round."""
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
    for name, label, first, second in columns:
        after = second if query.order == first else first
        present = query.order if query.order in (first, second) else None
        yield Column(
            id=name,
            label=label,
            url=explore_url(showcase, query.ordered(after)),
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


def _row(view: ShowcaseView, hit: Hit, url: str, picked: int | None) -> Row:
    listing = hit.listing
    reasons = _in_row(hit)
    few = _that_fit(reasons)
    hidden = [reason for reason in reasons if reason not in few]
    portrait = listing.get("portrait")
    return Row(
        id=hit.id,
        name=listing["name"],
        initials=formatting.initials(listing["name"]),
        portrait=url_for("candidates.file", showcase=view.code, candidate=hit.id, media=portrait) if portrait else "",
        facts=" · ".join(_facts(listing, None if hit.same_town else hit.distance_km)),
        updated=formatting.format_date(listing["updated_at"]),
        stale=formatting.is_stale(listing["updated_at"]),
        reasons=tuple(few),
        more=len(hidden),
        more_text=", ".join(f"{reason.symbol} {reason.short}" for reason in hidden),
        more_spoken=", ".join(f"{reason.sign_label}: {reason.short}" for reason in hidden),
        url=url,
        picked=hit.id == picked,
    )


def _in_row(hit: Hit) -> list[ReasonView]:
    """The reasons in the order of the row, each text once, without the distance where the facts have it already.

    What is missing, unknown or related tells people apart, so it comes before what is met.
    """
    near = hit.distance_km is not None and hit.listing.get("place_name")
    told = [reason for reason in hit.reasons if reason.kind != "distance" or not near]
    views: dict[str, ReasonView] = {}
    for reason in sorted(told, key=_place_in_row):
        view = reason_view(reason)
        views.setdefault(view.short, view)
    return list(views.values())


def _place_in_row(reason: Reason) -> int:
    """Where a reason comes in the row: lower is earlier."""
    if reason.sign != "met":
        return IN_ROW.index(reason.sign)
    return len(IN_ROW) + (MET_IN_ROW.index(reason.kind) if reason.kind in MET_IN_ROW else len(MET_IN_ROW))


def _that_fit(reasons: Sequence[ReasonView]) -> list[ReasonView]:
    """The first reasons that fit beside each other, at most three; always one."""
    few: list[ReasonView] = []
    left: float = ROW_WIDTH - (MORE_WIDTH if len(reasons) > 1 else 0)
    for reason in reasons:
        width = REASON_WIDTH + LETTER_WIDTH * len(reason.short)
        if len(few) < REASONS_IN_ROW and (not few or width <= left):
            few.append(reason)
            left -= width
    return few


def _facts(listing: Mapping[str, Any], km: float | None) -> Iterator[str]:
    if listing.get("place_name"):
        yield listing["place_name"] + (f", {formatting.format_short_km(km)}" if km is not None else "")
    if listing.get("level"):
        yield term_label("level", listing["level"])
    hours = listing.get("hours") or {}
    text = formatting.format_hours(hours.get("min"), hours.get("max"))
    if text:
        yield text


def _wider(showcase: str, query: Query, relaxations: Sequence[Relaxation], total: int) -> Iterator[Wider]:
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
        yield Wider(text, item.total, explore_url(showcase, wider), item.total > total)


def facet_counts(found: ResultPage) -> dict[str, dict[str, int]]:
    """Candidates by category and option."""
    return {facet.code: {option.code: option.count for option in facet.options} for facet in found.facets}
