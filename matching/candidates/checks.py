"""What a profile must hold beyond its form: known codes, one place, sensible hours and dates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from matching.candidates.lines import Problem, shorten
from matching.candidates.profile import CandidateProfile, Home
from matching.candidates.records import Showcase
from matching.taxonomy.place_names import PROVINCES, split_province
from matching.taxonomy.places import Ambiguous, Gazetteer, Place, Postcode, Unknown
from matching.taxonomy.records import OccupationRow
from matching.taxonomy.store import load_gazetteer
from matching.taxonomy.vocabularies import load_vocabularies

#: What clocks of two systems may differ.
CLOCK_TOLERANCE = timedelta(minutes=5)
#: HalloWerk has no older profiles; an earlier moment is a mistake (often 1970, for 'unknown').
EARLIEST_UPDATE = datetime(2000, 1, 1, tzinfo=UTC)

#: profile field -> vocabulary of its codes.
CODED_LISTS = {
    "work_types": "work_type",
    "target_groups": "target_group",
    "fields": "field",
    "licences": "licence",
    "transport": "transport",
    "certificates": "certificate",
    "days": "day",
    "day_parts": "day_part",
    "capabilities": "capability",
}


class Residence(NamedTuple):
    """Where a candidate lives, resolved: the id of one place and a postcode ('3011' or '3011AB'), each if given."""

    place_id: str | None
    postcode: str | None


NOWHERE = Residence(None, None)


@dataclass(frozen=True)
class Reference:
    """Every code and place that profiles may name."""

    vocabularies: Mapping[str, frozenset[str]]
    occupations: frozenset[str]
    showcases: Mapping[str, int]
    gazetteer: Gazetteer
    _residences: dict[Home, Residence | Problem] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def load(cls, session: Session) -> Reference:
        """The codes of the package's vocabularies, and the occupations, places and showcases of the database."""
        return cls(
            vocabularies={name: frozenset(vocabulary.codes) for name, vocabulary in load_vocabularies().items()},
            occupations=frozenset(session.scalars(select(OccupationRow.code))),
            showcases={row.code: row.id for row in session.execute(select(Showcase.code, Showcase.id))},
            gazetteer=load_gazetteer(session),
        )

    def residence(self, home: Home | None) -> Residence | Problem:
        """The one place that `home` names; a problem when there is none or several, never a guess."""
        if home is None:
            return NOWHERE
        found = self._residences.get(home)
        if found is None:
            found = self._residences[home] = _resolve(home, self.gazetteer)
        return found


def find_problems(profile: CandidateProfile, reference: Reference, now: datetime) -> list[Problem]:
    """Everything that keeps a well-formed profile from being taken; empty when it can be."""
    return [*_codes(profile, reference), *_place(profile, reference), *_times(profile, now), *_items(profile)]


def _codes(profile: CandidateProfile, reference: Reference) -> Iterator[Problem]:
    known = reference.vocabularies
    yield from _unknown("showcases", profile.showcases, reference.showcases, "showcase")
    yield from _unknown("level", (profile.level,), known["level"], "level")
    for name, vocabulary in CODED_LISTS.items():
        yield from _unknown(name, getattr(profile, name), known[vocabulary], vocabulary.replace("_", " "))
    for position, language in enumerate(profile.languages):
        at = f"languages.{position}"
        yield from _unknown(f"{at}.language", (language.language,), known["language"], "language")
        yield from _unknown(f"{at}.level", (language.level,), known["language_level"], "language level")
    for position, wish in enumerate(profile.functions):
        at = f"functions.{position}.occupation"
        yield from _unknown(at, (wish.occupation,), reference.occupations, "occupation")
        if wish.occupation is None and wish.title is None:
            yield Problem(f"functions.{position}", "", "needs an occupation or a title")
    for position, work in enumerate(profile.experience):
        at = f"experience.{position}.occupation"
        yield from _unknown(at, (work.occupation,), reference.occupations, "occupation")
    for position, study in enumerate(profile.education):
        yield from _unknown(f"education.{position}.level", (study.level,), known["level"], "level")


