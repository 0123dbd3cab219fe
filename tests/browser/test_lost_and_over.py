"""A lost phone, invitations that are over and an address that nobody has, in a real browser, wide and on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from threading import Thread

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select, update
from werkzeug.serving import make_server

from matching.accounts import invitations
from matching.accounts.accounts import Rights
from matching.accounts.policy import ACCOUNT_MANAGER, ADMINISTRATOR
from matching.accounts.records import Invitation, Organisation, OrganisationDomain
from matching.post import mails
from matching.settings import Settings
from matching.storage.database import Database
from tests.browser.conftest import PHONE, WIDE, watch
from tests.browser.test_sign_in_journey import enter_code, enter_password, look
from tests.support.lobby import EMAIL, Lobby, open_lobby
from web.app import create_app
from web.services import EXTENSION

BOSS, NEW = "beheer@gemeente.example", "noor@gemeente.example"
SIZES = pytest.mark.parametrize("size", [WIDE, PHONE], ids=["1440", "390"])
HOME = re.compile(r"127\.0\.0\.1:\d+/$")

Visit = Callable[[str], Page]


@pytest.fixture
def lobby(settings: Settings, sqlite_database: Database) -> Lobby:
    """An installation without a search engine: none of these pages asks one."""
    lobby = open_lobby(settings, sqlite_database)
    lobby.settings = lobby.settings.model_copy(update={"public_url": ""})
    return lobby


@pytest.fixture
def visit(lobby: Lobby, browser: Browser, size: tuple[int, int]) -> Iterator[Visit]:
    """Open a page in a browser of its own, in which nothing may go wrong."""
    app, errors, contexts = create_app(lobby.settings), [], []
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()

    def open_(path: str) -> Page:
        context = browser.new_context(
            base_url=f"http://127.0.0.1:{server.port}",
            viewport={"width": size[0], "height": size[1]},
            reduced_motion="reduce",
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        watch(page, errors)
        page.goto(path)
        return page

    yield open_
    for context in contexts:
        context.close()
    server.shutdown()
    thread.join()
    app.extensions[EXTENSION].database.close()
    assert errors == []


def invite(lobby: Lobby) -> str:
    """Invite somebody; the path of the mailed link."""
    with lobby.database.write() as session:
        invitations.invite(
            session,
            lobby.vault,
            "",
            organisation_id=1,
            email=NEW,
            name="Noor de Wit",
            rights=Rights(frozenset({ACCOUNT_MANAGER})),
            language="nl",
            actor_id=None,
            now=datetime.now(UTC),
        )
    [mail] = [mail for mail in lobby.mails(NEW) if isinstance(mail, mails.Invitation)]
    return mail.link


@SIZES
@pytest.mark.requirement("AUTH-09", "SET-22")
def test_a_lost_phone(lobby: Lobby, visit: Visit, size: tuple[int, int]) -> None:
    lobby.add_person(BOSS, ADMINISTRATOR)
    account = lobby.add_person()
    boss = visit("/")
    enter_password(boss, BOSS)
    enter_code(boss, lobby.code())
    boss.wait_for_url(HOME)
    boss.goto(f"/instellingen/gebruikers/{account}")
    boss.get_by_role("link", name="Controle weghalen").click()
    expect(boss.get_by_role("heading", name="Extra controle weghalen?")).to_be_visible()
    look(boss, "lost-phone-sure", size)
    boss.get_by_role("button", name="Weghalen").click()
    expect(boss.get_by_role("status").first).to_contain_text("stelt bij het inloggen een nieuwe extra controle in")
    look(boss, "lost-phone-done", size)

    page = visit("/")
    enter_password(page, EMAIL)
    expect(page.get_by_role("heading", name="Instellen telefoon als extra controlestap")).to_be_visible()
    look(page, "lost-phone-set-up", size)
    page.goto("/instellingen/")
    expect(page.get_by_role("heading", name="Inloggen")).to_be_visible()
    page.go_back()
    page.get_by_role("link", name="+ Telefoon instellen").click()
    page.get_by_role("button", name="Authenticator app").click()
    secret = (page.locator("#sleutel").text_content() or "").replace(" ", "")
    page.get_by_label("Code", exact=True).fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Controleren").click()
    page.get_by_role("checkbox", name="Ik heb deze codes bewaard").check()
    page.get_by_role("button", name="Verder").click()
    page.wait_for_url("**/instellingen/")
    told = lobby.mails()
    assert [type(mail) for mail in told] == [mails.SecondStepReset, mails.SignInMethodChanged]


@SIZES
@pytest.mark.requirement("AUTH-06", "OPEN-01")
def test_an_invitation_that_expired_after_thirty_days(lobby: Lobby, visit: Visit, size: tuple[int, int]) -> None:
    link = invite(lobby)
    with lobby.database.write() as session:
        sent_at, expires_at = session.execute(select(Invitation.sent_at, Invitation.expires_at)).one()
        assert expires_at - sent_at == timedelta(days=30)
        session.execute(update(Invitation).values(expires_at=datetime.now(UTC)))
    page = visit(link)
    expect(page.get_by_role("heading", name="Deze uitnodiging is niet meer geldig")).to_be_visible()
    expect(page.get_by_text("Een uitnodiging is 30 dagen geldig, en die zijn voorbij.")).to_be_visible()
    look(page, "invitation-expired", size)


@SIZES
@pytest.mark.requirement("AUTH-06")
def test_an_invitation_that_was_taken_back(lobby: Lobby, visit: Visit, size: tuple[int, int]) -> None:
    link = invite(lobby)
    with lobby.database.write() as session:
        number = session.scalars(select(Invitation.id)).one()
        now = datetime.now(UTC)
        invitations.revoke(session, invitation_id=number, organisation_id=1, actor_id=None, now=now)
    page = visit(link)
    expect(page.get_by_text("De uitnodiging is ingetrokken.")).to_be_visible()
    look(page, "invitation-revoked", size)


@SIZES
@pytest.mark.requirement("AUTH-38", "NOTIF-06", "OPEN-02")
def test_an_address_that_nobody_has(lobby: Lobby, visit: Visit, size: tuple[int, int]) -> None:
    with lobby.database.write() as session:
        session.add(OrganisationDomain(domain="gemeente.example", organisation_id=1))
        session.execute(update(Organisation).values(tells_unknown_addresses=True))
    page = visit("/inloggen")
    page.get_by_role("link", name="Wachtwoord vergeten?").click()
    page.get_by_label("E-mailadres").fill("ane@gemeente.example")
    page.get_by_role("button", name="Stuur instructies").click()
    expect(page.get_by_text("Er is geen account met dit e-mailadres bij ons bekend")).to_be_visible()
    look(page, "forgotten-unknown", size)
