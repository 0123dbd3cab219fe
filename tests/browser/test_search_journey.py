"""The main job: from a few letters to the right person, and the address shared with a colleague."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage

HOME = "/kandidaten/rijnmond/"


def total(page: Page) -> int:
    return int(re.sub(r"\D", "", page.locator("#aantal").inner_text()))


@pytest.mark.requirement(
    "CAND-02", "CAND-07", "CAND-08", "CAND-10", "CAND-11", "CAND-13", "CAND-16", "CAND-20", "UI-09", "UI-10"
)
def test_search_filter_open_walk_and_share(open_page: OpenPage) -> None:
    page = open_page(HOME)
    everyone = total(page)
    page.get_by_label("Zoek op beroep, taal, rijbewijs of woord").press_sequentially("heftruck", delay=20)
    page.get_by_role("option", name=re.compile("^Heftruckchauffeur")).click()
    expect(page.get_by_role("list", name="Gekozen zoektermen")).to_contain_text("Heftruckchauffeur beroep")
    expect(page).to_have_url(re.compile(r"\?beroep=heftruckchauffeur$"))
    with_occupation = total(page)
    assert with_occupation < everyone

    page.get_by_label("Plaats of postcode").press_sequentially("rotter", delay=20)
    page.get_by_role("option", name=re.compile("^Rotterdam Zuid-Holland")).click()
    expect(page).to_have_url(re.compile("plaats=rotterdam"))
    expect(page.get_by_label("Plaats of postcode")).to_have_value("Rotterdam")
    expect(page.get_by_label("Afstand")).to_have_value("25")
    assert total(page) < with_occupation

    for category, option in (("Certificaat", "Heftruck"), ("Rijbewijs", "B: personenauto")):
        page.get_by_role("button", name=re.compile(f"^{category}")).click()
        page.locator("label.opt", has_text=re.compile(rf"^\s*{re.escape(option)}\s")).click()
        expect(page.get_by_role("checkbox", name=re.compile(f"^{re.escape(option)} ")).first).to_be_checked()
    expect(page).to_have_url(re.compile(r"f\.rijbewijs=B.*f\.certificaat=heftruck"))
    expect(page.locator(".clear")).to_contain_text("2 filters")
    assert total(page) > 1

    rows = page.locator("a[data-profile]")
    second = rows.nth(1)
    second.click()
    name = second.inner_text()
    expect(page.locator("#naam")).to_have_text(name)
    expect(second).to_be_focused()
    expect(second).to_have_attribute("aria-current", "true")
    expect(page.get_by_role("heading", name="Waarom deze kandidaat")).to_be_visible()
    page.get_by_role("link", name="Vorige", exact=True).click()
    expect(page.locator("#naam")).to_have_text(rows.nth(0).inner_text())
    page.get_by_role("link", name="Volgende", exact=True).click()
    expect(page.locator("#naam")).to_have_text(name)

    shared = open_page(page.url)
    expect(shared.locator("#naam")).to_have_text(name)
    assert total(shared) == total(page)
    expect(shared.locator(".row--picked")).to_contain_text(name)


@pytest.mark.requirement("CAND-13", "CAND-22")
def test_back_and_forward_go_through_the_search(open_page: OpenPage) -> None:
    page = open_page(f"{HOME}?beroep=kok")
    with_chip = total(page)
    page.get_by_role("link", name="Kok weghalen").click()
    expect(page.locator(".chip")).to_have_count(0)
    assert total(page) > with_chip
    expect(page.get_by_label("Zoek op beroep, taal, rijbewijs of woord")).to_be_focused()
    page.go_back()
    expect(page.locator(".chip")).to_have_count(1)
    assert total(page) == with_chip
    page.go_forward()
    expect(page.locator(".chip")).to_have_count(0)
    page.reload()
    expect(page.locator(".chip")).to_have_count(0)


def test_opening_a_profile_leaves_the_list_where_it_was(open_page: OpenPage) -> None:
    page = open_page(HOME)
    results = page.locator("#resultaten")
    row = page.locator("a[data-profile]").nth(12)
    row.scroll_into_view_if_needed()
    before = results.evaluate("list => list.scrollTop")
    assert before > 0
    row.click()
    expect(page.locator("#naam")).to_have_text(row.inner_text())
    assert results.evaluate("list => list.scrollTop") == before
    page.go_back()
    expect(page.get_by_role("heading", name="Kies een kandidaat")).to_be_visible()
    assert results.evaluate("list => list.scrollTop") == before


@pytest.mark.requirement("CAND-14")
def test_the_switch_leaves_out_the_related(open_page: OpenPage) -> None:
    page = open_page(f"{HOME}?beroep=kok")
    exact = int(page.locator(".results__sub").inner_text().split()[0])
    page.get_by_role("switch", name="ook verwante").click()
    expect(page.get_by_role("switch", name="ook verwante")).to_have_attribute("aria-checked", "false")
    assert total(page) == exact
    page.get_by_role("switch", name="ook verwante").click()
    expect(page.get_by_role("switch", name="ook verwante")).to_have_attribute("aria-checked", "true")


@pytest.mark.requirement("CAND-23")
def test_categories_that_do_not_fit_scroll_with_arrows(open_page: OpenPage) -> None:
    page = open_page(HOME, (1093, 614))
    row = page.locator(".cats__row")
    page.get_by_role("button", name="Volgende categorieën").click()
    page.wait_for_function("document.querySelector('.cats__row').scrollLeft > 0")
    expect(page.get_by_role("button", name="Werksoort")).to_be_in_viewport()
    page.get_by_role("button", name="Vorige categorieën").click()
    page.wait_for_function("document.querySelector('.cats__row').scrollLeft === 0")
    assert row.evaluate("row => row.scrollWidth > row.clientWidth")


def test_below_1280_pixels_options_fold_after_a_choice(open_page: OpenPage) -> None:
    page = open_page(HOME, (1093, 614))
    page.get_by_role("button", name="Niveau").click()
    page.locator("label.opt", has_text="MBO 2").click()
    expect(page.locator(".clear")).to_be_visible()
    expect(page.locator("#opties-niveau")).to_be_hidden()
    page.get_by_role("button", name=re.compile("^Niveau")).click()
    expect(page.locator("#opties-niveau")).to_be_visible()


def test_an_error_leaves_what_is_on_the_screen(open_page: OpenPage) -> None:
    page = open_page(HOME)
    rows = page.locator("a[data-profile]")
    rows.nth(0).evaluate("link => link.setAttribute('href', link.getAttribute('href').replace(/\\d+/, '999999999'))")
    rows.nth(0).click()
    expect(page.get_by_role("alert")).to_contain_text("Deze pagina is er niet")
    expect(rows).to_have_count(20)


def test_a_lost_connection_is_said_and_the_list_stays(open_page: OpenPage) -> None:
    page = open_page(HOME, errors_expected=True)
    page.route("**/kandidaten/rijnmond/*", lambda route: route.abort())
    page.locator("a[data-profile]").nth(0).click()
    expect(page.get_by_role("alert")).to_contain_text("Geen verbinding")
    expect(page.locator("a[data-profile]")).to_have_count(20)
