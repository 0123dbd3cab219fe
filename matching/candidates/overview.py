"""What pages read of candidates: which of a list of hits are still shown, one profile, one file of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from matching.candidates import listings
from matching.candidates.listings import Entry, Term, read_keys, read_showcases
from matching.candidates.parts import ShowcaseView
from matching.candidates.records import Candidate, CandidateMedia, CandidateShowcase, Showcase
from matching.storage.base import table_of

#: How many statements `profile` takes for a candidate that is shown; a test counts them.
STATEMENTS_PER_PROFILE = listings.STATEMENTS_PER_WINDOW + 2

#: vocabulary of a coded value -> profile part that shows it.
PART_OF_TERMS = {
    "work_type": "work_types",
    "target_group": "target_groups",
    "field": "fields",
    "function": "functions",
    "language": "languages",
    "licence": "licences",
    "transport": "transport",
    "certificate": "certificates",
    "day": "availability",
    "day_part": "availability",
    "capability": "capabilities",
}
PART_OF_ENTRIES = {"work": "experience", "education": "education", "course": "courses"}
PART_OF_MEDIA = {
    "portrait": "portrait",
    "photo": "media",
    "video": "media",
    "link": "media",
    "document": "documents",
}

# Core tables: every list asks it, and the ORM's statements on the same columns take longer.
_CANDIDATES, _SHOWINGS, _SHOWCASES = map(table_of, (Candidate, CandidateShowcase, Showcase))
_VISIBLE = (
    select(_CANDIDATES.c.id, _CANDIDATES.c.external_id)
    .join(_SHOWINGS, _SHOWINGS.c.candidate_id == _CANDIDATES.c.id)
    .join(_SHOWCASES, _SHOWCASES.c.id == _SHOWINGS.c.showcase_id)
    .where(_SHOWCASES.c.code == bindparam("showcase"), _CANDIDATES.c.id.in_(bindparam("ids", expanding=True)))
)


@dataclass(frozen=True)
class MediaItem:
    """A portrait, photo, document (a file, fetched by id) or a video or link (`url`, outside HalloWerk)."""

    id: int
    kind: str
    title: str | None
    url: str | None
    file_name: str | None
    content_type: str | None
    size: int | None


@dataclass(frozen=True)
class Profile:
    """A candidate as one showcase shows it: what it hides is None or empty, as if the candidate had not filled it in.

    Terms are by vocabulary, in the candidate's order; entries are by kind ('work', 'education', 'course'); media
    are by kind ('portrait', 'photo', 'video', 'link', 'document'). `showcases` are codes of the showcases, among
    those the reader may open, that hold this candidate (PROF-03). Phone, e-mail, address and birth date are never
    in it (CONT-01).
    """

    id: int
    external_id: str
    name: str
    updated_at: datetime
    intro: str | None
    one_liner: str | None
    about: str | None
    hobbies: str | None
    place: str | None
    place_name: str | None
    level: str | None
    hours_min: int | None
    hours_max: int | None
    contact: str | None
    terms: Mapping[str, Sequence[Term]]
    entries: Mapping[str, Sequence[Entry]]
    media: Mapping[str, Sequence[MediaItem]]
    showcases: tuple[str, ...]


@dataclass(frozen=True)
class StoredFile:
    """A file of a profile, to be opened in the media store by its content hash."""

    content_hash: str
    content_type: str
    file_name: str | None
    kind: str
    size: int


def visible(session: Session, showcase: str, ids: Collection[int]) -> dict[int, str]:
    """Those of `ids` that the showcase with that code shows at this moment, with their external ids; one statement."""
    rows = session.execute(_VISIBLE, {"showcase": showcase, "ids": list(ids)})
    return {row.id: row.external_id for row in rows}


def profile(session: Session, view: ShowcaseView, candidate_id: int, allowed: Collection[str] = ()) -> Profile | None:
    """The candidate as `view` shows it, None when that showcase doesn't hold the candidate (any more).

    `allowed` are codes of the showcases that the reader may open.
    """
    rows = read_showcases(session)
    found = read_keys(session, [candidate_id], rows)
    if not found or view.code not in found[0].showcases:
        return None
    whole = found[0]
    single = whole.single
    external_id, media = _media(session, view, candidate_id)
    home, hours = view.shows("home"), view.shows("hours")
    return Profile(
        id=single.id,
        external_id=external_id,
        name=single.name,
        updated_at=single.updated_at,
        intro=single.intro if view.shows("intro") else None,
        one_liner=single.one_liner if view.shows("one_liner") else None,
        about=single.about if view.shows("about") else None,
        hobbies=single.hobbies if view.shows("hobbies") else None,
        place=single.place if home else None,
        place_name=single.place_name if home else None,
        level=single.level if view.shows("level") else None,
        hours_min=single.hours_min if hours else None,
        hours_max=single.hours_max if hours else None,
        contact=single.contact if view.shows("contact") else None,
        terms={name: terms for name, terms in whole.terms.items() if view.shows(PART_OF_TERMS[name])},
        entries={kind: entries for kind, entries in whole.entries.items() if view.shows(PART_OF_ENTRIES[kind])},
        media=media,
        showcases=tuple(row.view.code for row in rows if row.view.code in allowed and row.view.code in whole.showcases),
    )


def media_file(session: Session, view: ShowcaseView, candidate_id: int, media_id: int) -> StoredFile | None:
    """The file behind a portrait, photo or document, under the same right as the profile.

    None when the showcase doesn't hold the candidate, hides that part, or there is no such file; one statement.
    """
    statement = (
        select(
            CandidateMedia.kind,
            CandidateMedia.content_hash,
            CandidateMedia.content_type,
            CandidateMedia.file_name,
            CandidateMedia.size,
        )
        .join(CandidateShowcase, CandidateShowcase.candidate_id == CandidateMedia.candidate_id)
        .join(Showcase, Showcase.id == CandidateShowcase.showcase_id)
        .where(
            Showcase.code == view.code,
            CandidateMedia.candidate_id == candidate_id,
            CandidateMedia.id == media_id,
            CandidateMedia.content_hash.is_not(None),
        )
    )
    row = session.execute(statement).one_or_none()
    if row is None or not view.shows(PART_OF_MEDIA[row.kind]):
        return None
    return StoredFile(row.content_hash, row.content_type, row.file_name, row.kind, row.size)


def _media(session: Session, view: ShowcaseView, candidate_id: int) -> tuple[str, Mapping[str, Sequence[MediaItem]]]:
    """The external id and the shown media by kind, in the candidate's order; one statement."""
    statement = (
        select(
            Candidate.external_id,
            CandidateMedia.id,
            CandidateMedia.kind,
            CandidateMedia.title,
            CandidateMedia.url,
            CandidateMedia.file_name,
            CandidateMedia.content_type,
            CandidateMedia.size,
        )
        .outerjoin(CandidateMedia, CandidateMedia.candidate_id == Candidate.id)
        .where(Candidate.id == candidate_id)
        .order_by(CandidateMedia.kind, CandidateMedia.position)
    )
    rows = session.execute(statement).all()
    media: dict[str, list[MediaItem]] = {}
    for row in rows:
        if row.id is not None and view.shows(PART_OF_MEDIA[row.kind]):
            item = MediaItem(row.id, row.kind, row.title, row.url, row.file_name, row.content_type, row.size)
            media.setdefault(row.kind, []).append(item)
    return rows[0].external_id, media
