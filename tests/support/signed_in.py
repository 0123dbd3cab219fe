"""Starts a session for somebody as a finished sign-in does, for tests that are about something else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from flask.testing import FlaskClient
from sqlalchemy import select

from matching.accounts import sessions
from matching.accounts.accounts import Rights, find_person, make_person, open_account
from matching.accounts.records import Account, Organisation
from matching.accounts.sessions import Proof, SigningIn
from matching.settings import Settings, session_key
from matching.storage.database import Database


class Cookie(NamedTuple):
    """The cookie that a browser of somebody who is signed in holds."""

    name: str
    value: str


def session_token(database: Database, email: str, organisation: str | None = None) -> str:
    """The token of a new session of this person, in the account at the organisation with this code (None: the last)."""
    now = datetime.now(UTC)
    with database.write() as session:
        person = find_person(session, email)
        assert person is not None, email
        token = sessions.start(session, person, [Proof.PASSWORD, Proof.SECOND], now)
        found = sessions.find(session, token, now)
        assert found is not None
        assert isinstance(found.who, SigningIn)
        entered = sessions.enter(session, found.who, now)
        assert entered is not None
        if organisation is None:
            return entered
        account = session.execute(
            select(Account.id)
            .join(Organisation, Organisation.id == Account.organisation_id)
            .where(Account.person_id == person, Organisation.code == organisation)
        ).scalar_one()
        found = sessions.find(session, entered, now)
        assert found is not None
        assert not isinstance(found.who, SigningIn)
        switched = sessions.switch(session, found.who, account, now)
        assert switched is not None
        return switched


def session_cookie(settings: Settings, email: str) -> Cookie:
    """The cookie of a new session of this person at the application with these settings."""
    database = Database(settings.database)
    signer = SecureCookieSessionInterface().get_signing_serializer(_keeper_of(session_key(settings)))
    assert signer is not None
    token = session_token(database, email)
    database.close()
    name = "__Host-session" if settings.https else "session"
    return Cookie(name, str(signer.dumps({"_user_id": token, "_fresh": True})))


def _keeper_of(key: str) -> Flask:
    """As little of an application as signs with this key."""
    app = Flask("signs")
    app.secret_key = key
    return app


def sign_in_client(client: FlaskClient, token: str) -> None:
    """Give a test client the session with this token."""
    with client.session_transaction() as kept:
        kept.clear()
        kept.update({"_user_id": token, "_fresh": True})


def make_account(
    database: Database, organisation_id: int, email: str, roles: Sequence[str], name: str = "Anne Test"
) -> int:
    """Somebody with an account at this organisation, who opens all its showcases; the number of the account."""
    now = datetime.now(UTC)
    with database.write() as session:
        person = find_person(session, email) or make_person(session, email, name, now)
        return open_account(session, person, organisation_id, Rights(frozenset(roles)), now)
