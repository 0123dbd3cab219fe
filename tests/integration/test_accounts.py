"""Signing in and the audit trail, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DatabaseError

from matching.accounts import audit, rules, sessions
from matching.accounts.accounts import find_person
from matching.accounts.policy import ACCOUNT_MANAGER, Actor
from matching.accounts.proofs import passwords
from matching.accounts.records import Account, AuditEntry, Organisation, Person, ShowcaseAccess
from matching.candidates.records import Showcase
from matching.settings import Settings
from matching.storage.database import Database
from tests.support.signed_in import make_account, session_token
from web.commands.doctor import Finding, examine

PASSWORD = "Een lange zin met 3 cijfers!"


@pytest.fixture
def account(database: Database) -> int:
    """An account manager whose organisation opens two of three showcases."""
    with database.write() as session:
        session.execute(insert(Organisation).values(id=1, code="demo", name="Gemeente Demo"))
        for number, code in enumerate(("noord", "oost", "zuid"), start=1):
            session.execute(
                insert(Showcase).values(id=number, code=code, name=code, position=-number, parts=[], categories=[])
            )
        session.execute(insert(ShowcaseAccess), [{"organisation_id": 1, "showcase_id": n} for n in (1, 3)])
    account = make_account(database, 1, "a@demo.example", [ACCOUNT_MANAGER])
    with database.write() as session:
        session.execute(update(Person).values(password_hash=passwords.hash_password(PASSWORD)))
    return account


def actor(database: Database, token: str) -> Actor | None:
    """Who works with this session."""
    with database.read() as session:
        found = sessions.find(session, token, datetime.now(UTC))
    assert found is None or isinstance(found.who, Actor)
    return found.who if found else None


def test_the_right_password_signs_in(database: Database, account: int) -> None:
    with database.read() as session:
        verified = rules.check_password(session, " A@demo.example ", PASSWORD)
        assert verified is not None
        assert verified.person_id == find_person(session, "a@demo.example")


def test_a_wrong_password_and_an_unknown_account_do_the_same_work(
    database: Database, account: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str | None] = []
    real = passwords.password_matches

    def counting(stored: str | None, password: str) -> bool:
        checked.append(stored)
        return real(stored, password)

    monkeypatch.setattr(rules, "password_matches", counting)
    with database.read() as session:
        assert rules.check_password(session, "a@demo.example", "iets anders") is None
        assert rules.check_password(session, "niemand@demo.example", PASSWORD) is None
    assert len(checked) == 2


@pytest.mark.requirement("GEN-06", "ROLE-21")
def test_an_actor_opens_the_showcases_of_the_organisation_in_their_order(database: Database, account: int) -> None:
    found = actor(database, session_token(database, "a@demo.example"))
    assert found is not None
    assert found.showcases == ("zuid", "noord")


def test_an_account_that_was_closed_is_nobody_at_the_next_request(database: Database, account: int) -> None:
    token = session_token(database, "a@demo.example")
    assert actor(database, token) is not None
    with database.write() as session:
        session.execute(update(Account).values(active=False))
    assert actor(database, token) is None


def test_sign_ins_are_in_the_trail(database: Database, account: int) -> None:
    session_token(database, "a@demo.example")
    with database.write() as session:
        rules.note_refused_sign_in(session)
        rules.note_sign_out(session, account)
    with database.read() as session:
        lines = [
            (entry.action, entry.actor_id) for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        ]
    assert lines == [("session.start", account), ("session.refused", None), ("session.end", account)]


def test_the_trail_only_grows(database: Database) -> None:
    with database.write() as session:
        audit.append(session, actor_id=1, action="x", subject="y", key="1", details={})
    for statement in ("UPDATE audit_trail SET action = 'z'", "DELETE FROM audit_trail"):
        with pytest.raises(DatabaseError), database.write() as session:
            session.execute(text(statement))
    with database.read() as session:
        assert session.scalars(select(AuditEntry.action)).all() == ["x"]


def test_an_unbroken_chain_has_no_broken_lines(database: Database) -> None:
    with database.write() as session:
        for number in range(5):
            audit.append(session, actor_id=number, action="x", subject="y", key=str(number), details={"n": number})
    with database.read() as session:
        assert list(audit.broken_lines(session)) == []


def test_a_line_that_was_written_past_the_chain_is_found(database: Database, settings: Settings) -> None:
    address = {
        "database_url": database.url.render_as_string(hide_password=False),
        "elasticsearch_url": "http://[::1]:9",
    }
    looked_at = settings.model_copy(update=address)
    with database.write() as session:
        audit.append(session, actor_id=1, action="x", subject="y", key="1", details={})
    assert trail_finding(looked_at).ok
    with database.write() as session:
        first = session.scalars(select(AuditEntry)).one()
        session.execute(
            insert(AuditEntry).values(
                at=first.at,
                actor_id=2,
                action="x",
                subject="y",
                subject_key="1",
                details={},
                previous_hash=first.hash,
                hash="f" * 64,
            )
        )
    with database.read() as session:
        assert len(list(audit.broken_lines(session))) == 1
    found = trail_finding(looked_at)
    assert (found.ok, found.details) == (False, {"broken_lines": [2]})


def trail_finding(settings: Settings) -> Finding:
    """What `hallowerk doctor` says of the audit trail."""
    [found] = [finding for finding in examine(settings) if finding.subject == "audit trail"]
    return found
