"""Signing in with Microsoft through the pages, against a real OpenID provider: who gets in, and nobody else."""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import delete, func, insert, select, update
from werkzeug.test import TestResponse

from indexer.retention import forget_ended
from matching.accounts import invitations
from matching.accounts.accounts import Rights
from matching.accounts.attempts.policies import ADDRESS
from matching.accounts.key_records import MailedLink, MicrosoftFlow, MicrosoftIdentity, SecondStep, SignInSession
from matching.accounts.microsoft.identities import PERSONAL_TENANT
from matching.accounts.policy import ACCOUNT_MANAGER
from matching.accounts.records import Account, AuditEntry, OrganisationDomain, OrganisationTenant, Person
from matching.post.mails import Invitation, SignInMethodChanged, UsesMicrosoft
from matching.settings import Settings
from matching.storage.database import Database
from tests.support.lobby import EMAIL, PASSWORD, Lobby, enter_code, enter_password, is_in, open_lobby, text_of
from tests.support.openid import CLIENT_ID, CLIENT_SECRET, Provider, object_of, tenant_of

pytestmark = pytest.mark.filterwarnings("ignore:response_mode='form_post' is recommended")

SITE = "http://127.0.0.1:8000"
TENANT = tenant_of(EMAIL)
STRANGER = "aanvaller@elders.example"
UNKNOWN = "Met dit Microsoft-account kun je niet inloggen"


@pytest.fixture
def lobby(settings: Settings, database: Database, provider: Provider) -> Lobby:
    """An installation whose organisation lets people of its tenant of Microsoft in."""
    lobby = open_lobby(settings, database)
    lobby.settings = lobby.settings.model_copy(
        update={
            "public_url": SITE,
            "microsoft_client_id": CLIENT_ID,
            "microsoft_client_secret": CLIENT_SECRET,
            "microsoft_authority": provider.authority,
        }
    )
    with database.write() as session:
        session.execute(insert(OrganisationTenant).values(organisation_id=1, tenant_id=TENANT))
    return lobby


@pytest.fixture
def anne(lobby: Lobby) -> int:
    """The account of somebody who signs in with Microsoft only."""
    account = lobby.add_person(second=None)
    with lobby.database.write() as session:
        session.execute(update(Person).values(password_hash=None))
    link(lobby)
    return account


def link(lobby: Lobby, email: str = EMAIL) -> None:
    """Link somebody to the account at Microsoft with the same address."""
    values = {"tenant_id": tenant_of(email), "object_id": object_of(email), "created_at": datetime.now(UTC)}
    with lobby.database.write() as session:
        session.execute(insert(MicrosoftIdentity).values(person_id=lobby.person(email), **values))


def gone_to(answer: TestResponse) -> str:
    """The address at Microsoft that a page sends the browser to."""
    assert answer.status_code == 200, answer.location
    seconds, _, address = answer.headers["Refresh"].partition("; url=")
    assert seconds == "0"
    return address


def came_back(client: FlaskClient, answer: dict[str, str]) -> TestResponse:
    """What the browser gets for Microsoft's answer."""
    return client.get("/microsoft/terug", query_string=answer)


def sign_in(client: FlaskClient, provider: Provider, username: str = EMAIL, begin: str = "/microsoft/start") -> Any:
    """Sign in at Microsoft; the answer to coming back."""
    return came_back(client, provider.sign_in(gone_to(client.post(begin)), username))


def why(client: FlaskClient, answer: TestResponse, status: int = 403) -> str:
    """What the page says to somebody who was refused."""
    assert answer.location == "/microsoft/geweigerd", answer.location
    page = client.get(answer.location)
    assert page.status_code == status
    return text_of(page)


def linked(lobby: Lobby) -> list[tuple[str, str, int]]:
    """Tenant, object and person of every link."""
    with lobby.database.read() as session:
        return [
            (row.tenant_id, row.object_id, row.person_id) for row in session.scalars(select(MicrosoftIdentity)).all()
        ]


def actions(lobby: Lobby) -> list[str]:
    """What the trail tells, in order."""
    with lobby.database.read() as session:
        return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def invited(lobby: Lobby, client: FlaskClient, email: str = EMAIL) -> None:
    """Somebody new has accepted an invitation in this client."""
    with lobby.database.write() as session:
        invitations.invite(
            session,
            lobby.vault,
            SITE,
            organisation_id=1,
            email=email,
            name="Anne Nieuw",
            rights=Rights(frozenset({ACCOUNT_MANAGER})),
            language="nl",
            actor_id=None,
            now=datetime.now(UTC),
        )
    [mail] = [mail for mail in lobby.mails(email) if isinstance(mail, Invitation)]
    client.get(mail.link.removeprefix(SITE))
    assert client.post("/uitnodiging", data={"accepted": "y"}).location == "/aanmelden/methode"


