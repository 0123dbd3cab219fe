"""The same job without any JavaScript: links and forms only."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import PHONE, OpenPage

HOME = "/kandidaten/rijnmond/"


def test_search_filter_and_walk(open_page: OpenPage) -> None:
    page = open_page(HOME, java_script_enabled=False)
    page.locator("#wat").fill("heftruckchauffeur")
    page.locator("#waar").fill("Rotterdam")
    page.locator("#straal").select_option("10")
    expect(page.get_by_role("button", name="Zoeken")).to_have_count(1)
    page.get_by_role("button", name="Zoeken").click()
    expect(page).to_have_url(re.compile(r"\?beroep=heftruckchauffeur&plaats=rotterdam&straal=10&begrepen="))

    page.get_by_role("button", name="Rijbewijs").click()
    expect(page).to_have_url(re.compile("categorie=rijbewijs"))
    page.locator("#f-rijbewijs-B").check(force=True)
    page.get_by_role("button", name="Filters toepassen").click()
    expect(page).to_have_url(re.compile(r"beroep=heftruckchauffeur.*f\.rijbewijs=B"))
    expect(page.locator(".clear")).to_contain_text("1 filter")

    page.get_by_role("switch", name="ook verwante").click()
    expect(page).to_have_url(re.compile("verwant=nee"))
    page.get_by_role("switch", name="ook verwante").click()
    expect(page).not_to_have_url(re.compile("verwant=nee"))

    first, second = (page.locator("a[data-profile]").nth(number).inner_text() for number in (0, 1))
    page.locator("a[data-profile]").nth(0).click()
    expect(page.locator("#naam")).to_have_text(first)
    page.get_by_role("link", name="Volgende", exact=True).click()
    expect(page.locator("#naam")).to_have_text(second)
    page.get_by_role("link", name="Terug naar de lijst").click()
    expect(page).to_have_url(re.compile(r"#rij-\d+$"))
    expect(page.locator("a[data-profile]").nth(1)).to_have_text(second)

    page.get_by_role("link", name="Heftruckchauffeur weghalen").click()
    expect(page.locator(".chip")).to_have_count(0)


def test_a_phone_without_javascript_reaches_menu_place_and_filters(open_page: OpenPage) -> None:
    page = open_page(HOME, PHONE, java_script_enabled=False)
    page.get_by_role("link", name="Menu").click()
    expect(page.get_by_role("link", name="Verkennen")).to_be_visible()
    page.locator("#menu .sheet-close").click()
    page.locator("#plaats-aanpassen").click()
    page.locator("#waar").fill("Rotterdam")
    page.locator("#waar-blok").get_by_role("button", name="Zoeken").click()
    expect(page.locator(".summary")).to_contain_text("Rotterdam, 25 km")
    page.locator("#filters-aanpassen").click()
    page.locator("#f-niveau-mbo-2").check(force=True)
    page.get_by_role("button", name="Filters toepassen").click()
    expect(page.locator(".summary")).to_contain_text("1 filter")
