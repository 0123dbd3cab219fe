"""Signing in with a browser, each way, on a desktop and a telephone; each page is photographed and held to WCAG."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from matching.accounts import second_steps
from matching.accounts.accounts import close_account
from matching.accounts.key_records import RecoveryCode
from matching.accounts.proofs.recovery_codes import code_hash, new_codes
from matching.accounts.records import Organisation
from matching.post.mailbox import Mailbox
from matching.post.mails import PasswordReset
from matching.settings import Settings
from matching.storage.database import Database
from tests.browser.conftest import PHONE, WIDE, OpenPage
from tests.browser.test_accessibility import OUTPUT, violations
from tests.support.lobby import PASSWORD, Lobby

ORGANISATION = 70
SIZES = pytest.mark.parametrize("size", [WIDE, PHONE], ids=["1440", "390"])
_numbers = count(1)


@pytest.fixture(scope="module")
def lobby(demo_settings: Settings, site: str) -> Iterator[Lobby]:
    """The site, with an organisation of these tests' own."""
    database = Database(demo_settings.database)
    lobby = Lobby(demo_settings, database)
    with database.read() as session:
        known = session.scalar(select(Organisation.id).where(Organisation.id == ORGANISATION))
    if known is None:
        lobby.add_organisation(ORGANISATION, "Gemeente Voorbeeld")
    yield lobby
    database.close()


@pytest.fixture
def email() -> str:
    """The address of somebody who is in no other test."""
    return f"anne{next(_numbers)}.{datetime.now(UTC):%H%M%S%f}@voorbeeld.example"


def look(page: Page, name: str, size: tuple[int, int]) -> None:
    """Photograph a page, and hold it to WCAG."""
    OUTPUT.mkdir(exist_ok=True)
    page.screenshot(path=OUTPUT / f"{name}-{size[0]}.png", full_page=True)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def enter_password(page: Page, email: str, password: str = PASSWORD) -> None:
    """Type address and password."""
    page.get_by_label("E-mailadres").fill(email)
    page.get_by_role("button", name="Volgende").click()
    page.get_by_label("Wachtwoord", exact=True).fill(password)
    page.get_by_role("button", name="Inloggen").click()


def enter_code(page: Page, code: str) -> None:
    """Type a code of the second step."""
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Controleren").click()


def texted_code(lobby: Lobby) -> str:
    """The code of the newest text message."""
    found = re.search(r"\d{6}", Mailbox(lobby.settings.mailbox_dir).newest(1)[0].text)
    assert found
    return found[0]