@pytest.mark.requirement("AUTH-24", "AUTH-26", "AUTH-33")
def test_signing_in_leads_straight_home(lobby: Lobby, anne: int, provider: Provider) -> None:
    client = lobby.app.test_client()
    assert "Inloggen met Microsoft" in text_of(client.get("/inloggen"))
    assert sign_in(client, provider).location == "/", "no code is asked for"
    assert is_in(client)
    with lobby.database.read() as session:
        assert session.scalar(select(Account.last_login_at).where(Account.id == anne)) is not None
        assert session.scalar(select(func.count()).select_from(MicrosoftFlow)) == 0
    assert actions(lobby)[-1] == "session.start"


@pytest.mark.requirement("AUTH-26")
def test_no_second_step_is_asked_for_either_of_who_has_one(lobby: Lobby, provider: Provider) -> None:
    lobby.add_person()
    link(lobby)
    client = lobby.app.test_client()
    assert sign_in(client, provider).location == "/"
    assert is_in(client)


@pytest.mark.requirement("AUTH-32")
def test_a_domain_leads_to_microsoft_whether_there_is_an_account_or_not(
    lobby: Lobby, anne: int, provider: Provider
) -> None:
    with lobby.database.write() as session:
        session.add(OrganisationDomain(domain="gemeente.example", organisation_id=1, microsoft=True))
    for email in (EMAIL, "niemand@gemeente.example"):
        client = lobby.app.test_client()
        address = gone_to(client.post("/inloggen", data={"email": email}))
        answer = provider.sign_in(address, email)
        assert provider.seen["authorize"]["login_hint"] == email
    assert UNKNOWN in why(client, came_back(client, answer))
    other = lobby.app.test_client()
    assert other.post("/inloggen", data={"email": "x@elders.example"}).location == "/inloggen/wachtwoord"
    assert "Inloggen met Microsoft" in text_of(other.get("/inloggen/wachtwoord"))


def test_without_microsoft_there_is_nothing_of_it(lobby: Lobby, anne: int) -> None:
    lobby.settings = lobby.settings.model_copy(update={"microsoft_client_id": ""})
    client = lobby.app.test_client()
    assert client.post("/microsoft/start").status_code == 404
    assert client.get("/microsoft/terug").status_code == 404
    assert "Microsoft" not in text_of(client.get("/inloggen"))


@pytest.mark.parametrize("target", ["//elders.example/", "https://elders.example/", "/\\elders.example", "/operations"])
def test_only_a_page_of_ours_comes_after_it(lobby: Lobby, anne: int, provider: Provider, target: str) -> None:
    client = lobby.app.test_client()
    client.get("/inloggen", query_string={"next": target})
    assert sign_in(client, provider).location == (target if target == "/operations" else "/")


@pytest.mark.requirement("AUTH-25")
@pytest.mark.parametrize("username", ["iemand@hotmail.com", "iemand@msn.com"])
def test_personal_accounts_are_refused_by_name(lobby: Lobby, anne: int, provider: Provider, username: str) -> None:
    client = lobby.app.test_client()
    with lobby.database.write() as session:
        session.execute(insert(OrganisationTenant).values(organisation_id=1, tenant_id=PERSONAL_TENANT))
    words = why(client, sign_in(client, provider, username))
    assert "Je hebt ingelogd met een persoonlijk Microsoft-account, zoals Hotmail, MSN of Outlook.com." in words
    assert "Probeer een ander account" in words
    assert not is_in(client)
    provider.sign_in(gone_to(client.post("/microsoft/start", data={"ander": "1"})), EMAIL)
    assert provider.seen["authorize"]["prompt"] == "select_account"


