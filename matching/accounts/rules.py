"""Checking who signs in, and what is written down of signing out and of looking at people."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from matching.accounts import audit
from matching.accounts.accounts import address
from matching.accounts.passwords import hash_password, needs_rehash, password_matches
from matching.accounts.records import Person


def check_password(session: Session, email: str, password: str) -> int | None:
    """Return the number of the person with this e-mail address and password, else None after the same work."""
    row = session.execute(select(Person.id, Person.password_hash).where(Person.email == address(email))).one_or_none()
    matches = password_matches(row.password_hash if row else None, password)
    return row.id if row and matches else None


def renewed_hash(session: Session, person_id: int, password: str) -> str | None:
    """A new hash of the right password, where the stored one was made with other parameters than today's; else None.

    Raises TooBusy: then it can be made another time (ASVS 5, 11.4.2).
    """
    stored = session.scalar(select(Person.password_hash).where(Person.id == person_id))
    return hash_password(password) if stored and needs_rehash(stored) else None


def keep_hash(session: Session, person_id: int, hashed: str) -> None:
    """Keep another hash of the same password: nothing changes for the person."""
    session.execute(update(Person).where(Person.id == person_id).values(password_hash=hashed))


def login_name(session: Session, person_id: int) -> tuple[str, bool]:
    """The person's e-mail address, and whether there is a password."""
    row = session.execute(select(Person.email, Person.password_hash).where(Person.id == person_id)).one()
    return row.email, row.password_hash is not None


def note_confirmed(session: Session, account_id: int) -> None:
    """Record that somebody signed in showed once more who it is."""
    audit.append(
        session, actor_id=account_id, action="session.confirm", subject="account", key=str(account_id), details={}
    )


def note_refused_sign_in(session: Session) -> None:
    """Record that a sign-in was refused; who tried is not known, so nobody is named."""
    audit.append(session, actor_id=None, action="session.refused", subject="person", key="", details={})


def note_sign_out(session: Session, account_id: int) -> None:
    """Record a sign-out in the audit trail."""
    audit.append(session, actor_id=account_id, action="session.end", subject="account", key=str(account_id), details={})


def note_left(session: Session, person_id: int) -> None:
    """Record that somebody stopped in the midst of signing in."""
    audit.append(session, actor_id=None, action="session.leave", subject="person", key=str(person_id), details={})


def note_view(session: Session, account_id: int, showcase: str, candidate_id: int) -> None:
    """Record in the audit trail that this account opened this profile, in the showcase with that code."""
    details = {"showcase": showcase}
    audit.append(
        session,
        actor_id=account_id,
        action="candidates.view",
        subject="candidate",
        key=str(candidate_id),
        details=details,
    )


def note_download(session: Session, account_id: int, showcase: str, candidate_id: int, media_id: int) -> None:
    """Record in the audit trail that this account took this document of a profile."""
    details = {"showcase": showcase, "media": media_id}
    audit.append(
        session,
        actor_id=account_id,
        action="candidates.files",
        subject="candidate",
        key=str(candidate_id),
        details=details,
    )
