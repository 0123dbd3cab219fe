"""What somebody tries who is not meant to come in, or may do less: beside the tests of each page, across them."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pyotp
import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import insert, select, update
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from matching.accounts.key_records import MicrosoftIdentity, RecoveryCode
from matching.accounts.policy import ACCOUNT_MANAGER, ADMINISTRATOR, CONTACT_PERSON, OPERATIONS
from matching.accounts.proofs.recovery_codes import code_hash, new_codes
from matching.accounts.records import (
    Account,
    AccountRole,
    Invitation,
    Organisation,
    OrganisationDomain,
    OrganisationTenant,
    Person,
)
from matching.accounts.second_steps import SMS
from matching.post import mails
from matching.settings import Settings
from matching.storage.database import Database
from tests.support.forms import ON_THE_WAY, posted_to
from tests.support.lobby import EMAIL, HERE, PASSWORD, Lobby, enter_code, enter_password, is_in, open_lobby, text_of
from tests.support.signed_in import session_token, sign_in_client

ADMIN = "bea@gemeente.example"
NEW = "nieuw@gemeente.example"
ANOTHER_PASSWORD = "Groene trein vertrekt laat?"
#: Microsoft is on, and does not answer.
MICROSOFT = {
    "microsoft_client_id": "an application",
    "microsoft_client_secret": "its secret",
    "microsoft_authority": "https://127.0.0.1:9/organizations",
}
#: Addresses that browsers take for another site's, and what no browser should be sent to.
FOREIGN = (
    "https://elders.example/",
    "//elders.example/",
    "///elders.example/",
    "/\\elders.example/",
    "\\\\elders.example/",
    "/\t/elders.example/",
    "\t//elders.example/",
    "https:elders.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "elders.example",
    "/x\r\nLocation: https://elders.example/",
)


@pytest.fixture
def lobby(settings: Settings, sqlite_database: Database) -> Lobby:
    """An installation with somebody who searches and an administrator."""
    found = open_lobby(settings, sqlite_database)
    found.add_person()
    found.add_person(ADMIN, ADMINISTRATOR)
    return found


@pytest.fixture
def both(settings: Settings, database: Database) -> Lobby:
    """The same on each kind of database, for what happens at once."""
    return open_lobby(settings, database)


def held(client: FlaskClient) -> str | None:
    """The token that this client holds."""
    with client.session_transaction() as kept:
        return kept.get("_user_id")


def holding(lobby: Lobby, token: str | None) -> FlaskClient:
    """A client that was given this token."""
    client = lobby.app.test_client()
    sign_in_client(client, token or "")
    return client


def enter(lobby: Lobby, email: str = EMAIL) -> FlaskClient:
    """Somebody signed in."""
    return holding(lobby, session_token(lobby.database, email))


def add_recovery_codes(lobby: Lobby, number: int) -> list[str]:
    codes = new_codes(number)
    with lobby.database.write() as session:
        session.add_all(RecoveryCode(code_hash=code_hash(code), person_id=lobby.person()) for code in codes)
    return codes


def elsewhere(lobby: Lobby, email: str | None = None) -> FlaskClient:
    """A browser, of somebody who is signed in, whose requests ask for another host."""
    client = lobby.app.test_client(use_cookies=False)
    client.environ_base |= {"HTTP_HOST": "elders.example", "HTTP_X_FORWARDED_HOST": "elders.example"}
    if email:
        cookie = enter(lobby, email).get_cookie("session")
        assert cookie
        client.environ_base["HTTP_COOKIE"] = f"session={cookie.value}"
    return client


def invite(lobby: Lobby, client: FlaskClient, email: str = NEW, **more: str) -> TestResponse:
    """An administrator invites somebody."""
    data = {"name": "Noor Nieuw", "email": email, "roles": ACCOUNT_MANAGER, "reach": "alle", "language": "nl", **more}
    return client.post("/instellingen/uitnodigingen/nieuw", data=data)


def link_of(lobby: Lobby, kind: type[mails.Mail], email: str = EMAIL) -> str:
    """The path of the link in the newest mail of this kind."""
    mail = next(mail for mail in reversed(lobby.mails(email)) if isinstance(mail, kind))
    link = str(mail.link)  # type: ignore[attr-defined]
    assert link.startswith(f"{HERE}/"), link
    return urlsplit(link).path


def account_of(lobby: Lobby, email: str = EMAIL) -> int:
    with lobby.database.read() as session:
        return session.execute(select(Account.id).where(Account.person_id == lobby.person(email))).scalar_one()


# Codes


@pytest.mark.parametrize("kind", ["sms", "recovery"])
def test_of_those_who_bring_one_code_at_once_one_gets_in(both: Lobby, kind: str) -> None:
    both.add_person(second=SMS)
    [recovery] = add_recovery_codes(both, 1)
    clients = [both.app.test_client() for _ in range(4)]
    for client in clients:
        enter_password(client)
    code = recovery if kind == "recovery" else both.texted_code()
    with ThreadPoolExecutor(len(clients)) as threads:
        statuses = list(threads.map(lambda client: enter_code(client, code, kind).status_code, clients))
    assert sorted(statuses) == [302, 422, 422, 422]
    assert sum(is_in(client) for client in clients) == 1


def test_of_those_who_accept_one_invitation_at_once_one_does(both: Lobby) -> None:
    both.add_person(ADMIN, ADMINISTRATOR)
    invite(both, enter(both, ADMIN))
    clients = [both.app.test_client() for _ in range(4)]
    for client in clients:
        client.get(link_of(both, mails.Invitation, NEW))
    with ThreadPoolExecutor(len(clients)) as threads:
        accept = threads.map(lambda client: client.post("/uitnodiging", data={"accepted": "y"}).location, clients)
        assert list(accept).count("/aanmelden/methode") == 1
    assert sum(client.get("/aanmelden/methode").status_code == 200 for client in clients) == 1


# Guessing


def test_recovery_codes_share_the_count_of_all_codes(lobby: Lobby) -> None:
    [right] = add_recovery_codes(lobby, 1)
    with time_machine.travel("2026-11-24T08:00:00Z", tick=False):
        statuses = []
        for number in range(8):
            client = lobby.app.test_client()
            enter_password(client)
            wrong, kind = (new_codes(1)[0], "recovery") if number % 2 else ("0000000", None)
            statuses.append(enter_code(client, wrong, kind).status_code)
        assert statuses == [422] * 5 + [429] * 3
        assert enter_code(client, right, "recovery").status_code == 429


def test_a_stolen_session_is_no_way_to_guess_the_password(lobby: Lobby) -> None:
    with time_machine.travel("2026-11-24T08:00:00Z", tick=False):
        client = enter(lobby)
        wrong = [client.post("/bevestigen", data={"password": f"Geraden {n}!"}).status_code for n in range(8)]
        assert wrong == [422] * 5 + [429] * 3


def test_one_password_on_many_accounts_gets_slow(lobby: Lobby, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matching.accounts.rules.password_matches", lambda *_: False)
    with time_machine.travel("2026-11-24T08:00:00Z", tick=False):
        client = lobby.app.test_client()
        statuses = [
            enter_password(client, f"iemand-{number}@gemeente.example", "Welkom2026!").status_code
            for number in range(40)
        ]
    assert statuses[:30] == [422] * 30
    assert statuses[-1] == 429


# Sessions


def test_no_token_of_an_earlier_step_opens_anything(lobby: Lobby) -> None:
    """From an invitation to Home, each step has another token, and those of before are nobody's (session fixation)."""
    invite(lobby, enter(lobby, ADMIN))
    client, tokens = lobby.app.test_client(), []
    with client.session_transaction() as kept:
        kept["_user_id"] = "planted"
    client.get(link_of(lobby, mails.Invitation, NEW))
    client.post("/uitnodiging", data={"accepted": "y"})
    tokens.append(held(client))
    client.post("/aanmelden/wachtwoord", data={"password": ANOTHER_PASSWORD})
    tokens.append(held(client))
    client.post("/aanmelden/controle")
    secret = re.search(r'data-copy="([A-Z2-7]{32})"', client.get("/aanmelden/app").get_data(as_text=True))
    assert secret
    client.post("/aanmelden/app", data={"code": pyotp.TOTP(secret[1]).now()})
    tokens.append(held(client))
    client.post("/aanmelden/herstelcodes", data={"kept": "y"})
    tokens.append(held(client))
    assert is_in(client)
    client.post("/bevestigen", data={"password": ANOTHER_PASSWORD})
    tokens.append(held(client))
    assert is_in(client)
    assert None not in tokens
    assert len({"planted", *tokens}) == 6
    for token in ["planted", *tokens[:-1]]:
        thief = holding(lobby, token)
        assert (thief.get("/aanmelden/telefoon").location or "").startswith("/inloggen?"), "not even at a step"
        assert not is_in(thief)


