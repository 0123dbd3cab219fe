"""What an organisation lets its people do, and where they sign in (AUTH-32)."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from matching.accounts.microsoft.identities import domain_of
from matching.accounts.records import Account, OrganisationDomain, OrganisationTenant


def signs_in_with_microsoft(session: Session, email: str) -> bool:
    """Whether people with addresses of this domain sign in with Microsoft; never by whether there is an account."""
    found = select(OrganisationDomain.microsoft).where(OrganisationDomain.domain == domain_of(email))
    return bool(session.scalar(found))


def tenants_of(session: Session, person_id: int) -> frozenset[str]:
    """The tenants of Microsoft that the organisations where this person has an open account let in (AUTH-24)."""
    return frozenset(
        session.scalars(
            select(OrganisationTenant.tenant_id)
            .join(Account, Account.organisation_id == OrganisationTenant.organisation_id)
            .where(Account.person_id == person_id, Account.active)
        )
    )


def may_use_microsoft(session: Session, person_id: int) -> bool:
    """Whether an organisation of this person lets people of a tenant of Microsoft in."""
    return bool(tenants_of(session, person_id))
