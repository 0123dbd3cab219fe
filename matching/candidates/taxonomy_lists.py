"""Brings lists of occupations and places into the record with respect for the candidates that use them."""

from __future__ import annotations

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from matching.candidates.records import Candidate
from matching.taxonomy.occupations import Taxonomy, load_bundled
from matching.taxonomy.places import load_places
from matching.taxonomy.records import OccupationRow, PlaceRow
from matching.taxonomy.store import write_gazetteer, write_taxonomy


class SystemNotEmpty(RuntimeError):
    """There are candidates, whose profiles hold codes of the present list; the message says how many."""


def seed(session: Session) -> None:
    """Bring the tables to the lists that come with the package; writes nothing where they are that already.

    Occupations of another list (`hallowerk taxonomy import-esco`), recognised by having no code in common with the
    bundled one, are left alone. A place that the bundle no longer has stays while a candidate lives there.
    """
    bundled = load_bundled()
    present = set(session.scalars(select(OccupationRow.code)))
    if not present or present & bundled.occupations.keys():
        write_taxonomy(session, bundled)
    write_gazetteer(session, load_places(), keep=places_lived_in(session))


def places_lived_in(session: Session) -> set[str]:
    """Ids of the places that at least one candidate lives in."""
    return set(session.scalars(select(PlaceRow.id).where(exists().where(Candidate.place_id == PlaceRow.id))))


def replace_occupations(session: Session, taxonomy: Taxonomy) -> None:
    """Make `taxonomy` the list of occupations of this system (issue 4: at set-up, into an empty system).

    Raises SystemNotEmpty, and changes nothing, when there is any candidate.
    """
    candidates = session.scalar(select(func.count()).select_from(Candidate))
    if candidates:
        raise SystemNotEmpty(
            f"there are {candidates} candidates; another list of occupations can only be loaded into an empty system"
        )
    write_taxonomy(session, taxonomy)