def test_what_was_planted_in_a_cookie_before_does_not_last(lobby: Lobby) -> None:
    """Only where somebody was heading and the wish to be remembered outlive a sign-in."""
    client = lobby.app.test_client()
    with client.session_transaction() as kept:
        kept.update({"reset_token": "planted", "recovery_codes": "planted", "authenticator": "planted", "x": "planted"})
    enter_password(client)
    enter_code(client, lobby.code())
    assert is_in(client)
    with client.session_transaction() as kept:
        assert "planted" not in kept.values()


def test_rights_that_were_taken_are_gone_at_the_next_request(lobby: Lobby) -> None:
    lobby.add_person("co@gemeente.example", ADMINISTRATOR, OPERATIONS)
    client = enter(lobby, "co@gemeente.example")
    assert client.get("/instellingen/gebruikers").status_code == 200
    assert client.get("/operations?stil=1").status_code == 200
    data = {"roles": [ACCOUNT_MANAGER], "reach": "alle"}
    changed = enter(lobby, ADMIN).post(
        f"/instellingen/gebruikers/{account_of(lobby, 'co@gemeente.example')}", data=data
    )
    assert changed.status_code == 302
    for address in ("/instellingen/gebruikers", "/instellingen/organisatie", "/operations?stil=1"):
        assert client.get(address).status_code == 403, address
    invited = invite(lobby, client)
    assert invited.status_code == 403


