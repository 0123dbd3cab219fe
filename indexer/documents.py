"""Builds listings: what one showcase shows of one candidate, as the document that its index stores."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

import matching.candidates.listings
from matching.candidates.listings import Entry, Profile, Term
from matching.candidates.parts import SENSITIVE_PARTS, ShowcaseView
from matching.search.fields import FIELDS
from matching.taxonomy.occupations import Taxonomy
from matching.taxonomy.vocabularies import Vocabulary

#: vocabulary of the record -> (field of a listing, profile part).
CODED_FIELDS = {
    "work_type": ("work_types", "work_types"),
    "target_group": ("target_groups", "target_groups"),
    "field": ("fields", "fields"),
    "language": ("languages", "languages"),
    "licence": ("licences", "licences"),
    "transport": ("transport", "transport"),
    "certificate": ("certificates", "certificates"),
    "day": ("days", "availability"),
    "day_part": ("day_parts", "availability"),
    "capability": ("capabilities", "capabilities"),
}
#: Filled in for the end that is open when only the other one is known (PROF-14), in hours a week.
LEAST_HOURS, MOST_HOURS = 0, 60

_COUNTED_MEDIA = {"photo": "photos", "video": "videos", "link": "links"}


@dataclass(frozen=True)
class Labels:
    """The Dutch labels that listings hold: of vocabularies' values by vocabulary and code, of occupations by code."""

    terms: Mapping[str, Mapping[str, str]]
    occupations: Mapping[str, str]

    @classmethod
    def of(cls, taxonomy: Taxonomy, vocabularies: Mapping[str, Vocabulary]) -> Labels:
        """The labels of these vocabularies and occupations."""
        return cls(
            terms={name: vocabulary.labels for name, vocabulary in vocabularies.items()},
            occupations={code: occupation.label for code, occupation in taxonomy.occupations.items()},
        )


