"""A small installation without an engine, where somebody can sign in: pages, mails and text messages, and a clock."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from html import unescape

import pyotp
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, insert, select, update
from werkzeug.test import TestResponse

from matching.accounts import second_steps, terms
from matching.accounts.accounts import find_person
from matching.accounts.key_records import SecondStep
from matching.accounts.policy import ACCOUNT_MANAGER
from matching.accounts.proofs.passwords import hash_password
from matching.accounts.records import Organisation, Person
from matching.accounts.vault import Vault, open_vault
from matching.post.mailbox import Mailbox
from matching.post.mails import Mail, from_json
from matching.post.records import OutboxMail
from matching.settings import Settings
from matching.storage.database import Database
from tests.support.signed_in import make_account
from web.app import create_app

PASSWORD = "Paarse fiets zingt hard!"
EMAIL = "anne@gemeente.example"
PHONE = "+31612345968"
HERE = "https://hallowerk.example"


@dataclass
class Lobby:
    """An installation with one organisation (number 1), and what reaches its people."""

    settings: Settings
    database: Database
    #: One authenticator for everybody.
    secret: str = field(default_factory=pyotp.random_base32)

    @cached_property
    def app(self) -> Flask:
        """The application; forms need no token."""
        app = create_app(self.settings)
        app.config["WTF_CSRF_ENABLED"] = False
        return app

    @cached_property
    def vault(self) -> Vault:
        """Opens what the record seals."""
        return open_vault(self.settings)

    def add_organisation(self, number: int, name: str, **values: bool) -> None:
        """Make an organisation."""
        with self.database.write() as session:
            session.execute(insert(Organisation).values(id=number, code=f"org-{number}", name=name, **values))

    def add_person(
        self, email: str = EMAIL, *roles: str, organisation: int = 1, second: str | None = second_steps.AUTHENTICATOR
    ) -> int:
        """Somebody with PASSWORD, and an extra check of this kind; returns the number of the account."""
        account = make_account(self.database, organisation, email, roles or (ACCOUNT_MANAGER,))
        with self.database.write() as session:
            person = find_person(session, email)
            assert person is not None
            keys = {"password_hash": hash_password(PASSWORD), "terms": terms.VERSION}
            session.execute(update(Person).where(Person.id == person).values(**keys))
        self.set_second_step(person, second)
        return account

    def set_second_step(self, person: int, kind: str | None) -> None:
        """Let this be the only extra check of a person; None: without any."""
        sealed = self.vault.seal(PHONE if kind == second_steps.SMS else self.secret)
        with self.database.write() as session:
            session.execute(delete(SecondStep).where(SecondStep.person_id == person))
            if kind:
                values = {"person_id": person, "kind": kind, "sealed": sealed, "created_at": datetime.now(UTC)}
                session.execute(insert(SecondStep).values(confirmed=True, **values))

    def person(self, email: str = EMAIL) -> int:
        """Number of somebody."""
        with self.database.read() as session:
            found = find_person(session, email)
        assert found is not None
        return found

    def code(self, steps_ahead: int = 0) -> str:
        """What the authenticator shows now, or so many steps of 30 seconds later."""
        return pyotp.TOTP(self.secret).at(datetime.now(UTC) + timedelta(seconds=30 * steps_ahead))

    def mails(self, email: str = EMAIL) -> list[Mail]:
        """What was queued for this address, in order."""
        with self.database.read() as session:
            rows = session.scalars(
                select(OutboxMail).where(OutboxMail.recipient == email).order_by(OutboxMail.id)
            ).all()
            return [from_json(row.kind, self.vault.open(row.sealed or "")) for row in rows]

    def texts(self) -> list[str]:
        """The text messages sent, newest first."""
        return [message.text for message in Mailbox(self.settings.mailbox_dir).newest(100)]

    def texted_code(self) -> str:
        """The code of the newest text message."""
        found = re.search(r"\d{6}", self.texts()[0])
        assert found
        return found[0]


def open_lobby(settings: Settings, database: Database) -> Lobby:
    """An installation with this database and one organisation."""
    wanted = {
        "database_url": database.url.render_as_string(hide_password=False),
        "elasticsearch_url": "http://127.0.0.1:9",
        "public_url": HERE,
    }
    lobby = Lobby(settings.model_copy(update=wanted), database)
    lobby.add_organisation(1, "Gemeente Voorbeeld")
    return lobby


def text_of(answer: TestResponse) -> str:
    """The words of a page, without marks."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", answer.get_data(as_text=True), flags=re.S)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


def enter_password(client: FlaskClient, email: str = EMAIL, password: str = PASSWORD) -> TestResponse:
    """Type an address and a password; the answer to the second."""
    first = client.post("/inloggen", data={"email": email})
    assert first.location == "/inloggen/wachtwoord", first.status
    return client.post("/inloggen/wachtwoord", data={"password": password})


def enter_code(client: FlaskClient, code: str, kind: str | None = None, **data: str) -> TestResponse:
    """Type a code of the second step."""
    address = "/inloggen/code" + (f"?met={kind}" if kind else "")
    return client.post(address, data={"code": code, **data})


def is_in(client: FlaskClient) -> bool:
    """Whether this client is signed in."""
    return not (client.get("/").location or "").startswith("/inloggen")
