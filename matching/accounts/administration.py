"""What an administrator may do to the users of the own organisation (SET-20..24, ROLE-19)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from matching.accounts import accounts, audit, second_steps
from matching.accounts.accounts import Refusal, Refused, Rights
from matching.accounts.notices import tell
from matching.accounts.policy import ADMINISTRATOR, Actor
from matching.accounts.records import Account, Organisation
from matching.accounts.users import User
from matching.accounts.vault import Vault
from matching.post.mails import AccessEnded, SecondStepReset


@dataclass(frozen=True)
class Security:
    """What an organisation lets its people do at the sign-in."""

    remembers_devices: bool
    tells_unknown_addresses: bool


def change_rights(session: Session, user: User, rights: Rights, actor: Actor) -> None:
    """Give a user of the own organisation these roles and showcases; they count from the next request on.

    Raises Refused, also when administrators would take the administrator's role from themselves.
    """
    if user.id == actor.account_id and ADMINISTRATOR not in rights.roles:
        raise Refused(Refusal.OWN_ACCOUNT)
    accounts.change_rights(session, user.id, rights, actor_id=actor.account_id)


def close(session: Session, vault: Vault, user: User, actor: Actor) -> None:
    """Close a user's account: its sessions end at once, and a mail tells. Raises Refused."""
    accounts.close_account(session, user.id, actor_id=actor.account_id)
    tell(session, vault, user.person_id, AccessEnded(organisation=actor.organisation))


def reset_second_step(session: Session, vault: Vault, user: User, actor: Actor, now: datetime) -> None:
    """Take extra checks and recovery codes off for a lost phone: all sessions end, a mail tells, the password stays.

    Raises Refused for oneself, and for somebody who has an account at another organisation too: its keys are not this
    administrator's to change. Whoever runs the installation can: `hallowerk accounts reset-second-step`.
    """
    if user.person_id == actor.person_id:
        raise Refused(Refusal.OWN_ACCOUNT)
    elsewhere = select(Account.id).where(
        Account.person_id == user.person_id, Account.active, Account.organisation_id != actor.organisation_id
    )
    if session.scalars(elsewhere.limit(1)).first() is not None:
        raise Refused(Refusal.ACCOUNT_ELSEWHERE)
    second_steps.reset(session, user.person_id, actor_id=actor.account_id)
    tell(session, vault, user.person_id, SecondStepReset(administrator=actor.name, at=now))


def security_of(session: Session, organisation_id: int) -> Security:
    """What the organisation allows now."""
    row = session.execute(
        select(Organisation.remembers_devices, Organisation.tells_unknown_addresses).where(
            Organisation.id == organisation_id
        )
    ).one()
    return Security(row.remembers_devices, row.tells_unknown_addresses)


def set_security(session: Session, wanted: Security, actor: Actor) -> None:
    """Change what the actor's organisation allows; it counts from the next sign-in on."""
    values = {"remembers_devices": wanted.remembers_devices, "tells_unknown_addresses": wanted.tells_unknown_addresses}
    session.execute(update(Organisation).where(Organisation.id == actor.organisation_id).values(**values))
    audit.append(
        session,
        actor_id=actor.account_id,
        action="organisation.secure",
        subject="organisation",
        key=str(actor.organisation_id),
        details=values,
    )