@pytest.mark.parametrize(
    ("lie", "words"),
    [
        ({"claims": {"aud": "11111111-2222-3333-4444-555555555555"}}, "antwoord van Microsoft klopt niet"),
        ({"claims": {"tid": tenant_of(STRANGER)}}, "antwoord van Microsoft klopt niet"),
        ({"claims": {"exp": 1_700_000_000}}, "verlopen of al gebruikt"),
        ({"claims": {"nonce": "another"}}, "verlopen of al gebruikt"),
        ({"signing": "none"}, "antwoord van Microsoft klopt niet"),
        ({"signing": "hs256"}, "antwoord van Microsoft klopt niet"),
        ({"signing": "stranger"}, "antwoord van Microsoft klopt niet"),
        ({"error": "server_error"}, "laat HalloWerk nu niet toe"),
    ],
    ids=["audience", "issuer", "expired", "nonce", "unsigned", "public key as secret", "other key", "error"],
)
def test_a_token_that_is_not_right_is_no_way_in(
    lobby: Lobby, anne: int, provider: Provider, lie: dict[str, Any], words: str
) -> None:
    provider.lie(**lie)
    client = lobby.app.test_client()
    assert words in why(client, sign_in(client, provider), 503 if "error" in lie else 403)
    assert not is_in(client)
    assert actions(lobby)[-1] == "session.refused"


def test_a_token_of_an_earlier_sign_in_is_no_way_in(lobby: Lobby, anne: int, provider: Provider) -> None:
    assert sign_in(lobby.app.test_client(), provider).location == "/"
    provider.lie(replay=True)
    client = lobby.app.test_client()
    assert "verlopen of al gebruikt" in why(client, sign_in(client, provider))
    assert not is_in(client)


def test_a_tenant_that_is_not_let_in(lobby: Lobby, anne: int, provider: Provider) -> None:
    with lobby.database.write() as session:
        session.execute(delete(OrganisationTenant))
    client = lobby.app.test_client()
    assert UNKNOWN in why(client, sign_in(client, provider))
    assert not is_in(client)


def test_a_closed_account_looks_like_none(lobby: Lobby, anne: int, provider: Provider) -> None:
    client, other = lobby.app.test_client(), lobby.app.test_client()
    with lobby.database.write() as session:
        session.execute(update(Account).values(active=False))
    closed = why(client, sign_in(client, provider))
    unknown = why(other, sign_in(other, provider, "niemand@gemeente.example"))
    assert closed == unknown
    assert not is_in(client)


@pytest.mark.requirement("AUTH-24")
def test_another_address_is_still_the_same_person(lobby: Lobby, anne: int, provider: Provider) -> None:
    provider.lie(claims={"email": "nieuw@gemeente.example", "preferred_username": "nieuw@gemeente.example"})
    client = lobby.app.test_client()
    assert sign_in(client, provider).location == "/"
    assert "Anne Test" in text_of(client.get("/"))


@pytest.mark.requirement("AUTH-24")
@pytest.mark.parametrize("username", [STRANGER, "collega@gemeente.example"])
def test_somebody_elses_address_is_no_way_in(lobby: Lobby, anne: int, provider: Provider, username: str) -> None:
    """A tenant can give its accounts any address ("nOAuth"), and a colleague's is in the tenant that is let in."""
    provider.lie(claims={"email": EMAIL, "preferred_username": EMAIL, "xms_edov": True})
    client = lobby.app.test_client()
    assert UNKNOWN in why(client, sign_in(client, provider, username))
    assert not is_in(client)
    assert len(linked(lobby)) == 1


def test_an_answer_is_looked_at_once(lobby: Lobby, anne: int, provider: Provider) -> None:
    client, copy = lobby.app.test_client(), lobby.app.test_client()
    answer = provider.sign_in(gone_to(client.post("/microsoft/start")), EMAIL)
    with client.session_transaction() as kept, copy.session_transaction() as copied:
        copied.update(kept)
    assert came_back(client, answer).location == "/"
    assert "verlopen of al gebruikt" in why(copy, came_back(copy, answer))
    assert not is_in(copy)
    assert came_back(client, answer).location == "/microsoft/geweigerd"
    assert is_in(client), "who is in stays in"


def test_of_those_who_bring_an_answer_at_once_one_gets_in(lobby: Lobby, anne: int, provider: Provider) -> None:
    clients = [lobby.app.test_client() for _ in range(3)]
    answer = provider.sign_in(gone_to(clients[0].post("/microsoft/start")), EMAIL)
    with clients[0].session_transaction() as kept:
        held = dict(kept)
    for client in clients[1:]:
        with client.session_transaction() as copied:
            copied.update(held)
    with ThreadPoolExecutor(len(clients)) as threads:
        led = list(threads.map(lambda client: came_back(client, answer).location, clients))
    assert sorted(led) == ["/", "/microsoft/geweigerd", "/microsoft/geweigerd"]


