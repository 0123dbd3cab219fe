"""Gebruikersbeheer as administrators meet it, and as others don't."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select, update

from matching.accounts.key_records import SignInSession
from matching.accounts.policy import ACCOUNT_MANAGER, ADMINISTRATOR, OPERATIONS
from matching.accounts.records import Account, AccountRole, AccountShowcase, Invitation, Organisation, Person
from matching.post.records import OutboxMail
from matching.settings import Settings
from matching.storage.database import Database
from tests.support.pages import page_of
from tests.support.signed_in import make_account, session_token, sign_in_client
from tests.support.site import EMAIL, OPERATIONS_EMAIL, OTHER_EMAIL
from tests.support.statements import counted_statements
from web.app import create_app
from web.services import EXTENSION

USERS, INVITATIONS = "/instellingen/gebruikers", "/instellingen/uitnodigingen"
BOSS, COLLEAGUE = "beheer@demo.example", "col@lega.example"


@pytest.fixture
def site(demo_settings: Settings) -> Iterator[Flask]:
    """The demo with a colleague in it; what was changed is put back."""
    app = create_app(demo_settings)
    app.config["WTF_CSRF_ENABLED"] = False
    make_account(database_of(app), organisation_of(app), COLLEAGUE, [ACCOUNT_MANAGER], "Col Lega")
    yield app
    with database_of(app).write() as session:
        colleague = select(Person.id).where(Person.email == COLLEAGUE)
        mine = select(Account.id).where(Account.person_id.in_(colleague))
        session.execute(update(Account).where(Account.id.in_(mine)).values(active=False))
        session.execute(
            update(Person).where(Person.email == COLLEAGUE).values(email=f"weg-{account_of(app)}@x.example")
        )
        session.execute(delete(Invitation))
        session.execute(delete(OutboxMail))


def database_of(app: Flask) -> Database:
    database: Database = app.extensions[EXTENSION].database
    return database


def organisation_of(app: Flask) -> int:
    with database_of(app).read() as session:
        return session.execute(select(Organisation.id).where(Organisation.code == "gemeente-demo")).scalar_one()


def account_of(app: Flask, email: str = COLLEAGUE) -> int:
    """Number of the account of this person (the first one)."""
    with database_of(app).read() as session:
        found = select(Account.id).join(Person, Person.id == Account.person_id).where(Person.email == email)
        return session.scalars(found.order_by(Account.id)).all()[0]


def roles_of(app: Flask, account: int) -> set[str]:
    with database_of(app).read() as session:
        return set(session.scalars(select(AccountRole.role).where(AccountRole.account_id == account)))


def enter(app: Flask, email: str = BOSS) -> FlaskClient:
    client = app.test_client()
    sign_in_client(client, session_token(database_of(app), email))
    return client


def mails(app: Flask) -> list[tuple[str, str]]:
    with database_of(app).read() as session:
        rows = session.execute(select(OutboxMail.kind, OutboxMail.recipient).order_by(OutboxMail.id))
        return [(row.kind, row.recipient) for row in rows]


@pytest.mark.requirement("SET-20", "SET-21", "ROLE-19")
def test_administrators_reach_the_users_through_organisation_and_settings(site: Flask) -> None:
    client = enter(site)
    assert 'href="/instellingen/organisatie"' in page_of(client, "/instellingen/")
    assert f'href="{USERS}"' in page_of(client, "/instellingen/organisatie")
    page = page_of(client, USERS)
    names = re.findall(r'open-row__link name" href="[^"]+">([^<]+)<', page)
    assert names == sorted(names, key=str.lower)
    assert {"Col Lega", "Marieke de Vries", "Nadia el Amrani"} <= set(names)
    assert "Samira Bennani" not in page
    assert 'aria-sort="ascending"' in page
    found = page_of(client, f"{USERS}?zoek=lega&rol=accountmanager")
    assert re.findall(r'open-row__link name" href="[^"]+">([^<]+)<', found) == ["Col Lega"]
    assert "Niemand gevonden" in page_of(client, f"{USERS}?zoek=lega&rol=operations")
    assert client.get(f"{USERS}?rol=keizer&sorteer=x&pagina=9999999999&lijst=y").status_code == 200


@pytest.mark.requirement("SET-24", "ROLE-19")
@pytest.mark.parametrize("email", [EMAIL, OPERATIONS_EMAIL])
def test_others_neither_see_nor_reach_these_pages(site: Flask, email: str) -> None:
    client, account = enter(site, email), account_of(site)
    assert "/instellingen/organisatie" not in page_of(client, "/instellingen/")
    for address in ("", f"/{account}", f"/{account}/sluiten", f"/{account}/telefoon-kwijt", f"/{account}/e-mailadres"):
        assert client.get(USERS + address).status_code == 403, address
        if address:
            assert client.post(USERS + address).status_code == 403, address
    assert client.get("/instellingen/organisatie").status_code == 403
    assert client.post("/instellingen/organisatie").status_code == 403
    assert client.post(f"{INVITATIONS}/nieuw", data={"name": "x", "email": "x@x.example"}).status_code == 403
    assert mails(site) == []


@pytest.mark.requirement("SET-24", "ROLE-21")
def test_a_user_of_another_organisation_does_not_exist_here(site: Flask) -> None:
    client, foreign = enter(site), account_of(site, OTHER_EMAIL)
    for tail in ("", "/sluiten", "/telefoon-kwijt", "/e-mailadres"):
        assert client.get(f"{USERS}/{foreign}{tail}").status_code == 404, tail
        assert client.post(f"{USERS}/{foreign}{tail}").status_code == 404, tail
    assert client.post(f"{USERS}/{foreign}/openen").status_code == 404


def test_who_may_in_is_changed_only_by_who_lately_showed_who_it_is(site: Flask) -> None:
    client, account = enter(site), account_of(site)
    with database_of(site).write() as session:
        session.execute(update(SignInSession).values(password_at=datetime(2026, 1, 1, tzinfo=UTC), microsoft_at=None))
    own, organisation = f"{USERS}/{account}", "/instellingen/organisatie"
    for address in (own, f"{own}/sluiten", f"{own}/openen", f"{INVITATIONS}/nieuw", organisation):
        if address != f"{own}/openen":
            assert client.get(address).headers["Location"] == "/bevestigen", address
            with client.session_transaction() as kept:
                assert kept["target"] == address, "and back to the form, before anything was typed"
        answer = client.post(address, data={"roles": [ADMINISTRATOR], "reach": "alle", "remembers_devices": "y"})
        assert answer.headers["Location"] == "/bevestigen", address
    assert client.get(USERS).status_code == 200
    assert roles_of(site, account) == {ACCOUNT_MANAGER}
    assert mails(site) == []


@pytest.mark.requirement("SET-22")
def test_roles_and_showcases_are_changed_and_count_at_once(site: Flask) -> None:
    client, account = enter(site), account_of(site)
    colleague = enter(site, COLLEAGUE)
    assert colleague.get("/kandidaten/leerwerkbanen/").status_code == 200
    form = {"roles": [ACCOUNT_MANAGER, OPERATIONS], "reach": "gekozen", "showcases": ["rijnmond"]}
    assert client.post(f"{USERS}/{account}", data=form).headers["Location"] == USERS
    assert roles_of(site, account) == {ACCOUNT_MANAGER, OPERATIONS}
    assert colleague.get("/kandidaten/leerwerkbanen/").status_code == 404
    assert colleague.get("/kandidaten/rijnmond/").status_code == 200
    page = page_of(client, f"{USERS}/{account}")
    assert re.search(r'<input checked[^>]*value="rijnmond"', page)
    assert client.post(f"{USERS}/{account}", data={"roles": [], "reach": "alle"}).status_code == 422


@pytest.mark.requirement("SET-22", "ROLE-21")
def test_what_the_form_does_not_offer_is_not_taken(site: Flask) -> None:
    """Mass assignment: other records' numbers, roles outside the table, showcases of others, closed for open."""
    client, account, before = enter(site), account_of(site), account_of(site, OTHER_EMAIL)
    good = {"roles": [ACCOUNT_MANAGER], "reach": "alle"}
    more = {"organisation_id": "2", "person_id": "1", "active": "", "email": "x@x.example", "name": "X", "id": "1"}
    assert client.post(f"{USERS}/{account}", data={**good, **more}).status_code == 302
    with database_of(site).read() as session:
        row = session.get_one(Account, account)
        person = session.get_one(Person, row.person_id)
        assert (row.organisation_id, row.active) == (organisation_of(site), True)
        assert (person.email, person.name) == (COLLEAGUE, "Col Lega")
    for wrong in (
        {**good, "roles": ["keizer"]},
        {**good, "roles": ["contactperson"]},
        {**good, "reach": "overal"},
        {**good, "reach": "gekozen", "showcases": ["van-een-ander"]},
    ):
        assert client.post(f"{USERS}/{account}", data=wrong).status_code == 422, wrong
    assert roles_of(site, account) == {ACCOUNT_MANAGER}
    assert account_of(site, OTHER_EMAIL) == before
    with database_of(site).read() as session:
        assert session.scalar(select(func.count()).where(AccountShowcase.account_id == account)) == 0