class ListingBuilder:
    """Builds the listings of candidates in a set of showcases; keeps nothing of the candidates."""

    def __init__(self, labels: Labels, views: Iterable[ShowcaseView]) -> None:
        self._labels = labels
        self._views = {view.code: view for view in views}
        self._shown = {code: shown_fields(view) for code, view in self._views.items()}

    @property
    def codes(self) -> tuple[str, ...]:
        """The showcases' codes."""
        return tuple(self._views)

    def listings(self, profile: Profile) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield (showcase code, listing) for each of the builder's showcases that shows this candidate.

        A listing holds exactly the filled fields of matching.search.fields whose part that showcase shows (PROF-03,
        PROF-04), with the digest of all these; nothing in it depends on today's date.
        """
        fields = _fields(profile, self._labels)
        words = _labels_by_part(profile, self._labels)
        for code in profile.showcases:
            shown = self._shown.get(code)
            if shown is None:
                continue
            listing = {name: fields[name] for name in shown if name in fields}
            parts = self._views[code].parts
            labels = {part: found for part, found in words.items() if part in parts and found}
            if labels:
                listing["term_labels"] = labels
            listing["digest"] = digest(listing)
            yield code, listing

    def bodies(self, profile: Profile) -> Iterator[tuple[str, bytes]]:
        """As `listings`, each as the JSON that is sent to the engine."""
        for code, listing in self.listings(profile):
            yield code, encode(listing)


def encode(listing: Mapping[str, Any]) -> bytes:
    """A listing as the JSON that is sent to the engine."""
    return orjson.dumps(listing)


def digest(listing: Mapping[str, Any]) -> str:
    """A hash of a listing without its digest: equal for equal listings, whatever a showcase hides of the candidate."""
    content = orjson.dumps(listing, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def shown_fields(view: ShowcaseView) -> tuple[str, ...]:
    """Names of the fields that listings of this showcase may hold."""
    return tuple(field.name for field in FIELDS if view.shows(field.part))


def fingerprint(view: ShowcaseView, labels: Labels, index_body: Mapping[str, Any]) -> str:
    """A hash of all that decides what an index of this showcase holds but the profiles themselves.

    These are the code that reads and builds, the labels, the parts shown, and the mapping with its analyzers. Kept
    in the index's `_meta`; another value means that a rebuild is due.
    """
    found = hashlib.sha256()
    for source in (__file__, matching.candidates.listings.__file__):
        found.update(Path(source).read_bytes())
    facts = (shown_fields(view), sorted(view.parts), labels.terms, labels.occupations, index_body)
    found.update(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS))
    return found.hexdigest()[:16]


def _fields(profile: Profile, labels: Labels) -> dict[str, Any]:
    single = profile.single
    fields: dict[str, Any] = {
        "id": single.id,
        "name": single.name,
        "updated_at": single.updated_at.isoformat(),
        "intro": single.intro,
        "one_liner": single.one_liner,
        "about": single.about,
        "hobbies": single.hobbies,
        "place": single.place,
        "place_name": single.place_name,
        "level": single.level,
        "contact": single.contact,
        "hours": _hours(single.hours_min, single.hours_max),
        "experience": [_work(entry) for entry in profile.entries.get("work", ())],
        "education": [_study(entry, "diploma") for entry in profile.entries.get("education", ())],
        "courses": [_study(entry, "certificate") for entry in profile.entries.get("course", ())],
    }
    if single.lat is not None and single.lon is not None:
        fields["point"] = {"lat": single.lat, "lon": single.lon}
    for vocabulary, terms in profile.terms.items():
        if vocabulary in CODED_FIELDS:
            fields[CODED_FIELDS[vocabulary][0]] = [term.code for term in terms if term.code]
    fields["language_levels"] = [
        f"{term.code}:{term.grade}" for term in profile.terms.get("language", ()) if term.code and term.grade
    ]
    functions = profile.terms.get("function", ())
    fields["functions"] = [term.code for term in functions if term.code]
    fields["function_titles"] = _function_titles(functions, labels)
    fields["first_function"] = [name for name in (functions[0].code, functions[0].text) if name] if functions else []
    fields |= _media(profile)
    return _filled(fields)


def _function_titles(functions: Sequence[Term], labels: Labels) -> list[str]:
    titles: dict[str, None] = {}
    for term in functions:
        label = labels.occupations.get(term.code) if term.code else None
        titles.update(dict.fromkeys(title for title in (label, term.text) if title))
    return list(titles)


def _labels_by_part(profile: Profile, labels: Labels) -> dict[str, list[str]]:
    # Words rank, and what can discriminate must never rank: sensitive parts' labels are no words of a listing.
    found: dict[str, list[str]] = {}
    for vocabulary, (_, part) in CODED_FIELDS.items():
        terms = profile.terms.get(vocabulary)
        if terms and part not in SENSITIVE_PARTS:
            known = labels.terms.get(vocabulary, {})
            found.setdefault(part, []).extend(known[term.code] for term in terms if term.code and term.code in known)
    level = labels.terms.get("level", {}).get(profile.single.level or "")
    if level:
        found["level"] = [level]
    return found


def _hours(least: int | None, most: int | None) -> dict[str, int] | None:
    if least is None and most is None:
        return None
    return {"min": LEAST_HOURS if least is None else least, "max": MOST_HOURS if most is None else most}


def _media(profile: Profile) -> dict[str, Any]:
    counts: dict[str, int] = {}
    fields: dict[str, Any] = {}
    documents = 0
    for medium in profile.media:
        if medium.kind == "portrait":
            fields["portrait"] = medium.id
        elif medium.kind == "document":
            documents += 1
        else:
            name = _COUNTED_MEDIA[medium.kind]
            counts[name] = counts.get(name, 0) + 1
    fields["media_counts"] = counts
    fields["documents_count"] = documents or None
    return fields


def _work(entry: Entry) -> dict[str, Any]:
    return _filled(
        {
            "title": entry.title,
            "code": entry.occupation,
            "employer": entry.organisation,
            "place": entry.place,
            "text": entry.description,
            "start": entry.start,
            "end": entry.end,
            "current": entry.current or None,
            "volunteer": entry.volunteer or None,
        }
    )


def _study(entry: Entry, completed: str) -> dict[str, Any]:
    return _filled(
        {
            "title": entry.title,
            "institution": entry.organisation,
            "place": entry.place,
            "level": entry.level,
            "text": entry.description,
            "start": entry.start,
            "end": entry.end,
            "current": entry.current or None,
            completed: entry.completed,
        }
    )


def _filled(values: dict[str, Any]) -> dict[str, Any]:
    """Without what is empty (PROF-04); False and 0 are values."""
    return {name: value for name, value in values.items() if value or value == 0}