def test_an_answer_in_another_browser_signs_nobody_in(lobby: Lobby, anne: int, provider: Provider) -> None:
    """Neither the own browser of a victim (a forged sign-in), nor that of a thief of the address."""
    begun, other = lobby.app.test_client(), lobby.app.test_client()
    answer = provider.sign_in(gone_to(begun.post("/microsoft/start")), EMAIL)
    assert "verlopen of al gebruikt" in why(other, came_back(other, answer))
    other.post("/microsoft/start")
    assert "verlopen of al gebruikt" in why(other, came_back(other, answer))
    assert not is_in(other)
    assert came_back(begun, answer).location == "/", "and what was begun is still good"


def test_a_sign_in_that_takes_long_is_begun_anew(lobby: Lobby, anne: int, provider: Provider) -> None:
    client = lobby.app.test_client()
    answer = provider.sign_in(gone_to(client.post("/microsoft/start")), EMAIL)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=11)):
        forget_ended(lobby.database, lobby.settings)
        with lobby.database.read() as session:
            assert session.scalar(select(func.count()).select_from(MicrosoftFlow)) == 0
        assert "verlopen of al gebruikt" in why(client, came_back(client, answer))


def test_who_stops_at_microsoft_is_told_what_to_do(lobby: Lobby, anne: int, provider: Provider) -> None:
    client = lobby.app.test_client()
    answer = provider.cancel(gone_to(client.post("/microsoft/start")))
    words = why(client, came_back(client, answer))
    assert "Je bent bij Microsoft gestopt met inloggen." in words
    assert "Inloggen met een wachtwoord" in words


def test_microsoft_that_does_not_answer(lobby: Lobby, anne: int, provider: Provider) -> None:
    provider.lie(fail="openid-configuration")
    client = lobby.app.test_client()
    assert "Microsoft antwoordt nu niet." in why(client, client.post("/microsoft/start"), 503)


def test_beginning_without_end_has_to_wait_and_coming_back_makes_up_for_it(
    lobby: Lobby, anne: int, provider: Provider
) -> None:
    client = lobby.app.test_client()
    for _ in range(ADDRESS.free):
        assert client.post("/microsoft/start").status_code == 200
    assert sign_in(client, provider).location == "/"
    client.post("/uitloggen")
    assert client.post("/microsoft/start").status_code == 200
    answer = client.post("/microsoft/start")
    assert answer.location == "/inloggen"
    assert "te vaak geprobeerd" in text_of(client.get("/inloggen"))


def test_the_page_of_refusal_without_one(lobby: Lobby) -> None:
    assert lobby.app.test_client().get("/microsoft/geweigerd").location == "/inloggen"


