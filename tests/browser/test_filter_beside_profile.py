"""What stays beside the list while it is searched on: the open profile, and the distance that waits for a place."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, OpenPage

HOME = "/kandidaten/rijnmond/"


@pytest.mark.requirement("CAND-02", "CAND-20")
def test_a_filter_keeps_the_open_profile_while_that_person_is_found(open_page: OpenPage) -> None:
    page = open_page(f"{HOME}?f.niveau=mbo-1&f.niveau=mbo-2&categorie=niveau")
    page.locator("a[data-profile]").nth(2).click()
    name = page.locator("#naam")
    expect(name).to_be_visible()
    chosen = name.inner_text()
    level = page.locator(".row--picked .row__facts").inner_text()
    own, other = ("mbo-1", "mbo-2") if "MBO 1" in level else ("mbo-2", "mbo-1")
    page.locator(f"label.opt:has(#f-niveau-{other})").click()
    expect(page).not_to_have_url(re.compile(f"niveau={other}"))
    expect(page).to_have_url(re.compile(r"kandidaat=\d+"))
    expect(name).to_have_text(chosen)
    page.locator(f"label.opt:has(#f-niveau-{other})").click()
    expect(page).to_have_url(re.compile(f"niveau={other}"))
    expect(name).to_have_text(chosen)
    page.locator(f"label.opt:has(#f-niveau-{own})").click()
    expect(page).not_to_have_url(re.compile(f"niveau={own}"))
    expect(page.get_by_role("heading", name="Kies een kandidaat")).to_be_visible()
    expect(page).not_to_have_url(re.compile("kandidaat=|open="))


@pytest.mark.requirement("CAND-02", "CAND-13", "CAND-22")
def test_clearing_by_a_link_keeps_the_open_profile_while_that_person_is_found(open_page: OpenPage) -> None:
    page = open_page(f"{HOME}?beroep=kok&beroep=schoonmaker&f.niveau=mbo-1&f.niveau=mbo-2")
    page.locator("a[data-profile]").nth(1).click()
    name = page.locator("#naam")
    expect(name).to_be_visible()
    chosen = name.inner_text()
    page.locator("#wis-filters").click()
    expect(page).to_have_url(re.compile(r"\?beroep=kok&beroep=schoonmaker&kandidaat=\d+$"))
    expect(name).to_have_text(chosen)
    # Another profile than the one that the page came with.
    page.locator("a[data-profile]:not([aria-current])").first.click()
    expect(name).not_to_have_text(chosen)
    chosen, opened = name.inner_text(), page.locator(".profile").get_attribute("data-profile-id")
    for chip in ("Kok", "Schoonmaker"):
        page.get_by_role("link", name=f"{chip} weghalen").click()
        expect(page.locator(".chip", has_text=chip)).to_have_count(0)
    expect(page).to_have_url(re.compile(rf"rijnmond/\?kandidaat={opened}$"))
    expect(name).to_have_text(chosen)


@pytest.mark.requirement("CAND-16")
def test_a_distance_can_be_chosen_once_there_is_a_place(open_page: OpenPage) -> None:
    page = open_page(HOME)
    radius = page.get_by_label("Afstand")
    expect(radius).to_be_disabled()
    page.locator(".search__km").hover()
    expect(page.locator("#straal-uitleg")).to_be_visible()
    expect(page.locator("#straal-uitleg")).to_have_text("Kies eerst een plaats")
    page.get_by_label("Plaats of postcode").fill("Rotterdam")
    expect(radius).to_be_enabled()
    radius.select_option("10")
    expect(page).to_have_url(re.compile(r"plaats=rotterdam&straal=10"))
    page.get_by_label("Plaats of postcode").fill("")
    page.get_by_label("Plaats of postcode").press("Enter")
    expect(page).not_to_have_url(re.compile("straal|plaats"))
    expect(radius).to_be_disabled()


def test_on_a_phone_the_sheet_says_so(open_page: OpenPage) -> None:
    page = open_page(HOME, PHONE)
    page.locator("#plaats-aanpassen").click()
    expect(page.locator("#blad #straal-uitleg")).to_be_visible()
