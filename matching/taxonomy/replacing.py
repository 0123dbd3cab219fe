"""Puts another list of occupations in the place of the one that a system holds, while no candidate depends on it."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from matching.candidates.records import Candidate
from matching.taxonomy.occupations import Taxonomy
from matching.taxonomy.store import write_taxonomy


class SystemNotEmpty(RuntimeError):
    """There are candidates, whose profiles hold codes of the present list; the message says how many."""


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
