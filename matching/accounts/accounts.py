"""Making, changing and closing accounts (GEN-05, SET-20..24); who may is in the policy table, asked by the pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from matching.accounts import audit, sessions
from matching.accounts.policy import ADMINISTRATOR, CONTACT_PERSON, ROLES, VACANCY_CONTACT
from matching.accounts.records import (
    Account,
    AccountRole,
    AccountShowcase,
    Invitation,
    Organisation,
    Person,
    ShowcaseAccess,
)
from matching.candidates.records import Showcase

#: Contact persons belong to an employer: they have no other role, and these two are one role with more or less.
_ALONE = frozenset({CONTACT_PERSON, VACANCY_CONTACT})


class Refusal(StrEnum):
    """Why a change of an account is refused."""

    NO_ROLE = "no_role"
    ROLES_DO_NOT_MIX = "roles_do_not_mix"
    UNKNOWN_SHOWCASE = "unknown_showcase"
    LAST_ADMINISTRATOR = "last_administrator"
    OWN_ACCOUNT = "own_account"
    HAS_ACCOUNT = "has_account"
    # Of invitations:
    BAD_ADDRESS = "bad_address"
    BAD_NAME = "bad_name"
    HAS_INVITATION = "has_invitation"
    NOT_OPEN = "not_open"
    SENT_TOO_OFTEN = "sent_too_often"
    MAY_NOT_INVITE = "may_not_invite"
    # Of users:
    ACCOUNT_ELSEWHERE = "account_elsewhere"


class Refused(Exception):
    """A change that is not made; `reason` says why."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True)
class Rights:
    """What an account may: its roles, and the showcases it opens (None: every one of the organisation)."""

    roles: frozenset[str]
    showcases: frozenset[str] | None = None


def address(email: str) -> str:
    """The form in which an e-mail address is kept and compared."""
    return email.strip().lower()


def find_person(session: Session, email: str) -> int | None:
    """Number of the person with this login name."""
    return session.scalar(select(Person.id).where(Person.email == address(email)))


def make_person(session: Session, email: str, name: str, now: datetime, *, language: str = "nl") -> int:
    """Make a person who can't sign in yet; returns its number. The address must be free."""
    values = {"email": address(email), "name": name.strip(), "language": language, "created_at": now}
    return int(session.execute(insert(Person).values(**values).returning(Person.id)).scalar_one())


def check_rights(session: Session, organisation_id: int, rights: Rights) -> None:
    """Raises Refused when an account of this organisation can't have these roles and showcases."""
    if not rights.roles or not rights.roles <= set(ROLES):
        raise Refused(Refusal.NO_ROLE)
    if len(rights.roles) > 1 and rights.roles & _ALONE:
        raise Refused(Refusal.ROLES_DO_NOT_MIX)
    if rights.showcases is not None and set(rights.showcases) != set(_showcase_ids(session, organisation_id, rights)):
        raise Refused(Refusal.UNKNOWN_SHOWCASE)


def open_account(session: Session, person_id: int, organisation_id: int, rights: Rights, now: datetime) -> int:
    """Give a person an account at an organisation; returns its number. One that was closed is opened again.

    Raises Refused when there is an open one already, or when `rights` can't be.
    """
    check_rights(session, organisation_id, rights)
    known = session.execute(
        select(Account.id, Account.active).where(
            Account.person_id == person_id, Account.organisation_id == organisation_id
        )
    ).one_or_none()
    if known and known.active:
        raise Refused(Refusal.HAS_ACCOUNT)
    if known:
        account_id = known.id
        session.execute(update(Account).where(Account.id == account_id).values(active=True))
    else:
        values = {"person_id": person_id, "organisation_id": organisation_id, "active": True, "created_at": now}
        account_id = session.execute(insert(Account).values(**values).returning(Account.id)).scalar_one()
    _write_rights(session, account_id, organisation_id, rights)
    return int(account_id)


def change_rights(session: Session, account_id: int, rights: Rights, *, actor_id: int) -> None:
    """Change roles and showcases of an open account; they count from its next request on (ROLE-21).

    Who is no administrator any more has no way back by an invitation that is still open. Raises Refused, also when the
    organisation would be left without an administrator.
    """
    organisation_id = _organisation_of(session, account_id)
    check_rights(session, organisation_id, rights)
    if ADMINISTRATOR not in rights.roles:
        _keep_an_administrator(session, organisation_id, account_id)
        if _is_administrator(session, account_id):
            _revoke_invitations(session, account_id, organisation_id, actor_id)
    _write_rights(session, account_id, organisation_id, rights)
    details: dict[str, object] = {"roles": sorted(rights.roles), "showcases": _listed(rights)}
    _note(session, actor_id, "users.change", account_id, details)


def close_account(session: Session, account_id: int, *, actor_id: int | None) -> None:
    """Close an account: its sessions end at once, and it opens nothing any more (SET-22), nor does an open invitation.

    Raises Refused for the own account and for the last administrator's.
    """
    if account_id == actor_id:
        raise Refused(Refusal.OWN_ACCOUNT)
    organisation_id = _organisation_of(session, account_id)
    _keep_an_administrator(session, organisation_id, account_id)
    _revoke_invitations(session, account_id, organisation_id, actor_id)
    session.execute(update(Account).where(Account.id == account_id).values(active=False))
    sessions.end_account(session, account_id)
    _note(session, actor_id, "users.close", account_id, {})


