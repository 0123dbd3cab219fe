"""The list in another order than best match: a click on a heading, and another one to turn it round."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from matching.taxonomy.text import normalise
from tests.browser.conftest import OpenPage


def names(page: Page) -> list[str]:
    return [normalise(name) for name in page.locator("a[data-profile]").all_inner_texts()]


@pytest.mark.requirement("UI-20", "CAND-04", "UI-21")
def test_a_heading_orders_the_whole_list_and_turns_it_round(open_page: OpenPage) -> None:
    page = open_page("/kandidaten/rijnmond/?beroep=schoonmaker")
    best = names(page)
    expect(page.locator("#sorteer-match")).to_have_attribute("aria-current", "true")

    page.get_by_role("link", name=re.compile("^Naam")).click()
    expect(page).to_have_url(re.compile("sorteer=naam"))
    expect(page.locator("#sorteer-name")).to_have_attribute("aria-current", "true")
    expect(page.locator("#sorteer-name svg")).to_be_visible()
    first = names(page)
    assert first == sorted(first)
    assert first != best

    page.get_by_role("link", name="Volgende pagina").click()
    expect(page).to_have_url(re.compile("pagina=2"))
    second = names(page)
    assert second == sorted(second)
    assert first[-1] <= second[0]

    page.get_by_role("link", name=re.compile("^Naam")).click()
    expect(page).to_have_url(re.compile("sorteer=-naam"))
    turned = names(page)
    assert turned == sorted(turned, reverse=True)

    page.get_by_role("link", name=re.compile("^Beste match")).click()
    expect(page).not_to_have_url(re.compile("sorteer"))
    assert names(page) == best


@pytest.mark.requirement("UI-21")
def test_paging_stands_in_the_header_and_only_when_there_are_more_pages(open_page: OpenPage) -> None:
    page = open_page("/kandidaten/rijnmond/")
    expect(page.locator(".results__head .pager")).to_contain_text("1–20 van")
    expect(page.locator(".results__sub")).to_have_count(0)
    page.goto("/kandidaten/rijnmond/?woord=leegdrager")
    expect(page.locator("#aantal")).to_have_text("1 kandidaat")
    expect(page.locator(".pager")).to_have_count(0)
    expect(page.locator(".columns")).to_have_count(0)


@pytest.mark.requirement("UI-20", "CAND-04")
def test_without_a_question_the_list_is_by_date_and_claims_no_match(open_page: OpenPage) -> None:
    page = open_page("/kandidaten/rijnmond/?f.rijbewijs=B")
    newest = names(page)
    expect(page.locator("#sorteer-match")).to_have_count(0)
    date = page.locator("#sorteer-updated")
    expect(date).to_have_attribute("aria-current", "true")
    expect(date).to_contain_text("nieuwste eerst")

    page.get_by_role("link", name=re.compile("^Naam")).click()
    expect(page).to_have_url(re.compile("sorteer=naam"))
    page.get_by_role("link", name=re.compile("^Bijgewerkt")).click()
    expect(page).not_to_have_url(re.compile("sorteer"))
    expect(date).to_have_attribute("aria-current", "true")
    assert names(page) == newest
    date.click()
    expect(page).to_have_url(re.compile("sorteer=bijgewerkt"))


@pytest.mark.requirement("UI-20", "UI-25")
def test_the_newest_come_first_on_the_date_of_change(open_page: OpenPage) -> None:
    page = open_page("/kandidaten/rijnmond/?sorteer=-bijgewerkt")
    newest = page.locator(".row__date").first.inner_text()
    page.get_by_role("link", name=re.compile("^Bijgewerkt")).click()
    expect(page).to_have_url(re.compile("sorteer=bijgewerkt"))
    assert page.locator(".row__date").first.inner_text() != newest
