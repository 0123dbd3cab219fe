"""One candidate in the list: facts, date, and the reasons that fit in a row, the rest under '+n'."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from matching.candidates.parts import ShowcaseView
from matching.search.results import Hit, Reason, Sign
from web import formatting
from web.candidates.addresses import file_url
from web.candidates.reasons import ShortReason, short_reason
from web.labels import term_label

#: A row shows this many reasons, then '+n' (look.md).
REASONS_IN_ROW = 3
#: The order of reasons in a row: signs that aren't 'met', then what is met by its kind; other kinds come last.
IN_ROW: tuple[Sign, ...] = ("not_met", "partly", "unknown", "related")
MET_IN_ROW = ("level", "language", "licence", "working_time", "hours", "function", "filter", "word")
#: In pixels: what a row of the narrowest list has for reasons; what each takes around its text; what '+n' takes.
ROW_WIDTH, AROUND_WIDTH, MORE_WIDTH = 266, 26, 35
#: How wide letters and signs of our typeface are, in pixels; the others are LETTER_WIDTH.
LETTER_WIDTH = 6.8
LETTER_WIDTHS = {
    **dict.fromkeys(" ijlftr.,-'()I“”", 3.6),
    **dict.fromkeys("mwMW", 9.8),
    **dict.fromkeys("✓≈", 8.0),
    **dict.fromkeys("✕◐", 12.0),
    "?": 5.0,
}


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
    reasons: tuple[ShortReason, ...]
    more: int
    more_text: str
    more_spoken: str
    url: str
    picked: bool


def row_view(view: ShowcaseView, hit: Hit, url: str, picked: int | None) -> Row:
    """The row of one hit; `url` opens its profile, `picked` is whose profile is open."""
    listing = hit.listing
    changed = formatting.local_date(listing["updated_at"])
    reasons = _in_row(hit)
    few = _that_fit(reasons)
    hidden = [reason for reason in reasons if reason not in few]
    portrait = listing.get("portrait")
    return Row(
        id=hit.id,
        name=listing["name"],
        initials=formatting.initials(listing["name"]),
        portrait=file_url(view.code, hit.id, portrait) if portrait else "",
        facts=" · ".join(_facts(listing, None if hit.same_town else hit.distance_km)),
        updated=formatting.format_date(changed),
        stale=formatting.is_stale(changed),
        reasons=tuple(few),
        more=len(hidden),
        more_text=", ".join(f"{reason.symbol} {reason.text}" for reason in hidden),
        more_spoken=", ".join(f"{reason.sign_label}: {reason.text}" for reason in hidden),
        url=url,
        picked=hit.id == picked,
    )


def _in_row(hit: Hit) -> list[ShortReason]:
    """The reasons in the order of the row, each text once, without the distance where the facts have it already.

    What is missing, unknown or related tells people apart, so it comes before what is met.
    """
    near = hit.distance_km is not None and hit.listing.get("place_name")
    told = [reason for reason in hit.reasons if reason.kind != "distance" or not near]
    views: dict[str, ShortReason] = {}
    for reason in sorted(told, key=_place_in_row):
        view = short_reason(reason)
        views.setdefault(view.text, view)
    return list(views.values())


def _place_in_row(reason: Reason) -> int:
    """Where a reason comes in the row: lower is earlier."""
    if reason.sign != "met":
        return IN_ROW.index(reason.sign)
    return len(IN_ROW) + (MET_IN_ROW.index(reason.kind) if reason.kind in MET_IN_ROW else len(MET_IN_ROW))


def _that_fit(reasons: Sequence[ShortReason]) -> list[ShortReason]:
    """The first reasons that fit beside each other, and beside '+n' if not all do: at most three, always one."""
    few: list[ShortReason] = []
    left: float = ROW_WIDTH
    for number, reason in enumerate(reasons, 1):
        width = AROUND_WIDTH + sum(map(LETTER_WIDTHS.get, reason.symbol + reason.text, repeat(LETTER_WIDTH)))
        all_fit = len(few) + 1 == number == len(reasons)
        if not few or (len(few) < REASONS_IN_ROW and width + (0 if all_fit else MORE_WIDTH) <= left):
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
