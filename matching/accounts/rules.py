"""Checking who signs in, and what is written down of signing out and of looking at people."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from matching.accounts import audit
from matching.accounts.accounts import address
from matching.accounts.proofs.passwords import hash_password, needs_rehash, password_matches
from matching.accounts.records import Person


@dataclass(frozen=True)
class Verified:
    """Whose password was right, and the hash that said so."""

    person_id: int
    stored: str


def check_password(session: Session, email: str, password: str) -> Verified | None:
    """Who has this e-mail address and password, else None after the same work. Raises TooBusy.

    It takes a while, so no write transaction should wait for it: ask `still_holds` in the one that follows.
    """
    row = session.execute(select(Person.id, Person.password_hash).where(Person.email == address(email))).one_or_none()
    matches = password_matches(row.password_hash if row else None, password)
    return Verified(row.id, row.password_hash) if row and matches else None


def still_holds(session: Session, verified: Verified) -> bool:
    """Whether that password is still the person's: it may have been changed since, which ended every session."""
    mine = Person.id == verified.person_id, Person.password_hash == verified.stored
    return session.scalar(select(Person.id).where(*mine).with_for_update()) is not None


def renewed_hash(verified: Verified, password: str) -> str | None:
    """A new hash of the right password, where the stored one was made with other parameters than today's; else None.

    Raises TooBusy: then it can be made another time (ASVS 5, 11.4.2).
    """
    return hash_password(password) if needs_rehash(verified.stored) else None


def keep_hash(session: Session, person_id: int, hashed: str) -> None:
    """Keep another hash of the same password: nothing changes for the person. The caller has asked `still_holds`."""
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
