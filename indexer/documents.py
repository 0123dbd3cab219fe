"""Builds listings: what one showcase shows of one candidate, as the document that its index stores."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import orjson

import matching.candidates.listings
import matching.candidates.parts
import matching.search.fields
from matching.candidates.listings import Entry, Profile, Term
from matching.candidates.parts import SENSITIVE_PARTS, ShowcaseView
from matching.search.fields import FIELDS
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
DIGEST_LENGTH = 32
#: Listings are compared with the record by this many groups.
BUCKETS = 1024

_COUNTED_MEDIA = {"photo": "photos", "video": "videos", "link": "links"}


@dataclass(frozen=True)
class Labels:
    """The Dutch labels that listings hold: of vocabularies' values by vocabulary and code, of occupations by code."""

    terms: Mapping[str, Mapping[str, str]]
    occupations: Mapping[str, str]

    @classmethod
    def of(cls, occupations: Mapping[str, str], vocabularies: Mapping[str, Vocabulary]) -> Labels:
        """The labels of these vocabularies, and of occupations by code."""
        return cls({name: vocabulary.labels for name, vocabulary in vocabularies.items()}, occupations)


class Listing(NamedTuple):
    """What one showcase shows of one candidate: `content` is the JSON object of it, `digest` a hash of that.

    Equal listings have equal digests, whatever the showcase hides of the candidate.
    """

    digest: str
    content: bytes

    def body(self, candidate_id: int, version: int) -> bytes:
        """The JSON that the engine stores: the content, and what `hallowerk index verify` compares.

        `version` is that of the write; `check` is the first part of the digest as a number that buckets can sum.
        """
        head = b'{"written":%d,"bucket":%d,"check":%d,"digest":"%b",'
        facts = (version, bucket_of(candidate_id), check_of(self.digest), self.digest.encode())
        return head % facts + self.content[1:]


def stub(candidate_id: int, version: int) -> bytes:
    """What takes the place of a listing that is gone: no search matches it, and no late write gets past its version."""
    return b'{"gone":true,"written":%d,"bucket":%d}' % (version, bucket_of(candidate_id))


def bucket_of(candidate_id: int) -> int:
    """The bucket that a candidate's listings are compared in."""
    return candidate_id % BUCKETS


def check_of(digest: str) -> int:
    """The first 32 bits of a digest: sums of a bucket's stay far below what a double holds exactly."""
    return int(digest[:8], 16)


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

    def listings(self, profile: Profile) -> Iterator[tuple[str, Listing]]:
        """Yield (showcase code, listing) for each of the builder's showcases that shows this candidate.

        A listing holds exactly the filled fields of matching.search.fields whose part that showcase shows (PROF-03,
        PROF-04); nothing in it depends on today's date.
        """
        fields, words = _fields(profile, self._labels)
        for code in profile.showcases:
            shown = self._shown.get(code)
            if shown is None:
                continue
            content = {name: fields[name] for name in shown if name in fields}
            parts = self._views[code].parts
            if labels := {part: found for part, found in words.items() if part in parts and found}:
                content["term_labels"] = labels
            encoded = orjson.dumps(content)
            # Fields come in the order of the code above, so equal listings are equal bytes.
            yield code, Listing(hashlib.sha256(encoded).hexdigest()[:DIGEST_LENGTH], encoded)


def shown_fields(view: ShowcaseView) -> tuple[str, ...]:
    """Names of the fields that listings of this showcase may hold."""
    return tuple(field.name for field in FIELDS if view.shows(field.part))


def fingerprint(view: ShowcaseView, labels: Labels, index_body: Mapping[str, Any]) -> dict[str, str]:
    """Hashes of all that decides what an index of this showcase holds but the profiles themselves; in its `_meta`.

    `mapping`: the fields and their analyzers; `builder`: the code that reads and builds, and the vocabularies that
    come with it; `content`: the parts shown and the occupations' labels, which SQL holds. Another `content` reaches
    the index by live updates; another `mapping` or `builder` means that a rebuild is due.
    """
    return {
        "mapping": _hash(index_body),
        "builder": builder_fingerprint(labels),
        "content": _hash((shown_fields(view), sorted(view.parts), labels.occupations)),
    }


