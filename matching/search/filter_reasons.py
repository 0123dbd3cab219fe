"""What a listing has of the filters ticked: they exclude and never rank, but whoever asked wants to see it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from matching.candidates.parts import CATEGORIES, NOT_FILLED, Category
from matching.search.criteria import SearchCriteria
from matching.search.filters import CODE_FIELDS, EMPTY_FIELDS, TIME_FIELDS
from matching.search.knowledge import TIME_ZONE, Knowledge
from matching.search.results import Reason
from matching.taxonomy.vocabularies import licences_that_cover

Listing = Mapping[str, Any]

#: category -> the wishes of the same vocabulary, which have their own reason already.
_WISHED = {"level": "levels", "language": "languages", "licence": "licences"}
#: Judged apart, because hours can meet a class of hours partly.
_HOURS = "hours"


def filter_reasons(criteria: SearchCriteria, listing: Listing, knowledge: Knowledge) -> Iterator[Reason]:
    """A reason for each ticked category that the showcase shows and this listing meets, in the categories' order.

    'met' with the ticked options that the candidate has (OPEN-09: one of them is enough), 'unknown' where 'Niet
    ingevuld' was ticked and nothing is filled in. A category that is not met gives none: who doesn't meet it is not
    found. Hours are left to the judgement of hours, but for 'Niet ingevuld'.
    """
    for code, ticked in criteria.filters.items():
        if not ticked or criteria.showcase.category(code) is None:
            continue
        category = CATEGORIES[code]
        if NOT_FILLED in ticked and not _filled(category, listing):
            yield Reason("unknown", "filter", category.part, {"category": code, "codes": (), "via": ()})
            continue
        if code == _HOURS:
            continue
        in_order = [term.code for name in category.vocabularies for term in knowledge.vocabularies[name]]
        wished = getattr(criteria, _WISHED[code]) if code in _WISHED else ()
        asked = [option for option in in_order if option in ticked and option not in wished]
        met = _met(code, asked, listing, knowledge)
        if met:
            values = {"category": code, "codes": tuple(met), "via": tuple(met.values())}
            yield Reason("met", "filter", category.part, values)


def licence_by(code: str, held: Sequence[str]) -> str | None:
    """The licence held that covers `code`, rather itself; None when none does."""
    covering = licences_that_cover(code)
    return code if code in held else next((other for other in held if other in covering), None)


def _met(category: str, asked: list[str], listing: Listing, knowledge: Knowledge) -> dict[str, str]:
    """The options asked that the listing has, each with the code that it has them by (a licence covers others)."""
    if category == "licence":
        held = listing.get("licences") or ()
        return {code: via for code in asked if (via := licence_by(code, held))}
    if category == "recency":
        changed = datetime.fromisoformat(listing["updated_at"]).astimezone(ZoneInfo(TIME_ZONE)).date()
        return {code: code for code in asked if changed >= _since(code, knowledge)}
    if category == "working_times":
        return _times(asked, listing, knowledge)
    has = listing.get(CODE_FIELDS[category]) or ()
    owned = {has} if isinstance(has, str) else set(has)
    return {code: code for code in asked if code in owned}


def _times(asked: list[str], listing: Listing, knowledge: Knowledge) -> dict[str, str]:
    """Days and day parts are two groups: of each that is ticked the candidate must have one (CAND-33)."""
    met: dict[str, str] = {}
    for vocabulary, field in TIME_FIELDS.items():
        ticked = [code for code in asked if code in knowledge.vocabularies[vocabulary]]
        has = [code for code in ticked if code in (listing.get(field) or ())]
        if ticked and not has:
            return {}
        met |= {code: code for code in has}
    return met


def _since(code: str, knowledge: Knowledge) -> date:
    term = knowledge.vocabularies["recency"].get(code)
    if term is None:
        raise KeyError(f"recency has no value {code!r}")
    return knowledge.today - timedelta(days=int(term.extra["days"]))


def _filled(category: Category, listing: Listing) -> bool:
    return any(listing.get(field.partition(".")[0]) for field in EMPTY_FIELDS[category.code])
