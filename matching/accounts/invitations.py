"""Invitations: the only way to an account (AUTH-01..07); good for 30 days, used once, sent again, revoked (OPEN-01)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import ColumnElement, Select, and_, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from matching.accounts import audit, terms
from matching.accounts.accounts import (
    Refusal,
    Refused,
    Rights,
    address,
    check_rights,
    find_person,
    make_person,
    open_account,
)
from matching.accounts.policy import ACCOUNT_MANAGER, ADMINISTRATOR, CONTACT_PERSON, ROLES, VACANCY_CONTACT
from matching.accounts.records import (
    Account,
    AccountRole,
    AuditEntry,
    Invitation,
    Organisation,
    Person,
    ShowcaseAccess,
)
from matching.accounts.tokens import new_token, token_hash
from matching.candidates.records import Showcase
from matching.post import mails
from matching.post.rules import Seals, queue
from matching.post.wording import Language

VALID_FOR = timedelta(days=30)
#: As many mails go from one organisation to one address in a day: revoking and inviting again counts too.
MOST_MAILS, MAILS_WITHIN = 5, timedelta(days=1)
LONGEST_NAME = 200

_CONTACTS = frozenset({CONTACT_PERSON, VACANCY_CONTACT})
#: Who may give which roles: colleagues come from an administrator, contact persons from account managers too (ROLE-12).
_MAY_GIVE: Mapping[str, frozenset[str]] = {ADMINISTRATOR: frozenset(ROLES), ACCOUNT_MANAGER: _CONTACTS}
#: Who invites where no account does: whoever runs the installation.
_NOBODY_IN_PERSON: Mapping[Language, str] = {"nl": "De beheerder", "en": "The administrator"}


class State(StrEnum):
    """How an invitation stands; only an open one can be accepted (AUTH-06)."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REVOKED = "revoked"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Offer:
    """An open invitation as its page shows it; `person_id`: who has this address already."""

    id: int
    token_hash: str
    organisation: str
    inviter: str
    email: str
    name: str
    language: Language
    person_id: int | None


@dataclass(frozen=True)
class Pending:
    """A line of the list of invitations that nobody accepted yet."""

    id: int
    email: str
    name: str
    roles: tuple[str, ...]
    sent_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Accepted:
    """What accepting made: the account, and whose it is."""

    person_id: int
    account_id: int


class SignInFirst(Exception):
    """The address belongs to somebody who has signed in before: that person has to sign in, and then accepts."""


def may_invite(roles: frozenset[str], wanted: frozenset[str]) -> bool:
    """Whether somebody with these roles may invite somebody for the roles `wanted`."""
    return any(wanted <= _MAY_GIVE.get(role, frozenset()) for role in roles)


def invite(
    session: Session,
    vault: Seals,
    site_url: str,
    *,
    organisation_id: int,
    email: str,
    name: str,
    rights: Rights,
    language: Language,
    actor_id: int | None,
    now: datetime,
) -> int:
    """Invite somebody to an account with these rights; returns the number of the invitation, whose mail is queued.

    `actor_id` is None only for the command that makes the first administrator. Raises Refused: for an address or a name
    that is none, rights that can't be or that the actor may not give, an address that has an open account here or an
    open invitation, and too many mails to one address.
    """
    to, called = checked_address(email), _checked_name(name)
    # One at a time for each organisation: else two invitations at once to one address would not see each other.
    session.execute(select(Organisation.id).where(Organisation.id == organisation_id).with_for_update()).one()
    check_rights(session, organisation_id, rights)
    if actor_id is not None and not may_invite(_roles_at(session, actor_id, organisation_id), rights.roles):
        raise Refused(Refusal.MAY_NOT_INVITE)
    if _has_account(session, organisation_id, to):
        raise Refused(Refusal.HAS_ACCOUNT)
    same = and_(Invitation.organisation_id == organisation_id, Invitation.email == to, _is_unused())
    if session.scalar(select(Invitation.id).where(same, Invitation.expires_at > now)) is not None:
        raise Refused(Refusal.HAS_INVITATION)
    _check_mails(session, organisation_id, to, now)
    # What has expired makes room, so that the list holds an address once.
    session.execute(update(Invitation).where(same).values(revoked_at=now))
    token = new_token()
    values = {
        "organisation_id": organisation_id,
        "email": to,
        "name": called,
        "language": language,
        "roles": sorted(rights.roles),
        "every_showcase": rights.showcases is None,
        "showcases": sorted(rights.showcases or ()),
        "token_hash": token_hash(token),
        "invited_by": actor_id,
        "created_at": now,
        "sent_at": now,
        "expires_at": now + VALID_FOR,
    }
    number = int(session.execute(insert(Invitation).values(values).returning(Invitation.id)).scalar_one())
    _mail(session, vault, site_url, number, token)
    showcases = "every" if rights.showcases is None else sorted(rights.showcases)
    _note(session, actor_id, "invitations.send", number, {"roles": sorted(rights.roles), "showcases": showcases})
    return number


