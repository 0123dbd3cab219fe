"""A checked profile as rows of the candidate tables, with the fingerprint that tells whether anything changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC
from typing import Any, NamedTuple

import orjson

from matching.candidates.attachments import Medium
from matching.candidates.checks import CODED_LISTS, Residence
from matching.candidates.profile import CandidateProfile

Row = dict[str, Any]


class CandidateRows(NamedTuple):
    """All rows of one candidate, before its id is known; `showcases` holds codes."""

    external_id: str
    single: Row
    terms: Sequence[Row]
    entries: Sequence[Row]
    media: Sequence[Medium]
    showcases: tuple[str, ...]
    fingerprint: str


def make_rows(profile: CandidateProfile, residence: Residence, media: Sequence[Medium]) -> CandidateRows:
    """The rows of `profile`. The fingerprint is the SHA-256 of exactly what the rows hold, so that two profiles
    that would be stored alike ('Den Haag' or its official name, '1234 AB' or '1234AB') count as the same."""
    single: Row = {
        "external_id": profile.external_id,
        "name": profile.name,
        "intro": profile.intro,
        "one_liner": profile.one_liner,
        "about": profile.about,
        "hobbies": profile.hobbies,
        "place_id": residence.place_id,
        "postcode": residence.postcode,
        "level": profile.level,
        "hours_min": profile.hours_min,
        "hours_max": profile.hours_max,
        "contact": profile.contact,
        "phone": profile.phone,
        "email": profile.email,
        "address": profile.address,
        "birth_date": profile.birth_date,
        "updated_at": profile.updated_at.astimezone(UTC),
    }
    terms = list(_terms(profile))
    entries = list(_entries(profile))
    showcases = tuple(sorted(set(profile.showcases)))
    content = orjson.dumps(
        [single, terms, entries, [medium._asdict() for medium in media], showcases],
        option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z,
    )
    fingerprint = hashlib.sha256(content).hexdigest()
    single["fingerprint"] = fingerprint
    return CandidateRows(profile.external_id, single, terms, entries, media, showcases, fingerprint)


def _terms(profile: CandidateProfile) -> Iterator[Row]:
    for name, vocabulary in CODED_LISTS.items():
        yield from _numbered(vocabulary, ((code, None, None) for code in getattr(profile, name)))
    yield from _numbered("function", ((one.occupation, None, one.title) for one in profile.functions))
    yield from _numbered("language", ((one.language, one.level, None) for one in profile.languages))


def _numbered(vocabulary: str, values: Iterable[tuple[str | None, str | None, str | None]]) -> Iterator[Row]:
    for position, (code, grade, text) in enumerate(dict.fromkeys(values)):  # a value given twice is kept once
        yield {"vocabulary": vocabulary, "position": position, "code": code, "grade": grade, "text": text}


def _entries(profile: CandidateProfile) -> Iterator[Row]:
    for position, work in enumerate(profile.experience):
        yield _entry(
            "work",
            position,
            title=work.title,
            occupation=work.occupation,
            organisation=work.employer,
            place=work.place,
            start=work.start,
            end=work.end,
            current=work.current,
            volunteer=work.volunteer,
            description=work.description,
        )
    for position, study in enumerate(profile.education):
        yield _entry(
            "education",
            position,
            title=study.title,
            organisation=study.institution,
            place=study.place,
            start=study.start,
            end=study.end,
            current=study.current,
            level=study.level,
            completed=study.diploma,
            description=study.description,
        )
    for position, course in enumerate(profile.courses):
        yield _entry(
            "course",
            position,
            title=course.title,
            organisation=course.institution,
            place=course.place,
            start=course.start,
            end=course.end,
            completed=course.certificate,
            description=course.description,
        )


_EMPTY_ENTRY: Row = {
    "occupation": None,
    "organisation": None,
    "place": None,
    "start": None,
    "end": None,
    "current": False,
    "volunteer": False,
    "level": None,
    "completed": None,
    "description": None,
}


def _entry(kind: str, position: int, **values: Any) -> Row:
    return {"kind": kind, "position": position, **_EMPTY_ENTRY, **values}
