"""Which person somebody at Microsoft is: signing in, linking, confirming and unlinking (AUTH-24, AUTH-26, SET-16)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from matching.accounts import audit, second_steps, sessions
from matching.accounts.key_records import MailedLink, MicrosoftIdentity
from matching.accounts.microsoft.identities import Identity, may_bind, may_sign_in
from matching.accounts.notices import tell
from matching.accounts.organisations import tenants_of
from matching.accounts.policy import Actor
from matching.accounts.records import Person
from matching.accounts.sessions import Proof
from matching.accounts.vault import Vault
from matching.post.mails import SignInMethodChanged


class NoLink(StrEnum):
    """Why somebody whom Microsoft knows is not let in here, or not linked."""

    UNKNOWN = "unknown"
    """Nobody here is linked to it, or nobody who may come in: which of the two is not told."""
    NOT_ALLOWED = "not_allowed"
    """No organisation of the person lets people of this tenant in."""
    OTHER_ADDRESS = "other_address"
    """Its address is not the login name here, or Microsoft does not vouch for it."""
    TAKEN = "taken"
    """Somebody else here is linked to it."""
    HAS_ANOTHER = "has_another"
    """The person is linked to another account at Microsoft."""
    NOT_LINKED = "not_linked"
    """It is not the account at Microsoft that the person is linked to."""
    ONLY_WAY = "only_way"
    """The person has no password with an extra check to sign in with instead."""


class NoLinkError(Exception):
    """Somebody whom Microsoft knows is not let in or linked; `reason` says why."""

    def __init__(self, reason: NoLink) -> None:
        super().__init__(reason.value)
        self.reason = reason


def sign_in(session: Session, identity: Identity, now: datetime) -> str:
    """Start a session of the person who is linked to `identity`; returns its token. Raises NoLinkError."""
    person_id = session.scalar(
        select(MicrosoftIdentity.person_id).where(
            MicrosoftIdentity.tenant_id == identity.tenant_id, MicrosoftIdentity.object_id == identity.object_id
        )
    )
    if person_id is None or not may_sign_in(identity, tenants_of(session, person_id)):
        raise NoLinkError(NoLink.UNKNOWN)
    return sessions.start(session, person_id, [Proof.MICROSOFT], now, _shown_at(identity, now))


def choose(session: Session, person_id: int, session_id: int, identity: Identity, now: datetime) -> str:
    """Link somebody who accepted an invitation in this session, and has no other way of signing in yet (AUTH-10).

    Returns the session's new token. Raises NoLinkError.
    """
    _link(session, person_id, identity, now)
    # A link to choose a password with would be a second way in, without an extra check.
    session.execute(delete(MailedLink).where(MailedLink.person_id == person_id, MailedLink.purpose == "password"))
    return sessions.prove(session, session_id, Proof.MICROSOFT, now, _shown_at(identity, now))


def link(session: Session, vault: Vault, actor: Actor, identity: Identity, now: datetime) -> str:
    """Link somebody who is signed in and lately confirmed; a mail tells. Returns the session's new token.

    Raises NoLinkError.
    """
    _link(session, actor.person_id, identity, now, actor.account_id)
    tell(session, vault, actor.person_id, SignInMethodChanged(method="microsoft", change="set_up", at=now))
    return sessions.prove(session, actor.session_id, Proof.MICROSOFT, now, _shown_at(identity, now))


def confirm(session: Session, actor: Actor, identity: Identity, now: datetime) -> str:
    """Note that somebody who is signed in showed once more who it is; returns the session's new token.

    Raises NoLinkError.
    """
    if _linked(session, actor.person_id) != identity.key:
        raise NoLinkError(NoLink.NOT_LINKED)
    if not may_sign_in(identity, tenants_of(session, actor.person_id)):
        raise NoLinkError(NoLink.NOT_ALLOWED)
    return sessions.prove(session, actor.session_id, Proof.MICROSOFT, now)


def unlink(session: Session, vault: Vault, actor: Actor, now: datetime) -> bool:
    """Take the link off: every other session ends, and a mail tells; False when there is none.

    Raises NoLinkError as long as there is no password with an extra check instead (SET-19).
    """
    if _linked(session, actor.person_id) is None:
        return False
    if not has_another_way(session, actor.person_id):
        raise NoLinkError(NoLink.ONLY_WAY)
    take_off(session, vault, actor.person_id, now, actor=actor)
    return True


def take_off(session: Session, vault: Vault, person_id: int, now: datetime, *, actor: Actor | None = None) -> None:
    """Take the link off, whatever is left; all sessions end but the one of `actor`, and a mail tells.

    Who may is the caller's question: the person (`actor`), or the operator.
    """
    session.execute(delete(MicrosoftIdentity).where(MicrosoftIdentity.person_id == person_id))
    sessions.end_all(session, person_id, but=actor.session_id if actor else None)
    _note(session, person_id, "microsoft.unlink", actor.account_id if actor else None)
    tell(session, vault, person_id, SignInMethodChanged(method="microsoft", change="removed", at=now))


def is_linked(session: Session, person_id: int) -> bool:
    """Whether the person can sign in with Microsoft."""
    return _linked(session, person_id) is not None


def has_another_way(session: Session, person_id: int) -> bool:
    """Whether the person can sign in with a password and an extra check."""
    password = session.scalar(select(Person.password_hash).where(Person.id == person_id))
    return password is not None and bool(second_steps.in_use(session, person_id))


def note_refused(session: Session, reason: str) -> None:
    """Record that an answer of Microsoft was refused; nobody is named, for nobody is known."""
    details = {"microsoft": reason}
    audit.append(session, actor_id=None, action="session.refused", subject="person", key="", details=details)


def _shown_at(identity: Identity, now: datetime) -> datetime:
    """When the person showed a password there; long ago where Microsoft does not tell, as without being asked for one.

    A browser that is signed in at Microsoft comes in without a word, which must not count as having confirmed.
    """
    return min(now, identity.signed_in_at or now - 2 * sessions.CONFIRMED_FOR)


def _link(session: Session, person_id: int, identity: Identity, now: datetime, actor_id: int | None = None) -> None:
    tenants = tenants_of(session, person_id)
    email = session.execute(select(Person.email).where(Person.id == person_id)).scalar_one()
    if not may_sign_in(identity, tenants):
        raise NoLinkError(NoLink.NOT_ALLOWED)
    if not may_bind(identity, email, tenants):
        raise NoLinkError(NoLink.OTHER_ADDRESS)
    if _linked(session, person_id) is not None:
        raise NoLinkError(NoLink.HAS_ANOTHER)
    values = {"tenant_id": identity.tenant_id, "object_id": identity.object_id}
    try:
        with session.begin_nested():
            session.execute(insert(MicrosoftIdentity).values(person_id=person_id, created_at=now, **values))
    except IntegrityError as error:
        raise NoLinkError(NoLink.TAKEN) from error
    _note(session, person_id, "microsoft.link", actor_id)


def _linked(session: Session, person_id: int) -> tuple[str, str] | None:
    """Tenant and object that the person is linked to."""
    row = session.execute(
        select(MicrosoftIdentity.tenant_id, MicrosoftIdentity.object_id).where(MicrosoftIdentity.person_id == person_id)
    ).one_or_none()
    return (row.tenant_id, row.object_id) if row else None


def _note(session: Session, person_id: int, action: str, actor_id: int | None) -> None:
    audit.append(session, actor_id=actor_id, action=action, subject="person", key=str(person_id), details={})
