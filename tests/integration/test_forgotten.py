"""A forgotten password: a mailed link works once, for an hour, and is no way round the second step (AUTH-35..40)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select, update

from matching.accounts.records import AuditEntry, Organisation, OrganisationDomain, Person
from matching.post.mails import PasswordChanged, PasswordReset
from matching.settings import Settings
from matching.storage.database import Database
from tests.support.lobby import EMAIL, HERE, Lobby, enter_code, enter_password, is_in, open_lobby, text_of

NEW = "Groene trein vertrekt laat?"
SENT = "Er is een e-mail naar je verzonden met instructies om je wachtwoord te wijzigen"
UNKNOWN = "Er is geen account met dit e-mailadres bij ons bekend"


@pytest.fixture
def lobby(settings: Settings, database: Database) -> Lobby:
    found = open_lobby(settings, database)
    found.add_person()
    return found


def ask(client: FlaskClient, email: str = EMAIL, **headers: str) -> str:
    """Ask for a mail; the words of the page after it."""
    answer = client.post("/wachtwoord-vergeten", data={"email": email}, headers=headers, follow_redirects=True)
    return text_of(answer)


def link(lobby: Lobby) -> str:
    """The address in the newest mail, on our own site."""
    mail = [mail for mail in lobby.mails() if isinstance(mail, PasswordReset)][-1]
    assert mail.link.startswith(f"{HERE}/")
    return urlsplit(mail.link).path


@pytest.mark.requirement("AUTH-35", "AUTH-36", "AUTH-37", "AUTH-39", "AUTH-40", "NOTIF-03", "NOTIF-06", "OPEN-03")
def test_a_new_password_then_the_second_step_then_home(lobby: Lobby) -> None:
    client, other = lobby.app.test_client(), lobby.app.test_client()
    enter_password(other)
    enter_code(other, lobby.code())
    assert "Wachtwoord vergeten?" in text_of(client.get("/inloggen"))
    assert "Stuur instructies" in text_of(client.get("/wachtwoord-vergeten"))
    assert SENT in ask(client)
    assert client.get(link(lobby)).location == "/wachtwoord/nieuw"
    strength = "/aanmelden/wachtwoord/sterkte"
    page = client.get("/wachtwoord/nieuw")
    assert "Gebruik minimaal 8 tekens, hoofd- en kleine letters" in text_of(page)
    assert f'hx-post="{strength}"' in page.get_data(as_text=True)
    assert "heel sterk" in text_of(client.post(strength, data={"password": NEW}))
    assert text_of(lobby.app.test_client().post(strength, data={"password": NEW})) == "", "nobody else is told"
    assert client.post("/wachtwoord/nieuw", data={"password": NEW}).location == "/inloggen/code"
    assert not is_in(client)
    assert enter_code(client, lobby.code(1)).location == "/"
    assert is_in(client)
    assert not is_in(other), "other sessions end"
    assert any(isinstance(mail, PasswordChanged) for mail in lobby.mails())
    again = lobby.app.test_client()
    assert enter_password(again).status_code == 422
    assert enter_password(again, EMAIL, NEW).location == "/inloggen/code"


@pytest.mark.requirement("OPEN-02")
def test_an_unknown_address_gets_the_same_sentence(lobby: Lobby) -> None:
    client = lobby.app.test_client()
    known, unknown = ask(client), ask(client, "niemand@gemeente.example")
    assert known.replace(EMAIL, "X") == unknown.replace("niemand@gemeente.example", "X")
    assert lobby.mails("niemand@gemeente.example") == []


@pytest.mark.requirement("AUTH-38", "NOTIF-06", "OPEN-02")
def test_an_organisation_may_have_it_told(lobby: Lobby) -> None:
    with lobby.database.write() as session:
        session.add(OrganisationDomain(domain="gemeente.example", organisation_id=1))
        session.execute(update(Organisation).values(tells_unknown_addresses=True))
    client = lobby.app.test_client()
    assert UNKNOWN in ask(client, "niemand@gemeente.example")
    assert SENT in ask(client, "niemand@elders.example")
    assert SENT in ask(client)


def test_a_link_works_once_and_only_the_newest(lobby: Lobby) -> None:
    client = lobby.app.test_client()
    ask(client)
    first = link(lobby)
    ask(client)
    newest = link(lobby)
    client.get(first)
    assert client.get("/wachtwoord/nieuw").status_code == 410
    for status in (302, 410):
        client.get(newest)
        assert client.post("/wachtwoord/nieuw", data={"password": NEW}).status_code == status


def test_of_two_who_use_a_link_at_once_one_does(lobby: Lobby) -> None:
    clients = [lobby.app.test_client() for _ in range(4)]
    ask(clients[0])
    address = link(lobby)
    for client in clients:
        client.get(address)
    with ThreadPoolExecutor(len(clients)) as threads:
        choose = threads.map(lambda client: client.post("/wachtwoord/nieuw", data={"password": NEW}), clients)
        statuses = [answer.status_code for answer in choose]
    assert statuses.count(302) == 1
    assert set(statuses) <= {302, 410, 503}


def test_a_link_is_good_for_an_hour(lobby: Lobby) -> None:
    client = lobby.app.test_client()
    with time_machine.travel("2026-11-24T08:00:00Z", tick=False) as clock:
        ask(client)
        client.get(link(lobby))
        clock.shift(3599)
        assert client.get("/wachtwoord/nieuw").status_code == 200
        clock.shift(2)
        answer = client.post("/wachtwoord/nieuw", data={"password": NEW})
    assert answer.status_code == 410
    assert "Deze link werkt niet meer" in text_of(answer)


def test_looking_at_the_link_uses_nothing_up(lobby: Lobby) -> None:
    """Mail programs and their scanners open links before people do."""
    client = lobby.app.test_client()
    ask(client)
    address = link(lobby)
    for _ in range(3):
        lobby.app.test_client().get(address, follow_redirects=True)
    client.get(address)
    assert client.post("/wachtwoord/nieuw", data={"password": NEW}).location == "/inloggen/code"


def test_the_secret_is_in_no_address_referrer_or_trail(lobby: Lobby) -> None:
    client = lobby.app.test_client()
    ask(client)
    address = link(lobby)
    secret = address.rpartition("/")[2]
    opened = client.get(address)
    assert secret not in (opened.location or "")
    assert opened.headers["Referrer-Policy"] == "no-referrer"
    page = client.get("/wachtwoord/nieuw")
    assert secret not in page.get_data(as_text=True)
    assert page.headers["Referrer-Policy"] == "no-referrer"
    client.post("/wachtwoord/nieuw", data={"password": NEW})
    with lobby.database.read() as session:
        entries = session.scalars(select(AuditEntry)).all()
    assert {"password.ask", "password.change"} <= {entry.action for entry in entries}
    assert not any(secret in str(entry.details) or EMAIL in str(entry.details) for entry in entries)


def test_the_link_leads_to_our_site_whatever_host_was_asked_for(lobby: Lobby) -> None:
    ask(lobby.app.test_client(), Host="elders.example", **{"X-Forwarded-Host": "elders.example"})
    assert link(lobby).startswith("/wachtwoord/nieuw/")


@pytest.mark.requirement("AUTH-13")
@pytest.mark.parametrize("weak", ["kort!A", "alleskleineletters!", "ALLESGROOT!", "GeenTeken2026", "Welkom2026!"])
def test_the_rules_hold_here_too(lobby: Lobby, weak: str) -> None:
    client = lobby.app.test_client()
    ask(client)
    client.get(link(lobby))
    answer = client.post("/wachtwoord/nieuw", data={"password": weak})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.get_data(as_text=True)
    with lobby.database.read() as session:
        hashed = session.scalar(select(Person.password_hash))
    assert client.post("/wachtwoord/nieuw", data={"password": NEW}).location == "/inloggen/code"
    with lobby.database.read() as session:
        assert session.scalar(select(Person.password_hash)) != hashed


def test_mails_are_few(lobby: Lobby) -> None:
    client = lobby.app.test_client()
    pages = [ask(client) for _ in range(7)]
    assert sum(SENT in page for page in pages) == 5
    assert "te vaak geprobeerd" in pages[-1]
    assert len(lobby.mails()) == 5


def test_a_list_of_addresses_cannot_be_tried(lobby: Lobby) -> None:
    client = lobby.app.test_client()
    pages = [ask(client, f"nr{number}@gemeente.example") for number in range(25)]
    assert "te vaak geprobeerd" in pages[-1]
    with lobby.database.read() as session:
        assert session.scalars(select(AuditEntry)).all() == [], "what nobody asked for about anybody is no line"
