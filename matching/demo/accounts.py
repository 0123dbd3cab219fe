"""The organisations and accounts of the demo, and setting them up in a database."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from matching.accounts.passwords import hash_password
from matching.accounts.policy import ACCOUNT_MANAGER, ADMINISTRATOR, OPERATIONS
from matching.accounts.records import Organisation, ShowcaseAccess, User
from matching.candidates.records import Showcase
from matching.demo.showcases import SHOWCASES

#: Of every demo account; printed by `hallowerk up --demo`.
PASSWORD = "Demo-wachtwoord 2026!"  # noqa: S105 - a demo's password is meant to be known


@dataclass(frozen=True)
class DemoOrganisation:
    """An organisation with the showcases that its people may open."""

    code: str
    name: str
    showcases: tuple[str, ...]


@dataclass(frozen=True)
class DemoAccount:
    """An account of the demo; `can` says in a few words what it shows."""

    organisation: str
    email: str
    name: str
    role: str
    postcode: str
    can: str


ORGANISATIONS = (
    DemoOrganisation("gemeente-demo", "Gemeente Demo", tuple(view.code for view in SHOWCASES)),
    DemoOrganisation("werkplein-vlietkant", "Werkplein Vlietkant", ("haaglanden",)),
)
ACCOUNTS = (
    DemoAccount(
        "gemeente-demo", "m.devries@demo.example", "Marieke de Vries", ACCOUNT_MANAGER, "3011", "all three showcases"
    ),
    DemoAccount(
        "gemeente-demo",
        "beheer@demo.example",
        "Bas Kuiper",
        ADMINISTRATOR,
        "3011",
        "administrator",
    ),
    DemoAccount(
        "gemeente-demo", "techniek@demo.example", "Nadia el Amrani", OPERATIONS, "2511", "operations, no candidates"
    ),
    DemoAccount(
        "werkplein-vlietkant",
        "s.bennani@vlietkant.example",
        "Samira Bennani",
        ACCOUNT_MANAGER,
        "2511",
        "another organisation, only Regio Haaglanden",
    ),
)


def set_up_accounts(session: Session) -> None:
    """Make or change the demo's organisations, their showcases and accounts; the showcases must exist.

    A password that someone changed stays.
    """
    showcase_ids = {row.code: row.id for row in session.execute(select(Showcase.code, Showcase.id))}
    organisation_ids = {}
    for wanted in ORGANISATIONS:
        organisation = session.scalar(select(Organisation).where(Organisation.code == wanted.code))
        if organisation is None:
            organisation = Organisation(code=wanted.code, name=wanted.name)
            session.add(organisation)
            session.flush()
        organisation.name = wanted.name
        organisation_ids[wanted.code] = organisation.id
        session.execute(delete(ShowcaseAccess).where(ShowcaseAccess.organisation_id == organisation.id))
        for code in wanted.showcases:
            session.add(ShowcaseAccess(organisation_id=organisation.id, showcase_id=showcase_ids[code]))
    for account in ACCOUNTS:
        user = session.scalar(select(User).where(User.email == account.email))
        if user is None:
            user = User(email=account.email, password_hash=hash_password(PASSWORD), active=True)
            session.add(user)
        user.organisation_id = organisation_ids[account.organisation]
        user.name, user.role, user.postcode = account.name, account.role, account.postcode
    session.flush()