def test_nothing_secret_is_in_the_cookie_logs_trail_or_referrer(
    lobby: Lobby, anne: int, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    client = lobby.app.test_client()
    begun = client.post("/microsoft/start")
    with lobby.database.read() as session:
        [kept] = session.scalars(select(MicrosoftFlow)).all()
    answer = provider.sign_in(gone_to(begun), EMAIL)
    provider.lie(signing="stranger")
    refused = came_back(client, answer)
    assert refused.headers["Referrer-Policy"] == begun.headers["Referrer-Policy"] == "no-referrer"
    assert answer["code"] not in refused.get_data(as_text=True)
    assert answer["state"] not in kept.sealed
    with client.session_transaction() as cookie:
        assert cookie["microsoft_refused"] == "signature"
        assert "microsoft" not in cookie
    with lobby.database.read() as session:
        [entry] = session.scalars(select(AuditEntry).where(AuditEntry.action == "session.refused")).all()
        assert entry.details == {"microsoft": "signature"}
    # The provider's own client logs too.
    logged = " ".join(record.getMessage() for record in caplog.records if record.name != "httpx")
    assert "refused: signature" in logged
    assert [secret for secret in (EMAIL, answer["code"], answer["state"], "Anne") if secret in logged] == []


@pytest.mark.requirement("AUTH-10", "AUTH-24", "AUTH-26")
def test_an_invitation_is_linked_at_the_first_sign_in(lobby: Lobby, provider: Provider) -> None:
    client = lobby.app.test_client()
    invited(lobby, client)
    assert "Microsoft Azure" in text_of(client.get("/aanmelden/methode"))
    assert sign_in(client, provider, begin="/microsoft/kiezen").location == "/"
    assert is_in(client)
    assert linked(lobby) == [(TENANT, object_of(EMAIL), lobby.person())]
    assert "microsoft.link" in actions(lobby)
    again = lobby.app.test_client()
    assert sign_in(again, provider).location == "/"


@pytest.mark.parametrize(
    ("username", "claims", "words"),
    [
        (STRANGER, {"email": EMAIL}, "niet van jouw organisatie"),
        ("collega@gemeente.example", {}, "een ander e-mailadres"),
        (EMAIL, {"xms_edov": None}, "een ander e-mailadres"),
        ("iemand@hotmail.com", {}, "een persoonlijk Microsoft-account"),
    ],
    ids=["tenant", "address", "address not owned", "personal"],
)
def test_an_invitation_is_linked_to_nobody_else(
    lobby: Lobby, provider: Provider, username: str, claims: dict[str, Any], words: str
) -> None:
    client = lobby.app.test_client()
    invited(lobby, client)
    provider.lie(claims=claims)
    said = why(client, sign_in(client, provider, username, "/microsoft/kiezen"))
    assert words in said
    assert "Kies een andere manier" in said
    assert linked(lobby) == []
    assert client.get("/aanmelden/methode").status_code == 200, "one can go on another way"


def test_an_address_without_the_invitations_link_gives_nothing(lobby: Lobby, provider: Provider) -> None:
    invited(lobby, lobby.app.test_client())
    client = lobby.app.test_client()
    assert UNKNOWN in why(client, sign_in(client, provider))
    assert linked(lobby) == []
    assert client.post("/microsoft/kiezen").location.startswith("/inloggen")


def test_an_invitation_is_not_linked_in_a_session_that_went_on(lobby: Lobby, provider: Provider) -> None:
    """Who chose a password meanwhile links Microsoft from the settings, where both are asked for."""
    client = lobby.app.test_client()
    invited(lobby, client)
    answer = provider.sign_in(gone_to(client.post("/microsoft/kiezen")), EMAIL)
    assert client.post("/aanmelden/wachtwoord", data={"password": PASSWORD}).status_code == 302
    assert came_back(client, answer).location == "/microsoft/geweigerd"
    assert linked(lobby) == []


def test_somebody_at_microsoft_is_one_person_here(lobby: Lobby, anne: int, provider: Provider) -> None:
    client = lobby.app.test_client()
    invited(lobby, client, "noor@gemeente.example")
    provider.lie(claims={"email": "noor@gemeente.example"})
    assert "al gekoppeld aan een ander account" in why(client, sign_in(client, provider, EMAIL, "/microsoft/kiezen"))
    assert linked(lobby) == [(TENANT, object_of(EMAIL), lobby.person())]


def with_password(lobby: Lobby) -> FlaskClient:
    """A client of somebody who signed in with password and code."""
    lobby.add_person()
    client = lobby.app.test_client()
    enter_password(client)
    assert enter_code(client, lobby.code()).location == "/"
    return client


@pytest.mark.requirement("AUTH-11", "SET-16")
def test_who_has_a_password_links_microsoft_and_unlinks_it(lobby: Lobby, provider: Provider) -> None:
    client = with_password(lobby)
    assert "Koppelen" in text_of(client.get("/instellingen/beveiliging"))
    assert sign_in(client, provider, begin="/microsoft/koppelen").location == "/instellingen/beveiliging"
    shown = text_of(client.get("/instellingen/beveiliging"))
    assert "Microsoft is gekoppeld." in shown
    assert "Ontkoppelen" in shown
    other = lobby.app.test_client()
    assert sign_in(other, provider).location == "/"
    assert "Microsoft ontkoppelen?" in text_of(client.get("/microsoft/ontkoppelen"))
    assert client.post("/microsoft/ontkoppelen").location == "/instellingen/beveiliging"
    assert linked(lobby) == []
    assert is_in(client)
    assert not is_in(other), "sessions elsewhere end"
    assert UNKNOWN in why(other, sign_in(other, provider))
    told = [mail for mail in lobby.mails() if isinstance(mail, SignInMethodChanged)]
    assert [(mail.method, mail.change) for mail in told] == [("microsoft", "set_up"), ("microsoft", "removed")]
    assert [action for action in actions(lobby) if action.startswith("microsoft")] == [
        "microsoft.link",
        "microsoft.unlink",
    ]


def test_linking_is_for_the_own_address_and_for_who_lately_confirmed(lobby: Lobby, provider: Provider) -> None:
    client = with_password(lobby)
    words = why(client, sign_in(client, provider, "collega@gemeente.example", "/microsoft/koppelen"))
    assert "een ander e-mailadres" in words
    assert "Terug naar Beveiliging" in words
    with lobby.database.write() as session:
        session.execute(update(SignInSession).values(password_at=datetime.now(UTC) - timedelta(minutes=11)))
    for address in ("/microsoft/koppelen", "/microsoft/ontkoppelen"):
        assert client.post(address).location == "/bevestigen", address
    assert linked(lobby) == []


def test_a_link_asked_for_in_one_session_is_not_made_in_another(lobby: Lobby, provider: Provider) -> None:
    client = with_password(lobby)
    answer = provider.sign_in(gone_to(client.post("/microsoft/koppelen")), EMAIL)
    with client.session_transaction() as kept:
        under_way = kept["microsoft"]
    client.post("/uitloggen")
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=2)):
        enter_password(client)
        assert enter_code(client, lobby.code()).location == "/"
        with client.session_transaction() as kept:
            kept["microsoft"] = under_way
        assert came_back(client, answer).location == "/microsoft/geweigerd"
    assert linked(lobby) == []


