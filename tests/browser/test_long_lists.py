"""Long lists of filter options: the usual ones in sight, the others one click away, 'Niet ingevuld' always last."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, SMALL, WIDE, OpenPage

HOME = "/kandidaten/rijnmond/"
ALL = re.compile(r"^Toon alle \(\d+\)")


def in_sight(page: Page) -> list[str]:
    """The texts of the options of certificates that are shown."""
    return [text for text in page.locator("#opties-certificaat label.opt:visible").all_inner_texts() if text]


@pytest.mark.requirement("CAND-19", "CAND-28")
@pytest.mark.parametrize("size", [WIDE, SMALL], ids=["1440", "1093"])
def test_what_people_have_and_not_filled_in_are_in_sight(open_page: OpenPage, size: tuple[int, int]) -> None:
    page = open_page(f"{HOME}?categorie=certificaat", size)
    shown = in_sight(page)
    assert shown[-1].startswith("Niet ingevuld")
    assert not [text for text in shown[:-1] if text.split()[-1] == "0"]
    options = page.locator("#opties-certificaat")
    expect(options.get_by_text("Niet ingevuld")).to_be_in_viewport()
    assert options.evaluate("part => part.scrollHeight <= part.clientHeight")

    page.locator("#alle-certificaat > summary").click()
    unfolded = in_sight(page)
    assert len(unfolded) > len(shown)
    assert unfolded[-1] == shown[-1]
    assert options.locator("label.opt").last.inner_text() == shown[-1]
    expect(page.locator("#alle-certificaat > summary")).to_contain_text("Toon minder")
    # The list is longer than its room by now: its end stays in sight, and never lies over what has the focus.
    assert options.evaluate("part => part.scrollHeight > part.clientHeight")
    expect(options.get_by_text("Niet ingevuld")).to_be_in_viewport()
    page.locator("#alle-certificaat input").last.focus()
    focused, end = (options.locator(name).bounding_box() for name in ("label.opt:has(:focus)", "label.opt--none"))
    assert focused
    assert end
    assert focused["y"] + focused["height"] <= end["y"]


def test_a_ticked_option_that_nobody_has_stays_in_sight(open_page: OpenPage) -> None:
    page = open_page(f"{HOME}?categorie=certificaat", WIDE)
    page.locator("#alle-certificaat > summary").click()
    hidden = page.locator("#alle-certificaat label.opt--zero").first
    name = hidden.inner_text().rsplit(maxsplit=1)[0]
    hidden.click()
    expect(page.locator(".clear")).to_contain_text("1 filter")
    expect(page.get_by_role("checkbox", name=name).first).to_be_focused()
    expect(page.locator("#alle-certificaat")).to_have_attribute("open", "")
    page.reload()
    expect(page.locator("#alle-certificaat")).not_to_have_attribute("open", "")
    expect(page.get_by_role("checkbox", name=name).first).to_be_checked()
    expect(page.locator("#opties-certificaat label.opt:visible", has_text=name)).to_have_count(1)


def test_in_the_sheet_and_without_javascript(open_page: OpenPage) -> None:
    phone = open_page(HOME, PHONE)
    phone.locator("#filters-aanpassen").click()
    summary = phone.locator("#alle-certificaat > summary")
    expect(summary).to_have_text(ALL)
    before = in_sight(phone)
    summary.click()
    unfolded = in_sight(phone)
    assert len(unfolded) > len(before)
    assert unfolded[-1] == before[-1]
    assert unfolded[-1].startswith("Niet ingevuld")
    options = phone.locator("#opties-certificaat")
    assert options.evaluate("part => part.scrollHeight <= part.clientHeight")

    plain = open_page(f"{HOME}?categorie=certificaat", java_script_enabled=False)
    plain.locator("#alle-certificaat > summary").click()
    plain.locator("#alle-certificaat label").last.click()
    plain.get_by_role("button", name="Filters toepassen").click()
    expect(plain).to_have_url(re.compile(r"f\.certificaat="))
