"""Home, settings and users in a real browser: journeys by mouse and keyboard, axe, and a picture of each page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import delete, select, update

from matching.accounts import known_devices
from matching.accounts.accounts import find_person
from matching.accounts.key_records import Device, SignInSession
from matching.accounts.policy import ACCOUNT_MANAGER
from matching.accounts.records import Account, Invitation, Organisation, Person
from matching.settings import Settings
from matching.storage.database import Database
from tests.browser.conftest import PHONE, WIDE, be_signed_in, watch
from tests.browser.test_accessibility import OUTPUT, violations
from tests.support.signed_in import make_account
from tests.support.site import EMAIL, OPERATIONS_EMAIL

BOSS, TWO_ACCOUNTS = "beheer@demo.example", "j.smit@demo.example"
USERS = "/instellingen/gebruikers"
SIZES = pytest.mark.parametrize("size", [WIDE, PHONE], ids=["1440", "390"])

Enter = Callable[..., Page]


@pytest.fixture(scope="module")
def database(demo_settings: Settings) -> Iterator[Database]:
    """The demo's database with 24 more colleagues, one with a long name; they are gone afterwards."""
    database = Database(demo_settings.database)
    with database.read() as session:
        organisation = session.scalars(select(Organisation.id).where(Organisation.code == "gemeente-demo")).one()
    for number in range(24):
        name = "Wilhelmina-Josephina van der Achterbergh-Zonderland" if number == 7 else f"Collega Nummer {number:02}"
        make_account(database, organisation, f"collega{number:02}@demo.example", [ACCOUNT_MANAGER], name)
    yield database
    with database.write() as session:
        extra = select(Person.id).where(Person.email.like("collega%"))
        session.execute(delete(Account).where(Account.person_id.in_(extra)))
        session.execute(delete(Person).where(Person.id.in_(extra)))
        session.execute(delete(Invitation))
        session.execute(delete(Device))
    database.close()