@pytest.mark.requirement("SET-22")
def test_closing_ends_sessions_at_once_and_can_be_undone(site: Flask) -> None:
    client, account = enter(site), account_of(site)
    colleague = enter(site, COLLEAGUE)
    assert "wordt meteen uitgelogd" in page_of(client, f"{USERS}/{account}/sluiten")
    assert client.post(f"{USERS}/{account}/sluiten").headers["Location"] == USERS
    assert colleague.get("/").status_code == 302
    page = page_of(client, USERS)
    assert f'action="{USERS}/{account}/openen"' in page
    assert "Ongedaan maken" in page
    assert "Col Lega" in page_of(client, f"{USERS}?lijst=gesloten")
    assert mails(site) == [("access_ended", COLLEAGUE)]
    assert client.post(f"{USERS}/{account}", data={"roles": [ADMINISTRATOR], "reach": "alle"}).status_code == 404
    client.post(f"{USERS}/{account}/openen")
    assert "is weer open" in page_of(client, USERS)
    assert roles_of(site, account) == {ACCOUNT_MANAGER}


@pytest.mark.requirement("SET-22")
def test_the_last_administrator_stays_and_reads_why(site: Flask) -> None:
    client, own = enter(site), account_of(site, BOSS)
    page = page_of(client, f"{USERS}/{own}")
    assert "Je kunt jezelf niet als beheerder weghalen" in page
    assert f"{USERS}/{own}/sluiten" not in page
    answer = client.post(f"{USERS}/{own}", data={"roles": [ACCOUNT_MANAGER], "reach": "alle"})
    assert answer.status_code == 422
    assert "Dit kun je niet bij jezelf doen" in answer.get_data(as_text=True)
    client.post(f"{USERS}/{own}/sluiten")
    assert "Dit kun je niet bij jezelf doen" in page_of(client, f"{USERS}/{own}")
    assert roles_of(site, own) == {ADMINISTRATOR}


