"""What accounts may do: sign in and out, and who the actor of a request is."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from matching.accounts import audit
from matching.accounts.passwords import password_matches
from matching.accounts.policy import SEARCHERS, Actor
from matching.accounts.records import Organisation, ShowcaseAccess, User
from matching.candidates.records import Showcase
from matching.storage.base import table_of

# Core tables: every request asks who acts, and the ORM's statements on the same columns take longer.
_USERS, _ORGANISATIONS, _ACCESS, _SHOWCASES = map(table_of, (User, Organisation, ShowcaseAccess, Showcase))

#: A row for each showcase of the user's organisation, one with an empty code when it has none.
_ACTOR = (
    select(
        _USERS.c.name,
        _USERS.c.role,
        _USERS.c.postcode,
        _ORGANISATIONS.c.name.label("organisation"),
        _SHOWCASES.c.code,
    )
    .join(_ORGANISATIONS, _ORGANISATIONS.c.id == _USERS.c.organisation_id)
    .outerjoin(_ACCESS, _ACCESS.c.organisation_id == _USERS.c.organisation_id)
    .outerjoin(_SHOWCASES, _SHOWCASES.c.id == _ACCESS.c.showcase_id)
    .where(_USERS.c.id == bindparam("user_id"), _USERS.c.active)
    .order_by(_SHOWCASES.c.position, func.lower(_SHOWCASES.c.name))
)


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


def note_view(session: Session, user_id: int, showcase: str, candidate_id: int) -> None:
    """Record in the audit trail that this user opened this profile, in the showcase with that code."""
    details = {"showcase": showcase}
    audit.append(
        session,
        actor_id=user_id,
        action="candidates.view",
        subject="candidate",
        key=str(candidate_id),
        details=details,
    )


def note_download(session: Session, user_id: int, showcase: str, candidate_id: int, media_id: int) -> None:
    """Record in the audit trail that this user took this document of a profile."""
    details = {"showcase": showcase, "media": media_id}
    audit.append(
        session,
        actor_id=user_id,
        action="candidates.files",
        subject="candidate",
        key=str(candidate_id),
        details=details,
    )


def load_actor(session: Session, user_id: int) -> Actor | None:
    """Return the active user as actor, with showcases in their order; None when there is none. One statement."""
    rows = session.execute(_ACTOR, {"user_id": user_id}).all()
    if not rows:
        return None
    user = rows[0]
    return Actor(
        user_id=user_id,
        name=user.name,
        role=user.role,
        organisation=user.organisation,
        showcases=tuple(row.code for row in rows if row.code) if user.role in SEARCHERS else (),
        postcode=user.postcode,
    )
