"""Everything with the keyboard alone."""

from __future__ import annotations

import re

import pyotp
import pytest
from playwright.sync_api import Page, expect

from matching.demo.accounts import SECRET
from tests.browser.conftest import OpenPage
from tests.support.site import EMAIL, PASSWORD

HOME = "/kandidaten/rijnmond/"


def tab_to(page: Page, selector: str, limit: int = 80) -> None:
    """Press Tab until the focus is on `selector`, which must have a visible ring."""
    for _ in range(limit):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} was not reached in {limit} tabs")


def test_sign_in_search_filter_and_read_without_a_mouse(open_page: OpenPage) -> None:
    page = open_page(HOME, guest=True)
    expect(page.get_by_label("E-mailadres")).to_be_focused()
    page.keyboard.type(EMAIL)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Wachtwoord", exact=True)).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Code")).to_be_focused()
    page.keyboard.type(pyotp.TOTP(SECRET).now())
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(rf"\d{HOME}$"))
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Naar de inhoud")).to_be_focused()
    expect(page.get_by_role("link", name="Naar de inhoud")).to_be_in_viewport()

    tab_to(page, "#wat")
    page.keyboard.type("heftruckch")
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    field = page.locator("#wat")
    expect(field).to_have_attribute("aria-activedescendant", re.compile("heftruckchauffeur"))
    expect(field).to_have_attribute("aria-expanded", "true")
    expect(field).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("beroep=heftruckchauffeur"))
    expect(page.locator("#wat")).to_be_focused()

    tab_to(page, "#waar")
    page.keyboard.type("3011")
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("plaats=3011"))

    tab_to(page, "#cat-rijbewijs")
    page.keyboard.press("Enter")
    tab_to(page, "#f-rijbewijs-B")
    page.keyboard.press("Space")
    expect(page).to_have_url(re.compile(r"f\.rijbewijs=B"))
    expect(page.locator("#f-rijbewijs-B")).to_be_focused()

    tab_to(page, "a[data-profile]", 120)
    first = page.locator("a[data-profile]").nth(0)
    expect(first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#naam")).to_have_text(first.inner_text())
    page.keyboard.press("ArrowDown")
    second = page.locator("a[data-profile]").nth(1)
    expect(second).to_be_focused()
    expect(page.locator("#naam")).to_have_text(second.inner_text())
    tab_to(page, "#vorige", 120)
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#naam")).to_have_text(first.inner_text())


@pytest.mark.requirement("CAND-11")
def test_the_list_of_suggestions_keeps_to_the_combobox_pattern(open_page: OpenPage) -> None:
    page = open_page(HOME)
    field = page.locator("#wat")
    field.focus()
    page.keyboard.type("kok")
    options = page.locator("#suggesties").get_by_role("option")
    expect(options.first).to_be_visible()
    expect(page.locator("#omroep")).to_contain_text("suggesties")
    page.keyboard.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    expect(page.locator("[aria-selected=true]")).to_have_count(0)
    page.keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(field).to_have_attribute("aria-expanded", "false")
    expect(field).to_have_value("kok")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("beroep=kok"))


def test_no_suggestions_is_said_in_the_list(open_page: OpenPage) -> None:
    page = open_page(HOME)
    page.locator("#wat").press_sequentially("xqzwv")
    expect(page.locator("#suggesties")).to_have_text("Geen suggesties. Druk op Enter om als woord te zoeken.")
    expect(page.locator("#omroep")).to_contain_text("Geen suggesties")
    page.locator("#suggesties > *").click(force=True)
    page.keyboard.press("ArrowDown")
    expect(page.locator("[aria-selected=true]")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("woord=xqzwv"))


@pytest.mark.requirement("PROF-02")
def test_from_a_row_to_the_profile_and_back(open_page: OpenPage) -> None:
    page = open_page(f"{HOME}?beroep=kok")
    first, second = page.locator("a[data-profile]").nth(0), page.locator("a[data-profile]").nth(1)
    name = page.locator("#naam")
    first.focus()
    page.keyboard.press("Enter")
    expect(name).to_have_text(first.inner_text())
    expect(first).to_be_focused()
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Naar het profiel")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(name).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("link", name="Terug naar de lijst")).to_be_focused()
    page.keyboard.press("Enter")
    expect(first).to_be_focused()

    second.focus()
    page.keyboard.press("ArrowRight")
    expect(name).to_have_text(second.inner_text())
    expect(name).to_be_focused()
    page.keyboard.press("Escape")
    expect(second).to_be_focused()


def test_escape_closes_the_account_menu_and_gives_focus_back(open_page: OpenPage) -> None:
    page = open_page(HOME)
    summary = page.locator(".account > summary")
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Uitloggen")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Uitloggen")).to_be_hidden()
    expect(summary).to_be_focused()


def test_focus_is_always_visible(open_page: OpenPage) -> None:
    page = open_page(f"{HOME}?beroep=kok&plaats=rotterdam&f.rijbewijs=B&categorie=rijbewijs&kandidaat=eerste")
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        shown = page.evaluate(
            """() => {
              const at = document.activeElement;
              const styles = e => [getComputedStyle(e), getComputedStyle(e, '::after')];
              const drawn = [at, at.closest('.opt')].filter(Boolean).flatMap(styles);
              const ring = style => style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 3;
              return [at.id || at.className, drawn.some(ring)];
            }"""
        )
        seen.add(shown[0])
        assert shown[1], f"no focus ring on {shown[0]}"
    assert len(seen) > 20
