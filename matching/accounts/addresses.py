"""Another e-mail address to sign in with: it counts once its owner has confirmed it (SET-10; ASVS 5, 6.4).

Two things are asked for: the link that was mailed to the new address, and a session of the person whose address it
becomes, with the own password and second step. So an administrator who writes down an own address for somebody else
gains nothing: the link that arrives there can't be used without being that person, and signing in, a forgotten password
and all mail stay with the former address until then.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import ColumnElement, and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from matching.accounts import audit, known_devices, sessions
from matching.accounts.accounts import find_person
from matching.accounts.invitations import checked_address
from matching.accounts.key_records import MailedLink
from matching.accounts.notices import tell
from matching.accounts.policy import Actor
from matching.accounts.records import Person
from matching.accounts.tokens import new_token, token_hash
from matching.accounts.vault import Vault
from matching.post.mails import AddressChange, AddressConfirmation
from matching.post.rules import queue
from matching.post.wording import Language

PURPOSE = "email"
VALID_FOR = timedelta(hours=24)


def ask(
    session: Session, vault: Vault, person_id: int, email: str, link_to: str, *, actor_id: int, now: datetime
) -> None:
    """Mail a link to the new address, and word to the former one; an earlier link stops working.

    `link_to` is the address of the page, that the secret is put behind. An address that somebody has already gets no
    mail, and whoever asks can't tell: it waits for its owner like any other. Raises Refused for what is no address.
    """
    to = checked_address(email)
    session.execute(delete(MailedLink).where(MailedLink.person_id == person_id, MailedLink.purpose == PURPOSE))
    tell(session, vault, person_id, AddressChange(at=now))
    _note(session, actor_id, "email.ask", person_id)
    token = new_token()
    values = {"token_hash": token_hash(token), "purpose": PURPOSE, "email": to}
    session.execute(
        insert(MailedLink).values(person_id=person_id, created_at=now, expires_at=now + VALID_FOR, **values)
    )
    if find_person(session, to) is not None:
        return
    language = session.execute(select(Person.language).where(Person.id == person_id)).scalar_one()
    queue(session, vault, to, cast(Language, language), AddressConfirmation(link=f"{link_to}/{token}"))


def find(session: Session, token: str, person_id: int, now: datetime) -> str | None:
    """The address that this link confirms for this person; None when it is somebody else's, used or too old."""
    return session.scalar(select(MailedLink.email).where(_link(token, person_id, now)))


def confirm(session: Session, token: str, actor: Actor, now: datetime) -> bool:
    """Use the link up: the new address is the login name. Every other session ends; False as `find` gives None.

    Links that went to the former address stop working too, that for a forgotten password among them.
    """
    used = session.execute(
        delete(MailedLink).where(_link(token, actor.person_id, now)).returning(MailedLink.email)
    ).one_or_none()
    if used is None:
        return False
    try:
        with session.begin_nested():
            session.execute(update(Person).where(Person.id == actor.person_id).values(email=used.email))
    except IntegrityError:  # somebody else got the address meanwhile
        return False
    session.execute(delete(MailedLink).where(MailedLink.person_id == actor.person_id))
    sessions.end_all(session, actor.person_id, but=actor.session_id)
    known_devices.forget_remembered(session, actor.person_id)
    _note(session, actor.account_id, "email.change", actor.person_id)
    return True


def give_up(session: Session, person_id: int, *, actor_id: int) -> None:
    """Keep the present address: the link to the new one stops working."""
    session.execute(delete(MailedLink).where(MailedLink.person_id == person_id, MailedLink.purpose == PURPOSE))
    _note(session, actor_id, "email.give_up", person_id)


def _link(token: str, person_id: int, now: datetime) -> ColumnElement[bool]:
    return and_(
        MailedLink.token_hash == token_hash(token),
        MailedLink.purpose == PURPOSE,
        MailedLink.person_id == person_id,
        MailedLink.expires_at > now,
    )


def _note(session: Session, actor_id: int, action: str, person_id: int) -> None:
    audit.append(session, actor_id=actor_id, action=action, subject="person", key=str(person_id), details={})
