"""The password that somebody chooses after accepting an invitation (AUTH-12..14)."""

from __future__ import annotations

from sqlalchemy import exists, update
from sqlalchemy.orm import Session

from matching.accounts import audit
from matching.accounts.key_records import MicrosoftIdentity
from matching.accounts.records import Person


def choose(session: Session, person_id: int, hashed: str) -> bool:
    """Keep the hash of a person's first password; False when there is one already, or the person uses Microsoft.

    Of two who choose at once one gets False: an invitation is no way to replace a password.
    """
    at_microsoft = exists().where(MicrosoftIdentity.person_id == person_id)
    kept = (
        update(Person)
        .where(Person.id == person_id, Person.password_hash.is_(None), ~at_microsoft)
        .values(password_hash=hashed)
        .execution_options(synchronize_session=False)
    )
    if session.execute(kept).rowcount != 1:  # type: ignore[attr-defined]
        return False
    audit.append(session, actor_id=None, action="password.set", subject="person", key=str(person_id), details={})
    return True