def test_a_lost_phone_is_asked_about_first_and_then_reset(site: Flask) -> None:
    client, account = enter(site), account_of(site)
    colleague = enter(site, COLLEAGUE)
    assert "Het wachtwoord blijft nodig" in page_of(client, f"{USERS}/{account}/telefoon-kwijt")
    client.post(f"{USERS}/{account}/telefoon-kwijt")
    assert colleague.get("/").status_code == 302
    assert mails(site) == [("second_step_reset", COLLEAGUE)]
    elsewhere = account_of(site, "j.smit@demo.example")
    client.post(f"{USERS}/{elsewhere}/telefoon-kwijt")
    assert "ook een account bij een andere organisatie" in page_of(client, f"{USERS}/{elsewhere}")


@pytest.mark.requirement("SET-10")
def test_an_administrator_changes_no_address_but_asks_its_owner(site: Flask) -> None:
    client, account = enter(site), account_of(site)
    page = f"{USERS}/{account}/e-mailadres"
    assert "inlogt met het eigen wachtwoord" in page_of(client, page)
    assert client.post(page, data={"email": "valstrik@elders.example"}).status_code == 302
    assert mails(site) == [("address_change", COLLEAGUE), ("address_confirmation", "valstrik@elders.example")]
    assert account_of(site) == account


