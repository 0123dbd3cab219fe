"""From a mailed invitation to Home in a real browser: with an authenticator and with SMS, wide and on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import insert, select
from werkzeug.serving import make_server

from matching.accounts import invitations
from matching.accounts.accounts import Rights
from matching.accounts.policy import ACCOUNT_MANAGER
from matching.accounts.records import Organisation
from matching.post.mailbox import Mailbox
from matching.post.records import OutboxMail
from matching.settings import load_settings
from matching.storage.database import Database
from tests.browser.conftest import PHONE, WIDE, watch
from tests.browser.test_accessibility import OUTPUT, violations
from web.app import create_app
from web.services import EXTENSION, Services

PASSWORD = "Zeven gele fietsen, bij het station!"
SIZES = pytest.mark.parametrize("size", [WIDE, PHONE], ids=["1440", "390"])


class Site(NamedTuple):
    """A site with one organisation, and what it works with."""

    address: str
    parts: Services

    def invite(self, email: str, language: str = "nl") -> str:
        """Invite somebody; the address of the mailed link."""
        with self.parts.database.write() as session:
            invitations.invite(
                session,
                self.parts.vault,
                self.address,
                organisation_id=1,
                email=email,
                name="Noor de Wit",
                rights=Rights(frozenset({ACCOUNT_MANAGER})),
                language="en" if language == "en" else "nl",
                actor_id=None,
                now=datetime.now(UTC),
            )
        with self.parts.database.read() as session:
            mail = session.scalars(select(OutboxMail).order_by(OutboxMail.id.desc()).limit(1)).one()
            found = re.search(r'"link":"([^"]+)"', self.parts.vault.open(mail.sealed or ""))
        assert found
        return found[1]

    def last_sms(self) -> str:
        """The code of the last text message."""
        [message] = Mailbox(self.parts.settings.mailbox_dir).newest(1)
        found = re.search(r"\b(\d{6})\b", message.text)
        assert found
        return found[1]


@pytest.fixture
def own_site(sqlite_database: Database, tmp_path: Path) -> Iterator[Site]:
    """The application served by a thread, without a search engine: none of these pages asks one."""
    with sqlite_database.write() as session:
        session.execute(insert(Organisation).values(id=1, code="demo", name="Gemeente Vlietstad"))
    address = sqlite_database.url.render_as_string(hide_password=False)
    app = create_app(load_settings(state_dir=tmp_path, database_url=address, elasticsearch_url="http://127.0.0.1:9"))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield Site(f"http://127.0.0.1:{server.port}", app.extensions[EXTENSION])
    server.shutdown()
    thread.join()
    app.extensions[EXTENSION].database.close()


@pytest.fixture
def visitor(browser: Browser, size: tuple[int, int]) -> Iterator[Page]:
    """A page in a fresh browser, in which nothing may go wrong."""
    errors: list[str] = []
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce")
    context.set_default_timeout(15_000)
    page = context.new_page()
    watch(page, errors)
    yield page
    context.close()
    assert errors == []


def look(page: Page, name: str, size: tuple[int, int]) -> None:
    """Photograph the page, and have axe find nothing in it."""
    OUTPUT.mkdir(exist_ok=True)
    page.screenshot(path=OUTPUT / f"sign-up-{name}-{size[0]}.png", full_page=True)
    assert violations(page) == []
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= size[0], f"{name} is wider than the screen"


def accept(page: Page, link: str, size: tuple[int, int]) -> None:
    """Open the mailed link, and accept the terms."""
    page.goto(link)
    expect(page).to_have_url(re.compile(r"/uitnodiging$"))
    look(page, "invitation", size)
    page.get_by_role("button", name="Accepteren").click()
    expect(page.get_by_role("alert")).to_contain_text("zet het vinkje aan")
    look(page, "invitation-refused", size)
    page.get_by_role("checkbox", name="Ik heb de voorwaarden gelezen").check()
    page.get_by_role("button", name="Accepteren").click()


def choose_password(page: Page, size: tuple[int, int]) -> None:
    """Choose a password, the first one too weak."""
    look(page, "method", size)
    page.get_by_role("link", name="Wachtwoord").click()
    field = page.get_by_label("Nieuw wachtwoord")
    look(page, "password", size)
    field.press_sequentially("Welkom2026!")
    expect(page.get_by_role("status")).to_contain_text("makkelijk te raden")
    show = page.get_by_role("button", name="Toon wachtwoord")
    show.click()
    expect(field).to_have_attribute("type", "text")
    expect(show).to_have_attribute("aria-pressed", "true")
    look(page, "password-weak", size)
    page.get_by_role("button", name="Opslaan").click()
    expect(page.locator(".field__error").first).to_be_visible()
    look(page, "password-refused", size)
    field.fill(PASSWORD)
    expect(page.get_by_role("status")).to_contain_text("heel sterk")
    look(page, "password-strong", size)
    page.get_by_role("button", name="Opslaan").click()
    expect(page.get_by_role("heading", name="Instellen telefoon als extra controlestap")).to_be_visible()
    look(page, "phone", size)
    page.get_by_role("link", name="+ Telefoon instellen").click()
    look(page, "choice", size)


def keep_codes(page: Page, size: tuple[int, int]) -> list[str]:
    """Put the recovery codes away, and go in; the codes of the file."""
    look(page, "codes", size)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download").click()
    assert waiting.value.suggested_filename == "hallowerk-herstelcodes.txt"
    codes = Path(waiting.value.path()).read_text().split()
    assert codes == page.locator("#herstelcodes code").all_text_contents()
    page.get_by_role("checkbox", name="Ik heb deze codes bewaard").check()
    page.get_by_role("button", name="Verder").click()
    expect(page).to_have_url(re.compile(r"127\.0\.0\.1:\d+/$"))
    return codes


@SIZES
@pytest.mark.requirement("AUTH-05", "AUTH-06", "AUTH-12", "AUTH-15", "AUTH-17", "AUTH-18", "AUTH-19", "AUTH-23")
def test_from_the_invitation_to_home_with_an_authenticator(
    own_site: Site, visitor: Page, size: tuple[int, int]
) -> None:
    page, link = visitor, own_site.invite("noor@demo.example")
    accept(page, link, size)
    choose_password(page, size)
    page.get_by_role("button", name="Authenticator app").click()
    expect(page.get_by_role("img", name="QR-code voor je authenticator app")).to_be_visible()
    secret = (page.locator("#sleutel").text_content() or "").replace(" ", "")
    assert len(secret) == 32
    look(page, "authenticator", size)
    page.get_by_label("Code", exact=True).fill("000000")
    page.get_by_role("button", name="Controleren").click()
    expect(page.get_by_role("alert")).to_contain_text("Deze code klopt niet")
    look(page, "authenticator-refused", size)
    page.get_by_label("Code", exact=True).fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Controleren").click()
    assert len(keep_codes(page, size)) == 8
    context = page.context
    context.clear_cookies()
    page.goto(link)
    expect(page.get_by_role("heading", name="Deze uitnodiging is niet meer geldig")).to_be_visible()
    look(page, "invitation-over", size)


@SIZES
@pytest.mark.requirement("AUTH-16", "AUTH-20", "AUTH-21", "AUTH-22", "AUTH-23", "NOTIF-04")
def test_from_the_invitation_to_home_with_sms(own_site: Site, visitor: Page, size: tuple[int, int]) -> None:
    page = visitor
    accept(page, own_site.invite("noor@demo.example"), size)
    choose_password(page, size)
    page.get_by_role("link", name="Inloggen met sms-controle").click()
    look(page, "sms", size)
    page.get_by_label("Mobiel telefoonnummer").fill("12345")
    page.get_by_role("button", name="Opslaan").click()
    expect(page.locator(".field__error")).to_be_visible()
    look(page, "sms-refused", size)
    page.get_by_label("Mobiel telefoonnummer").fill("06 1234 5968")
    page.get_by_role("button", name="Opslaan").click()
    expect(page.get_by_text("*****5968")).to_be_visible()
    look(page, "sms-code", size)
    page.get_by_role("button", name="Stoppen").click()
    expect(page.get_by_role("heading", name="Instellen telefoon als extra controlestap")).to_be_visible()
    page.goto(f"{own_site.address}/")
    expect(page).to_have_url(re.compile("/inloggen"))
    page.goto(f"{own_site.address}/aanmelden/sms")
    page.get_by_label("Mobiel telefoonnummer").fill("+31 6 1234 5968")
    page.get_by_role("button", name="Opslaan").click()
    page.get_by_label("Code", exact=True).fill(own_site.last_sms())
    page.get_by_role("button", name="Controleren").click()
    keep_codes(page, size)


@SIZES
@pytest.mark.requirement("GEN-03")
def test_an_invitation_in_english(own_site: Site, visitor: Page, size: tuple[int, int]) -> None:
    visitor.goto(own_site.invite("noor@demo.example", "en"))
    expect(visitor.get_by_role("heading", name="Welcome to HalloWerk")).to_be_visible()
    look(visitor, "english", size)
    visitor.get_by_role("button", name="Nederlands").click()
    expect(visitor.get_by_role("heading", name="Welkom bij HalloWerk")).to_be_visible()
