"""The demo's showcases and accounts in a database, and knowing that the demo is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from matching.accounts.policy import ROLES
from matching.accounts.records import User
from matching.accounts.rules import check_credentials, load_actor
from matching.candidates.parts import PARTS
from matching.candidates.showcases import define, find_faults, load_showcases
from matching.demo.accounts import ACCOUNTS, PASSWORD, set_up_accounts
from matching.demo.showcases import SHOWCASES
from matching.demo.version import is_loaded, note_loaded
from matching.settings import load_settings
from matching.storage.database import Database


def _set_up(database: Database) -> None:
    with database.write() as session:
        for position, view in enumerate(SHOWCASES):
            define(session, view, position)
        set_up_accounts(session)


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
        assert session.scalar(select(func.count()).select_from(User)) == len(ACCOUNTS)
        assert list(load_showcases(session)) == [view.code for view in SHOWCASES]
        opened = {}
        for account in ACCOUNTS:
            user_id = check_credentials(session, account.email, PASSWORD)
            assert user_id is not None
            actor = load_actor(session, user_id)
            assert actor is not None
            assert actor.role in ROLES
            opened[account.email] = actor.showcases
    assert opened["m.devries@demo.example"] == ("rijnmond", "haaglanden", "leerwerkbanen")
    assert opened["s.bennani@vlietkant.example"] == ("haaglanden",)
    assert opened["techniek@demo.example"] == ()


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
