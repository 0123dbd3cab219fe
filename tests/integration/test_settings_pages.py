"""The pages of the settings: what they show, what they change, and who may."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select, update

from matching.accounts import known_devices, rules, second_steps, sessions
from matching.accounts.accounts import Rights, find_person, make_person, open_account
from matching.accounts.key_records import Device, SecondStep, SignInSession
from matching.accounts.policy import ACCOUNT_MANAGER, Actor
from matching.accounts.records import Account, Person
from matching.post.mails import AddressConfirmation, from_json
from matching.post.records import OutboxMail
from matching.settings import Settings
from matching.storage.database import Database
from tests.support.lobby import Lobby, enter_code, enter_password, open_lobby, text_of
from tests.support.pages import page_of
from tests.support.signed_in import session_token, sign_in_client
from web.app import create_app
from web.services import EXTENSION, Services

EMAIL = "ina@stel.example"
SECURITY = "/instellingen/beveiliging"
NEW_PASSWORD = "Zeven groene fietsen!"


@pytest.fixture
def site(demo_settings: Settings) -> Iterator[Flask]:
    """The demo with somebody in it who has an authenticator and a telephone; what they did is gone afterwards."""
    app = create_app(demo_settings)
    app.config["WTF_CSRF_ENABLED"] = False
    parts = parts_of(app)
    now = datetime.now(UTC)
    with parts.database.write() as session:
        organisation = session.execute(select(Account.organisation_id).order_by(Account.id).limit(1)).scalar_one()
        person = make_person(session, EMAIL, "Ina Stel", now)
        open_account(session, person, organisation, Rights(frozenset({ACCOUNT_MANAGER})), now)
        session.execute(update(Person).where(Person.id == person).values(password_hash="nobody knows it"))
        for kind, secret in (("authenticator", "A" * 32), ("sms", "+31612345678")):
            sealed = parts.vault.seal(secret)
            session.add(SecondStep(person_id=person, kind=kind, sealed=sealed, confirmed=True, created_at=now))
    yield app
    with parts.database.write() as session:
        accounts = select(Account.id).where(Account.person_id == person)
        session.execute(update(Account).where(Account.id.in_(accounts)).values(active=False))
        session.execute(update(Person).where(Person.id == person).values(email=f"weg-{person}@stel.example"))
        session.execute(delete(OutboxMail))


def parts_of(app: Flask) -> Services:
    parts: Services = app.extensions[EXTENSION]
    return parts


def person_of(app: Flask) -> int:
    with parts_of(app).database.read() as session:
        found = session.scalars(select(Person.id).where(Person.name == "Ina Stel").order_by(Person.id.desc())).first()
    assert found is not None
    return found


def enter(app: Flask, email: str = EMAIL) -> FlaskClient:
    client = app.test_client()
    sign_in_client(client, session_token(parts_of(app).database, email))
    return client


def mails(app: Flask) -> list[str]:
    """The kinds of mail that wait."""
    with parts_of(app).database.read() as session:
        return list(session.scalars(select(OutboxMail.kind).order_by(OutboxMail.id)))


def forget_confirmation(app: Flask) -> None:
    """As if the last sign-in was long ago."""
    with parts_of(app).database.write() as session:
        long_ago = datetime(2026, 1, 1, tzinfo=UTC)
        session.execute(update(SignInSession).values(password_at=long_ago, microsoft_at=None))


@pytest.mark.requirement("SET-04", "ROLE-17")
def test_the_settings_have_the_headings_of_the_role(site: Flask) -> None:
    page = page_of(enter(site), "/instellingen/")
    assert "Ina Stel" in page
    assert EMAIL in page
    own = ["Persoonsgegevens", "Privacy", "Beveiliging"]
    assert re.findall(r"<h2[^>]*>([^<]+)</h2>", page[page.index("<main") :]) == own
    assert 'href="/voorwaarden"' in page
    assert re.search(r'href="/instellingen/e-mailadres">Aanpassen<', page)
    assert "/instellingen/organisatie" not in page
    administrator = page_of(enter(site, "beheer@demo.example"), "/instellingen/")
    assert "/instellingen/organisatie" in administrator


@pytest.mark.requirement("SET-16", "SET-17", "SET-18", "AUTH-11")
def test_security_shows_ways_checks_codes_and_browsers(site: Flask) -> None:
    client = enter(site)
    with parts_of(site).database.write() as session:
        second_steps.new_recovery_codes(session, person_of(site))
        met = known_devices.meet(session, person_of(site), [], ("Firefox", "Windows"), datetime.now(UTC))
        other = known_devices.meet(session, person_of(site), [], ("Chrome", "Android"), datetime.now(UTC))
        session.execute(
            update(SignInSession).where(SignInSession.person_id == person_of(site)).values(device_id=met.device_id)
        )
    page = page_of(client, SECURITY)
    assert "Naar het nummer dat eindigt op 5678" in page
    assert "0612345678" not in page
    assert "Nog 8 codes over" in page
    assert page.index("Firefox op Windows") < page.index("dit apparaat") < page.index("Chrome op Android")
    assert f"/apparaten/{other.device_id}/weg" in page
    assert f"/apparaten/{met.device_id}/weg" not in page


@pytest.mark.parametrize(
    "address",
    [
        "/instellingen/e-mailadres",
        f"{SECURITY}/wachtwoord",
        f"{SECURITY}/controle/sms/weg",
        f"{SECURITY}/herstelcodes",
        f"{SECURITY}/apparaten/1/weg",
        f"{SECURITY}/apparaten/andere/weg",
    ],
)
def test_keys_are_changed_only_by_who_lately_showed_who_it_is(site: Flask, address: str) -> None:
    client = enter(site)
    forget_confirmation(site)
    for answer in (client.get(address), client.post(address)):
        assert answer.status_code == 302
        assert answer.headers["Location"] == "/bevestigen"
    assert mails(site) == []


@pytest.mark.requirement("SET-16", "AUTH-11")
def test_another_password_ends_the_other_sessions_and_a_mail_tells(site: Flask) -> None:
    client, elsewhere = enter(site), enter(site)
    page = f"{SECURITY}/wachtwoord"
    for weak in ("kort", "Wachtwoord1!", "Ina Stel is hier!"):
        answer = client.post(page, data={"password": weak})
        assert answer.status_code == 422, weak
        assert "field__error" in answer.get_data(as_text=True)
    assert elsewhere.get("/").status_code == 200
    answer = client.post(page, data={"password": NEW_PASSWORD})
    assert answer.headers["Location"] == SECURITY
    assert elsewhere.get("/").status_code == 302
    assert "Je wachtwoord is gewijzigd" in page_of(client, SECURITY)
    assert mails(site) == ["password_changed"]
    with parts_of(site).database.read() as session:
        verified = rules.check_password(session, EMAIL, NEW_PASSWORD)
    assert verified is not None
    assert verified.person_id == person_of(site)


@pytest.mark.requirement("SET-17")
def test_each_check_is_set_up_from_its_own_row(site: Flask) -> None:
    client = enter(site)
    page = page_of(client, SECURITY)
    assert "Ingesteld, met extra controle" in page
    assert 'action="/aanmelden/controle"' in page
    assert client.post("/aanmelden/controle").headers["Location"] == "/aanmelden/app"
    assert f'href="{SECURITY}">Terug' in page_of(client, "/aanmelden/sms")
    with parts_of(site).database.write() as session:
        session.execute(delete(SecondStep).where(SecondStep.person_id == person_of(site)))
    assert "Ingesteld, met extra controle" not in page_of(client, SECURITY)


@pytest.mark.requirement("SET-19", "AUTH-09")
def test_the_last_check_stays_beside_a_password_and_the_page_says_why(site: Flask) -> None:
    client = enter(site)
    assert f"{SECURITY}/controle/sms/weg" in page_of(client, SECURITY)
    client.post(f"{SECURITY}/controle/authenticator/weg")
    page = page_of(client, SECURITY)
    assert "De extra controle is weggehaald" in page
    assert "Stel eerst een andere extra controle in" in page
    assert f"{SECURITY}/controle/sms/weg" not in page
    client.post(f"{SECURITY}/controle/sms/weg")
    assert "Dit is je laatste extra controle" in page_of(client, SECURITY)
    with parts_of(site).database.read() as session:
        assert second_steps.in_use(session, person_of(site)) == ("sms",)
    assert mails(site) == ["sign_in_method_changed"]
    assert client.post(f"{SECURITY}/controle/postduif/weg").status_code == 404


def test_new_recovery_codes_are_shown_once_and_end_the_old_ones(site: Flask) -> None:
    client = enter(site)
    with parts_of(site).database.write() as session:
        [old, *_] = second_steps.new_recovery_codes(session, person_of(site))
    answer = client.post(f"{SECURITY}/herstelcodes")
    shown = unescape(client.get(answer.headers["Location"]).get_data(as_text=True))
    codes = re.findall(r"\b[0-9a-z]{4}(?:-[0-9a-z]{4}){5}\b", shown)
    assert len(set(codes)) == 8
    with parts_of(site).database.write() as session:
        now, vault = datetime.now(UTC), parts_of(site).vault
        assert not second_steps.check(session, vault, person_of(site), "recovery", old, now)
        assert second_steps.check(session, vault, person_of(site), "recovery", codes[0], now)
    assert mails(site) == ["sign_in_method_changed", "recovery_code_used"]


@pytest.mark.requirement("SET-18")
def test_a_browser_that_is_sent_away_is_signed_out_at_once(site: Flask) -> None:
    here, there = enter(site), enter(site)
    database = parts_of(site).database
    numbers = []
    with database.write() as session:
        for name in ("Hier", "Daar"):
            met = known_devices.meet(session, person_of(site), [], (name, "Linux"), datetime.now(UTC))
            numbers.append(met.device_id)
        mine = select(SignInSession.id).where(SignInSession.person_id == person_of(site)).order_by(SignInSession.id)
        for number, device in zip(session.scalars(mine).all(), numbers, strict=True):
            session.execute(update(SignInSession).where(SignInSession.id == number).values(device_id=device))
    assert there.get("/").status_code == 200
    assert here.post(f"{SECURITY}/apparaten/{numbers[1]}/weg").headers["Location"] == SECURITY
    assert there.get("/").status_code == 302
    assert here.get("/").status_code == 200
    somebody = session_token(database, "m.devries@demo.example")
    with database.write() as session:
        found = sessions.find(session, somebody, datetime.now(UTC))
        assert found is not None
        assert isinstance(found.who, Actor)
        foreign = known_devices.meet(session, found.who.person_id, [], ("Van", "Ander"), datetime.now(UTC)).device_id
    assert here.post(f"{SECURITY}/apparaten/{foreign}/weg").status_code == 404


@pytest.mark.requirement("SET-18")
def test_all_others_are_signed_out_at_once(site: Flask) -> None:
    here, there = enter(site), enter(site)
    here.post(f"{SECURITY}/apparaten/andere/weg")
    assert there.get("/").status_code == 302
    assert here.get("/").status_code == 200
    with parts_of(site).database.read() as session:
        assert session.scalar(select(func.count()).where(Device.person_id == person_of(site))) == 0


def confirmation(app: Flask) -> str:
    """The path of the link that was mailed."""
    parts = parts_of(app)
    with parts.database.read() as session:
        sealed = session.scalars(
            select(OutboxMail.sealed).where(OutboxMail.kind == "address_confirmation").order_by(OutboxMail.id.desc())
        ).first()
    mail = from_json("address_confirmation", parts.vault.open(sealed or ""))
    assert isinstance(mail, AddressConfirmation)
    assert mail.link.startswith(parts.settings.site_url)
    return mail.link.removeprefix(parts.settings.site_url)


@pytest.mark.requirement("SET-10")
def test_a_new_address_counts_after_its_link_and_only_for_its_person(site: Flask) -> None:
    client = enter(site)
    page = "/instellingen/e-mailadres"
    assert client.post(page, data={"email": "geen adres"}).status_code == 422
    answer = client.post(page, data={"email": "ina.nieuw@stel.example"}, headers={"X-Forwarded-Host": "elders.example"})
    assert answer.headers["Location"] == "/instellingen/"
    overview = page_of(client, "/instellingen/")
    assert "Wacht op bevestiging" in overview
    link = confirmation(site)
    asked = "/instellingen/e-mailadres/bevestigen"
    opened = client.get(link)
    assert opened.headers["Location"] == asked, "the secret leaves the address"
    assert opened.headers["Referrer-Policy"] == "no-referrer"
    stranger = enter(site, "m.devries@demo.example")
    stranger.get(link)
    assert stranger.get(asked).status_code == 410
    assert stranger.post(asked).status_code == 410
    confirming = page_of(client, asked)
    assert "ina.nieuw@stel.example" in confirming
    assert link.rpartition("/")[2] not in confirming
    with parts_of(site).database.read() as session:
        assert find_person(session, EMAIL) == person_of(site)
    assert client.post(asked).headers["Location"] == "/instellingen/"
    with parts_of(site).database.read() as session:
        assert find_person(session, "ina.nieuw@stel.example") == person_of(site)
    client.get(link)
    assert client.post(asked).status_code == 410


def test_the_link_of_a_new_address_survives_signing_in_with_the_former_one(lobby: Lobby) -> None:
    lobby.add_person()
    client, asked = lobby.app.test_client(), "/instellingen/e-mailadres/bevestigen"
    enter_password(client)
    enter_code(client, lobby.code())
    client.post("/instellingen/e-mailadres", data={"email": "anne.nieuw@gemeente.example"})
    [mail] = [one for one in lobby.mails("anne.nieuw@gemeente.example") if isinstance(one, AddressConfirmation)]
    fresh = lobby.app.test_client()
    assert fresh.get(urlsplit(mail.link).path).location == asked
    page = text_of(fresh.get(asked))
    assert "Log in met het e-mailadres waarmee je tot nu toe inlogt" in page
    assert "anne" not in page, "whose it is, is told to its owner only"
    fresh.get("/inloggen", query_string={"next": asked})
    enter_password(fresh)
    assert enter_code(fresh, lobby.code(1)).location == asked
    assert "anne.nieuw@gemeente.example" in text_of(fresh.get(asked))
    assert fresh.post(asked).location == "/instellingen/"
    assert find_person_at(lobby, "anne.nieuw@gemeente.example")


def find_person_at(lobby: Lobby, email: str) -> int | None:
    with lobby.database.read() as session:
        return find_person(session, email)


@pytest.fixture
def lobby(settings: Settings, sqlite_database: Database) -> Lobby:
    """An installation of its own, where somebody can sign in."""
    return open_lobby(settings, sqlite_database)


def test_an_address_of_somebody_else_gets_the_same_answer(site: Flask) -> None:
    told = []
    for email in ("m.devries@demo.example", "nog.niemand@stel.example"):
        client = enter(site)
        answer = client.post("/instellingen/e-mailadres", data={"email": email})
        page = page_of(client, "/instellingen/")
        main = page[page.index("<main") :].replace(email, "")
        told.append((answer.status_code, answer.headers["Location"], re.sub(r'value="[^"]+"', "", main)))
    assert "Wacht op bevestiging" in told[0][2]
    assert told[0] == told[1]
    assert mails(site) == ["address_change", "address_change", "address_confirmation"]


def test_a_change_of_address_that_waits_can_be_given_up(site: Flask) -> None:
    client = enter(site)
    client.post("/instellingen/e-mailadres", data={"email": "ina.nieuw@stel.example"})
    link = confirmation(site)
    client.post("/instellingen/e-mailadres/stoppen")
    client.get(link)
    assert client.get("/instellingen/e-mailadres/bevestigen").status_code == 410
    assert "Wacht op bevestiging" not in page_of(client, "/instellingen/")


@pytest.mark.requirement("AUTH-09", "SET-16")
def test_a_password_beside_microsoft_wants_an_extra_check_first(site: Flask) -> None:
    client = enter(site)
    with parts_of(site).database.write() as session:
        session.execute(delete(SecondStep).where(SecondStep.person_id == person_of(site)))
        session.execute(update(Person).where(Person.id == person_of(site)).values(password_hash=None))
    page = f"{SECURITY}/wachtwoord"
    assert client.get(page).headers["Location"] == "/aanmelden/controle"
    assert client.post(page, data={"password": NEW_PASSWORD}).headers["Location"] == "/aanmelden/controle"
    with parts_of(site).database.read() as session:
        assert session.scalars(select(Person.password_hash).where(Person.id == person_of(site))).one() is None