def test_every_cookie_is_for_this_host_and_for_no_script(settings: Settings, sqlite_database: Database) -> None:
    lobby = open_lobby(settings.model_copy(update={"https": True}), sqlite_database)
    lobby.add_person()
    client = lobby.app.test_client()
    answers = [
        client.get("/inloggen", base_url=HERE),
        client.post("/taal/en", base_url=HERE),
        client.post("/inloggen", data={"email": EMAIL}, base_url=HERE),
        client.post("/inloggen/wachtwoord", data={"password": PASSWORD}, base_url=HERE),
        client.post("/inloggen/code", data={"code": lobby.code()}, base_url=HERE),
    ]
    cookies = [line for answer in answers for line in answer.headers.getlist("Set-Cookie")]
    assert {line.partition("=")[0] for line in cookies} == {"__Host-session", "__Host-device", "__Host-taal"}
    for line in cookies:
        flags = {flag.strip() for flag in line.split(";")[1:]}
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= flags, line
        assert not any(flag.startswith("Domain") for flag in flags), line
        assert len(line) < 4096, line


# Links


def ask_for_reset(lobby: Lobby) -> FlaskClient:
    """A thief who has read a mail for a forgotten password, and opened its link."""
    lobby.app.test_client().post("/wachtwoord-vergeten", data={"email": EMAIL})
    thief = lobby.app.test_client()
    thief.get(link_of(lobby, mails.PasswordReset))
    assert thief.get("/wachtwoord/nieuw").status_code == 200
    return thief


def change_password(lobby: Lobby, owner: FlaskClient) -> None:
    answer = owner.post("/instellingen/beveiliging/wachtwoord", data={"password": ANOTHER_PASSWORD})
    assert answer.location == "/instellingen/beveiliging"


