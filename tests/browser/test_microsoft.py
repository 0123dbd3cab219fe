"""Signing in with Microsoft in a real browser, at a real OpenID provider, wide and on a phone; each page looked at."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Thread

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import insert, update
from werkzeug.serving import make_server

from matching.accounts import invitations
from matching.accounts.accounts import Rights
from matching.accounts.key_records import MicrosoftIdentity
from matching.accounts.policy import ACCOUNT_MANAGER
from matching.accounts.records import OrganisationDomain, OrganisationTenant, Person
from matching.post.mails import Invitation
from matching.settings import Settings
from matching.storage.database import Database
from tests.browser.conftest import PHONE, WIDE, watch
from tests.browser.test_accessibility import OUTPUT, violations
from tests.support.lobby import EMAIL, Lobby, open_lobby
from tests.support.openid import CLIENT_ID, CLIENT_SECRET, Provider, object_of, running_provider, tenant_of
from tests.support.ports import free_port
from web.app import create_app

pytestmark = pytest.mark.filterwarnings("ignore:response_mode='form_post' is recommended")


@pytest.fixture(scope="module")
def provider_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    with running_provider(tmp_path_factory.mktemp("openid")) as provider:
        yield provider


@pytest.fixture
def provider(provider_process: Provider, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """The provider, doing everything right, and trusted."""
    provider_process.lie()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(provider_process.certificate))
    return provider_process


@pytest.fixture
def lobby(settings: Settings, sqlite_database: Database, provider: Provider) -> Iterator[Lobby]:
    """A site, served by a thread without a search engine, whose organisation signs in with Microsoft."""
    lobby = open_lobby(settings, sqlite_database)
    port = free_port()
    lobby.settings = lobby.settings.model_copy(
        update={
            "public_url": f"http://127.0.0.1:{port}",
            "microsoft_client_id": CLIENT_ID,
            "microsoft_client_secret": CLIENT_SECRET,
            "microsoft_authority": provider.authority,
        }
    )
    with sqlite_database.write() as session:
        session.add(OrganisationTenant(organisation_id=1, tenant_id=tenant_of(EMAIL)))
        session.add(OrganisationDomain(domain="gemeente.example", organisation_id=1, microsoft=True))
    server = make_server("127.0.0.1", port, create_app(lobby.settings), threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield lobby
    server.shutdown()
    thread.join()


@pytest.fixture(params=[WIDE, PHONE], ids=["1440", "390"])
def page(request: pytest.FixtureRequest, browser: Browser, lobby: Lobby) -> Iterator[Page]:
    """A page of a fresh browser, of either size; no page may log an error or break the content policy."""
    errors: list[str] = []
    width, height = request.param
    context = browser.new_context(
        base_url=lobby.settings.site_url,
        viewport={"width": width, "height": height},
        # The provider's certificate is its own.
        ignore_https_errors=True,
        reduced_motion="reduce",
    )
    context.set_default_timeout(15_000)
    page = context.new_page()
    watch(page, errors)
    yield page
    context.close()
    assert errors == []


def look(page: Page, name: str) -> None:
    """Photograph a page, and hold it to WCAG."""
    OUTPUT.mkdir(exist_ok=True)
    size = page.viewport_size
    assert size
    page.screenshot(path=OUTPUT / f"microsoft-{name}-{size['width']}.png", full_page=True)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def at_microsoft(page: Page, provider: Provider, username: str | None = None) -> None:
    """Sign in on the provider's page, with the address that is filled in there or another."""
    page.wait_for_url(f"{provider.authority}/**")
    if username:
        page.get_by_label("Email").fill(username)
    page.get_by_role("button", name="Next").click()


def at_home(page: Page) -> None:
    page.wait_for_url(lambda address: address.endswith("/") and "/microsoft/" not in address)
    expect(page.locator(".account")).to_be_visible()


