"""The list of users, and what an administrator may do to them, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, insert, select, update

from matching.accounts import administration, second_steps, sessions, users
from matching.accounts.accounts import Refusal, Refused, Rights
from matching.accounts.key_records import RecoveryCode, SecondStep
from matching.accounts.policy import ACCOUNT_MANAGER, ADMINISTRATOR, OPERATIONS, Actor
from matching.accounts.records import Account, AuditEntry, Organisation, Person
from matching.accounts.users import Asked, Sort, User
from matching.accounts.vault import Vault, open_vault
from matching.post.records import OutboxMail
from matching.settings import Settings
from matching.storage.database import Database
from tests.support.signed_in import make_account, session_token
from tests.support.statements import counted_statements

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def vault(settings: Settings) -> Vault:
    return open_vault(settings)


@pytest.fixture
def town(database: Database) -> Database:
    """Organisation 1 with an administrator and two others, and organisation 2 with an administrator of its own."""
    with database.write() as session:
        session.execute(
            insert(Organisation), [{"id": 1, "code": "a", "name": "Stad"}, {"id": 2, "code": "b", "name": "Dorp"}]
        )
    make_account(database, 1, "bea@stad.example", [ADMINISTRATOR], "Bea Baas")
    make_account(database, 1, "abel@stad.example", [ACCOUNT_MANAGER], "Abel Zuid")
    make_account(database, 1, "cor@stad.example", [OPERATIONS, ACCOUNT_MANAGER], "Cor Noord")
    make_account(database, 2, "dik@dorp.example", [ADMINISTRATOR], "Dik Dorp")
    return database


def actor(database: Database, email: str) -> Actor:
    with database.read() as session:
        found = sessions.find(session, session_token(database, email), datetime.now(UTC))
    assert found is not None
    assert isinstance(found.who, Actor)
    return found.who


def user(database: Database, email: str, organisation: int = 1) -> User:
    with database.read() as session:
        number = session.scalars(
            select(Account.id)
            .join(Person, Person.id == Account.person_id)
            .where(Person.email == email, Account.organisation_id == organisation)
        ).one()
        found = users.find(session, organisation, number)
    assert found is not None
    return found


def names(database: Database, asked: Asked, organisation: int = 1) -> list[str]:
    with database.read() as session:
        found = users.page(session, organisation, asked)
        assert users.count(session, organisation, asked) >= len(found)
    return [one.name for one in found]


@pytest.mark.requirement("SET-21", "UI-20")
def test_the_list_has_the_organisations_own_users_sorted_and_filtered(town: Database) -> None:
    assert names(town, Asked()) == ["Abel Zuid", "Bea Baas", "Cor Noord"]
    assert names(town, Asked(descending=True)) == ["Cor Noord", "Bea Baas", "Abel Zuid"]
    assert names(town, Asked(sort=Sort.EMAIL)) == ["Abel Zuid", "Bea Baas", "Cor Noord"]
    assert names(town, Asked(role=OPERATIONS)) == ["Cor Noord"]
    assert names(town, Asked(text="COR noo")) == ["Cor Noord"]
    assert names(town, Asked(text="bea@STAD")) == ["Bea Baas"]
    assert names(town, Asked(text="%")) == []
    assert names(town, Asked(active=False)) == []
    assert names(town, Asked(), organisation=2) == ["Dik Dorp"]


def test_who_signed_in_last_can_be_on_top(town: Database) -> None:
    session_token(town, "cor@stad.example")
    assert names(town, Asked(sort=Sort.LAST_LOGIN, descending=True))[0] == "Cor Noord"


@pytest.mark.requirement("UI-21", "SET-21")
def test_a_page_of_twenty_costs_two_statements(town: Database) -> None:
    for number in range(30):
        make_account(town, 1, f"extra{number}@stad.example", [ACCOUNT_MANAGER], f"Extra {number:02}")
    with town.read() as session, counted_statements(town) as sent:
        assert len(users.page(session, 1, Asked())) == 20
        assert len([one for one in sent if one.startswith("SELECT")]) == 2
    with town.read() as session:
        assert users.count(session, 1, Asked()) == 33
        assert len(users.page(session, 1, Asked(page=2))) == 13


@pytest.mark.requirement("SET-24")
def test_a_user_of_another_organisation_is_not_found(town: Database) -> None:
    other = user(town, "dik@dorp.example", organisation=2)
    with town.read() as session:
        assert users.find(session, 1, other.id) is None
        assert users.find(session, 1, 999) is None


@pytest.mark.requirement("SET-22")
def test_administrators_do_not_take_the_role_from_themselves(town: Database) -> None:
    make_account(town, 1, "eef@stad.example", [ADMINISTRATOR], "Eef")
    bea, herself = actor(town, "bea@stad.example"), user(town, "bea@stad.example")
    with pytest.raises(Refused) as refused, town.write() as session:
        administration.change_rights(session, herself, Rights(frozenset({ACCOUNT_MANAGER})), bea)
    assert refused.value.reason is Refusal.OWN_ACCOUNT
    with town.write() as session:
        both = Rights(frozenset({ADMINISTRATOR, ACCOUNT_MANAGER}))
        administration.change_rights(session, herself, both, bea)
    assert user(town, "bea@stad.example").roles == {ADMINISTRATOR, ACCOUNT_MANAGER}


@pytest.mark.requirement("SET-22")
def test_a_closed_account_ends_its_sessions_and_a_mail_tells(town: Database, vault: Vault) -> None:
    bea, token = actor(town, "bea@stad.example"), session_token(town, "cor@stad.example")
    cor = user(town, "cor@stad.example")
    with town.write() as session:
        administration.close(session, vault, cor, bea)
    with town.read() as session:
        assert sessions.find(session, token, datetime.now(UTC)) is None
        assert session.scalars(select(OutboxMail.kind)).all() == ["access_ended"]
    assert names(town, Asked(active=False)) == ["Cor Noord"]
    assert names(town, Asked()) == ["Abel Zuid", "Bea Baas"]


def give_phone(database: Database, vault: Vault, person_id: int) -> None:
    with database.write() as session:
        sealed = vault.seal("+31612345678")
        session.add(SecondStep(person_id=person_id, kind="sms", sealed=sealed, confirmed=True, created_at=NOW))
        session.flush()
        second_steps.new_recovery_codes(session, person_id)


def count_keys(database: Database, person_id: int) -> int:
    with database.read() as session:
        steps = select(func.count()).where(SecondStep.person_id == person_id)
        codes = select(func.count()).where(RecoveryCode.person_id == person_id)
        return (session.scalar(steps) or 0) + (session.scalar(codes) or 0)


def test_a_lost_phone_is_reset_with_audit_and_mail_and_every_session_ends(town: Database, vault: Vault) -> None:
    bea, token = actor(town, "bea@stad.example"), session_token(town, "cor@stad.example")
    cor = user(town, "cor@stad.example")
    give_phone(town, vault, cor.person_id)
    with town.write() as session:
        session.execute(update(Person).values(password_hash="kept"))
        administration.reset_second_step(session, vault, cor, bea, NOW)
    assert count_keys(town, cor.person_id) == 0
    with town.read() as session:
        assert sessions.find(session, token, datetime.now(UTC)) is None
        assert session.scalars(select(Person.password_hash).where(Person.id == cor.person_id)).one() == "kept"
        assert session.scalars(select(OutboxMail.kind)).all() == ["second_step_reset"]
        [line] = session.scalars(select(AuditEntry).where(AuditEntry.action == "second_step.reset")).all()
        assert (line.actor_id, line.subject_key) == (bea.account_id, str(cor.person_id))


def test_nobody_resets_the_own_second_step_or_that_of_somebody_with_an_account_elsewhere(
    town: Database, vault: Vault
) -> None:
    bea = actor(town, "bea@stad.example")
    make_account(town, 2, "cor@stad.example", [ACCOUNT_MANAGER])
    for email, reason in (
        ("bea@stad.example", Refusal.OWN_ACCOUNT),
        ("cor@stad.example", Refusal.ACCOUNT_ELSEWHERE),
    ):
        them = user(town, email)
        give_phone(town, vault, them.person_id)
        with pytest.raises(Refused) as refused, town.write() as session:
            administration.reset_second_step(session, vault, them, bea, NOW)
        assert refused.value.reason is reason
        assert count_keys(town, them.person_id) > 1


@pytest.mark.requirement("OPEN-02")
def test_an_organisation_sets_its_own_security_only(town: Database) -> None:
    wanted, bea = administration.Security(True, True), actor(town, "bea@stad.example")
    with town.write() as session:
        administration.set_security(session, wanted, bea)
    with town.read() as session:
        assert administration.security_of(session, 1) == wanted
        assert administration.security_of(session, 2) == administration.Security(False, False)


@pytest.mark.parametrize("descending", [True, False])
def test_who_never_signed_in_comes_last_by_last_login(town: Database, descending: bool) -> None:
    abel, bea = user(town, "abel@stad.example"), user(town, "bea@stad.example")
    with town.write() as session:
        session.execute(update(Account).values(last_login_at=None))
        for number, days in ((abel.id, 1), (bea.id, 2)):
            moment = NOW - timedelta(days=days)
            session.execute(update(Account).where(Account.id == number).values(last_login_at=moment))
    listed = names(town, Asked(sort=Sort.LAST_LOGIN, descending=descending))
    assert listed == (["Abel Zuid", "Bea Baas"] if descending else ["Bea Baas", "Abel Zuid"]) + ["Cor Noord"]
