"""The organisations and accounts of the demo, and setting them up in a database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from matching.accounts import terms
from matching.accounts.accounts import Rights, find_person, make_person, open_account
from matching.accounts.key_records import SecondStep
from matching.accounts.policy import ACCOUNT_MANAGER, ADMINISTRATOR, OPERATIONS
from matching.accounts.proofs.passwords import hash_password
from matching.accounts.records import Account, Organisation, Person, ShowcaseAccess
from matching.accounts.vault import Vault
from matching.candidates.records import Showcase
from matching.demo.showcases import SHOWCASES

#: Of every demo account; printed by `hallowerk up --demo`.
PASSWORD = "Demo-wachtwoord 2026!"  # noqa: S105 - a demo's password is meant to be known
#: Of the authenticator of every demo account; `hallowerk demo code EMAIL` says the code of the moment.
SECRET = "HALLOWERKDEMOGEHEIMABCDEFGH23456"  # noqa: S105 - as above


@dataclass(frozen=True)
class DemoOrganisation:
    """An organisation with the showcases that its people may open."""

    code: str
    name: str
    showcases: tuple[str, ...]


@dataclass(frozen=True)
class DemoAccount:
    """An account of the demo, of a person who may have more of them; `can` says in a few words what it shows."""

    organisation: str
    email: str
    name: str
    role: str
    postcode: str
    can: str


@dataclass(frozen=True)
class Authenticator:
    """The secret of an authenticator, and the time step of the last code that was taken."""

    secret: str
    last_step: int | None


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
        "gemeente-demo", "j.smit@demo.example", "Jip Smit", ACCOUNT_MANAGER, "3011", "two accounts to switch between"
    ),
    DemoAccount("werkplein-vlietkant", "j.smit@demo.example", "Jip Smit", ACCOUNT_MANAGER, "2511", ""),
    DemoAccount(
        "werkplein-vlietkant",
        "s.bennani@vlietkant.example",
        "Samira Bennani",
        ACCOUNT_MANAGER,
        "2511",
        "another organisation, only Regio Haaglanden",
    ),
)


def set_up_accounts(session: Session, vault: Vault, now: datetime) -> None:
    """Make or change the demo's organisations, their showcases and accounts; the showcases must exist.

    A password or authenticator that someone changed stays.
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
        person = find_person(session, account.email) or _make_person(session, account, vault, now)
        organisation_id = organisation_ids[account.organisation]
        known = select(Account.id).where(Account.person_id == person, Account.organisation_id == organisation_id)
        number = session.scalar(known)
        if number is None:
            number = open_account(session, person, organisation_id, Rights(frozenset({account.role})), now)
        session.execute(update(Account).where(Account.id == number).values(postcode=account.postcode))
    session.flush()


def _make_person(session: Session, account: DemoAccount, vault: Vault, now: datetime) -> int:
    """Somebody who has accepted the terms, and has a password and an authenticator."""
    person = make_person(session, account.email, account.name, now)
    accepted = {"password_hash": hash_password(PASSWORD), "terms": terms.VERSION}
    session.execute(update(Person).where(Person.id == person).values(**accepted))
    sealed = vault.seal(SECRET)
    session.add(SecondStep(person_id=person, kind="authenticator", sealed=sealed, confirmed=True, created_at=now))
    session.flush()
    return person


def authenticator_of(session: Session, vault: Vault, email: str) -> Authenticator | None:
    """The authenticator of a demo account; None for somebody else's address, or without authenticator."""
    if email not in {account.email for account in ACCOUNTS}:
        return None
    step = session.scalar(
        select(SecondStep)
        .join(Person, Person.id == SecondStep.person_id)
        .where(Person.email == email, SecondStep.kind == "authenticator", SecondStep.confirmed)
    )
    return Authenticator(vault.open(step.sealed), step.last_step) if step else None


def count_accounts(session: Session) -> int:
    """How many open accounts there are at the demo's organisations: everybody can know the password of some."""
    codes = [organisation.code for organisation in ORGANISATIONS]
    found = select(func.count(Account.id)).join(Organisation, Organisation.id == Account.organisation_id)
    return session.scalar(found.where(Organisation.code.in_(codes), Account.active)) or 0


def has_others(session: Session) -> bool:
    """Whether there is an organisation that is not the demo's: then this is no place for made-up people."""
    codes = [organisation.code for organisation in ORGANISATIONS]
    others = select(func.count()).select_from(Organisation).where(Organisation.code.not_in(codes))
    return bool(session.scalar(others))
