"""What accounts may do: sign in and out, and who the actor of a request is."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from matching.accounts import audit
from matching.accounts.passwords import password_matches
from matching.accounts.policy import SEARCHERS, Actor
from matching.accounts.records import Organisation, ShowcaseAccess, User
from matching.candidates.records import Showcase


def check_credentials(session: Session, email: str, password: str) -> int | None:
    """Return the id of the active account with this e-mail address and password, else None after the same work."""
    row = session.execute(
        select(User.id, User.password_hash).where(User.email == email.strip().lower(), User.active)
    ).one_or_none()
    matches = password_matches(row.password_hash if row else None, password)
    return row.id if row and matches else None


def note_sign_in(session: Session, user_id: int) -> None:
    """Record a sign-in: the last login time (AUTH-33) and a line in the audit trail."""
    session.execute(update(User).where(User.id == user_id).values(last_login_at=datetime.now(UTC)))
    audit.append(session, actor_id=user_id, action="session.start", subject="user", key=str(user_id), details={})


def note_refused_sign_in(session: Session) -> None:
    """Record that a sign-in was refused; who tried is not known, so nobody is named."""
    audit.append(session, actor_id=None, action="session.refused", subject="user", key="", details={})


def note_sign_out(session: Session, user_id: int) -> None:
    """Record a sign-out in the audit trail."""
    audit.append(session, actor_id=user_id, action="session.end", subject="user", key=str(user_id), details={})


def load_actor(session: Session, user_id: int) -> Actor | None:
    """Return the active user as actor, with showcases in their order; None when there is none. Two statements."""
    row = session.execute(
        select(User.name, User.role, User.postcode, User.organisation_id, Organisation.name.label("organisation"))
        .join(Organisation, Organisation.id == User.organisation_id)
        .where(User.id == user_id, User.active)
    ).one_or_none()
    if row is None:
        return None
    showcases = session.scalars(
        select(Showcase.code)
        .join(ShowcaseAccess, ShowcaseAccess.showcase_id == Showcase.id)
        .where(ShowcaseAccess.organisation_id == row.organisation_id)
        .order_by(Showcase.position, func.lower(Showcase.name))
    )
    return Actor(
        user_id=user_id,
        name=row.name,
        role=row.role,
        organisation=row.organisation,
        showcases=tuple(showcases) if row.role in SEARCHERS else (),
        postcode=row.postcode,
    )
