"""What somebody sees of the own person: other accounts, ways of signing in, and browsers (SET-02, SET-16..18)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from matching.accounts import second_steps
from matching.accounts.key_records import Device, MailedLink, MicrosoftIdentity, SignInSession
from matching.accounts.policy import Actor
from matching.accounts.records import Account, Organisation, Person
from matching.accounts.vault import Vault


@dataclass(frozen=True)
class OtherAccount:
    """An open account of the same person, to switch to."""

    id: int
    organisation: str


@dataclass(frozen=True)
class Keys:
    """How a person signs in: what is in use, and how many recovery codes are left."""

    email: str
    #: An address that waits until its owner confirms it; None: nothing waits.
    next_email: str | None
    has_password: bool
    has_microsoft: bool
    second_steps: tuple[str, ...]
    recovery_codes: int

    def may_remove(self, kind: str) -> bool:
        """Whether this extra check can go: not the last one while a password is in use (SET-19)."""
        return not self.has_password or bool(set(self.second_steps) - {kind})


@dataclass(frozen=True)
class Browser:
    """A browser that the person signed in with; `here`: the one that asks."""

    id: int
    browser: str
    system: str
    created_at: datetime
    used_at: datetime
    remembered_until: datetime | None
    here: bool


def other_accounts(session: Session, actor: Actor) -> list[OtherAccount]:
    """The open accounts that this person can switch to, by the name of their organisation (SET-02)."""
    rows = session.execute(
        select(Account.id, Organisation.name)
        .join(Organisation, Organisation.id == Account.organisation_id)
        .where(Account.person_id == actor.person_id, Account.active, Account.id != actor.account_id)
        .order_by(Organisation.name, Account.id)
    )
    return [OtherAccount(row.id, row.name) for row in rows]


def keys(session: Session, person_id: int, now: datetime) -> Keys:
    """How this person signs in."""
    person = session.execute(
        select(Person.email, Person.password_hash.is_not(None).label("has_password")).where(Person.id == person_id)
    ).one()
    waiting = select(MailedLink.email).where(
        MailedLink.person_id == person_id, MailedLink.purpose == "email", MailedLink.expires_at > now
    )
    microsoft = select(MicrosoftIdentity.person_id).where(MicrosoftIdentity.person_id == person_id)
    return Keys(
        email=person.email,
        next_email=session.scalar(waiting.limit(1)),
        has_password=person.has_password,
        has_microsoft=session.scalar(microsoft) is not None,
        second_steps=second_steps.in_use(session, person_id),
        recovery_codes=second_steps.count_recovery_codes(session, person_id),
    )


def phone_end(session: Session, vault: Vault, person_id: int) -> str | None:
    """The last four digits of the telephone that codes go to; None without one."""
    number = second_steps.phone(session, vault, person_id, pending=False)
    return number[-4:] if number else None


def device_of(session: Session, actor: Actor) -> int | None:
    """Number of the browser that asks; None for one that was never met."""
    return session.scalar(select(SignInSession.device_id).where(SignInSession.id == actor.session_id))


def browsers(session: Session, actor: Actor, now: datetime) -> list[Browser]:
    """The browsers of this person, the one that asks first, then those used last (SET-18)."""
    here = device_of(session, actor)
    rows = session.scalars(select(Device).where(Device.person_id == actor.person_id).order_by(Device.used_at.desc()))
    found = [
        Browser(
            id=row.id,
            browser=row.browser,
            system=row.system,
            created_at=row.created_at,
            used_at=row.used_at,
            remembered_until=row.remembered_until if row.remembered_until and row.remembered_until > now else None,
            here=row.id == here,
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: not one.here)