def reopen_account(session: Session, account_id: int, *, actor_id: int) -> None:
    """Open a closed account again, with the rights it had."""
    session.execute(update(Account).where(Account.id == account_id).values(active=True))
    _note(session, actor_id, "users.open", account_id, {})


def _organisation_of(session: Session, account_id: int) -> int:
    """Its organisation, held: nobody invites there until this transaction is over, so no invitation is overlooked."""
    organisation = select(Organisation.id).join(Account, Account.organisation_id == Organisation.id)
    # Without the key: who accepts an invitation at this moment writes an account that refers to it.
    held = organisation.where(Account.id == account_id).with_for_update(of=Organisation, key_share=True)
    return session.execute(held).scalar_one()


def _is_administrator(session: Session, account_id: int) -> bool:
    held = select(AccountRole.role).where(AccountRole.account_id == account_id, AccountRole.role == ADMINISTRATOR)
    return session.scalar(held) is not None


def _revoke_invitations(session: Session, account_id: int, organisation_id: int, actor_id: int | None) -> None:
    """Revoke the open invitations by which somebody could undo that this account is taken away.

    Those to its own address, and those it sent that make an administrator, which may be to another address of the same
    person. The others that it sent stand: the organisation invited, whoever wrote the mail, and any administrator can
    take them back.
    """
    own = select(Person.email).join(Account, Account.person_id == Person.id).where(Account.id == account_id)
    waiting = session.execute(
        select(Invitation.id, Invitation.roles, Invitation.email == own.scalar_subquery()).where(
            Invitation.organisation_id == organisation_id,
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
            or_(Invitation.email == own.scalar_subquery(), Invitation.invited_by == account_id),
        )
    )
    for number, roles, to_itself in waiting.all():
        if to_itself or ADMINISTRATOR in roles:
            session.execute(update(Invitation).where(Invitation.id == number).values(revoked_at=datetime.now(UTC)))
            audit.append(
                session,
                actor_id=actor_id,
                action="invitations.revoke",
                subject="invitation",
                key=str(number),
                details={},
            )


def _keep_an_administrator(session: Session, organisation_id: int, leaving: int) -> None:
    """Refuse when `leaving` is the only open administrator's account of its organisation.

    All of them are locked first, so that two administrators who remove each other at once don't both succeed.
    """
    administrators = session.scalars(
        select(Account.id)
        .join(AccountRole, AccountRole.account_id == Account.id)
        .where(Account.organisation_id == organisation_id, Account.active, AccountRole.role == ADMINISTRATOR)
        .order_by(Account.id)
        .with_for_update()
    ).all()
    if list(administrators) == [leaving]:
        raise Refused(Refusal.LAST_ADMINISTRATOR)


def _write_rights(session: Session, account_id: int, organisation_id: int, rights: Rights) -> None:
    session.execute(delete(AccountRole).where(AccountRole.account_id == account_id))
    session.execute(insert(AccountRole), [{"account_id": account_id, "role": role} for role in sorted(rights.roles)])
    session.execute(delete(AccountShowcase).where(AccountShowcase.account_id == account_id))
    session.execute(update(Account).where(Account.id == account_id).values(every_showcase=rights.showcases is None))
    if rights.showcases:
        ids = _showcase_ids(session, organisation_id, rights).values()
        session.execute(insert(AccountShowcase), [{"account_id": account_id, "showcase_id": id} for id in sorted(ids)])


def _showcase_ids(session: Session, organisation_id: int, rights: Rights) -> dict[str, int]:
    """Code -> number of those of the named showcases that the organisation opens."""
    rows = session.execute(
        select(Showcase.code, Showcase.id)
        .join(ShowcaseAccess, ShowcaseAccess.showcase_id == Showcase.id)
        .where(ShowcaseAccess.organisation_id == organisation_id, Showcase.code.in_(rights.showcases or ()))
    )
    return {row.code: row.id for row in rows}


def _listed(rights: Rights) -> list[str] | str:
    return "every" if rights.showcases is None else sorted(rights.showcases)


def _note(session: Session, actor_id: int | None, action: str, account_id: int, details: dict[str, object]) -> None:
    audit.append(session, actor_id=actor_id, action=action, subject="account", key=str(account_id), details=details)


def count_open_accounts(session: Session, person_id: int) -> int:
    """How many open accounts a person has."""
    return session.scalar(select(func.count()).where(Account.person_id == person_id, Account.active)) or 0


@dataclass(frozen=True)
class About:
    """What others know of a person, and a password must not hold (ASVS 5, 6.2.11)."""

    email: str
    words: tuple[str, ...]


def words_about(session: Session, person_id: int) -> About:
    """Name, e-mail address and organisations of a person."""
    person = session.execute(select(Person.email, Person.name).where(Person.id == person_id)).one()
    organisations = session.scalars(
        select(Organisation.name)
        .join(Account, Account.organisation_id == Organisation.id)
        .where(Account.person_id == person_id)
    )
    return About(person.email, (person.name, person.email, *organisations))