def change_address(lobby: Lobby, owner: FlaskClient) -> None:
    owner.post("/instellingen/e-mailadres", data={"email": NEW})
    owner.get(link_of(lobby, mails.AddressConfirmation, NEW))
    assert owner.post("/instellingen/e-mailadres/bevestigen").location == "/instellingen/"


@pytest.mark.parametrize("change", [change_password, change_address])
def test_a_stolen_reset_link_is_worth_nothing_after(lobby: Lobby, change: Callable[[Lobby, FlaskClient], None]) -> None:
    thief = ask_for_reset(lobby)
    change(lobby, enter(lobby))
    assert thief.post("/wachtwoord/nieuw", data={"password": "Van de dief, heel lang!"}).status_code == 410


def test_a_stolen_reset_link_is_stopped_by_the_second_step(lobby: Lobby) -> None:
    thief = ask_for_reset(lobby)
    assert thief.post("/wachtwoord/nieuw", data={"password": ANOTHER_PASSWORD}).location == "/inloggen/code"
    for address in ("/aanmelden/controle", "/aanmelden/app", "/aanmelden/sms", "/aanmelden/herstelcodes"):
        assert thief.get(address).location == "/inloggen/code", address
    assert not is_in(thief)
    assert any(isinstance(mail, mails.PasswordChanged) for mail in lobby.mails()), "the owner is told"


@pytest.mark.parametrize("proxies", [0, 1])
def test_every_mailed_link_leads_here_whatever_host_was_asked_for(
    settings: Settings, sqlite_database: Database, proxies: int
) -> None:
    lobby = open_lobby(settings.model_copy(update={"proxies": proxies}), sqlite_database)
    lobby.add_person()
    lobby.add_person(ADMIN, ADMINISTRATOR)
    administrator = elsewhere(lobby, ADMIN)
    assert invite(lobby, administrator).status_code == 302
    with lobby.database.read() as session:
        invitation = session.execute(select(Invitation.id)).scalar_one()
    administrator.post(f"/instellingen/uitnodigingen/{invitation}/opnieuw")
    elsewhere(lobby, EMAIL).post("/instellingen/e-mailadres", data={"email": "ander@gemeente.example"})
    colleague = f"/instellingen/gebruikers/{account_of(lobby)}/e-mailadres"
    administrator.post(colleague, data={"email": "derde@gemeente.example"})
    elsewhere(lobby).post("/wachtwoord-vergeten", data={"email": EMAIL})
    sent = [
        *lobby.mails(NEW),
        *lobby.mails("ander@gemeente.example"),
        *lobby.mails("derde@gemeente.example"),
        *lobby.mails(),
    ]
    links = [str(mail.link) for mail in sent if hasattr(mail, "link")]
    assert len(links) == 5
    assert all(link.startswith(f"{HERE}/") for link in links)


# Where a page leads


@pytest.mark.parametrize("target", FOREIGN)
def test_no_page_leads_to_another_site(lobby: Lobby, target: str) -> None:
    client = lobby.app.test_client()
    assert client.post("/taal/en", data={"next": target}).location == "/"
    client.get("/inloggen", query_string={"next": target})
    enter_password(client)
    assert enter_code(client, lobby.code()).location == "/"
    assert client.get("/inloggen", query_string={"next": target}).location == "/", "nor who is signed in"


@pytest.mark.parametrize(
    "referrer",
    ["https://elders.example/instellingen/", "http://localhost//elders.example/", "//elders.example", "x"],
)
def test_confirming_leads_back_to_our_own_pages_only(lobby: Lobby, referrer: str) -> None:
    client = enter(lobby)
    with time_machine.travel(datetime.now(UTC).timestamp() + 900):
        asked = client.post("/instellingen/beveiliging/herstelcodes", headers={"Referer": referrer})
        assert urlsplit(asked.location or "").path == "/bevestigen"
        data = {"password": PASSWORD}
        assert client.post("/bevestigen", data=data).location == "/"


# Forms


