"""A forgotten password: a mailed link that works once, for an hour, and never skips the second step (AUTH-35..40)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from matching.accounts import audit, known_devices, sessions
from matching.accounts.accounts import address, find_person
from matching.accounts.key_records import MailedLink, MicrosoftIdentity
from matching.accounts.notices import tell
from matching.accounts.policy import Actor
from matching.accounts.records import Organisation, OrganisationDomain, Person
from matching.accounts.sessions import Proof
from matching.accounts.tokens import new_token, token_hash
from matching.accounts.vault import Vault
from matching.post.mails import PasswordChanged, PasswordReset, UsesMicrosoft

PURPOSE = "password"
VALID_FOR = timedelta(hours=1)


def ask(session: Session, vault: Vault, email: str, link_to: str, now: datetime) -> bool:
    """Mail a link to choose a new password to who has this login name; False when nobody has.

    `link_to` is the address of the page, that the secret is put behind. An earlier link stops working. Who has no
    password but Microsoft is told so instead: a link would be a way around what Microsoft asks for (AUTH-24).
    """
    person_id = find_person(session, email)
    if person_id is None:
        return False
    audit.append(session, actor_id=None, action="password.ask", subject="person", key=str(person_id), details={})
    if _has_only_microsoft(session, person_id):
        tell(session, vault, person_id, UsesMicrosoft())
        return True
    token = new_token()
    _forget(session, person_id)
    session.execute(
        insert(MailedLink).values(
            token_hash=token_hash(token),
            person_id=person_id,
            purpose=PURPOSE,
            created_at=now,
            expires_at=now + VALID_FOR,
        )
    )
    tell(session, vault, person_id, PasswordReset(link=f"{link_to}/{token}"))
    return True


def may_tell(session: Session, email: str) -> bool:
    """Whether it may be said that nobody has this address: as the organisation of its domain may want (OPEN-02)."""
    domain = address(email).rpartition("@")[2]
    return bool(
        session.scalar(
            select(Organisation.tells_unknown_addresses)
            .join(OrganisationDomain, OrganisationDomain.organisation_id == Organisation.id)
            .where(OrganisationDomain.domain == domain)
        )
    )


def whose(session: Session, token: str, now: datetime) -> int | None:
    """Number of the person whose link this is; None when it was used, is too old, or never was."""
    return session.scalar(
        select(MailedLink.person_id).where(
            MailedLink.token_hash == token_hash(token), MailedLink.purpose == PURPOSE, MailedLink.expires_at > now
        )
    )


def set_password(session: Session, vault: Vault, token: str, hashed: str, now: datetime) -> str | None:
    """Use the link up and keep the new password's hash; returns the token of a session in which it is proved.

    Every other session ends, browsers are asked for the second step again, and a mail tells. None when the link is no
    longer good: of two who use it at once one gets that. What comes next is the second step (OPEN-03).
    """
    used = session.execute(
        delete(MailedLink)
        .where(MailedLink.token_hash == token_hash(token), MailedLink.purpose == PURPOSE, MailedLink.expires_at > now)
        .returning(MailedLink.person_id)
    ).one_or_none()
    if used is None:
        return None
    change(session, vault, used.person_id, hashed, now)
    return sessions.start(session, used.person_id, [Proof.PASSWORD], now)


def change(
    session: Session, vault: Vault, person_id: int, hashed: str, now: datetime, *, actor: Actor | None = None
) -> None:
    """Keep a new password's hash; all sessions end but the one of `actor`, who did it signed in, and a mail tells."""
    session.execute(update(Person).where(Person.id == person_id).values(password_hash=hashed))
    _forget(session, person_id)
    sessions.end_all(session, person_id, but=actor.session_id if actor else None)
    known_devices.forget_remembered(session, person_id)
    actor_id = actor.account_id if actor else None
    audit.append(session, actor_id=actor_id, action="password.change", subject="person", key=str(person_id), details={})
    tell(session, vault, person_id, PasswordChanged(at=now))


def _has_only_microsoft(session: Session, person_id: int) -> bool:
    linked = select(MicrosoftIdentity.person_id).join(Person, Person.id == MicrosoftIdentity.person_id)
    return session.scalar(linked.where(Person.id == person_id, Person.password_hash.is_(None))) is not None


def _forget(session: Session, person_id: int) -> None:
    session.execute(delete(MailedLink).where(MailedLink.person_id == person_id, MailedLink.purpose == PURPOSE))
