"""Made-up candidates in which every profile part is filled, each with words of its own that betray a leak."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from matching.candidates.parts import CATEGORIES, PARTS
from matching.candidates.records import (
    Candidate,
    CandidateEntry,
    CandidateMedia,
    CandidateShowcase,
    CandidateTerm,
    Showcase,
)
from matching.taxonomy.records import OccupationGroupRow, OccupationRow, PlaceRow, PostcodeRow

OCCUPATION = "test-heftruckchauffeur"
UPDATED_AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)

#: part -> a word that stands in that part of a full profile and nowhere else, in no label either.
SECRET_WORDS = {
    "intro": "introzin",
    "one_liner": "zelfzin",
    "about": "overzin",
    "hobbies": "hobbyzin",
    "home": "Geheimdorp",
    "functions": "wenszin",
    "experience": "werkzin",
    "education": "studiezin",
    "courses": "cursuszin",
}
#: Values that are in no listing of any showcase (CONT-02).
PRIVATE = {"phone": "0612345678", "email": "geheim@voorbeeld.nl", "address": "Verborgenweg 7"}

TERMS: tuple[tuple[str, str | None, str | None, str | None], ...] = (
    ("work_type", "aanpakken", None, None),
    ("target_group", "banenafspraak", None, None),
    ("field", "transport-logistiek", None, None),
    ("function", OCCUPATION, None, None),
    ("function", None, None, "wenszin"),
    ("language", "nl", "moedertaal", None),
    ("language", "de", None, None),
    ("licence", "BE", None, None),
    ("transport", "bestelauto", None, None),
    ("certificate", "vca-basis", None, None),
    ("day", "maandag", None, None),
    ("day_part", "avond", None, None),
    ("capability", "zitten", None, None),
)


def insert_showcase(session: Session, code: str, parts: Iterable[str] = tuple(PARTS)) -> None:
    """A showcase that shows `parts` (all unless told) and every category."""
    row = {
        "code": code,
        "name": code.title(),
        "position": 0,
        "parts": sorted(parts),
        "categories": [{"code": category, "options": None} for category in CATEGORIES],
    }
    session.execute(insert(Showcase).values(**row))


def insert_taxonomy(session: Session) -> None:
    """The few places and occupations that full profiles speak of."""
    place = {"id": "geheimdorp", "name": "Geheimdorp", "kind": "town", "municipality": "Test", "province": "Test"}
    for values in (place, {**place, "id": "nergens"}):
        session.execute(insert(PlaceRow).values(**values, lat=51.9, lon=4.4, population=10, aliases=[]))
    session.execute(insert(PostcodeRow).values(code="3011", place_id="geheimdorp", lat=51.925, lon=4.495))
    group = {"code": "test-intern-transport", "label": "Intern transport", "field": "transport-logistiek"}
    session.execute(insert(OccupationGroupRow).values(**group, synonyms=[]))
    occupation = {"code": OCCUPATION, "label": "Heftruckchauffeur", "isco": "8344", "group_code": group["code"]}
    session.execute(insert(OccupationRow).values(**occupation, work_type="aanpakken", level="mbo-2", synonyms=[]))


def insert_full(session: Session, key: int, showcases: Sequence[str], **changes: Any) -> None:
    """A candidate with id `key` and every part filled, shown in `showcases`; `changes` are columns of `candidates`."""
    words = {part: SECRET_WORDS[part] for part in ("intro", "one_liner", "about", "hobbies")}
    row: dict[str, Any] = {
        **words,
        **PRIVATE,
        "id": key,
        "external_id": f"test-{key}",
        "name": f"Naam{key}",
        "birth_date": UPDATED_AT.date(),
        "place_id": "geheimdorp",
        "postcode": "3011AB",
        "level": "mbo-3",
        "hours_min": 16,
        "hours_max": 32,
        "contact": "direct",
        "updated_at": UPDATED_AT,
        "fingerprint": "x",
        **changes,
    }
    session.execute(insert(Candidate).values(**row))
    session.execute(
        insert(CandidateTerm),
        [
            {"candidate_id": key, "vocabulary": name, "position": number, "code": code, "grade": grade, "text": text}
            for number, (name, code, grade, text) in enumerate(TERMS)
        ],
    )
    session.execute(insert(CandidateEntry), [_entry(key, kind) for kind in ("work", "education", "course")])
    kinds = ("portrait", "photo", "photo", "video", "link", "document")
    session.execute(
        insert(CandidateMedia),
        [{"candidate_id": key, "kind": kind, "position": number} for number, kind in enumerate(kinds)],
    )
    show(session, key, showcases)


def show(session: Session, key: int, showcases: Sequence[str]) -> None:
    """Show a candidate in these showcases too."""
    ids = session.execute(select(Showcase.id).where(Showcase.code.in_(showcases))).scalars().all()
    rows = [{"candidate_id": key, "showcase_id": showcase} for showcase in ids]
    if rows:
        session.execute(insert(CandidateShowcase), rows)


def spoil(session: Session, keys: Iterable[int]) -> None:
    """Move these candidates to a place off the globe, which the engine refuses."""
    session.execute(update(PlaceRow).where(PlaceRow.id == "nergens").values(lat=99.5))
    moved = update(Candidate).where(Candidate.id.in_(list(keys)))
    session.execute(moved.values(place_id="nergens", postcode=None))


def _entry(key: int, kind: str) -> dict[str, Any]:
    word = {"work": "werkzin", "education": "studiezin", "course": "cursuszin"}[kind]
    return {
        "candidate_id": key,
        "kind": kind,
        "position": 0,
        "title": f"titel {word}",
        "organisation": f"bij {word}",
        "place": f"te {word}",
        "start": "2015-02",
        "end": "2019",
        "current": True,
        "volunteer": True,
        "occupation": OCCUPATION if kind == "work" else None,
        "level": "mbo-2" if kind == "education" else None,
        "completed": None if kind == "work" else False,
        "description": f"tekst {word}",
    }
