"""What whoever runs the installation does for organisations: the first administrator, domains, tenants, lost keys.

Domains and tenants are the operator's: an administrator could else claim those of somebody else, and so say where other
people sign in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from matching.accounts import audit, invitations, second_steps, sessions
from matching.accounts.accounts import Rights, address, find_person
from matching.accounts.key_records import MicrosoftIdentity
from matching.accounts.microsoft import links as microsoft_links
from matching.accounts.microsoft.identities import PERSONAL_TENANT
from matching.accounts.notices import tell
from matching.accounts.policy import ADMINISTRATOR
from matching.accounts.records import (
    Account,
    AccountRole,
    Invitation,
    Organisation,
    OrganisationDomain,
    OrganisationTenant,
    ShowcaseAccess,
)
from matching.accounts.vault import Vault
from matching.candidates.records import Showcase
from matching.post import mails
from matching.post.records import OutboxMail
from matching.post.wording import Language

CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,62}[a-z0-9]", re.ASCII)
_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", re.ASCII)


class OperatorRefused(Exception):
    """A change that is not made; the text says why, for who typed the command."""


@dataclass(frozen=True)
class Line:
    """An organisation in a list: how many open accounts and administrators, its domains, tenants and showcases."""

    code: str
    name: str
    accounts: int
    administrators: int
    #: Domain -> whether its people sign in with Microsoft.
    domains: dict[str, bool]
    tenants: tuple[str, ...]
    showcases: tuple[str, ...]


def invite_first_administrator(
    session: Session,
    vault: Vault,
    site_url: str,
    *,
    code: str,
    organisation_name: str | None,
    name: str,
    email: str,
    language: Language,
    now: datetime,
    another: bool = False,
) -> str:
    """Invite the administrator of an organisation that has none, or `another`; returns the link, which is mailed too.

    With `organisation_name` the organisation is made. A second call for the same address makes a new link. Raises
    OperatorRefused, and Refused as every invitation does.
    """
    known = session.scalar(select(Organisation.id).where(Organisation.code == code))
    if known is None:
        if organisation_name is None:
            raise OperatorRefused(f"There is no organisation {code}; --organisation-name NAME makes it.")
        known = _make(session, code, organisation_name)
    elif organisation_name is not None and organisation_name != _name_of(session, known):
        raise OperatorRefused(f"The organisation {code} is there already, with another name.")
    if _count_administrators(session, known) and not another:
        raise OperatorRefused(
            f"{code} has an administrator already, who can invite others; --another where that one can't be reached."
        )
    waiting = session.scalar(
        select(Invitation.id).where(
            Invitation.organisation_id == known,
            Invitation.email == address(email),
            Invitation.invited_by.is_(None),
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
        )
    )
    if waiting is None:
        waiting = invitations.invite(
            session,
            vault,
            site_url,
            organisation_id=known,
            email=email,
            name=name,
            rights=Rights(frozenset({ADMINISTRATOR})),
            language=language,
            actor_id=None,
            now=now,
        )
    else:
        invitations.resend(
            session, vault, site_url, invitation_id=waiting, organisation_id=known, actor_id=None, now=now
        )
    return _last_link(session, vault, waiting)


def set_domain(session: Session, code: str, domain: str, *, microsoft: bool) -> None:
    """Note that addresses of this domain are the organisation's, and whether they sign in with Microsoft (AUTH-32)."""
    wanted = domain.strip().lower()
    if not _DOMAIN.fullmatch(wanted):
        raise OperatorRefused(f"{domain} is no domain, such as stad.example.")
    organisation_id = find(session, code)
    holder = session.get(OrganisationDomain, wanted)
    if holder is not None and holder.organisation_id != organisation_id:
        raise OperatorRefused(f"{wanted} is the domain of another organisation.")
    session.execute(delete(OrganisationDomain).where(OrganisationDomain.domain == wanted))
    session.execute(
        insert(OrganisationDomain).values(domain=wanted, organisation_id=organisation_id, microsoft=microsoft)
    )


def remove_domain(session: Session, code: str, domain: str) -> None:
    """Take a domain off. Raises OperatorRefused when it isn't this organisation's."""
    mine = (
        OrganisationDomain.domain == domain.strip().lower(),
        OrganisationDomain.organisation_id == find(session, code),
    )
    gone = session.execute(delete(OrganisationDomain).where(*mine).returning(OrganisationDomain.domain)).all()
    if not gone:
        raise OperatorRefused(f"{domain} is not a domain of {code}.")


def add_tenant(session: Session, code: str, tenant: str) -> None:
    """Let people of this tenant of Microsoft Entra, by its id, have accounts at the organisation (AUTH-24)."""
    wanted = _tenant(tenant)
    if wanted == PERSONAL_TENANT:
        raise OperatorRefused("That is the tenant of every personal account (AUTH-25).")
    mine = {"organisation_id": find(session, code), "tenant_id": wanted}
    if session.get(OrganisationTenant, tuple(mine.values())) is None:
        session.execute(insert(OrganisationTenant).values(**mine))