def _unknown(
    at: str, codes: Sequence[str | None], known: Iterable[str] | Mapping[str, int], kind: str
) -> Iterator[Problem]:
    for code in codes:
        if code is not None and code not in known:
            yield Problem(at, shorten(code), f"is no {kind} that HalloWerk knows")


def _place(profile: CandidateProfile, reference: Reference) -> Iterator[Problem]:
    found = reference.residence(profile.home)
    if isinstance(found, Problem):
        yield found


def _times(profile: CandidateProfile, now: datetime) -> Iterator[Problem]:
    moment = profile.updated_at
    if moment > now + CLOCK_TOLERANCE:
        yield Problem("updated_at", moment.isoformat(), "is in the future")
    elif moment < EARLIEST_UPDATE:
        yield Problem("updated_at", moment.isoformat(), f"is before {EARLIEST_UPDATE.year}")
    if profile.birth_date and profile.birth_date >= now.date():
        yield Problem("birth_date", profile.birth_date.isoformat(), "is not in the past")
    if profile.hours_min is not None and profile.hours_max is not None and profile.hours_min > profile.hours_max:
        yield Problem("hours_min", str(profile.hours_min), f"is more than hours_max ({profile.hours_max})")


def _items(profile: CandidateProfile) -> Iterator[Problem]:
    for name in ("experience", "education", "courses"):
        for position, item in enumerate(getattr(profile, name)):
            if item.start and item.end:
                shared = min(len(item.start), len(item.end))  # '2020' and '2020-05' are compared as years
                if item.end[:shared] < item.start[:shared]:
                    yield Problem(f"{name}.{position}.end", item.end, f"is before start ({item.start})")
            if item.end and getattr(item, "current", False):
                yield Problem(f"{name}.{position}.end", item.end, "is given although current is true")


def _resolve(home: Home, gazetteer: Gazetteer) -> Residence | Problem:
    postcode = home.postcode.replace(" ", "") if home.postcode else None
    area = gazetteer.postcodes.get(postcode[:4]) if postcode else None
    if home.place is None:
        if home.province:
            return Problem("home.place", "", "is needed beside a province")
        if postcode and area is None:
            return Problem("home.postcode", shorten(postcode), "is no postcode that HalloWerk knows; add the place")
        return Residence(None, postcode)
    province = _province(home.province) if home.province else None
    if home.province and province is None:
        return Problem("home.province", shorten(home.province), "is no province")
    found = gazetteer.resolve(home.place)
    if isinstance(found, Unknown):
        names = ", ".join(gazetteer.label(one) for one in found.suggestions)
        return Problem("home.place", shorten(home.place), f"is no known place{f'; like it: {names}' if names else ''}")
    options = found.options if isinstance(found, Ambiguous) else (found.location,)
    return _choose(home.place, options, province, area, postcode, gazetteer)


def _choose(
    name: str,
    options: Sequence[Place | Postcode],
    province: str | None,
    area: Postcode | None,
    postcode: str | None,
    gazetteer: Gazetteer,
) -> Residence | Problem:
    places = [one for one in options if isinstance(one, Place)]
    if not places:
        return Problem("home.place", shorten(name), "is a postcode; give it as home.postcode")
    fitting = [one for one in places if province in (None, one.province)]
    if not fitting:
        return Problem("home.province", province or "", f"has no place called {shorten(name)}")
    if len(fitting) > 1 and area:
        # A postcode says which of the places of one name is meant.
        fitting = [one for one in fitting if one.id == area.place_id] or fitting
    if len(fitting) > 1:
        labels = ", ".join(gazetteer.label(one) for one in fitting)
        return Problem("home.place", shorten(name), f"is the name of several places; write one of: {labels}")
    return Residence(fitting[0].id, postcode)


def _province(text: str) -> str | None:
    if text in PROVINCES:
        return text
    return split_province(f"x {text}")[1] or None