@pytest.mark.requirement("SET-23", "AUTH-02")
def test_the_plus_invites_somebody_whose_invitation_can_be_sent_again_and_taken_back(site: Flask) -> None:
    client = enter(site)
    assert f'class="plus" href="{INVITATIONS}/nieuw"' in page_of(client, USERS)
    form = {"name": "Nieuw Hier", "email": "nieuw@hier.example", "roles": [ACCOUNT_MANAGER], "reach": "alle"}
    assert client.post(f"{INVITATIONS}/nieuw", data={**form, "email": "geen"}).status_code == 422
    assert client.post(f"{INVITATIONS}/nieuw", data={**form, "language": "en"}).status_code == 302
    again = client.post(f"{INVITATIONS}/nieuw", data=form)
    assert again.status_code == 422
    assert "heeft al een uitnodiging" in again.get_data(as_text=True)
    question = page_of(client, f"{INVITATIONS}/{sent_to(site)}/intrekken")
    assert "nieuw@hier.example" in question
    assert f'action="{INVITATIONS}/{sent_to(site)}/intrekken"' in question
    assert enter(site, OTHER_EMAIL).get(f"{INVITATIONS}/{sent_to(site)}/intrekken").status_code in (403, 404)
    page = page_of(client, f"{USERS}?lijst=uitgenodigd")
    assert "Nieuw Hier" in page
    [number] = re.findall(rf'formaction="{INVITATIONS}/(\d+)/opnieuw"', page)
    client.post(f"{INVITATIONS}/{number}/opnieuw")
    assert mails(site) == [("invitation", "nieuw@hier.example")] * 2
    client.post(f"{INVITATIONS}/{number}/intrekken")
    assert "Geen open uitnodigingen" in page_of(client, f"{USERS}?lijst=uitgenodigd")
    assert client.post(f"{INVITATIONS}/{number}/opnieuw").status_code == 404
    assert client.post(f"{INVITATIONS}/999999/intrekken").status_code == 404
    assert client.get(f"{INVITATIONS}/{number}/intrekken").status_code == 404


def sent_to(app: Flask) -> int:
    """Number of the invitation that waits."""
    with database_of(app).read() as session:
        return session.scalars(select(Invitation.id)).one()


@pytest.mark.requirement("SET-23")
@pytest.mark.parametrize(
    ("change", "field", "told"),
    [
        ({"email": "geen adres"}, "email", "Dit is geen goed e-mailadres"),
        ({"email": BOSS}, "email", "Met dit e-mailadres is er al een gebruiker"),
        ({"name": "Nieuw\u202eHier"}, "name", "Vul een naam in"),
        ({"roles": []}, "roles", "Kies minstens één rol"),
        ({"reach": "gekozen"}, "showcases", "Kies minstens één etalage"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_the_form_begins_there(
    site: Flask, change: dict[str, object], field: str, told: str
) -> None:
    form = {"name": "Nieuw Hier", "email": "nieuw@hier.example", "roles": [ACCOUNT_MANAGER], "reach": "alle"}
    answer = enter(site).post(f"{INVITATIONS}/nieuw", data={**form, **change})
    assert answer.status_code == 422
    page = unescape(answer.get_data(as_text=True))
    assert re.search(rf'<a href="#{field}">{told}', page), "the summary leads to the field"
    assert re.search(rf'id="{field}-fout".*?{told}', page, re.DOTALL)
    [focused] = re.findall(r"<input[^>]*autofocus[^>]*>", page)
    assert f'name="{field}"' in focused


def test_who_does_not_search_needs_no_showcase(site: Flask) -> None:
    client, account = enter(site), account_of(site)
    form = {"roles": [ACCOUNT_MANAGER], "reach": "gekozen"}
    assert "Kies minstens één etalage" in client.post(f"{USERS}/{account}", data=form).get_data(as_text=True)
    assert client.post(f"{USERS}/{account}", data={**form, "roles": [OPERATIONS]}).status_code == 302


@pytest.mark.requirement("UI-21")
def test_a_page_beyond_the_last_shows_the_last(site: Flask) -> None:
    page = page_of(enter(site), f"{USERS}?pagina=400")
    assert "Col Lega" in page


@pytest.mark.requirement("OPEN-02")
def test_what_the_organisation_allows_is_explained_and_kept(site: Flask) -> None:
    client = enter(site)
    page = "/instellingen/organisatie"
    assert "minder veilig" in page_of(client, page)
    client.post(page, data={"remembers_devices": "y", "organisation_id": "2"})
    try:
        with database_of(site).read() as session:
            rows = session.execute(select(Organisation.code, Organisation.remembers_devices).order_by(Organisation.id))
            assert [tuple(row) for row in rows][:2] == [("gemeente-demo", True), ("werkplein-vlietkant", False)]
        assert re.search(r'<input[^>]* checked[^>]*name="remembers_devices"', page_of(client, page))
    finally:
        client.post(page, data={})


@pytest.mark.requirement("UI-21")
def test_the_list_costs_the_same_statements_however_many_rows(site: Flask) -> None:
    client = enter(site)
    page_of(client, USERS)
    counts = []
    for address in (f"{USERS}?zoek=lega", USERS):
        with counted_statements(database_of(site)) as sent:
            page_of(client, address)
        counts.append(len([one for one in sent if one.startswith("SELECT")]))
    who_acts, waiting, total, rows_and_roles = 1, 1, 1, 2
    assert counts == [who_acts + waiting + total + rows_and_roles] * 2
