"""Which terms of use hold now; their text is web/templates/accounts/terms/VERSION_LANGUAGE.html."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.orm import Session

from matching.accounts import audit
from matching.accounts.records import Person

#: Another version is asked for at each person's next sign-in (AUTH-03).
VERSION = "2026-11"


def accept(session: Session, person_id: int) -> None:
    """Note that the person accepts the terms of now."""
    session.execute(update(Person).where(Person.id == person_id).values(terms=VERSION))
    details = {"version": VERSION}
    audit.append(session, actor_id=None, action="terms.accept", subject="person", key=str(person_id), details=details)
