"""At 400 % (a 1280-pixel screen seems 320 wide) and with large text nothing is lost and no page scrolls sideways."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage

ADDRESSES = (
    "/kandidaten/rijnmond/?beroep=heftruckchauffeur&plaats=rotterdam&f.rijbewijs=B",
    "/kandidaten/rijnmond/?beroep=heftruckchauffeur&kandidaat=eerste",
    "/kandidaten/rijnmond/?waar=Bergen",
    "/kandidaten/bestaat-niet/",
)


@pytest.mark.requirement("GEN-04")
@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("size", [(320, 256), (320, 640), (640, 360), (760, 900), (1280, 430)], ids=str)
def test_no_page_scrolls_sideways(open_page: OpenPage, address: str, size: tuple[int, int]) -> None:
    page = open_page(address, size)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    heading = page.get_by_role("heading").last
    heading.scroll_into_view_if_needed()
    expect(heading).to_be_in_viewport()


@pytest.mark.parametrize("width", [761, 820, 900, 960, 1093, 1280])
def test_what_was_chosen_is_in_sight_on_every_width(open_page: OpenPage, width: int) -> None:
    page = open_page(
        "/kandidaten/rijnmond/?beroep=heftruckchauffeur&niveau=mbo-3&taal=en&plaats=rotterdam", (width, 614)
    )
    for name in ("Heftruckchauffeur", "MBO 3", "Engels"):
        expect(page.get_by_role("link", name=f"{name} weghalen")).to_be_in_viewport(ratio=0.9)
    assert page.locator("#wat").evaluate("field => field.offsetWidth") >= 90
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_only_one_thing_scrolls_on_a_profiles_own_page(open_page: OpenPage) -> None:
    page = open_page(ADDRESSES[0], (1440, 900))
    page.goto(page.locator("a[data-profile]").first.get_attribute("href") or "")
    assert page.evaluate("document.documentElement.scrollHeight") == 900
    assert page.locator(".page").evaluate("part => part.scrollHeight > part.clientHeight")


def test_everything_is_still_there_at_400_percent(open_page: OpenPage) -> None:
    page = open_page(ADDRESSES[0], (320, 256))
    expect(page.locator("#wat")).to_be_visible()
    page.locator("#filters-aanpassen").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_role("button", name="Sluiten").click()
    row = page.locator("a[data-profile]").nth(0)
    name = row.inner_text()
    row.click()
    expect(page.get_by_role("heading", name=name).first).to_be_visible()


def test_rows_are_at_most_84_pixels_high(open_page: OpenPage) -> None:
    for size in ((1440, 900), (1093, 614), (390, 844)):
        page = open_page(f"{ADDRESSES[0]}&niveau=mbo-3&taal=en", size)
        heights = page.locator(".row").evaluate_all("rows => rows.map(row => row.getBoundingClientRect().height)")
        assert heights
        assert max(heights) <= 84