@SIZES
@pytest.mark.requirement("AUTH-29", "AUTH-31", "AUTH-35")
def test_with_an_authenticator(open_page: OpenPage, lobby: Lobby, email: str, size: tuple[int, int]) -> None:
    lobby.add_person(email, organisation=ORGANISATION)
    page = open_page("/operations", size, guest=True, errors_expected=True)
    expect(page.get_by_label("E-mailadres")).to_be_focused()
    page.get_by_role("button", name="Volgende").click()
    expect(page.get_by_role("alert")).to_contain_text("Vul je e-mailadres in.")
    look(page, "sign-in-empty", size)
    enter_password(page, email, "Verkeerd maar lang!")
    expect(page.get_by_role("alert")).to_contain_text("horen niet bij elkaar")
    look(page, "sign-in-wrong", size)
    page.get_by_label("Wachtwoord", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Inloggen").click()
    expect(page.get_by_label("Code")).to_be_focused()
    look(page, "sign-in-code", size)
    enter_code(page, "000000")
    expect(page.get_by_role("alert")).to_contain_text("Deze code klopt niet")
    look(page, "sign-in-code-wrong", size)
    enter_code(page, lobby.code())
    page.wait_for_url("**/operations")
    expect(page.get_by_text("Je mag deze pagina niet bekijken")).to_have_count(0)


@SIZES
@pytest.mark.requirement("AUTH-21", "NOTIF-04")
def test_with_an_sms(open_page: OpenPage, lobby: Lobby, email: str, size: tuple[int, int]) -> None:
    lobby.add_person(email, organisation=ORGANISATION, second=second_steps.SMS)
    page = open_page("/", size, guest=True)
    enter_password(page, email)
    expect(page.get_by_text("(*****5968)")).to_be_visible()
    look(page, "sign-in-sms", size)
    page.get_by_role("button", name="Stuur een nieuwe code").click()
    expect(page.get_by_role("status").first).to_contain_text("een nieuwe code gestuurd")
    look(page, "sign-in-sms-again", size)
    enter_code(page, texted_code(lobby))
    page.wait_for_url(re.compile(r"\d/$"))


@SIZES
def test_with_a_recovery_code(open_page: OpenPage, lobby: Lobby, email: str, size: tuple[int, int]) -> None:
    lobby.add_person(email, organisation=ORGANISATION)
    [code] = new_codes(1)
    with lobby.database.write() as session:
        session.add(RecoveryCode(code_hash=code_hash(code), person_id=lobby.person(email)))
    page = open_page("/", size, guest=True)
    enter_password(page, email)
    page.get_by_role("link", name="Gebruik een herstelcode").click()
    look(page, "sign-in-recovery", size)
    enter_code(page, code)
    page.wait_for_url(re.compile(r"\d/$"))


@SIZES
@pytest.mark.requirement("AUTH-35", "AUTH-36", "AUTH-37", "AUTH-39", "AUTH-40", "OPEN-03")
def test_a_forgotten_password(open_page: OpenPage, lobby: Lobby, email: str, size: tuple[int, int]) -> None:
    lobby.add_person(email, organisation=ORGANISATION)
    page = open_page("/inloggen", size, guest=True, errors_expected=True)
    page.get_by_role("link", name="Wachtwoord vergeten?").click()
    page.get_by_label("E-mailadres").fill(email)
    look(page, "forgotten", size)
    page.get_by_role("button", name="Stuur instructies").click()
    expect(page.get_by_text("Er is een e-mail naar je verzonden met instructies")).to_be_visible()
    look(page, "forgotten-sent", size)
    [mail] = [mail for mail in lobby.mails(email) if isinstance(mail, PasswordReset)]
    path = re.sub(r"^https?://[^/]+", "", mail.link)
    page.goto(path)
    page.wait_for_url("**/wachtwoord/nieuw")
    page.get_by_label("Nieuw wachtwoord").fill("kort")
    page.get_by_role("button", name="Opslaan").click()
    expect(page.locator("#password-fout")).to_contain_text("Gebruik minimaal 8 tekens.")
    look(page, "new-password-wrong", size)
    page.get_by_label("Nieuw wachtwoord").fill("Groene trein vertrekt laat?")
    page.get_by_role("button", name="Opslaan").click()
    enter_code(page, lobby.code())
    page.wait_for_url(re.compile(r"\d/$"))
    page.goto(path)
    expect(page.get_by_role("heading", name="Deze link werkt niet meer")).to_be_visible()
    look(page, "reset-over", size)


@SIZES
def test_revoked_while_signed_in(open_page: OpenPage, lobby: Lobby, email: str, size: tuple[int, int]) -> None:
    account = lobby.add_person(email, organisation=ORGANISATION)
    page = open_page("/", size, guest=True)
    enter_password(page, email)
    enter_code(page, lobby.code())
    page.wait_for_url(re.compile(r"\d/$"))
    with lobby.database.write() as session:
        close_account(session, account, actor_id=None)
    page.reload()
    expect(page.get_by_role("heading", name="Inloggen")).to_be_visible()


@SIZES
def test_a_browser_that_is_remembered(open_page: OpenPage, lobby: Lobby, email: str, size: tuple[int, int]) -> None:
    number = 100 + size[0]
    lobby.add_organisation(number, "Gemeente Onthoudt", remembers_devices=True)
    lobby.add_person(email, organisation=number)
    page = open_page("/", size, guest=True)
    enter_password(page, email)
    page.get_by_label("Onthoud dit apparaat 30 dagen").check()
    look(page, "sign-in-remember", size)
    enter_code(page, lobby.code())
    page.wait_for_url(re.compile(r"\d/$"))
    page.context.clear_cookies(name="session")
    page.goto("/")
    enter_password(page, email)
    page.wait_for_url(re.compile(r"\d/$"))
    with lobby.database.write() as session:
        session.execute(update(Organisation).where(Organisation.id == number).values(remembers_devices=False))
    page.context.clear_cookies(name="session")
    page.goto("/")
    enter_password(page, email)
    expect(page.get_by_label("Code")).to_be_visible()


def test_too_many_guesses_are_told_to_wait(open_page: OpenPage, lobby: Lobby, email: str) -> None:
    lobby.add_person(email, organisation=ORGANISATION)
    page = open_page("/", WIDE, guest=True, errors_expected=True)
    enter_password(page, email, "Geraden wachtwoord!")
    for _ in range(5):
        page.get_by_label("Wachtwoord", exact=True).fill("Geraden wachtwoord!")
        page.get_by_role("button", name="Inloggen").click()
    expect(page.get_by_role("alert")).to_contain_text("te vaak geprobeerd")
    look(page, "sign-in-wait", WIDE)