@pytest.mark.requirement("SET-19")
@pytest.mark.parametrize("missing", ["password", "second step"])
def test_the_only_way_of_signing_in_stays(lobby: Lobby, provider: Provider, missing: str) -> None:
    lobby.add_person()
    link(lobby)
    with lobby.database.write() as session:
        if missing == "password":
            session.execute(update(Person).values(password_hash=None))
        else:
            session.execute(delete(SecondStep))
    client = lobby.app.test_client()
    sign_in(client, provider)
    assert "Stel eerst een wachtwoord en een extra controle in." in text_of(client.get("/instellingen/beveiliging"))
    client.post("/microsoft/ontkoppelen")
    assert "Je logt alleen met Microsoft in." in text_of(client.get("/instellingen/beveiliging"))
    assert len(linked(lobby)) == 1


def test_who_has_no_password_confirms_with_microsoft(lobby: Lobby, anne: int, provider: Provider) -> None:
    client = lobby.app.test_client()
    sign_in(client, provider)
    with lobby.database.write() as session:
        session.execute(update(SignInSession).values(microsoft_at=datetime.now(UTC) - timedelta(minutes=11)))
    asked = "/instellingen/e-mailadres"
    assert client.get(asked).location == "/bevestigen"
    page = text_of(client.get("/bevestigen"))
    assert "Bevestigen met Microsoft" in page
    assert "Wachtwoord" not in page

    address = gone_to(client.post("/microsoft/bevestigen"))
    provider.lie(claims={"auth_time": int(time.time()) - 600})
    refused = came_back(client, provider.sign_in(address, EMAIL))
    assert "niet opnieuw gevraagd wie je bent" in why(client, refused)
    provider.lie()
    refused = sign_in(client, provider, "collega@gemeente.example", "/microsoft/bevestigen")
    assert "niet het Microsoft-account dat aan jouw account is gekoppeld" in why(client, refused)
    assert client.get(asked).location == "/bevestigen"

    assert sign_in(client, provider, begin="/microsoft/bevestigen").location == asked
    assert provider.seen["authorize"]["prompt"] == "login"
    assert client.get(asked).status_code == 200
    assert "session.confirm" in actions(lobby)


def test_the_session_is_another_one_afterwards(lobby: Lobby, anne: int, provider: Provider) -> None:
    """A token that somebody planted or saw before is worth nothing (session fixation)."""
    client, planted = lobby.app.test_client(), lobby.app.test_client()
    sign_in(client, provider)
    with client.session_transaction() as kept, planted.session_transaction() as copied:
        copied.update(kept)
    sign_in(client, provider, begin="/microsoft/bevestigen")
    assert is_in(client)
    assert not is_in(planted)


def test_a_forgotten_password_that_never_was(lobby: Lobby, anne: int) -> None:
    client = lobby.app.test_client()
    assert client.post("/wachtwoord-vergeten", data={"email": EMAIL}).location == "/wachtwoord-vergeten/verstuurd"
    assert lobby.mails() == [UsesMicrosoft()]
    with lobby.database.read() as session:
        assert session.scalars(select(MailedLink)).all() == []
