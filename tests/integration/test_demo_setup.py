"""The demo's showcases and accounts in a database, and knowing that the demo is loaded."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import func, select

from matching.accounts import sessions
from matching.accounts.policy import ROLES, Actor
from matching.accounts.records import Account
from matching.accounts.rules import check_password
from matching.accounts.vault import Vault
from matching.candidates.parts import PARTS
from matching.candidates.showcases import define, find_faults, load_showcases
from matching.demo.accounts import ACCOUNTS, PASSWORD, DemoAccount, set_up_accounts
from matching.demo.showcases import SHOWCASES
from matching.demo.version import is_loaded, note_loaded
from matching.settings import load_settings
from matching.storage.database import Database
from tests.support.signed_in import session_token


def _set_up(database: Database) -> None:
    with database.write() as session:
        for position, view in enumerate(SHOWCASES):
            define(session, view, position)
        set_up_accounts(session, Vault([Fernet.generate_key().decode()]), datetime.now(UTC))


@pytest.mark.requirement("CAND-37", "PROF-03")
def test_showcases_are_sound_and_differ() -> None:
    assert [find_faults(view) for view in SHOWCASES] == [[], [], []]
    rijnmond, _, learning = SHOWCASES
    assert frozenset(PARTS) == rijnmond.parts
    assert {"contact", "transport", "hobbies"} == rijnmond.parts - learning.parts
    assert learning.category("contact") is None
    assert [shown.code for shown in learning.categories] != [shown.code for shown in rijnmond.categories]


@pytest.mark.requirement("GEN-06", "ROLE-21")
def test_accounts_open_the_showcases_of_their_organisation(database: Database) -> None:
    _set_up(database)
    _set_up(database)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Account)) == len(ACCOUNTS)
        assert list(load_showcases(session)) == [view.code for view in SHOWCASES]
        assert {account.role for account in ACCOUNTS} <= set(ROLES)
        assert all(check_password(session, account.email, PASSWORD) for account in ACCOUNTS)
    opened = {(account.organisation, account.email): _actor(database, account).showcases for account in ACCOUNTS}
    assert opened["gemeente-demo", "m.devries@demo.example"] == ("rijnmond", "haaglanden", "leerwerkbanen")
    assert opened["werkplein-vlietkant", "s.bennani@vlietkant.example"] == ("haaglanden",)
    assert opened["gemeente-demo", "techniek@demo.example"] == ()
    assert opened["werkplein-vlietkant", "j.smit@demo.example"] == ("haaglanden",)


def _actor(database: Database, account: DemoAccount) -> Actor:
    token = session_token(database, account.email, account.organisation)
    with database.read() as session:
        found = sessions.find(session, token, datetime.now(UTC))
    assert found is not None
    assert isinstance(found.who, Actor)
    return found.who


def test_a_demo_counts_as_loaded_only_with_its_people(database: Database, tmp_path: Path) -> None:
    settings = load_settings(state_dir=tmp_path)
    with database.read() as session:
        assert not is_loaded(settings, session, 5)
    note_loaded(settings, 5)
    with database.read() as session:
        assert not is_loaded(settings, session, 5)
        assert is_loaded(settings, session, 0) is False
    note_loaded(settings, 0)
    with database.read() as session:
        assert is_loaded(settings, session, 0)
