"""Home, the menu of the avatar, and switching between the accounts of one person."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from matching.accounts.accounts import Rights, make_person, open_account
from matching.accounts.policy import ACCOUNT_MANAGER
from matching.accounts.records import Account, Person
from matching.storage.database import Database
from tests.support.pages import page_of, sign_in
from tests.support.signed_in import session_token, sign_in_client
from tests.support.site import EMAIL, OPERATIONS_EMAIL
from tests.support.statements import counted_statements
from web.services import EXTENSION

TWO_ACCOUNTS = "j.smit@demo.example"


def database_of(app: Flask) -> Database:
    database: Database = app.extensions[EXTENSION].database
    return database


def session_of(client: FlaskClient) -> str:
    """The token that this client holds."""
    with client.session_transaction() as kept:
        return str(kept["_user_id"])


def account_menu(page: str) -> str:
    found = re.search(r'<details class="account">.*?</details>', page, re.DOTALL)
    assert found
    return found[0]


@pytest.mark.requirement("AUTH-30", "OPEN-27", "GEN-02")
@pytest.mark.parametrize(
    ("email", "links"),
    [
        (EMAIL, ["/kandidaten/"]),
        (OPERATIONS_EMAIL, ["/operations"]),
        ("beheer@demo.example", ["/kandidaten/", "/instellingen/gebruikers"]),
    ],
    ids=["searcher", "operations", "administrator"],
)
def test_home_has_the_name_the_organisation_and_the_links_of_the_role(app: Flask, email: str, links: list[str]) -> None:
    page = page_of(sign_in(app, email), "/")
    main = page[page.index("<main") :]
    assert "Gemeente Demo" in main
    assert re.findall(r'class="linkrow" href="([^"]+)"', main) == [*links, "/instellingen/"]


@pytest.mark.requirement("AUTH-30")
def test_who_may_open_no_showcase_reads_what_to_do(app: Flask) -> None:
    with database_of(app).write() as session:
        organisation, now = session.execute(select(Account.organisation_id, Account.created_at).limit(1)).one()
        person = make_person(session, "zonder@demo.example", "Zia Zonder", now)
        open_account(session, person, organisation, Rights(frozenset({ACCOUNT_MANAGER}), frozenset()), now)
    page = page_of(sign_in(app, "zonder@demo.example"), "/")
    assert "Vraag de beheerder van je organisatie" in page
    assert 'href="/kandidaten/"' not in page
    assert sign_in(app, "zonder@demo.example").get("/kandidaten/").location == "/"


@pytest.mark.requirement("SET-01", "OPEN-04", "UI-04")
def test_the_avatars_menu_has_settings_directly_under_the_name(app: Flask) -> None:
    menu = account_menu(page_of(sign_in(app), "/"))
    assert menu.index("Marieke de Vries") < menu.index("Gemeente Demo") < menu.index('href="/instellingen/"')
    between = menu[menu.index("Gemeente Demo") : menu.index('href="/instellingen/"')]
    assert "<button" not in between
    assert "<form" not in between


@pytest.mark.requirement("SET-02", "SET-03", "GEN-05")
def test_switching_gives_the_rights_of_the_other_account_and_a_new_token(app: Flask) -> None:
    client = sign_in(app)
    sign_in_client(client, session_token(database_of(app), TWO_ACCOUNTS, "gemeente-demo"))
    before = session_of(client)
    menu = account_menu(page_of(client, "/"))
    [target] = re.findall(r'action="(/instellingen/account/\d+)"', menu)
    assert "Naar Werkplein Vlietkant" in menu
    assert client.get("/kandidaten/rijnmond/").status_code == 200
    answer = client.post(target)
    assert answer.headers["Location"] == "/"
    assert session_of(client) != before
    assert "Naar Gemeente Demo" in account_menu(page_of(client, "/"))
    assert client.get("/kandidaten/rijnmond/").status_code == 404
    assert client.get("/kandidaten/haaglanden/").status_code == 200
    stale = app.test_client()
    sign_in_client(stale, before)
    assert stale.get("/").status_code == 302


@pytest.mark.requirement("SET-03")
def test_nobody_switches_to_somebody_elses_account(app: Flask) -> None:
    client = sign_in(app)
    with database_of(app).read() as session:
        others = session.scalars(
            select(Account.id).join(Person, Person.id == Account.person_id).where(Person.email != EMAIL)
        ).all()
    for account in others:
        assert client.post(f"/instellingen/account/{account}").status_code == 404
    assert "Gemeente Demo" in page_of(client, "/")


def test_who_has_one_account_costs_no_statement_for_others(app: Flask) -> None:
    client = sign_in(app)
    client.get("/")
    with counted_statements(database_of(app)) as sent:
        page_of(client, "/")
    assert len([one for one in sent if one.startswith("SELECT")]) == 1
