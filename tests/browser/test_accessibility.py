"""axe-core finds no violation of WCAG 2.2 A and AA on any page, in any size; and each is photographed for a look."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, SMALL, WIDE, OpenPage

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OUTPUT = Path(__file__).parents[1] / "output"
SEARCH = "/kandidaten/rijnmond/?beroep=heftruckchauffeur&plaats=rotterdam&niveau=mbo-3"


def violations(page: Page) -> list[str]:
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]})
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found.response["violations"]
        for node in one["nodes"]
    ]


PAGES = {
    "sign-in": ("/inloggen", True),
    "everyone": ("/kandidaten/rijnmond/", False),
    "search": (f"{SEARCH}&categorie=rijbewijs&f.rijbewijs=B", False),
    "profile": (f"{SEARCH}&kandidaat=eerste", False),
    "understood": ("/kandidaten/rijnmond/?q=heftruckchauffeurs,nacht&begrepen=", False),
    "few": ("/kandidaten/rijnmond/?beroep=heftruckchauffeur&plaats=rotterdam&straal=5&f.certificaat=drone", False),
    "choose-place": ("/kandidaten/rijnmond/?beroep=kok&waar=Bergen", False),
    "unknown-place": ("/kandidaten/rijnmond/?beroep=kok&waar=Roterdam", False),
    "problem": ("/kandidaten/rijnmond/?straal=ver&f.kleur=rood", False),
    "not-found": ("/kandidaten/bestaat-niet/", False),
    "thin-showcase": ("/kandidaten/leerwerkbanen/?categorie=doelgroep", False),
}


@pytest.mark.parametrize("size", [WIDE, SMALL, PHONE], ids=["1440", "1093", "390"])
@pytest.mark.parametrize("name", PAGES)
def test_pages(open_page: OpenPage, name: str, size: tuple[int, int]) -> None:
    address, guest = PAGES[name]
    page = open_page(address, size, guest=guest)
    OUTPUT.mkdir(exist_ok=True)
    page.screenshot(path=OUTPUT / f"{name}-{size[0]}.png")
    assert violations(page) == []


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["1440", "390"])
def test_the_profile_as_a_page_of_its_own(open_page: OpenPage, size: tuple[int, int]) -> None:
    page = open_page(SEARCH, size)
    page.goto(page.locator("a[data-profile]").nth(1).get_attribute("href") or "")
    page.screenshot(path=OUTPUT / f"profile-page-{size[0]}.png", full_page=True)
    assert violations(page) == []


def type_letters(page: Page) -> None:
    page.locator("#wat").press_sequentially("chauffeur")
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("ArrowDown")


def open_account(page: Page) -> None:
    page.locator(".account > summary").click()


def open_filters(page: Page) -> None:
    page.locator("#filters-aanpassen").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def open_place(page: Page) -> None:
    page.locator("#plaats-aanpassen").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def open_menu(page: Page) -> None:
    page.get_by_role("link", name="Menu").click()
    expect(page.get_by_role("dialog")).to_be_visible()


STATES: dict[str, tuple[Callable[[Page], None], tuple[int, int]]] = {
    "suggestions": (type_letters, WIDE),
    "suggestions-phone": (type_letters, PHONE),
    "account": (open_account, WIDE),
    "sheet-filters": (open_filters, PHONE),
    "sheet-place": (open_place, PHONE),
    "sheet-menu": (open_menu, PHONE),
}


@pytest.mark.parametrize("name", STATES)
def test_what_opens_on_top(open_page: OpenPage, name: str) -> None:
    act, size = STATES[name]
    page = open_page(SEARCH, size)
    act(page)
    page.screenshot(path=OUTPUT / f"{name}.png")
    assert violations(page) == []


def test_in_english_too(open_page: OpenPage) -> None:
    page = open_page(SEARCH)
    open_account(page)
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="Candidates", exact=True)).to_be_visible()
    page.screenshot(path=OUTPUT / "english-1440.png")
    assert violations(page) == []