def resend(
    session: Session,
    vault: Seals,
    site_url: str,
    *,
    invitation_id: int,
    organisation_id: int,
    actor_id: int | None,
    now: datetime,
) -> None:
    """Send an invitation of this organisation again, also one that has expired: a new link, good for 30 days.

    The link of before stops working. Raises Refused when it was accepted or revoked or never was, when its address has
    an account by now, when the actor may not give its roles, and after too many mails to its address.
    """
    row = session.execute(
        select(Invitation.email, Invitation.roles)
        .where(Invitation.id == invitation_id, Invitation.organisation_id == organisation_id, _is_unused())
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise Refused(Refusal.NOT_OPEN)
    if actor_id is not None and not may_invite(_roles_at(session, actor_id, organisation_id), frozenset(row.roles)):
        raise Refused(Refusal.MAY_NOT_INVITE)
    if _has_account(session, organisation_id, row.email):
        raise Refused(Refusal.HAS_ACCOUNT)
    _check_mails(session, organisation_id, row.email, now)
    token = new_token()
    values = {"token_hash": token_hash(token), "sent_at": now, "expires_at": now + VALID_FOR}
    session.execute(update(Invitation).where(Invitation.id == invitation_id).values(values))
    _mail(session, vault, site_url, invitation_id, token)
    _note(session, actor_id, "invitations.resend", invitation_id, {})


def revoke(session: Session, *, invitation_id: int, organisation_id: int, actor_id: int | None, now: datetime) -> None:
    """Take an invitation of this organisation back: its link stops working at once.

    Raises Refused when it was accepted or revoked before or never was.
    """
    mine = and_(Invitation.id == invitation_id, Invitation.organisation_id == organisation_id, _is_unused())
    if not _changed_one(session, mine, {"revoked_at": now}):
        raise Refused(Refusal.NOT_OPEN)
    _note(session, actor_id, "invitations.revoke", invitation_id, {})


def pending(session: Session, organisation_id: int, *, limit: int | None = None, offset: int = 0) -> list[Pending]:
    """The invitations that wait for an answer, expired ones too, the latest sent first."""
    order = (Invitation.sent_at.desc(), Invitation.id.desc())
    return [_pending(row) for row in session.execute(_waiting(organisation_id, *order).limit(limit).offset(offset))]


def find_pending(session: Session, organisation_id: int, invitation_id: int) -> Pending | None:
    """The one of `pending` with this number; None for another organisation's, and one that waits no more."""
    row = session.execute(_waiting(organisation_id).where(Invitation.id == invitation_id)).one_or_none()
    return _pending(row) if row else None


def count_pending(session: Session, organisation_id: int) -> int:
    """How many invitations `pending` gives in all."""
    return session.scalar(select(func.count()).where(Invitation.organisation_id == organisation_id, _is_unused())) or 0


def find_open(session: Session, token: str, now: datetime) -> tuple[State, Offer | None]:
    """How the invitation with this secret stands, and what it offers when it is open.

    Whoever invited may have left since: what counts is that it was not revoked, as closing an account does with those
    that make an administrator.
    """
    found = _with_names(session, Invitation.token_hash == token_hash(token))
    if found is None:
        return State.UNKNOWN, None
    invitation, organisation, inviter = found
    state = _state(invitation, now)
    if state is State.OPEN and _has_account(session, invitation.organisation_id, invitation.email):
        state = State.ACCEPTED
    if state is not State.OPEN:
        return state, None
    offer = Offer(
        id=invitation.id,
        token_hash=invitation.token_hash,
        organisation=organisation,
        inviter=inviter,
        email=invitation.email,
        name=invitation.name,
        language=_language(invitation),
        person_id=find_person(session, invitation.email),
    )
    return State.OPEN, offer


def accept(session: Session, offer: Offer, now: datetime, person_id: int | None = None) -> Accepted:
    """Use the invitation up: make the account, and the person where there is none, who thereby accepts the terms.

    `person_id` is who is signed in, None for nobody. Of two who accept at once one is refused. Raises SignInFirst when
    the address has a person who is not the one that is signed in, Refused when the invitation is not open any more.
    """
    taken = and_(
        Invitation.id == offer.id,
        # Sent again meanwhile, it has another secret.
        Invitation.token_hash == offer.token_hash,
        Invitation.expires_at > now,
        _is_unused(),
    )
    if not _changed_one(session, taken, {"accepted_at": now}):
        raise Refused(Refusal.NOT_OPEN)
    row = session.get_one(Invitation, offer.id)
    known = find_person(session, row.email)
    if known is None:
        try:
            with session.begin_nested():
                known = make_person(session, row.email, row.name, now, language=row.language)
        except IntegrityError as error:  # another organisation's invitation was accepted at the same moment
            raise SignInFirst from error
    elif known != person_id:
        raise SignInFirst
    account_id = open_account(session, known, row.organisation_id, _rights_left(session, row), now)
    _note(session, account_id, "invitations.accept", offer.id, {"account": account_id, "person": known})
    terms.accept(session, known)
    return Accepted(known, account_id)


def checked_address(email: str) -> str:
    """The address as it is kept. Raises Refused for one that no mail server of today delivers to."""
    try:
        # Whether the domain has a mail server is not asked: that would be a question to the network in a transaction.
        told = validate_email(address(email), check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError as error:
        raise Refused(Refusal.BAD_ADDRESS) from error
    return address(told.normalized)


def forget_old(session: Session, before: datetime) -> None:
    """Remove the invitations that were accepted, revoked or over before this moment: they hold names and addresses."""
    over = or_(
        Invitation.accepted_at < before,
        Invitation.revoked_at < before,
        and_(Invitation.accepted_at.is_(None), Invitation.expires_at < before),
    )
    session.execute(delete(Invitation).where(over).execution_options(synchronize_session=False))


def _waiting(organisation_id: int, *order: ColumnElement[Any]) -> Select[int, str, str, list[str], datetime, datetime]:
    columns = (Invitation.id, Invitation.email, Invitation.name)
    more = (Invitation.roles, Invitation.sent_at, Invitation.expires_at)
    return select(*columns, *more).where(Invitation.organisation_id == organisation_id, _is_unused()).order_by(*order)


def _pending(row: Any) -> Pending:
    return Pending(row.id, row.email, row.name, tuple(row.roles), row.sent_at, row.expires_at)


def _checked_name(name: str) -> str:
    """The name on one line. Raises Refused where nothing is left, or too much, or what is not to be seen."""
    line = " ".join(name.split())
    if not line or len(line) > LONGEST_NAME or not line.isprintable():
        raise Refused(Refusal.BAD_NAME)
    return line


def _roles_at(session: Session, account_id: int, organisation_id: int) -> frozenset[str]:
    """The roles of an open account of this organisation."""
    return frozenset(
        session.scalars(
            select(AccountRole.role)
            .join(Account, Account.id == AccountRole.account_id)
            .where(Account.id == account_id, Account.organisation_id == organisation_id, Account.active)
        )
    )


def _has_account(session: Session, organisation_id: int, email: str) -> bool:
    found = select(Account.id).join(Person, Person.id == Account.person_id)
    found = found.where(Person.email == email, Account.organisation_id == organisation_id, Account.active)
    return session.scalar(found) is not None


def _check_mails(session: Session, organisation_id: int, email: str, now: datetime) -> None:
    """Raises Refused when this organisation had MOST_MAILS sent to this address lately, which the trail tells."""
    same = select(Invitation.id).where(Invitation.organisation_id == organisation_id, Invitation.email == email)
    keys = [str(number) for number in session.scalars(same)]
    sent = session.scalar(
        select(func.count()).where(
            AuditEntry.action.in_(("invitations.send", "invitations.resend")),
            AuditEntry.subject == "invitation",
            AuditEntry.subject_key.in_(keys),
            AuditEntry.at > now - MAILS_WITHIN,
        )
    )
    if (sent or 0) >= MOST_MAILS:
        raise Refused(Refusal.SENT_TOO_OFTEN)


def _mail(session: Session, vault: Seals, site_url: str, invitation_id: int, token: str) -> None:
    found = _with_names(session, Invitation.id == invitation_id)
    assert found is not None  # noqa: S101 - it was written in this transaction
    invitation, organisation, inviter = found
    mail = mails.Invitation(inviter, organisation, f"{site_url}/uitnodiging/{token}")
    queue(session, vault, invitation.email, _language(invitation), mail)


def _with_names(session: Session, which: ColumnElement[bool]) -> tuple[Invitation, str, str] | None:
    """An invitation, and the names of the organisation and of who invited."""
    inviter = (
        select(Person.name)
        .join(Account, Account.person_id == Person.id)
        .where(Account.id == Invitation.invited_by)
        .scalar_subquery()
    )
    row = session.execute(
        select(Invitation, Organisation.name.label("organisation"), inviter.label("inviter"))
        .join(Organisation, Organisation.id == Invitation.organisation_id)
        .where(which)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        return None
    return row.Invitation, row.organisation, row.inviter or _NOBODY_IN_PERSON[_language(row.Invitation)]


def _language(invitation: Invitation) -> Language:
    return "en" if invitation.language == "en" else "nl"


def _is_unused() -> ColumnElement[bool]:
    return and_(Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None))


def _state(invitation: Invitation, now: datetime) -> State:
    if invitation.accepted_at:
        return State.ACCEPTED
    if invitation.revoked_at:
        return State.REVOKED
    return State.OPEN if invitation.expires_at > now else State.EXPIRED


def _rights_left(session: Session, invitation: Invitation) -> Rights:
    """The rights that were offered, without showcases that the organisation lost since."""
    roles = frozenset(invitation.roles)
    if invitation.every_showcase:
        return Rights(roles)
    opened = session.scalars(
        select(Showcase.code)
        .join(ShowcaseAccess, ShowcaseAccess.showcase_id == Showcase.id)
        .where(ShowcaseAccess.organisation_id == invitation.organisation_id)
    )
    return Rights(roles, frozenset(invitation.showcases) & frozenset(opened))


def _changed_one(session: Session, which: ColumnElement[bool], values: Mapping[str, Any]) -> bool:
    statement = update(Invitation).where(which).values(values).execution_options(synchronize_session=False)
    return bool(session.execute(statement).rowcount == 1)  # type: ignore[attr-defined]


def _note(session: Session, actor_id: int | None, action: str, invitation_id: int, details: dict[str, object]) -> None:
    audit.append(
        session, actor_id=actor_id, action=action, subject="invitation", key=str(invitation_id), details=details
    )