def test_forms_that_one_has_to_walk_to_carry_a_token_too(settings: Settings, sqlite_database: Database) -> None:
    lobby = open_lobby(settings.model_copy(update=MICROSOFT), sqlite_database)
    lobby.add_person(second=SMS)
    lobby.add_person(ADMIN, ADMINISTRATOR)
    tenant, seen = "11111111-2222-3333-4444-555555555555", set[str]()
    with lobby.database.write() as session:
        session.add(OrganisationTenant(organisation_id=1, tenant_id=tenant))
        values = {"tenant_id": tenant, "object_id": "x", "person_id": lobby.person(), "created_at": datetime.now(UTC)}
        session.execute(insert(MicrosoftIdentity).values(**values))

    def look(client: FlaskClient, address: str) -> None:
        """Open a page as it is with forms that need a token."""
        lobby.app.config["WTF_CSRF_ENABLED"] = True
        answer = client.get(address)
        lobby.app.config["WTF_CSRF_ENABLED"] = False
        assert answer.status_code == 200, f"{address}: {answer.location}"
        seen.update(posted_to(lobby.app, answer.get_data(as_text=True), address))

    client = lobby.app.test_client()
    client.post("/inloggen", data={"email": EMAIL})
    look(client, "/inloggen/wachtwoord")
    client.post("/inloggen/wachtwoord", data={"password": PASSWORD})
    look(client, "/inloggen/code")
    owner = enter(lobby)
    look(owner, "/bevestigen")
    owner.post("/instellingen/e-mailadres", data={"email": STRANGER})
    owner.get(link_of(lobby, mails.AddressConfirmation, STRANGER))
    look(owner, "/instellingen/e-mailadres/bevestigen")
    look(ask_for_reset(lobby), "/wachtwoord/nieuw")

    administrator = enter(lobby, ADMIN)
    invite(lobby, administrator)
    look(administrator, "/instellingen/gebruikers?lijst=uitgenodigd")
    administrator.get(link_of(lobby, mails.Invitation, NEW))
    look(administrator, "/uitnodiging")
    administrator.post(f"/instellingen/gebruikers/{account_of(lobby)}/sluiten")
    look(administrator, "/instellingen/gebruikers?lijst=gesloten")

    guest = lobby.app.test_client()
    guest.get(link_of(lobby, mails.Invitation, NEW))
    look(guest, "/uitnodiging")
    guest.post("/uitnodiging", data={"accepted": "y"})
    look(guest, "/aanmelden/methode")
    look(guest, "/aanmelden/wachtwoord")
    guest.post("/aanmelden/wachtwoord", data={"password": ANOTHER_PASSWORD})
    guest.post("/aanmelden/controle")
    look(guest, "/aanmelden/app")
    guest.post("/aanmelden/sms", data={"number": "06 1234 5968"})
    look(guest, "/aanmelden/sms/code")
    assert ON_THE_WAY - seen == set()


# Who is there


def shown(answer: TestResponse, *addresses: str) -> tuple[int, str, list[tuple[str, str]]]:
    """Status, words and headers, but for cookies and the address that was typed."""
    words = text_of(answer)
    for address in addresses:
        words = words.replace(address, "X")
    headers = [(name, value) for name, value in answer.headers if name not in ("Set-Cookie", "Content-Length")]
    return answer.status_code, words, headers


STRANGER = "niemand@gemeente.example"


@pytest.mark.parametrize("page", ["/inloggen", "/wachtwoord-vergeten"])
def test_an_address_that_is_typed_tells_nothing(lobby: Lobby, page: str) -> None:
    answers = []
    for email in (EMAIL, STRANGER):
        client = lobby.app.test_client()
        first = client.post(page, data={"email": email})
        second = client.get(first.location or "")
        answers.append([shown(first, email), shown(second, email)])
    assert answers[0] == answers[1]


