"""Set-wise reading of candidates with all profile parts that listings are made of: a fixed number of statements."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, exists, func, select
from sqlalchemy.orm import Session

from matching.candidates.parts import ShowcaseView, ShownCategory
from matching.candidates.records import (
    Candidate,
    CandidateEntry,
    CandidateMedia,
    CandidateShowcase,
    CandidateTerm,
    Showcase,
)
from matching.storage.base import table_of
from matching.taxonomy.records import PlaceRow, PostcodeRow

#: How many statements one window takes, whatever its size; a contract test counts them.
STATEMENTS_PER_WINDOW = 5

_POSTCODE_DIGITS = 4

#: Limits a child table to the candidates of a window.
Within = Callable[[ColumnElement[int]], ColumnElement[bool]]


# Core tables: the ORM's statements on the same columns take longer per row.
_CANDIDATES, _TERMS, _ENTRIES, _MEDIA = map(table_of, (Candidate, CandidateTerm, CandidateEntry, CandidateMedia))
_SHOWINGS, _SHOWCASES, _PLACES, _POSTCODES = map(table_of, (CandidateShowcase, Showcase, PlaceRow, PostcodeRow))
_IN_ORDER = select(_SHOWCASES).order_by(_SHOWCASES.c.position, _SHOWCASES.c.code)


class Single(NamedTuple):
    """The single-valued parts of a profile; the point is the postcode's, or else the place's (degrees, WGS 84)."""

    id: int
    name: str
    updated_at: datetime
    intro: str | None
    one_liner: str | None
    about: str | None
    hobbies: str | None
    level: str | None
    hours_min: int | None
    hours_max: int | None
    contact: str | None
    place: str | None
    place_name: str | None
    lat: float | None
    lon: float | None


class Term(NamedTuple):
    """A coded value (or a function's free text) of a profile."""

    code: str | None
    grade: str | None
    text: str | None


class Entry(NamedTuple):
    """An item of work experience, education or course; `completed` is the diploma or certificate."""

    title: str
    occupation: str | None
    organisation: str | None
    place: str | None
    start: str | None
    end: str | None
    current: bool
    volunteer: bool
    level: str | None
    completed: bool | None
    description: str | None


class Medium(NamedTuple):
    """A portrait, photo, video, link or document."""

    id: int
    kind: str


class Profile(NamedTuple):
    """All that listings show of one candidate; terms by vocabulary and entries by kind, in the candidate's order.

    Phone, e-mail, address and birth date are not read: they are in no listing (CONT-02).
    """

    single: Single
    terms: Mapping[str, Sequence[Term]]
    entries: Mapping[str, Sequence[Entry]]
    media: Sequence[Medium]
    showcases: frozenset[str]


@dataclass(frozen=True)
class ShowcaseRow:
    """A showcase as the indexer knows it: the key in SQL and what it shows."""

    id: int
    view: ShowcaseView


def read_showcases(session: Session) -> tuple[ShowcaseRow, ...]:
    """Every showcase in the order shown to people."""
    rows = session.execute(_IN_ORDER)
    return tuple(
        ShowcaseRow(
            row.id,
            ShowcaseView(
                code=row.code,
                name=row.name,
                parts=frozenset(row.parts),
                categories=tuple(
                    ShownCategory(entry["code"], None if entry.get("options") is None else tuple(entry["options"]))
                    for entry in row.categories
                ),
            ),
        )
        for row in rows
    )


def count_shown(session: Session, showcase_id: int) -> int:
    """How many candidates a showcase shows."""
    statement = select(func.count()).select_from(_SHOWINGS).where(_SHOWINGS.c.showcase_id == showcase_id)
    return session.execute(statement).scalar_one()


def window_end(session: Session, after: int, size: int) -> int | None:
    """The id of the last of the next `size` candidates with an id above `after`; None when there are not so many."""
    key = _CANDIDATES.c.id
    statement = select(key).where(key > after).order_by(key).offset(size - 1).limit(1)
    return session.execute(statement).scalar_one_or_none()


def read_window(
    session: Session, after: int, size: int, showcases: Sequence[ShowcaseRow], last: int | None = None
) -> list[Profile]:
    """The next at most `size` candidates with an id above `after`, up to `last`, that any of `showcases` shows, by id.

    Empty at the end. Takes STATEMENTS_PER_WINDOW statements (one when empty), each a walk along a key.
    """
    key, shown = _CANDIDATES.c.id, _SHOWINGS.c
    is_shown = exists().where(shown.candidate_id == key, shown.showcase_id.in_([row.id for row in showcases]))
    statement = _select_singles().where(key > after, is_shown).limit(size)
    singles = _singles(session, statement if last is None else statement.where(key <= last))
    if not singles:
        return []
    low, high = singles[0].id, singles[-1].id
    return _complete(session.connection(), singles, lambda column: column.between(low, high), showcases)


def read_keys(session: Session, keys: Sequence[int], showcases: Sequence[ShowcaseRow]) -> list[Profile]:
    """The candidates with these ids that still exist, by id, shown or not; statements as in `read_window`."""
    singles = _singles(session, _select_singles().where(_CANDIDATES.c.id.in_(keys)))
    if not singles:
        return []
    return _complete(session.connection(), singles, lambda column: column.in_(keys), showcases)


def _select_singles() -> Select[Any]:
    c, place, postcode = _CANDIDATES.c, _PLACES.c, _POSTCODES.c
    joined = _CANDIDATES.outerjoin(_POSTCODES, postcode.code == func.substr(c.postcode, 1, _POSTCODE_DIGITS)).outerjoin(
        _PLACES, place.id == func.coalesce(c.place_id, postcode.place_id)
    )
    return (
        select(
            *(c.id, c.name, c.updated_at, c.intro, c.one_liner, c.about, c.hobbies, c.level),
            *(c.hours_min, c.hours_max, c.contact),
            *(place.id, place.name),
            *(func.coalesce(postcode.lat, place.lat), func.coalesce(postcode.lon, place.lon)),
        )
        .select_from(joined)
        .order_by(c.id)
    )


def _singles(session: Session, statement: Select[Any]) -> list[Single]:
    return [Single._make(row) for row in session.connection().execute(statement)]


def _complete(
    connection: Connection, singles: Sequence[Single], within: Within, showcases: Sequence[ShowcaseRow]
) -> list[Profile]:
    keys = [single.id for single in singles]
    terms = _terms(connection, keys, within)
    entries = _entries(connection, keys, within)
    media = _media(connection, keys, within)
    shown = _shown(connection, keys, within, {showcase.id: showcase.view.code for showcase in showcases})
    return [
        Profile(single, terms[single.id], entries[single.id], media[single.id], frozenset(shown[single.id]))
        for single in singles
    ]


# The next two loops see some twenty rows for each candidate and set the pace of a rebuild, hence rows as the driver
# gives them. A window by key range may hold rows of candidates that no chosen showcase shows: they are passed over.


def _driver_rows(connection: Connection, statement: Select[Any]) -> Sequence[Any]:
    """Plain tuples with SQLAlchemy's conversions left out: on SQLite a bool is 0 or 1."""
    cursor = connection.execute(statement).cursor
    return [] if cursor is None else cursor.fetchall()


def _terms(connection: Connection, keys: Sequence[int], within: Within) -> Mapping[int, dict[str, list[Term]]]:
    c = _TERMS.c
    statement = (
        select(c.candidate_id, c.vocabulary, c.code, c.grade, c.text)
        .where(within(c.candidate_id))
        .order_by(c.candidate_id, c.vocabulary, c.position)
    )
    found: dict[int, dict[str, list[Term]]] = {key: {} for key in keys}
    last_key, last_vocabulary = None, None
    group: list[Term] = []
    for key, vocabulary, code, grade, text in _driver_rows(connection, statement):
        if vocabulary != last_vocabulary or key != last_key:
            last_key, last_vocabulary, group = key, vocabulary, []
            if key in found:
                found[key][vocabulary] = group
        group.append(Term(code, grade, text))
    return found


def _entries(connection: Connection, keys: Sequence[int], within: Within) -> Mapping[int, dict[str, list[Entry]]]:
    c = _ENTRIES.c
    statement = (
        select(c.candidate_id, c.kind, *(c[name] for name in Entry._fields))
        .where(within(c.candidate_id))
        .order_by(c.candidate_id, c.kind, c.position)
    )
    found: dict[int, dict[str, list[Entry]]] = {key: {} for key in keys}
    for key, kind, *told, current, volunteer, level, completed, description in _driver_rows(connection, statement):
        if key in found:
            completed = None if completed is None else bool(completed)
            entry = (*told, bool(current), bool(volunteer), level, completed, description)
            found[key].setdefault(kind, []).append(Entry._make(entry))
    return found


def _media(connection: Connection, keys: Sequence[int], within: Within) -> Mapping[int, list[Medium]]:
    c = _MEDIA.c
    statement = (
        select(c.candidate_id, c.id, c.kind).where(within(c.candidate_id)).order_by(c.candidate_id, c.kind, c.position)
    )
    found: dict[int, list[Medium]] = {key: [] for key in keys}
    for key, medium, kind in connection.execute(statement).fetchall():
        if key in found:
            found[key].append(Medium(medium, kind))
    return found


def _shown(
    connection: Connection, keys: Sequence[int], within: Within, codes: Mapping[int, str]
) -> Mapping[int, list[str]]:
    c = _SHOWINGS.c
    statement = select(c.candidate_id, c.showcase_id).where(within(c.candidate_id))
    found: dict[int, list[str]] = {key: [] for key in keys}
    for key, showcase in connection.execute(statement).fetchall():
        if key in found and showcase in codes:
            found[key].append(codes[showcase])
    return found