def linked(lobby: Lobby) -> None:
    """Somebody who signs in with Microsoft only."""
    lobby.add_person(second=None)
    with lobby.database.write() as session:
        session.execute(update(Person).values(password_hash=None))
        values = {"tenant_id": tenant_of(EMAIL), "object_id": object_of(EMAIL), "created_at": datetime.now(UTC)}
        session.execute(insert(MicrosoftIdentity).values(person_id=lobby.person(), **values))


@pytest.mark.requirement("AUTH-10", "AUTH-24", "AUTH-26")
def test_from_an_invitation_to_home(page: Page, lobby: Lobby, provider: Provider) -> None:
    with lobby.database.write() as session:
        invitations.invite(
            session,
            lobby.vault,
            lobby.settings.site_url,
            organisation_id=1,
            email=EMAIL,
            name="Anne Nieuw",
            rights=Rights(frozenset({ACCOUNT_MANAGER})),
            language="nl",
            actor_id=None,
            now=datetime.now(UTC),
        )
    [mail] = [mail for mail in lobby.mails() if isinstance(mail, Invitation)]
    page.goto(mail.link)
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Accepteren").click()
    page.wait_for_url("**/aanmelden/methode")
    look(page, "method")
    page.get_by_role("button", name="Microsoft Azure").click()
    page.wait_for_url(f"{provider.authority}/**")
    expect(page.get_by_label("Email")).to_have_value(EMAIL)
    at_microsoft(page, provider)
    at_home(page)


@pytest.mark.requirement("AUTH-32", "AUTH-26")
def test_the_domain_of_the_address_leads_there(page: Page, lobby: Lobby, provider: Provider) -> None:
    linked(lobby)
    page.goto("/inloggen")
    look(page, "sign-in")
    page.get_by_label("E-mailadres").fill(EMAIL)
    page.get_by_role("button", name="Volgende").click()
    page.wait_for_url(f"{provider.authority}/**")
    expect(page.get_by_label("Email")).to_have_value(EMAIL)
    at_microsoft(page, provider)
    at_home(page)
    page.go_back()
    expect(page.get_by_label("Email")).to_be_visible()


@pytest.mark.requirement("AUTH-25")
def test_a_personal_account_is_refused_and_another_one_is_tried(page: Page, lobby: Lobby, provider: Provider) -> None:
    linked(lobby)
    page.goto("/inloggen")
    page.get_by_role("button", name="Inloggen met Microsoft").click()
    at_microsoft(page, provider, "anne@hotmail.com")
    expect(page.get_by_role("alert")).to_contain_text("Je hebt ingelogd met een persoonlijk Microsoft-account")
    assert "code=" not in page.url
    look(page, "personal")
    page.get_by_role("button", name="Probeer een ander account").click()
    at_microsoft(page, provider, EMAIL)
    at_home(page)


def test_the_way_there_can_be_taken_by_hand(page: Page, lobby: Lobby, provider: Provider) -> None:
    """Microsoft is slow to answer: the page that leads there stays, with a link."""
    page.goto("/inloggen")
    page.get_by_label("E-mailadres").fill("iemand@elders.example")
    page.get_by_role("button", name="Volgende").click()
    look(page, "password")
    page.route(f"{provider.authority}/**", lambda route: route.abort())
    page.get_by_role("button", name="Inloggen met Microsoft").click()
    expect(page.get_by_role("link", name="Verder naar Microsoft")).to_be_visible()


@pytest.mark.requirement("SET-16", "AUTH-11")
def test_the_settings_and_confirming(page: Page, lobby: Lobby, provider: Provider) -> None:
    linked(lobby)
    page.goto("/inloggen")
    page.get_by_role("button", name="Inloggen met Microsoft").click()
    at_microsoft(page, provider, EMAIL)
    at_home(page)
    page.goto("/instellingen/beveiliging")
    expect(page.get_by_text("Stel eerst een wachtwoord en een extra controle in.")).to_be_visible()
    look(page, "settings")
    page.goto("/bevestigen")
    look(page, "confirm")
    page.get_by_role("button", name="Bevestigen met Microsoft").click()
    at_microsoft(page, provider)
    at_home(page)
