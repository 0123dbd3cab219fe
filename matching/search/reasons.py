"""Why a result is here: met, related, partly, not met or unknown, for each thing that was asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from matching.candidates.parts import NOT_FILLED
from matching.search.asked import OWN_RINGS, AskedRing, asked_rings, label_key
from matching.search.criteria import SearchCriteria
from matching.search.filter_reasons import filter_reasons, licence_by
from matching.search.filters import overlaps
from matching.search.found_words import parts_with_words
from matching.search.knowledge import Knowledge
from matching.search.periods import span_of
from matching.search.query import asked_words
from matching.search.results import Reason, Sign
from matching.taxonomy.occupations import Taxonomy
from matching.taxonomy.text import normalise
from matching.taxonomy.vocabularies import Term, Vocabulary

Listing = Mapping[str, Any]

#: Somebody this near to the middle of their own town may as well live anywhere in it.
_MIDDLE_KM = 1.0


class Explainer:
    """Explains listings for one search; what is worked out from the criteria is worked out once for all hits."""

    def __init__(self, criteria: SearchCriteria, knowledge: Knowledge) -> None:
        self._criteria = criteria
        self._knowledge = knowledge
        self._occupations = _Occupations(criteria, knowledge)
        self._words = asked_words(criteria, knowledge)

    def reasons(self, listing: Listing, distance_km: float | None) -> tuple[Reason, ...]:
        """The reasons for one listing, weightiest first; only what was asked and is shown is judged."""
        criteria, knowledge = self._criteria, self._knowledge
        shows, vocabularies = criteria.showcase.shows, knowledge.vocabularies
        found = [*self._occupations.reasons(listing, knowledge.today)]
        for word, part in parts_with_words(self._words, listing, knowledge).items():
            found.append(Reason("met", "word", part, {"word": word, "part": part}))
        if criteria.levels and shows("level"):
            found.append(_level(criteria.levels, listing.get("level"), vocabularies["level"]))
        if shows("licences"):
            found += [_licence(code, listing.get("licences") or ()) for code in criteria.licences]
        if shows("languages"):
            found += [_language(code, listing) for code in criteria.languages]
        if shows("hours"):
            hours = listing.get("hours")
            for code in criteria.working_times:
                term = vocabularies["working_time"].get(code)
                if term:
                    found.append(_working_time(term, hours))
            ticked = [term for term in vocabularies["hours"] if term.code in criteria.filters.get("hours", ())]
            if ticked and (hours or NOT_FILLED not in criteria.filters["hours"]):
                found.append(_hours(ticked, hours))
        found += filter_reasons(criteria, listing, knowledge)
        if criteria.centre and shows("home"):
            values = {
                "km": distance_km,
                "place": listing.get("place_name"),
                "centre": criteria.centre.label,
                "same_town": same_town(criteria, listing, distance_km),
            }
            found.append(Reason("unknown" if distance_km is None else "met", "distance", "home", values))
        return tuple(found)


def same_town(criteria: SearchCriteria, listing: Listing, distance_km: float | None) -> bool:
    """Whether the candidate lives in the town searched around, at what is known only as its middle."""
    if criteria.centre is None or distance_km is None:
        return False
    return listing.get("place") == criteria.centre.ref and distance_km < _MIDDLE_KM


class _Occupations:
    """The occupations asked, ready to hold listings against."""

    def __init__(self, criteria: SearchCriteria, knowledge: Knowledge) -> None:
        self._criteria = criteria
        self._taxonomy = knowledge.taxonomy
        rings = asked_rings(criteria, knowledge.taxonomy, knowledge.compound_parts)
        self._related = [ring for ring in rings if ring.name not in OWN_RINGS]
        self._exact = [code for ring in rings if ring.name == "exact" for code in ring.codes]
        phrases = {phrase for ring in rings for phrase in ring.phrases}
        self._phrases = {
            f" {normalise(self._label(code))}": code for code in self._exact if self._label(code) in phrases
        }
        self._titles = _by_title(tuple(self._exact), self._taxonomy)
        self._related_titles = _by_title(tuple(code for ring in self._related for code in ring.codes), self._taxonomy)

    def _own(self, title: str) -> str | None:
        """The occupation asked that a title names, as a whole or somewhere in it."""
        found = self._titles.get(label_key(title))
        if found or not self._phrases:
            return found
        padded = f" {normalise(title)}"
        return next((code for phrase, code in self._phrases.items() if phrase in padded), None)

    def reasons(self, listing: Listing, today: date) -> Iterator[Reason]:
        if not self._exact:
            return
        if self._criteria.showcase.shows("functions"):
            yield from self._wanted(listing)
        if self._criteria.showcase.shows("experience"):
            yield from self._done(listing, today)

    def _wanted(self, listing: Listing) -> Iterator[Reason]:
        titles = listing.get("function_titles") or ()
        wants = {code: self._label(code) for code in listing.get("functions") or () if code in self._exact}
        for title in titles:
            code = self._own(title)
            if code:
                wants.setdefault(code, title)
        for code, label in wants.items():
            first = code == next(iter(listing.get("functions") or ()), None) or label == next(iter(titles), None)
            yield Reason("met", "function", "functions", {"label": label, "code": code, "first": first})
        if not wants:
            codes = [*(listing.get("functions") or ()), *self._related_codes(titles)]
            yield from self._nearest(codes, "functions", wanted=True)

    def _done(self, listing: Listing, today: date) -> Iterator[Reason]:
        entries: Sequence[Listing] = listing.get("experience") or ()
        done: dict[str, list[Listing]] = {}
        for entry in entries:
            code = entry.get("code")
            code = code if code in self._exact else self._own(entry.get("title", ""))
            if code:
                done.setdefault(code, []).append(entry)
        for code, items in done.items():
            span = span_of(items, today)
            values = {"years": span.years, "until": span.until, "current": span.current}
            yield Reason("met", "experience", "experience", {"label": self._label(code), "code": code, **values})
        if not done:
            codes = [entry["code"] for entry in entries if entry.get("code")]
            codes += self._related_codes([entry.get("title", "") for entry in entries])
            yield from self._nearest(codes, "experience", wanted=False)

    def _related_codes(self, titles: Sequence[str]) -> list[str]:
        return [code for title in titles if (code := self._related_titles.get(label_key(title)))]

    def _nearest(self, codes: Sequence[str], part: str, wanted: bool) -> Iterator[Reason]:
        """The one occupation of these that is nearest to what was asked; nothing when none is related."""
        for ring in self._related:
            for code in codes:
                if code in ring.codes:
                    values = {"label": self._label(code), "code": code, "ring": ring.name, "wanted": wanted}
                    yield Reason("related", "related", part, {**values, "asked": self._asked_for(code, ring)})
                    return

    def _asked_for(self, code: str, ring: AskedRing) -> str:
        """Label of the occupation asked that `code` stands in this ring of."""
        for asked in self._criteria.occupations:
            around = self._taxonomy.related(asked)
            near = {"unit_group": around.unit_group, "group": around.group}.get(ring.name, around.related)
            if code in near:
                return self._label(asked)
        return self._label(self._exact[0])

    def _label(self, code: str) -> str:
        return self._taxonomy.occupations[code].label


@lru_cache(maxsize=1024)
def _by_title(codes: tuple[str, ...], taxonomy: Taxonomy) -> Mapping[str, str]:
    """The first of these occupations by each key of its names."""
    titles: dict[str, str] = {}
    for code in codes:
        occupation = taxonomy.occupations[code]
        for name in (occupation.label, *occupation.synonyms):
            titles.setdefault(label_key(name), code)
    return titles


def _level(asked: Sequence[str], has: str | None, levels: Vocabulary) -> Reason:
    nearest, steps = asked[0], None
    known = levels.get(has) if has else None
    if known:
        terms = [term for code in asked if (term := levels.get(code))]
        best = min(terms, key=lambda term: (term.code != known.code, abs(known.rank - term.rank)), default=None)
        if best:
            nearest, steps = best.code, known.rank - best.rank
    sign: Sign = "unknown"
    if has:
        sign = "met" if has in asked else "partly" if steps is not None and abs(steps) <= 1 else "not_met"
    return Reason(sign, "level", "level", {"code": nearest, "has": has, "steps": steps})


def _licence(code: str, held: Sequence[str]) -> Reason:
    via = licence_by(code, held)
    sign: Sign = "unknown" if not held else "met" if via else "not_met"
    return Reason(sign, "licence", "licences", {"code": code, "via": via})


def _language(code: str, listing: Listing) -> Reason:
    spoken = listing.get("languages") or ()
    grades = dict(pair.split(":", 1) for pair in listing.get("language_levels") or ())
    sign: Sign = "unknown" if not spoken else "met" if code in spoken else "not_met"
    return Reason(sign, "language", "languages", {"code": code, "grade": grades.get(code)})


def _working_time(term: Term, hours: Mapping[str, int] | None) -> Reason:
    values = {"code": term.code, "min": None, "max": None}
    if hours is None:
        return Reason("unknown", "working_time", "hours", values)
    sign: Sign = "met" if overlaps(term, hours) else "not_met"
    return Reason(sign, "working_time", "hours", {**values, **hours})


def _hours(ticked: Sequence[Term], hours: Mapping[str, int] | None) -> Reason:
    if hours is None:
        return Reason("unknown", "hours", "hours", {"min": None, "max": None})
    inside = any(int(t.extra["min"]) <= hours["min"] and hours["max"] <= int(t.extra["max"]) for t in ticked)
    overlapping = any(overlaps(term, hours) for term in ticked)
    sign: Sign = "met" if inside else "partly" if overlapping else "not_met"
    return Reason(sign, "hours", "hours", dict(hours))