def test_who_signs_in_with_microsoft_is_told_by_the_domain_alone(settings: Settings, sqlite_database: Database) -> None:
    lobby = open_lobby(settings.model_copy(update=MICROSOFT), sqlite_database)
    lobby.add_person()
    with lobby.database.write() as session:
        session.add(OrganisationDomain(domain="gemeente.example", organisation_id=1, microsoft=True))
    answers = [shown(lobby.app.test_client().post("/inloggen", data={"email": one})) for one in (EMAIL, STRANGER)]
    assert answers[0] == answers[1]
    elsewhere = lobby.app.test_client().post("/inloggen", data={"email": "iemand@elders.example"})
    assert elsewhere.location == "/inloggen/wachtwoord"


def test_another_address_may_be_somebodys_or_not(lobby: Lobby) -> None:
    for client, page in (
        (enter(lobby), "/instellingen/e-mailadres"),
        (enter(lobby, ADMIN), f"/instellingen/gebruikers/{account_of(lobby)}/e-mailadres"),
    ):
        answers = []
        for email in (ADMIN, STRANGER):
            first = client.post(page, data={"email": email})
            second = client.get(first.location or "")
            answers.append([shown(first, email), shown(second, email)])
        # Our own list of settings says which address waits, when one does: that it waits is all that may differ.
        assert answers[0][0] == answers[1][0]
        assert answers[0][1][0] == answers[1][1][0] == 200


def test_an_invitation_that_never_was_looks_like_one_that_is_over(lobby: Lobby) -> None:
    answers = []
    for token in ("a" * 43, "b" * 43):
        client = lobby.app.test_client()
        client.get(f"/uitnodiging/{token}")
        answers.append(shown(client.get("/uitnodiging")))
    assert answers[0] == answers[1]
    assert answers[0][0] == 410


# More fields than a form has

EVERYTHING = {
    "id": "1",
    "person_id": "1",
    "account_id": "1",
    "organisation_id": "2",
    "organisation": "2",
    "active": "",
    "every_showcase": "y",
    "password_hash": "x",
    "terms": "x",
    "invited_by": "1",
    "expires_at": "2099-01-01",
    "token_hash": "x",
    "complete": "y",
}


def people(lobby: Lobby) -> list[tuple[object, ...]]:
    """Who there is, where, with which roles."""
    with lobby.database.read() as session:
        rows = session.execute(
            select(
                *(Person.id, Person.email, Person.name, Person.password_hash, Person.terms),
                *(Account.id, Account.organisation_id, Account.active, AccountRole.role),
            )
            .join(Account, Account.person_id == Person.id)
            .join(AccountRole, AccountRole.account_id == Account.id)
            .order_by(Account.id, AccountRole.role)
        )
        return [tuple(row) for row in rows]


def test_forms_take_what_they_name_and_nothing_else(lobby: Lobby) -> None:
    lobby.add_organisation(2, "Andere gemeente")
    client, anne, before = enter(lobby, ADMIN), account_of(lobby), people(lobby)
    more = {**EVERYTHING, "name": "Iemand anders", "email": "dief@elders.example", "roles": ACCOUNT_MANAGER}
    assert client.post(f"/instellingen/gebruikers/{anne}", data={**more, "reach": "alle"}).status_code == 302
    client.post("/instellingen/organisatie", data={**more, "remembers_devices": "y", "code": "x"})
    client.post("/instellingen/e-mailadres", data={**EVERYTHING, "email": "ander@gemeente.example"})
    client.post("/instellingen/beveiliging/herstelcodes", data=more)
    assert people(lobby) == before
    with lobby.database.read() as session:
        organisations = session.execute(select(Organisation.id, Organisation.remembers_devices)).all()
    assert {row.id: row.remembers_devices for row in organisations} == {1: True, 2: False}, "the own organisation's"
    assert invite(lobby, client, **{**EVERYTHING, "token_hash": "x" * 64}).status_code == 302
    with lobby.database.read() as session:
        made = session.execute(select(Invitation)).scalar_one()
    assert (made.organisation_id, made.invited_by) == (1, account_of(lobby, ADMIN))
    assert made.token_hash != "x" * 64
    assert made.expires_at.year < 2099


