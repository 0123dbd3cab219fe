"""On a phone: one pane at a time, sheets for place and filters, and back to the same row."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, OpenPage

HOME = "/kandidaten/rijnmond/"


@pytest.mark.requirement("GEN-04", "UI-01", "UI-02")
def test_back_leads_to_the_row_that_was_left(open_page: OpenPage) -> None:
    page = open_page(HOME, PHONE, has_touch=True, is_mobile=True)
    row = page.locator(".row").nth(14)
    row.scroll_into_view_if_needed()
    name = row.locator(".row__link").inner_text()
    row.tap()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    expect(page.locator(".rows")).to_have_count(0)
    page.go_back()
    expect(page.locator(".row").nth(14)).to_be_in_viewport()
    page.locator(".row").nth(14).tap()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    page.get_by_role("link", name="Terug naar de lijst").tap()
    expect(page.locator(".row").nth(14)).to_be_in_viewport()
    expect(page.get_by_role("heading", name="Kandidaten", level=1)).to_be_visible()


@pytest.mark.requirement("CAND-17", "CAND-23")
def test_place_and_filters_open_as_sheets_that_count(open_page: OpenPage) -> None:
    page = open_page(f"{HOME}?beroep=kok", PHONE, has_touch=True, is_mobile=True)
    everyone = page.locator("#aantal").inner_text()
    page.get_by_role("link", name="Plaats en afstand").first.tap()
    page.locator("#waar").press_sequentially("rotter")
    page.get_by_role("option", name=re.compile("^Rotterdam Zuid-Holland")).tap()
    button = page.locator("#blad-voet button")
    expect(button).not_to_have_text(f"Toon {everyone}")
    text = button.inner_text()
    button.tap()
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator(".summary")).to_contain_text("Rotterdam, 25 km")
    assert page.locator("#aantal").inner_text().lower() in text.lower()

    page.locator("#filters-aanpassen").tap()
    page.locator("label.opt", has_text="B: personenauto").tap()
    expect(button).not_to_have_text(text)
    button.tap()
    expect(page).to_have_url(re.compile(r"beroep=kok&plaats=rotterdam&f\.rijbewijs=B$"))
    expect(page.locator(".summary")).to_contain_text("1 filter")


def test_a_sheet_closes_and_gives_everything_back(open_page: OpenPage) -> None:
    page = open_page(HOME, PHONE)
    page.locator("#filters-aanpassen").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator("#filters-aanpassen")).to_be_focused()
    page.set_viewport_size({"width": 1440, "height": 900})
    expect(page.get_by_role("button", name="Niveau")).to_be_visible()


@pytest.mark.parametrize("leave", ["cross", "escape"])
def test_a_sheet_that_is_left_changes_nothing(open_page: OpenPage, leave: str) -> None:
    page = open_page(f"{HOME}?beroep=kok&plaats=rotterdam&straal=10&f.rijbewijs=B", PHONE)

    def close() -> None:
        if leave == "cross":
            page.get_by_role("button", name="Sluiten").click()
        else:
            page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden()

    address = page.url
    page.locator("#filters-aanpassen").click()
    page.locator("label.opt", has_text="B: personenauto").click()
    page.locator("label.opt", has_text="MBO 2").click()
    close()
    page.locator("#plaats-aanpassen").click()
    page.locator("#straal").select_option("50")
    page.locator("#waar").fill("")
    page.locator("#waar").press_sequentially("schied")
    page.get_by_role("option", name=re.compile("^Schiedam")).click()
    close()
    expect(page.locator("#f-rijbewijs-B")).to_be_checked()
    expect(page.locator("#f-niveau-mbo-2")).not_to_be_checked()
    expect(page.locator("#straal")).to_have_value("10")
    expect(page.locator("#waar")).to_have_value("Rotterdam")
    page.locator(".search__go").click()
    expect(page).to_have_url(address)


@pytest.mark.parametrize(
    "query", ["beroep=kok&plaats=rotterdam", "beroep=kok&waar=Bergen", "woord=achterbergh&kandidaat=eerste"]
)
def test_targets_are_44_pixels(open_page: OpenPage, query: str) -> None:
    page = open_page(f"{HOME}?{query}", PHONE)
    small = page.evaluate(
        """() => [...document.querySelectorAll('a, button, summary, select, input:not([type=hidden])')]
          .filter(e => e.checkVisibility({visibilityProperty: true}) && !e.closest('[hidden], .skip, dialog'))
          .map(e => [e.id || e.className || e.textContent.trim(), e.matches('.row__link') ? e.closest('.row') : e])
          .map(([name, e]) => [name, e.getBoundingClientRect()])
          .filter(([, box]) => box.width > 1 && box.height > 1 && box.bottom > 0 && box.height < 43.5)
          .map(([name, box]) => `${name}: ${box.height}`)"""
    )
    assert small == []
    assert page.locator(".chip__remove").first.evaluate("cross => cross.offsetWidth") >= 44


def test_a_shared_desktop_address_shows_the_profile(open_page: OpenPage) -> None:
    page = open_page(f"{HOME}?beroep=kok&kandidaat=eerste", PHONE)
    expect(page.locator("#naam")).to_be_visible()
    expect(page.locator(".rows")).to_be_hidden()
    page.get_by_role("link", name="Terug naar de lijst").click()
    expect(page.locator(".rows")).to_be_visible()