@pytest.fixture
def enter(browser: Browser, site: str, demo_settings: Settings, database: Database) -> Iterator[Enter]:
    """Open a page as a demo account, in a browser of its own; at the end no page may have logged an error."""
    errors: list[str] = []
    contexts = []

    def open_(address: str, email: str = BOSS, size: tuple[int, int] = WIDE) -> Page:
        context = browser.new_context(
            base_url=site, viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce"
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        be_signed_in(context, demo_settings, site, email)
        page = context.new_page()
        watch(page, errors)
        page.goto(address)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert errors == []


def look(page: Page, name: str) -> None:
    """Photograph the whole page, and hold it against WCAG."""
    OUTPUT.mkdir(exist_ok=True)
    width = page.viewport_size["width"] if page.viewport_size else 0
    page.screenshot(path=OUTPUT / f"{name}-{width}.png")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def number_of(database: Database, email: str) -> int:
    """Number of this person's account."""
    with database.read() as session:
        return session.scalars(
            select(Account.id).join(Person, Person.id == Account.person_id).where(Person.email == email)
        ).one()


PAGES = {
    "home": ("/", EMAIL),
    "home-operations": ("/", OPERATIONS_EMAIL),
    "settings": ("/instellingen/", BOSS),
    "security": ("/instellingen/beveiliging", BOSS),
    "new-password": ("/instellingen/beveiliging/wachtwoord", BOSS),
    "new-email": ("/instellingen/e-mailadres", BOSS),
    "organisation": ("/instellingen/organisatie", BOSS),
    "users": (USERS, BOSS),
    "users-none": (f"{USERS}?zoek=bestaat+niet", BOSS),
    "invited-none": (f"{USERS}?lijst=uitgenodigd", BOSS),
    "invite": ("/instellingen/uitnodigingen/nieuw", BOSS),
}


@SIZES
@pytest.mark.parametrize("name", PAGES)
def test_pages(enter: Enter, name: str, size: tuple[int, int]) -> None:
    address, email = PAGES[name]
    look(enter(address, email, size), name)


@SIZES
@pytest.mark.requirement("SET-17", "SET-18", "SET-19")
def test_security_with_browsers(enter: Enter, database: Database, size: tuple[int, int]) -> None:
    page = enter("/instellingen/beveiliging", EMAIL, size)
    now = datetime.now(UTC)
    with database.write() as session:
        person = find_person(session, EMAIL)
        assert person is not None
        session.execute(delete(Device).where(Device.person_id == person))
        here = known_devices.meet(session, person, [], ("Chrome", "Linux"), now)
        away = known_devices.meet(session, person, [], ("Firefox", "Windows"), now - timedelta(days=20))
        known_devices.meet(session, person, [], ("", ""), now - timedelta(days=90))
        session.execute(update(SignInSession).where(SignInSession.person_id == person).values(device_id=here.device_id))
    page.reload()
    look(page, "security-browsers")
    page.get_by_role("link", name="Weghalen Firefox op Windows").click()
    expect(page.get_by_role("heading", name="Apparaat weghalen?")).to_be_visible()
    look(page, "sure")
    page.get_by_role("button", name="Weghalen").click()
    expect(page.get_by_role("status").first).to_contain_text("Het apparaat is weggehaald.")
    assert page.locator(f'a[href$="/apparaten/{away.device_id}/weg"]').count() == 0


@SIZES
@pytest.mark.requirement("SET-21", "SET-22", "SET-23", "UI-20", "UI-21")
def test_inviting_editing_and_closing(enter: Enter, database: Database, size: tuple[int, int]) -> None:
    page = enter(USERS, BOSS, size)
    page.get_by_role("link", name="Volgende pagina").click()
    page.get_by_role("link", name="Vorige pagina").click()
    page.get_by_role("link", name="Gebruiker toevoegen").click()
    page.get_by_label("Naam", exact=True).fill("Nieuw Gezicht")
    page.get_by_role("button", name="Stuur de uitnodiging").click()
    expect(page.get_by_role("alert")).to_contain_text("Vul een e-mailadres in.")
    expect(page.get_by_label("E-mailadres", exact=True)).to_be_focused()
    look(page, "invite-wrong")
    page.get_by_label("E-mailadres", exact=True).fill(f"nieuw{size[0]}@demo.example")
    page.get_by_label("Accountmanager").check()
    page.get_by_role("button", name="Stuur de uitnodiging").click()
    expect(page.get_by_role("status").first).to_contain_text("De uitnodiging voor Nieuw Gezicht is verstuurd.")
    look(page, "invited")
    page.get_by_role("link", name="Intrekken Nieuw Gezicht").click()
    look(page, "sure-revoke")
    page.get_by_role("button", name="Intrekken").click()
    expect(page.get_by_role("status").first).to_contain_text("De uitnodiging is ingetrokken.")
    page.goto(USERS)
    page.get_by_label("Naam of e-mailadres").fill("collega nummer 03")
    page.get_by_role("button", name="Zoeken").click()
    page.get_by_role("link", name="Collega Nummer 03").click()
    look(page, "user")
    page.get_by_label("Alleen deze etalages").check()
    page.get_by_label("Regio Rijnmond").check()
    page.get_by_role("button", name="Opslaan").click()
    expect(page.get_by_role("status").first).to_contain_text("De rechten van Collega Nummer 03 zijn gewijzigd.")
    page.goto(f"{USERS}/{number_of(database, 'collega03@demo.example')}")
    page.get_by_role("link", name="Sluiten van dit account").click()
    page.get_by_role("button", name="Account sluiten").click()
    expect(page.get_by_role("status").first).to_contain_text("is gesloten")
    look(page, "closed")
    page.get_by_role("button", name="Ongedaan maken").click()
    expect(page.get_by_role("status").first).to_contain_text("is weer open")


@SIZES
@pytest.mark.requirement("SET-01", "SET-02", "SET-03", "OPEN-04", "UI-04")
def test_switching_by_keyboard(enter: Enter, size: tuple[int, int]) -> None:
    page = enter("/", TWO_ACCOUNTS, size)
    page.locator(".account > summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator(".popup").get_by_role("link", name="Instellingen")).to_be_focused()
    look(page, "account-switch")
    here = page.locator("main p").first.inner_text()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("main p").first).not_to_have_text(here)


@pytest.mark.requirement("UI-04")
def test_a_phone_has_settings_in_the_main_menu(enter: Enter) -> None:
    page = enter("/", EMAIL, PHONE)
    page.get_by_role("link", name="Menu").click()
    look(page, "menu-settings")
    page.get_by_role("dialog").get_by_role("link", name="Instellingen").click()
    expect(page.get_by_role("heading", name="Persoonsgegevens")).to_be_visible()


def test_in_english(enter: Enter) -> None:
    page = enter(USERS, BOSS)
    page.locator(".account > summary").click()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="Users", exact=True)).to_be_visible()
    look(page, "users-english")