@pytest.mark.parametrize("role", [CONTACT_PERSON, "root", ""])
def test_a_role_that_the_form_does_not_offer_is_not_given(lobby: Lobby, role: str) -> None:
    client, before = enter(lobby, ADMIN), people(lobby)
    data = {"roles": [ACCOUNT_MANAGER, role], "reach": "alle"}
    if role:
        assert client.post(f"/instellingen/gebruikers/{account_of(lobby)}", data=data).status_code == 422
        assert invite(lobby, client, roles=role).status_code == 422
    assert client.post(f"/instellingen/gebruikers/{account_of(lobby)}", data={"reach": "alle"}).status_code == 422
    assert people(lobby) == before


def test_nobody_gives_oneself_a_role(lobby: Lobby) -> None:
    client, before = enter(lobby), people(lobby)
    data = {"roles": [ACCOUNT_MANAGER, ADMINISTRATOR], "reach": "alle"}
    assert client.post(f"/instellingen/gebruikers/{account_of(lobby)}", data=data).status_code == 403
    client.post("/taal/nl", data={**data, **EVERYTHING})
    client.post("/instellingen/e-mailadres", data={**data, **EVERYTHING, "email": NEW})
    assert people(lobby) == before


def test_an_account_of_another_organisation_is_no_target(lobby: Lobby) -> None:
    lobby.add_organisation(2, "Andere gemeente")
    theirs = lobby.add_person("cor@andere.example", ADMINISTRATOR, organisation=2)
    with lobby.database.write() as session:
        session.execute(
            insert(Account).values(
                person_id=lobby.person("cor@andere.example"), organisation_id=1, created_at=datetime.now(UTC)
            )
        )
    client, before = enter(lobby, ADMIN), people(lobby)
    for page in ("", "/sluiten", "/openen", "/telefoon-kwijt", "/e-mailadres"):
        data = {"roles": ACCOUNT_MANAGER, "reach": "alle", "email": "dief@elders.example"}
        assert client.post(f"/instellingen/gebruikers/{theirs}{page}", data=data).status_code == 404, page
    assert people(lobby) == before


def test_a_session_of_a_closed_account_opens_no_other(lobby: Lobby) -> None:
    """Two accounts of one person: closing one ends the sessions in it, not those in the other."""
    lobby.add_organisation(2, "Andere gemeente")
    lobby.add_person(organisation=2)
    here, there = (holding(lobby, session_token(lobby.database, EMAIL, f"org-{n}")) for n in (1, 2))
    with lobby.database.read() as session:
        of_ours = select(Account.id).where(Account.person_id == lobby.person(), Account.organisation_id == 1)
        account = session.execute(of_ours).scalar_one()
    assert enter(lobby, ADMIN).post(f"/instellingen/gebruikers/{account}/sluiten").status_code == 302
    assert not is_in(here)
    assert is_in(there)
    assert there.post(f"/instellingen/account/{account}").status_code == 404


def test_a_restored_old_cookie_is_nobody_after_signing_out(lobby: Lobby) -> None:
    client = lobby.app.test_client()
    enter_password(client)
    half_way = held(client)
    client.post("/uitloggen")
    thief = holding(lobby, half_way)
    assert (thief.get("/aanmelden/telefoon").location or "").startswith("/inloggen?")
    with lobby.database.write() as session:
        session.execute(update(Person).where(Person.email == EMAIL).values(password_hash=None))
    assert not is_in(thief)


def test_what_is_not_allowed_leaves_a_line_with_numbers_only(lobby: Lobby) -> None:
    client = enter(lobby)
    with capture_logs() as lines:
        client.get("/instellingen/gebruikers?zoek=iemand")
        lobby.app.config["WTF_CSRF_ENABLED"] = True
        client.post("/instellingen/beveiliging/wachtwoord", data={"password": ANOTHER_PASSWORD})
    assert lines == [
        {"event": "not_allowed", "log_level": "warning", "action": "users.manage", "account": account_of(lobby)},
        {"event": "form_without_token", "log_level": "warning", "endpoint": "keys.password"},
    ]