def builder_fingerprint(labels: Labels) -> str:
    """The hash called `builder` in `fingerprint`."""
    return _hash(labels.terms, *_code())


@cache
def _code() -> tuple[bytes, ...]:
    """The source that builds listings, as it was when this process first asked: a deploy may replace it."""
    modules = (matching.candidates.listings, matching.candidates.parts, matching.search.fields)
    return tuple(Path(source).read_bytes() for source in (__file__, *(str(module.__file__) for module in modules)))


def outdated(meta: Mapping[str, Any], wanted: Mapping[str, str]) -> set[str]:
    """The names of the hashes of `wanted` (see `fingerprint`) that an index with this `_meta` was not made with."""
    made_with = meta.get("fingerprint", {})
    return {name for name, value in wanted.items() if made_with.get(name) != value}


def _hash(facts: Any, *more: bytes) -> str:
    found = hashlib.sha256(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS))
    for content in more:
        found.update(content)
    return found.hexdigest()[:16]


def _fields(profile: Profile, labels: Labels) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """All filled fields of a listing that shows everything, and the labels of its coded values by profile part."""
    single, terms = profile.single, profile.terms
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
    }
    if single.lat is not None and single.lon is not None:
        fields["point"] = {"lat": single.lat, "lon": single.lon}
    words: dict[str, list[str]] = {}
    for vocabulary, coded in terms.items():
        if vocabulary in CODED_FIELDS:
            field, part = CODED_FIELDS[vocabulary]
            codes = fields[field] = [term.code for term in coded if term.code]
            # Words rank, and what can discriminate must never rank: sensitive parts' labels are no words of a listing.
            if part not in SENSITIVE_PARTS:
                known = labels.terms.get(vocabulary, {})
                words.setdefault(part, []).extend([known[code] for code in codes if code in known])
    if level := labels.terms.get("level", {}).get(single.level or ""):
        words["level"] = [level]
    fields["language_levels"] = [
        f"{term.code}:{term.grade}" for term in terms.get("language", ()) if term.code and term.grade
    ]
    if functions := terms.get("function"):
        fields["functions"] = [term.code for term in functions if term.code]
        fields["function_titles"] = _function_titles(functions, labels)
        fields["first_function"] = [name for name in (functions[0].code, functions[0].text) if name]
    entries = profile.entries
    fields["experience"] = [_work(entry) for entry in entries.get("work", ())]
    fields["education"] = [_study(entry, "diploma") for entry in entries.get("education", ())]
    fields["courses"] = [_study(entry, "certificate") for entry in entries.get("course", ())]
    if profile.media:
        fields |= _media(profile)
    return _filled(fields), words


def _function_titles(functions: Sequence[Term], labels: Labels) -> list[str]:
    titles: dict[str, None] = {}
    for term in functions:
        label = labels.occupations.get(term.code) if term.code else None
        titles.update(dict.fromkeys(title for title in (label, term.text) if title))
    return list(titles)


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
    item: dict[str, Any] = {"title": entry.title}
    if entry.occupation:
        item["code"] = entry.occupation
    if entry.organisation:
        item["employer"] = entry.organisation
    if entry.volunteer:
        item["volunteer"] = True
    return _told(item, entry)


def _study(entry: Entry, completed: str) -> dict[str, Any]:
    item: dict[str, Any] = {"title": entry.title}
    if entry.organisation:
        item["institution"] = entry.organisation
    if entry.level:
        item["level"] = entry.level
    if entry.completed is not None:
        item[completed] = bool(entry.completed)
    return _told(item, entry)


def _told(item: dict[str, Any], entry: Entry) -> dict[str, Any]:
    """Add what work and study have in common, without what is empty (PROF-04)."""
    if entry.place:
        item["place"] = entry.place
    if entry.description:
        item["text"] = entry.description
    if entry.start:
        item["start"] = entry.start
    if entry.end:
        item["end"] = entry.end
    if entry.current:
        item["current"] = True
    return item


def _filled(values: dict[str, Any]) -> dict[str, Any]:
    """Without what is empty (PROF-04); False and 0 are values."""
    return {name: value for name, value in values.items() if value or value == 0}