def remove_tenant(session: Session, code: str, tenant: str) -> None:
    """Take a tenant off, and end the sessions of the organisation's people who sign in there.

    Raises OperatorRefused when it isn't this organisation's.
    """
    organisation_id, gone = find(session, code), _tenant(tenant)
    mine = OrganisationTenant.tenant_id == gone, OrganisationTenant.organisation_id == organisation_id
    if not session.execute(delete(OrganisationTenant).where(*mine).returning(OrganisationTenant.tenant_id)).all():
        raise OperatorRefused(f"{tenant} is not a tenant of {code}.")
    people = (
        select(MicrosoftIdentity.person_id)
        .join(Account, Account.person_id == MicrosoftIdentity.person_id)
        .where(MicrosoftIdentity.tenant_id == gone, Account.organisation_id == organisation_id, Account.active)
    )
    for person_id in session.scalars(people).all():
        sessions.end_all(session, person_id)


def open_showcase(session: Session, code: str, showcase: str) -> None:
    """Let the organisation open a showcase (GEN-06)."""
    number = session.scalar(select(Showcase.id).where(Showcase.code == showcase))
    if number is None:
        raise OperatorRefused(f"There is no showcase {showcase}.")
    mine = {"organisation_id": find(session, code), "showcase_id": number}
    if session.get(ShowcaseAccess, tuple(mine.values())) is None:
        session.execute(insert(ShowcaseAccess).values(**mine))


def reset_second_step(session: Session, vault: Vault, email: str, now: datetime) -> None:
    """Take the extra checks of a person off for a lost phone, where no administrator may; a mail tells."""
    person_id = _person(session, email)
    second_steps.reset(session, person_id, actor_id=None)
    tell(session, vault, person_id, mails.SecondStepReset(administrator="HalloWerk", at=now))


def unlink_microsoft(session: Session, vault: Vault, email: str, now: datetime) -> None:
    """Take off which account at Microsoft a person signs in with, also as the only way; a mail tells.

    For who got another one there. Sessions end; who has no password asks for a link to choose one (AUTH-35).
    """
    person_id = _person(session, email)
    if not microsoft_links.is_linked(session, person_id):
        raise OperatorRefused("This person does not sign in with Microsoft.")
    microsoft_links.take_off(session, vault, person_id, now)


def _person(session: Session, email: str) -> int:
    person_id = find_person(session, email)
    if person_id is None:
        raise OperatorRefused("Nobody has this address.")
    return person_id


def find(session: Session, code: str) -> int:
    """Number of the organisation with this code. Raises OperatorRefused."""
    found = session.scalar(select(Organisation.id).where(Organisation.code == code))
    if found is None:
        raise OperatorRefused(f"There is no organisation {code}.")
    return found


def organisations(session: Session) -> list[Line]:
    """Every organisation, by its code."""
    return [_line(session, one) for one in session.scalars(select(Organisation).order_by(Organisation.code))]


def _line(session: Session, one: Organisation) -> Line:
    domains = session.scalars(select(OrganisationDomain).where(OrganisationDomain.organisation_id == one.id))
    tenants = select(OrganisationTenant.tenant_id).where(OrganisationTenant.organisation_id == one.id)
    showcases = select(Showcase.code).join(ShowcaseAccess, ShowcaseAccess.showcase_id == Showcase.id)
    open_accounts = select(func.count()).where(Account.organisation_id == one.id, Account.active)
    return Line(
        one.code,
        one.name,
        session.scalar(open_accounts) or 0,
        _count_administrators(session, one.id),
        {domain.domain: domain.microsoft for domain in domains},
        tuple(session.scalars(tenants.order_by(OrganisationTenant.tenant_id))),
        tuple(session.scalars(showcases.where(ShowcaseAccess.organisation_id == one.id).order_by(Showcase.position))),
    )


def _make(session: Session, code: str, name: str) -> int:
    if not CODE.fullmatch(code):
        raise OperatorRefused("A code has 2 to 64 small letters, digits and dashes, such as gemeente-stad.")
    called = " ".join(name.split())
    if not called or len(called) > 200:
        raise OperatorRefused("A name has 1 to 200 letters.")
    values = {"code": code, "name": called}
    made = session.execute(insert(Organisation).values(**values).returning(Organisation.id)).scalar_one()
    details = {"code": code}
    audit.append(
        session, actor_id=None, action="organisation.make", subject="organisation", key=str(made), details=details
    )
    return int(made)


def _count_administrators(session: Session, organisation_id: int) -> int:
    found = select(func.count(Account.id)).join(AccountRole, AccountRole.account_id == Account.id)
    mine = Account.organisation_id == organisation_id, Account.active, AccountRole.role == ADMINISTRATOR
    return session.scalar(found.where(*mine)) or 0


def _tenant(text: str) -> str:
    try:
        return str(UUID(text.strip()))
    except ValueError as error:
        raise OperatorRefused(f"{text} is no tenant id, such as 00000000-0000-0000-0000-000000000000.") from error


def _name_of(session: Session, organisation_id: int) -> str:
    return session.execute(select(Organisation.name).where(Organisation.id == organisation_id)).scalar_one()


def _last_link(session: Session, vault: Vault, invitation: int) -> str:
    """The link in the mail that this transaction queued for the invitation: nowhere else is its secret to be read."""
    email = session.execute(select(Invitation.email).where(Invitation.id == invitation)).scalar_one()
    sealed = session.scalars(
        select(OutboxMail.sealed)
        .where(OutboxMail.kind == mails.Invitation.kind, OutboxMail.recipient == email)
        .order_by(OutboxMail.id.desc())
        .limit(1)
    ).one()
    return cast(mails.Invitation, mails.from_json(mails.Invitation.kind, vault.open(cast(str, sealed)))).link
