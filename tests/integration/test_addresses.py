"""Changing the address that somebody signs in with, on both databases; and trying to take somebody over that way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from matching.accounts import addresses, rules, sessions
from matching.accounts.accounts import Refused, find_person
from matching.accounts.key_records import MailedLink
from matching.accounts.policy import ACCOUNT_MANAGER, ADMINISTRATOR, Actor
from matching.accounts.records import Organisation, Person
from matching.accounts.vault import Vault, open_vault
from matching.post.mails import AddressConfirmation, from_json
from matching.post.records import OutboxMail
from matching.settings import Settings
from matching.storage.database import Database
from tests.support.signed_in import make_account, session_token

NOW = datetime.now(UTC)
PAGE = "https://hallowerk.example/instellingen/e-mailadres"
OLD, NEW, BOSS = "ans@stad.example", "ans.nieuw@stad.example", "baas@stad.example"


@pytest.fixture
def vault(settings: Settings) -> Vault:
    return open_vault(settings)


@pytest.fixture
def town(database: Database) -> Database:
    with database.write() as session:
        session.execute(insert(Organisation).values(id=1, code="a", name="Stad"))
    make_account(database, 1, OLD, [ACCOUNT_MANAGER], "Ans")
    make_account(database, 1, BOSS, [ADMINISTRATOR], "Baas")
    return database


def actor(database: Database, email: str) -> Actor:
    with database.read() as session:
        found = sessions.find(session, session_token(database, email), datetime.now(UTC))
    assert found is not None
    assert isinstance(found.who, Actor)
    return found.who


def ask(database: Database, vault: Vault, email: str, by: Actor, whose: int | None = None) -> None:
    with database.write() as session:
        person = whose or by.person_id
        addresses.ask(session, vault, person, email, PAGE, actor_id=by.account_id, now=NOW)


def mailed(database: Database, vault: Vault) -> dict[str, str]:
    """Kind of mail -> whom it goes to."""
    with database.read() as session:
        rows = session.execute(select(OutboxMail.kind, OutboxMail.recipient)).all()
    return {row.kind: row.recipient for row in rows}


def secret(database: Database, vault: Vault) -> str:
    """The secret in the link that was mailed last."""
    with database.read() as session:
        sealed = session.scalars(
            select(OutboxMail.sealed).where(OutboxMail.kind == AddressConfirmation.kind).order_by(OutboxMail.id.desc())
        ).first()
    assert sealed is not None
    mail = from_json(AddressConfirmation.kind, vault.open(sealed))
    assert isinstance(mail, AddressConfirmation)
    assert mail.link.startswith(f"{PAGE}/")
    return mail.link.rpartition("/")[2]


def confirm(database: Database, token: str, who: Actor, at: datetime = NOW) -> bool:
    with database.write() as session:
        return addresses.confirm(session, token, who, at)


@pytest.mark.requirement("SET-10")
def test_the_new_address_counts_once_its_owner_confirms_it_and_the_old_one_is_told(
    town: Database, vault: Vault
) -> None:
    other = session_token(town, OLD)
    ans = actor(town, OLD)
    ask(town, vault, f" {NEW.upper()} ", ans)
    assert mailed(town, vault) == {"address_change": OLD, "address_confirmation": NEW}
    token = secret(town, vault)
    with town.read() as session:
        assert find_person(session, NEW) is None
        assert addresses.find(session, token, ans.person_id, NOW) == NEW
    assert confirm(town, token, ans)
    with town.read() as session:
        assert find_person(session, NEW) == ans.person_id
        assert find_person(session, OLD) is None
        assert sessions.find(session, other, datetime.now(UTC)) is None
        assert session.get(MailedLink, token) is None
    assert not confirm(town, token, ans)


@pytest.mark.requirement("SET-10")
def test_a_link_is_good_for_a_day_and_only_the_last_one(town: Database, vault: Vault) -> None:
    ans = actor(town, OLD)
    ask(town, vault, NEW, ans)
    first = secret(town, vault)
    ask(town, vault, "weer.anders@stad.example", ans)
    assert not confirm(town, first, ans)
    assert not confirm(town, secret(town, vault), ans, NOW + timedelta(hours=24))
    assert confirm(town, secret(town, vault), ans, NOW + timedelta(hours=23))


def test_an_address_of_somebody_else_gets_no_link_and_no_other_answer(town: Database, vault: Vault) -> None:
    ask(town, vault, BOSS, actor(town, OLD))
    assert mailed(town, vault) == {"address_change": OLD}


def test_an_address_that_somebody_else_got_meanwhile_is_not_taken(town: Database, vault: Vault) -> None:
    ans = actor(town, OLD)
    ask(town, vault, NEW, ans)
    make_account(town, 1, NEW, [ACCOUNT_MANAGER], "Eerder")
    assert not confirm(town, secret(town, vault), ans)
    with town.read() as session:
        assert session.scalars(select(Person.email).where(Person.id == ans.person_id)).one() == OLD


@pytest.mark.parametrize("text", ["", "ans", "ans@", "a@b@c.example", "ans@stad.example\nBcc: x@y.example"])
def test_what_is_no_address_is_refused(town: Database, vault: Vault, text: str) -> None:
    with pytest.raises(Refused):
        ask(town, vault, text, actor(town, OLD))
    assert mailed(town, vault) == {}


@pytest.mark.requirement("SET-10")
def test_an_administrator_who_writes_down_an_own_address_takes_nobody_over(town: Database, vault: Vault) -> None:
    """The link arrives at the attacker's address, and is worth nothing to who is not the person it is about."""
    boss, ans = actor(town, BOSS), actor(town, OLD)
    ask(town, vault, "valstrik@elders.example", boss, whose=ans.person_id)
    token = secret(town, vault)
    assert mailed(town, vault)["address_change"] == OLD
    with town.read() as session:
        assert addresses.find(session, token, boss.person_id, NOW) is None
    assert not confirm(town, token, boss)
    with town.read() as session:
        assert find_person(session, "valstrik@elders.example") is None
        assert rules.check_password(session, "valstrik@elders.example", "wat dan ook") is None
        assert find_person(session, OLD) == ans.person_id
